# shellcheck shell=bash disable=SC2154
# The service itself: stopped, started, and judged by what it says of its first cycle.

control() {
  if speaks_to_systemd; then systemctl "$@"; else note "Left out with --root: systemctl $*"; fi
}

reload_systemd() {
  control daemon-reload
  if speaks_to_systemd; then good 'Systemd daemon reloaded'; fi
}

# Units beside the daemon that this release lays down.
extra_units() {
  local name
  while read -r name; do
    if [[ -f $P/releases/$1/deploy/mt5-sentinel-$name.service ]]; then printf 'mt5-sentinel-%s\n' "$name"; fi
  done < <(chosen_units)
}

stop_service() {
  if ! speaks_to_systemd; then
    control stop mt5-sentinel
  elif systemctl is-active --quiet mt5-sentinel || [[ $(ask ActiveState) == activating ]]; then
    systemctl stop mt5-sentinel
    good 'Service stopped'
  else
    note 'No existing service running'
  fi
}

ask() { systemctl show mt5-sentinel --property="$1" --value; }

told_state() {
  if ! speaks_to_systemd; then
    printf 'not asked after (--root)'
  elif systemctl is-active --quiet mt5-sentinel; then
    printf 'running'
  else
    printf 'not running (--no-start)'
  fi
}

# Enabled, and running unless --no-start was given.
units_are_up() {
  local unit
  if ! speaks_to_systemd; then return 0; fi
  while read -r unit; do
    systemctl is-enabled --quiet "$unit" || return 1
    if ((start)) && ! systemctl is-active --quiet "$unit"; then return 1; fi
  done < <(printf 'mt5-sentinel\n' && extra_units "$1")
}

# Enable, start, judge; a release that fails goes, and the one before comes back.
start_and_judge() {
  local unit
  control enable mt5-sentinel
  if speaks_to_systemd; then good 'Service enabled (will start on boot)'; fi
  while read -r unit; do
    control enable "$unit"
    if ((start)); then control restart "$unit" || note "$unit does not start: journalctl -u $unit"; fi
  done < <(extra_units "$1")
  if ((!start)) || ! speaks_to_systemd; then
    note 'Not started'
  elif (($2)); then
    if ! systemctl start mt5-sentinel; then give_up "$1" 'it did not start'; fi
    good 'Service started'
    watch_first_cycle "$1"
  fi
  rm -f -- "$P/.pending"
}

# The health gate: the process that started tells of a finished cycle, and is still the same one.
# A network that is down is told by the cycle, too, and is no reason to go back; a fault of the program is.
watch_first_cycle() {
  local pid restarts state status='' end=$((SECONDS + gate_seconds))
  if [[ $(ask Type) != notify ]]; then
    watch_process "$1"
    return
  fi
  pid=$(ask MainPID) restarts=$(ask NRestarts)
  while :; do
    state=$(ask ActiveState) status=$(ask StatusText)
    [[ $state == active ]] || give_up "$1" "its state is $state"
    [[ $(ask MainPID) == "$pid" && $(ask NRestarts) == "$restarts" ]] || give_up "$1" 'it died and was started again'
    case $status in
      FAULT*) give_up "$1" "its first cycle met a fault of the program: $status" ;;
      '' | ready* | stopping*) ;;
      *) break ;;
    esac
    ((SECONDS < end)) || give_up "$1" "no cycle was finished within $gate_seconds s"
    sleep 0.5
  done
  good "First cycle finished: $status"
}

# The older unit tells nothing of its cycles: it has to live for a while.
watch_process() {
  local pid
  pid=$(ask MainPID)
  sleep 3
  [[ $(ask ActiveState) == active && $(ask MainPID) == "$pid" ]] || give_up "$1" 'it did not stay up for 3 s'
  good "Running as process $pid (its unit tells nothing of cycles)"
}

last_lines() {
  printf '  The last lines of its journal:\n' >&2
  journalctl -u mt5-sentinel -n 20 --no-pager -o cat 2>&1 | sed 's/^/    /' >&2 || :
}

# The release has failed: back to the one before, or, where there is none, nothing runs.
give_up() {
  local before back
  printf '  ✗ release %s failed: %s\n' "$1" "$2" >&2
  last_lines
  if [[ $action == rollback || ! -f $P/.pending ]]; then
    rm -f -- "$P/.pending"
    fail "release $1 stays, and systemd goes on trying to start it" 'see mt5-sentinel doctor, or name another release'
  fi
  back=$(pending from) before=$(pending before)
  systemctl stop mt5-sentinel || :
  if [[ -z $back ]]; then
    systemctl disable mt5-sentinel || :
    rm -f -- "$P/.pending"
    fail 'there is no release to go back to; the service is stopped and disabled' 'mend what it says, and run this again'
  fi
  note "Going back to release $back"
  link "$P/current" "releases/$back"
  point_previous "$before"
  lay_files "$back"
  rm -f -- "$P/.pending"
  reload_systemd
  systemctl start mt5-sentinel || fail "release $back does not start either" 'journalctl -u mt5-sentinel'
  fail "release $1 failed; release $back runs again" "$prefix/releases/$1 is kept for a look"
}

show_status() {
  local one told
  [[ -d $P/releases ]] || fail "nothing is installed below $prefix" 'run install_service.sh'
  while read -r one; do
    told=''
    if [[ $one == "$(release_at current)" ]]; then told=' current'; fi
    if [[ $one == "$(release_at previous)" ]]; then told+=' previous'; fi
    if ! is_complete "$one"; then told+=' unfinished'; fi
    printf '%-28s%s\n' "$one" "$told"
  done < <(our_releases)
  if [[ -f $P/.pending ]]; then say 'A switch was cut short: run install_service.sh again'; fi
  if speaks_to_systemd; then say "service: $(ask ActiveState), $(ask StatusText)"; fi
}
