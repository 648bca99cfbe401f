# shellcheck shell=bash disable=SC2034,SC2154
# The way back: whenever a run stopped the service and ends before the new start was judged, however it ends.

unjudged=0 went_back=1

# From step 5 on a lost connection is no reason to stop, and INT or TERM lead the way back.
begin_switch() {
  trap '' HUP
  remember_units
  unjudged=$1
}

# The new start was judged, or none was wanted: what was remembered is of no use any more.
end_switch() {
  unjudged=0
  rm -f -- "$P/.pending" "$P/.before" "$P/.restored"
}

# At every end of the installer.
finish() {
  local code=$?
  trap - EXIT
  trap '' HUP INT TERM
  set +e
  if ((unjudged)); then
    ((code != 0)) || code=1
    go_back
  fi
  attempt clean_up
  exit "$code"
}

# A step of the way back. One that fails is told, and the others are taken all the same.
attempt() {
  local code
  (
    set -e
    "$@"
  )
  code=$?
  if ((code != 0)); then
    went_back=0
    blame "on the way back this step failed: $*"
  fi
  return 0
}

# The links, files, databases and units as they were.
go_back() {
  local back before unit of_before
  unjudged=0 went_back=1
  back=$(release_at current) before=''
  if [[ -f $P/.pending ]]; then back=$(pending from) before=$(pending before); fi
  for unit in mt5-sentinel $(units_remembered); do
    if was_fresh "$unit"; then attempt control disable "$unit"; fi
    attempt control stop "$unit"
  done
  if [[ -z $back ]] && ! has_older || { [[ ! -f $P/.pending ]] && was_fresh mt5-sentinel; }; then
    rm -f -- "$P/.pending" # what stays in .before says that the next run is a first one, too
    blame 'there is no release to go back to; the service is stopped and disabled' \
      'mend what it says, and run this again'
    return
  fi
  of_before=${back:+release }${back:-the older installation}
  note "Going back to $of_before"
  if [[ -n $back ]]; then lay_back "$back" "$before"; fi
  attempt reload_systemd
  if [[ $(release_at current) != "$back" ]]; then
    blame "$prefix/current could not be put back; the service is left stopped" 'mend what is told above, and run this again'
    return
  fi
  restore_units
  if ! is_as_before; then
    blame "$of_before does not start either" 'journalctl -u mt5-sentinel'
  elif ((went_back)); then
    blame "the switch to release $release was taken back; $of_before $(told_again)" \
      "$prefix/releases/$release is kept for a look"
  else
    blame "the switch to release $release was not taken back whole; $of_before $(told_again)" \
      'mend what is told above, then run this again: it goes on from here'
  fi
  if ((went_back)); then rm -f -- "$P/.pending" "$P/.before"; fi
}

lay_back() {
  local slot
  attempt link "$P/current" "releases/$1"
  if [[ -f $P/.pending ]]; then attempt point_previous "$2"; fi
  if [[ ! -d $P/venv || -L $P/venv ]]; then attempt link "$P/venv" current/venv; fi
  with=()
  attempt with_as_before
  attempt take_away_others "$1"
  attempt write_manifest "$1"
  while read -r slot; do attempt lay_file "$1" "$slot"; done < <(slots_of "$1")
  attempt lay_carried "$1"
  if [[ $1 != older ]]; then attempt own_settings "$(user_of "$1")" "$root/etc/mt5-sentinel/config.toml"; fi
  attempt undo_restore
  attempt restore_state "$1"
}

with_as_before() {
  local names
  if [[ ! -f $P/.before ]]; then return; fi
  names=$(sed -n 's/^with //p' "$P/.before")
  if [[ -n $names ]]; then write "$P/with" 644 <<<"$names"; else rm -f -- "$P/with"; fi
}

# Each unit enabled and running as it was; one that is new is gone.
restore_units() {
  local unit active enabled
  for unit in mt5-sentinel $(units_remembered); do
    if was_fresh "$unit"; then continue; fi
    read -r active enabled <<<"$(state_of "$unit")"
    if [[ $enabled == enabled* ]]; then attempt control enable "$unit"; else attempt control disable "$unit"; fi
    if ! is_running "$active"; then continue; fi
    control start "$unit" || note "$unit does not start: journalctl -u $unit"
  done
}

is_as_before() {
  local active enabled
  read -r active enabled <<<"$(state_of mt5-sentinel)"
  ! is_running "$active" || ! speaks_to_systemd || systemctl is-active --quiet mt5-sentinel
}

told_again() {
  local active enabled
  read -r active enabled <<<"$(state_of mt5-sentinel)"
  if is_running "$active"; then printf 'runs again'; else printf 'is in place again, and not started: it did not run before'; fi
}
