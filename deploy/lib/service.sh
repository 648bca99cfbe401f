# shellcheck shell=bash disable=SC2154
# The service itself and the units beside it: what they were, stopped, enabled, started.

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

ask() { systemctl show "${2:-mt5-sentinel}" --property="$1" --value; }

told_state() {
  if ! speaks_to_systemd; then
    printf 'not asked after (--root)'
  elif systemctl is-active --quiet mt5-sentinel; then
    printf 'running'
  else
    printf 'not running (--start enables and starts it)'
  fi
}

# What systemd says of a unit: its state, and whether it is enabled; "fresh" where no such unit is laid down.
state_now() {
  if [[ ! -f $root/etc/systemd/system/$1.service ]]; then
    printf 'fresh fresh'
  elif speaks_to_systemd; then
    printf '%s %s' "$(systemctl is-active "$1" || :)" "$(systemctl is-enabled "$1" 2>/dev/null || :)"
  else
    printf 'fresh fresh'
  fi
}

# The same before this run, or one that was cut short, changed anything.
state_of() {
  local told
  if [[ ! -f $P/.before ]]; then
    state_now "$1"
    return
  fi
  told=$(sed -n "s/^unit $1 //p" "$P/.before")
  printf '%s' "${told:-fresh fresh}"
}

was_fresh() { [[ $(state_of "$1") == fresh* ]]; }

is_running() { [[ $1 == active || $1 == activating || $1 == reloading || $1 == deactivating ]]; }

# Written before the service is stopped: what ran, what was enabled, what the release said of its cycles.
remember_units() {
  local name
  if [[ -f $P/.before ]]; then return; fi
  mkdir -p "$P"
  {
    printf 'unit mt5-sentinel %s\n' "$(state_now mt5-sentinel)"
    while read -r name; do
      if [[ -n $name ]]; then printf 'unit mt5-sentinel-%s %s\n' "$name" "$(state_now "mt5-sentinel-$name")"; fi
    done < <(chosen_units)
    if [[ -f $P/with ]]; then sed 's/^/with /' "$P/with"; fi
    if speaks_to_systemd && [[ $(ask ActiveState) == active && $(ask Type) == notify ]]; then
      printf 'status %s\n' "$(ask StatusText)"
    fi
  } | write "$P/.before" 600
}

# Units beside the daemon that are remembered.
units_remembered() { if [[ -f $P/.before ]]; then sed -n 's/^unit \(mt5-sentinel-[a-z]*\) .*/\1/p' "$P/.before"; fi; }

# What an operator stopped or disabled stays so, unless --start is given; what is new is enabled and started.
wants_enabled() {
  local active enabled
  read -r active enabled <<<"$(state_of "$1")"
  ((start == 2)) || [[ $active == fresh || $enabled == enabled* ]]
}

wants_running() {
  local active enabled
  if ((start != 1)); then
    ((start == 2))
    return
  fi
  read -r active enabled <<<"$(state_of "$1")"
  is_running "$active" || [[ $active == fresh || $active == failed && $enabled == enabled* ]]
}

units_are_up() {
  local unit
  if ! speaks_to_systemd; then return 0; fi
  while read -r unit; do
    if wants_enabled "$unit" && ! systemctl is-enabled --quiet "$unit"; then return 1; fi
    if wants_running "$unit" && ! systemctl is-active --quiet "$unit"; then return 1; fi
  done < <(printf 'mt5-sentinel\n' && extra_units "$1" 2>/dev/null)
}

enable_units() {
  local unit
  while read -r unit; do
    if ! wants_enabled "$unit"; then
      note "$unit was disabled and stays so: --start enables and starts it"
      continue
    fi
    control enable "$unit"
    if speaks_to_systemd && [[ $unit == mt5-sentinel ]]; then good 'Service enabled (will start on boot)'; fi
  done < <(printf 'mt5-sentinel\n' && extra_units "$1")
}

# Enable, start, judge; a release that fails goes, and the one before comes back.
start_and_judge() {
  local unit started=()
  enable_units "$1"
  while read -r unit; do
    if ! wants_running "$unit"; then
      note "$unit is not started"
      continue
    fi
    patiently control restart "$unit" || give_up "$1" "$unit does not start"
    if speaks_to_systemd; then started+=("$unit:$(ask MainPID "$unit")"); fi
  done < <(extra_units "$1")
  if ! speaks_to_systemd || ((!start)); then
    note 'Not started'
  elif ! wants_running mt5-sentinel; then
    note 'Not started: it did not run before; --start starts it, and systemctl start mt5-sentinel'
  elif (($2)); then
    patiently systemctl start mt5-sentinel || give_up "$1" 'it did not start'
    good 'Service started'
    watch_extra_units "$1" "${started[@]}"
    watch_first_cycle "$1"
  fi
  end_switch
}

# In the background, so that INT and TERM do not wait for it.
patiently() {
  "$@" &
  wait "$!"
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
