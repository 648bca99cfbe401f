# shellcheck shell=bash disable=SC2154
# What the service will be set up with: flags and variables of the older unit, and whether all of it can work.

# Whether the older installation is the one in use: not yet taken over, or brought back.
is_older_here() { has_older || [[ $(release_at current) == older ]]; }

# What the older unit sets becomes a drop-in, which is the user's from then on. Here: what there is, and what is told.
find_carried() {
  local unit kind told copy=$P/releases/older/deploy/mt5-sentinel.service
  unit=$(place_of mt5-sentinel.service) carried_flags=()
  if ! is_older_here || [[ ! -f $unit ]]; then return; fi
  if [[ -e $dropins/older.conf ]]; then
    note 'Flags and variables: older.conf in mt5-sentinel.service.d is there, and is yours; nothing is carried over'
    return
  fi
  if is_ours older && [[ -f $P/releases/older/carried.conf ]] && cmp -s -- "$copy" "$unit"; then
    note 'Flags and variables of the older unit: mt5-sentinel.service.d/older.conf comes back as it was'
    cp -- "$P/releases/older/carried.conf" "$work/carried.conf"
    return
  fi
  told=$("$python" -IB "$here/lib/older_unit.py" "$unit" "$work/deploy/mt5-sentinel.service" "$dropins" "$prefix" \
    "$work/carried.conf" 2>&1) || fail "${unit#"$root"} cannot be understood: $(tail -n 1 <<<"$told")" 'mend it'
  while read -r kind told; do
    case $kind in
      carry) note "Carried over from the older unit: $told" ;;
      leave) note "Not carried over: $told" ;;
      flag) carried_flags+=("$told") ;;
      refuse) fail "the older unit cannot be carried over: $told" "${carry_yourself[@]}" ;;
    esac
  done <<<"$told"
  if [[ ! -s $work/carried.conf ]]; then return; fi
  chmod 600 "$work/carried.conf" # variables may be secrets
  note "It will stand in ${dropins#"$root"}/older.conf"
}

carry_yourself=('write what is to be traded into /etc/systemd/system/mt5-sentinel.service.d/older.conf'
  'as deploy/drop-ins/symbol.conf shows (without it: the flags of our unit), and run this again')

# The launcher of the new release has to know the flags.
check_carried_flags() {
  local one known
  if ((!${#carried_flags[@]})); then return; fi
  known=$(as_service "$P/releases/$1/venv/bin/python" -B "$P/releases/$1/deploy/sentinel_daemon.py" --help 2>&1)
  for one in "${carried_flags[@]}"; do
    grep -qE -- "(^|[^-a-z])$one([^-a-z0-9]|\$)" <<<"$known" ||
      fail "the older unit's flag $one is not known to release $1" "${carry_yourself[@]}"
  done
  good "The older unit's flags are known to release $1"
}

# Lay the drop-in with a new release; take it away with the older one, and keep it for the next time.
lay_carried() {
  local kept=$P/releases/older/carried.conf place=$dropins/older.conf
  if ! is_ours older; then return; fi
  if [[ $1 == older ]]; then
    if [[ ! -f $place ]] || ! is_carried "$place"; then return; fi
    put "$place" "$kept"
    rm -f -- "$place"
    rmdir -- "$dropins" 2>/dev/null || :
    note 'older.conf of mt5-sentinel.service.d is kept for the next upgrade'
  elif [[ -f $kept ]] && { [[ ! -e $place ]] || is_carried "$place"; }; then
    put "$kept" "$place"
    rm -f -- "$kept"
    good "${place#"$root"}: what the older unit set"
  fi
}

is_carried() { head -n 1 -- "$1" | grep -q '^# Carried over from the older installation'; }

# The release's own program judges the settings, with the unit and the drop-ins as they will be.
# A release without this check, of an earlier version, is told and passes.
check_settings() {
  local place=$P/releases/$1/venv/lib found told deploy=${2:-$P/releases/$1/deploy}
  if ! speaks_to_systemd || [[ $1 == older ]]; then return; fi
  found=$(compgen -G "$place/python*/site-packages/mt5_sentinel/commands/release_check.py" || :)
  if [[ -z $found ]]; then
    note "The settings were not looked at: release ${1:-(none)} has no check of them"
    return
  fi
  lay_judged "$deploy"
  if told=$(env -i PATH="$PATH" LC_ALL=C timeout 120 "$P/releases/$1/venv/bin/python" -IB \
    -m mt5_sentinel.commands.release_check "$work/judged" 2>&1); then
    good "Settings and model looked at by release $1"
    return
  fi
  told=${told//"$work/judged"/}
  if ((!start)); then
    note "The service would not work: $told"
    return
  fi
  printf '%s\n' "$told" >&2
  fail "the service would not work with these settings; nothing that runs was touched" \
    'correct what is named above, and run this again' 'sudo mt5-sentinel doctor --service says more'
}

# In a dry run the new release is not built: the one in use judges the settings with the new unit.
foresee_settings() {
  if ((${#carried_flags[@]})); then note 'Whether the new release knows these flags is looked at when it is built'; fi
  if is_complete "$release"; then
    check_settings "$release"
  elif [[ -L $P/current && $(release_at current) != older ]]; then
    check_settings "$(release_at current)" "$work/deploy"
  elif speaks_to_systemd; then
    note 'The settings are not looked at: no release is installed that could judge them'
  fi
}

# The machine's files by links, with the unit and the drop-ins as they will be.
lay_judged() {
  local at=$work/judged system=etc/systemd/system one
  rm -rf -- "$at"
  mkdir -p "$at/$system/mt5-sentinel.service.d"
  link_all '' etc
  link_all etc/ systemd
  link_all etc/systemd/ system
  link_all "$system/" mt5-sentinel.service mt5-sentinel.service.d
  cp -- "$1/mt5-sentinel.service" "$at/$system/"
  if [[ -d $dropins ]]; then cp -rL -- "$dropins/." "$at/$system/mt5-sentinel.service.d/"; fi
  for one in "$work/carried.conf" "$P/releases/older/carried.conf"; do
    if [[ -s $one ]]; then cp -- "$one" "$at/$system/mt5-sentinel.service.d/older.conf" && break; fi
  done
}

# Links to everything in a directory of the machine but the names that follow.
link_all() {
  local from=$1 one
  shift
  for one in "$root/$from"*; do
    [[ " $* " == *" ${one##*/} "* ]] || ln -s -- "$one" "$work/judged/$from"
  done
}

# Every directory on the way to the program has to let the service user through.
check_ways() {
  local path told
  while read -r path; do
    if [[ ! -d $path ]] || (((8#$(stat -Lc %a -- "$path") & 1) == 1)); then continue; fi
    if ((EUID == 0)) && [[ -z $root ]] && as_service test -x "$path"; then continue; fi
    told=${path#"$root"}
    fail "the service user cannot go through $told (mode $(stat -Lc %a -- "$path"))" "chmod o+x $told"
  done < <({ ways "$P/releases" && ways "$P/src/strategy"; } | sort -u)
}

# A directory and those above it, below --root.
ways() {
  local path=$1
  while [[ $path != "${root:-/}" && $path != / ]]; do
    printf '%s\n' "$path"
    path=$(dirname -- "$path")
  done
}
