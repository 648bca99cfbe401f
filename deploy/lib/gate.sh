# shellcheck shell=bash disable=SC2034,SC2154
# The health gate: a release is judged by what it says of its first cycles.

settle_seconds=5 # a release that has finished its cycles must stay well for so long
extra_seconds=3  # and a unit beside it stay up

# Units beside the daemon, each with the process it was started as.
watch_extra_units() {
  local release=$1 one unit
  shift
  if (($# == 0)); then return; fi
  sleep "$extra_seconds"
  for one in "$@"; do
    unit=${one%:*}
    [[ $(ask ActiveState "$unit") == active && $(ask MainPID "$unit") == "${one##*:}" ]] ||
      give_up "$release" "$unit did not stay up for $extra_seconds s: journalctl -u $unit"
    good "$unit runs as process ${one##*:}"
  done
}

# The process that started tells of a finished cycle of each symbol, goes on living, and tells of no fault meanwhile.
watch_first_cycle() {
  local pid restarts state status='' failing='' since='' end=$((SECONDS + gate_seconds))
  if [[ $(ask Type) != notify ]]; then
    watch_process "$1"
    return
  fi
  pid=$(ask MainPID) restarts=$(ask NRestarts)
  while :; do
    state=$(ask ActiveState) status=$(ask StatusText)
    [[ $state == active ]] || give_up "$1" "its state is $state"
    [[ $(ask MainPID) == "$pid" && $(ask NRestarts) == "$restarts" ]] || give_up "$1" 'it died and was started again'
    if [[ -n $(reason_in "$status") ]]; then failing=$status; fi
    case $status in
      FAULT*) give_up "$1" "a cycle met a fault of the program: $status" ;;
      '' | ready* | stopping* | 'first cycles'*) ;;
      *) since=${since:-$SECONDS} ;;
    esac
    if [[ -n $since ]]; then
      if ((SECONDS >= since + settle_seconds)); then break; fi
    else
      ((SECONDS < end)) || give_up "$1" "no cycle of each symbol was finished within $gate_seconds s: $status"
    fi
    sleep 0.5
  done
  if [[ -n $failing ]]; then judge_failing "$1" "$failing"; else good "First cycle finished: $status"; fi
}

# The code of what a cycle failed by; empty where none did.
reason_in() {
  if [[ $1 =~ (^|\;\ )[A-Za-z0-9._-]+\ failed:\ ([a-z0-9_]+) ]]; then printf '%s' "${BASH_REMATCH[2]}"; fi
}

# Reasons outside of the program: network, server, gateway.
is_outside() {
  case $1 in
    fetch_connection | fetch_timeout | fetch_held | fetch_429 | fetch_3?? | fetch_5??) ;;
    quota_spent | cdn_challenge | html_page | empty_body) ;;
    gateway_timeout | gateway_internal | gateway_halted | gateway_market_closed) ;;
    *) return 1 ;;
  esac
}

# A failed cycle is the release's where the one before had none of the kind, and nothing outside explains it.
judge_failing() {
  local reason before
  reason=$(reason_in "$2") before=$(sed -n 's/^status //p' "$P/.before")
  if [[ $action == install && -n $(pending from) && -n $before && $(reason_in "$before") != "$reason" ]] &&
    ! is_outside "$reason"; then
    give_up "$1" "its first cycle failed, as those of the release before did not: $2"
  fi
  blame "First cycle failed: $2" 'mt5-sentinel doctor --service tells what to do; the release stays installed'
  ending=3
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
  { journalctl -u mt5-sentinel -n 20 --no-pager -o cat 2>&1 | sed 's/^/    /'; } >"$work/last" || :
  print_error '  The last lines of its journal:' "$(cat "$work/last")"
}

# The release has failed: the end of this run leads back to the one before, or, where there is none, nothing runs.
give_up() {
  print_error "  ✗ release $1 failed: $2"
  last_lines
  if [[ $action == rollback ]] || { [[ ! -f $P/.pending ]] && ! was_fresh mt5-sentinel; }; then
    end_switch
    fail "release $1 stays, and systemd goes on trying to start it" 'see mt5-sentinel doctor, or name another release'
  fi
  exit 1
}
