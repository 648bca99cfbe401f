# shellcheck shell=bash disable=SC2154
# Uninstall: what the manifest lists, and no more; --purge: the data, too.

uninstall() {
  local kind what path is_older_back=0 dirs
  check_permissions
  [[ -f $P/manifest ]] || fail "nothing was installed below $prefix: there is no manifest" 'check --prefix'
  if [[ $(release_at current) == older ]]; then is_older_back=1; fi
  if ((dry_run)); then
    while read -r kind what path; do
      case $kind in file | link | tree) would "remove $path" ;; esac
    done <"$P/manifest"
    if ((purge)); then data_places | while read -r path; do would "purge $path"; done; fi
    return
  fi
  ((!purge)) || confirm
  stop_for_good
  if ((is_older_back)); then
    give_back_older
  else
    while read -r kind what path; do
      if [[ $kind == file ]]; then take_away "$path" "$what"; fi
    done <"$P/manifest"
  fi
  while read -r kind what path; do
    case $kind in
      link) if [[ -L $root$path ]]; then remove_link "$root$path" "$what"; fi ;;
      tree) remove_tree "$path" ;;
    esac
  done < <(grep -v " $prefix/current\$" "$P/manifest")
  rm -f -- "$P/previous" "$P/with" "$P"/.{pending,before,restore,restored}
  control daemon-reload
  if ((purge)); then purge_data; fi
  rm -f -- "$P/current" # at the end: without it, what is left would count as an older installation
  dirs=$(grep '^dir ' "$P/manifest" | cut -d' ' -f3 | sort -r || :)
  remove_empty "$dirs"
  if ((purge)) || ! has_data; then
    rm -f -- "$P/manifest"
    remove_empty "$dirs" # the prefix itself, in which the manifest was
    if ((purge)); then rmdir -- "$P" 2>/dev/null || :; fi # whoever made it: it is empty
  else
    keep_manifest
  fi
  tell_what_stays
}

# A release that the manifest lists, if it is one.
remove_tree() {
  local name=${1##*/}
  if [[ $1 != "$prefix/releases/$name" ]] || ! is_ours "$name"; then
    if [[ -e $root$1 ]]; then note "$1 stays: no release of ours"; fi
    return
  fi
  remove_release "$name"
  note "Removed $1"
}

remove_empty() {
  local path
  while read -r path; do
    if [[ -n $path ]]; then rmdir -- "$root$path" 2>/dev/null || :; fi
  done <<<"$1"
}

# A link is removed when it points where we made it point.
remove_link() {
  if [[ $(readlink "$1") == "$2" ]]; then rm -f -- "$1" && note "Removed ${1#"$root"}"; fi
}

confirm() {
  local answer=''
  if ((yes)); then return; fi
  [[ -t 0 ]] || fail '--purge removes settings, state and logs, and nobody is here to ask' 'say so with --yes'
  read -r -p 'Remove settings, secrets, state, logs and the user of mt5-sentinel? Type purge: ' answer
  [[ $answer == purge ]] || fail 'not confirmed, nothing was removed' 'leave --purge out to keep data'
}

# The service, and the units beside it; an older installation that was brought back goes on running.
stop_for_good() {
  local kind what path
  while read -r kind what path; do
    if [[ $kind == file && $path == *.service ]]; then
      control disable --now "$(basename -- "$path")" || :
    fi
  done <"$P/manifest"
}

# Its venv becomes a directory again; its files are in place already. The copies are ours.
give_back_older() {
  if [[ -L $P/venv ]]; then rm -f -- "$P/venv"; fi
  if [[ -d $P/releases/older/venv ]]; then mv -T -- "$P/releases/older/venv" "$P/venv"; fi
  if [[ -f $P/releases/older/env.mode && -f $P/.env && ! -L $P/.env ]]; then
    chmod "$(cat "$P/releases/older/env.mode")" "$P/.env"
  fi
  remove_release older
  good 'The older installation is as it was'
}

data_places() {
  printf '%s\n' "$prefix"/{.env,gateway.env,evidence,kept} /etc/mt5-sentinel /var/{lib,log}/mt5-sentinel \
    /var/lib/mt5-sentinel-gateway /var/lib/private/mt5-sentinel-gateway
}

# What the older installation had before us stays its own.
is_of_older() { grep -qxF -- "older - $1" "$P/manifest"; }

# Directories below the prefix are purged when we made them; what else is purged bears the service's name.
may_purge() {
  case $1 in
    "$prefix"/evidence | "$prefix"/kept) grep -qxF -- "dir - $1" "$P/manifest" ;;
  esac
}

has_data() {
  local path
  while read -r path; do
    if [[ -e $root$path ]]; then return 0; fi
  done < <(data_places 2>/dev/null) # which may find no reader any more
  return 1
}

purge_data() {
  local path name
  while read -r path; do
    if [[ ! -e $root$path && ! -L $root$path ]] || is_of_older "$path" || ! may_purge "$path"; then continue; fi
    rm -rf --one-file-system -- "$root${path:?}"
    note "Purged $path"
  done < <(data_places)
  if [[ -f $dropins/older.conf ]] && is_carried "$dropins/older.conf"; then
    rm -f -- "$dropins/older.conf"
    note "Purged ${dropins#"$root"}/older.conf"
  fi
  for path in "$root"/etc/systemd/system/mt5-sentinel{,-gateway,-dashboard,-alerts}.service.d; do
    rmdir -- "$path" 2>/dev/null || :
  done
  while read -r _ _ name; do
    if ! grep -qs "^$name:" "$root/etc/passwd"; then continue; fi
    if ((EUID == 0)) && userdel ${root:+--prefix "$root"} -- "$name"; then
      note "Purged user $name"
    else
      note "User $name stays: userdel $name removes it"
    fi
  done < <(grep '^user ' "$P/manifest" || :)
}

# For a later --purge: which directories and which user are ours, and what was here before.
keep_manifest() {
  local lines
  lines=$(grep -E '^(dir|user|older) ' "$P/manifest" || :)
  write "$P/manifest" 644 <<<"$lines"
}

tell_what_stays() {
  local path stays
  stays=$(
    {
      data_places
      printf '%s\n' "$prefix/releases/older" "$prefix/src" "$prefix/venv" /etc/systemd/system/mt5-sentinel.service.d
    } | while read -r path; do
      if [[ -e $root$path ]]; then note "$path"; fi
    done
  )
  say '' 'Uninstalled. What stays:' "${stays:-  nothing}"
  if [[ -d $P/releases/older ]]; then
    note "releases/older is the installation that was here before: its files by their names in deploy/, its venv"
  fi
}
