# shellcheck shell=bash disable=SC2034,SC2154
# Where everything lies, and how a file or a link gets there: whole or not at all.

# Files of a release that are laid down elsewhere, by their names in deploy/.
slots=(mt5-sentinel.service sentinel_daemon.py sysusers.d/mt5-sentinel.conf tmpfiles.d/mt5-sentinel.conf
  logrotate.d/mt5-sentinel)

lay_out() {
  P=$root$prefix
  command_link=$root/usr/local/bin/mt5-sentinel
  dropins=$root/etc/systemd/system/mt5-sentinel.service.d
  building=''
}

# Where a file of deploy/ belongs on the host.
place_of() {
  case $1 in
    sentinel_daemon.py) printf '%s' "$P/src/strategy/$1" ;;
    *.service) printf '%s' "$root/etc/systemd/system/$1" ;;
    *) printf '%s' "$root/etc/$1" ;;
  esac
}

# The files that a release lays down: those it has, of the fixed ones and of the units chosen with --with.
slots_of() {
  local slot
  for slot in "${slots[@]}"; do
    if [[ -f $P/releases/$1/deploy/$slot ]]; then printf '%s\n' "$slot"; fi
  done
  while read -r slot; do
    if [[ -f $P/releases/$1/deploy/mt5-sentinel-$slot.service ]]; then printf '%s\n' "mt5-sentinel-$slot.service"; fi
  done < <(chosen_units)
}

# Names given with --with, now and in earlier runs.
chosen_units() {
  {
    if [[ -f $P/with ]]; then cat "$P/with"; fi
    if ((${#with[@]})); then printf '%s\n' "${with[@]}"; fi
  } | sort -u
}

# The user a release's unit names; empty for the older installation's, which is not ours to know.
user_of() {
  if [[ $1 != older ]]; then sed -n 's/^User=//p' "$P/releases/$1/deploy/mt5-sentinel.service" 2>/dev/null || :; fi
}

# The service's user: as asked for; else the installed one's, also where an earlier installation left its data.
choose_user() {
  local installed
  installed=$(user_of "$(release_at current)")
  installed=${installed:-$(user_of "$(release_at previous)")}
  installed=${installed:-$(sed -n 's/^user - //p' "$P/manifest" 2>/dev/null | tail -n 1 || :)}
  user_before=$installed
  user=${user:-${installed:-mt5-sentinel}}
}

# The release a link points to; empty where there is none.
release_at() {
  if [[ -L $P/$1 ]]; then basename -- "$(readlink "$P/$1")"; fi
}

# A directory in releases/ is ours by a mark that we made, written before anything else in it; others are nobody's
# concern here: neither listed nor touched.
mark=.mt5-sentinel-release

is_ours() {
  local made=$P/releases/$1/$mark
  [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9._+-]*$ && ! -L $P/releases/$1 && -f $made && ! -L $made && -O $made ]]
}

# Names of our releases, a line each; releases/older is one.
our_releases() {
  local one
  for one in "$P"/releases/*/; do
    one=$(basename -- "$one")
    if is_ours "$one"; then printf '%s\n' "$one"; fi
  done
}

# Make a release's directory: it takes its name with the mark in it.
make_release() {
  local making=$P/releases/.making
  if is_ours "$1"; then return; fi
  mkdir -p "$making"
  printf '%s\n' "$1" >"$making/$mark"
  mv -T -- "$making" "$P/releases/$1"
}

# Remove a release; the mark goes last, so that what is left of a run that was killed is known as ours.
remove_release() {
  local place=${P:?}/releases/${1:?}
  if ! is_ours "$1"; then
    # Empty, it may be what a killed run left of one.
    [[ ! -d $place ]] || rmdir -- "$place" 2>/dev/null || note "$prefix/releases/$1 stays: no release of ours"
    return 0
  fi
  rm -f -- "$place/VERSION"
  find "$place" -mindepth 1 -maxdepth 1 ! -name "$mark" -exec rm -rf --one-file-system -- {} +
  rm -f -- "$place/$mark"
  rmdir -- "$place"
}

# A release is whole when its VERSION is there: it is written last, and removed first.
is_complete() { is_ours "$1" && [[ -f $P/releases/$1/VERSION ]]; }

# Copy SOURCE to DEST with mode and owner, on disk before it takes the name.
put() {
  mkdir -p "$(dirname -- "$2")"
  cp -p -- "$1" "$2.new"
  sync -- "$2.new"
  mv -T -- "$2.new" "$2"
}

# Write standard input to DEST with MODE.
write() {
  rm -f -- "$1.new"
  (umask 077 && cat >"$1.new")
  chmod "$2" "$1.new"
  sync -- "$1.new"
  mv -T -- "$1.new" "$1"
}

# Point LINK to TARGET by a rename, so that it always points somewhere.
link() {
  if [[ -L $1 && $(readlink "$1") == "$2" ]]; then return; fi
  ln -sfn -- "$2" "$1.new"
  mv -T -- "$1.new" "$1"
}

sha256_of() { sha256sum -- "$1" | cut -d' ' -f1; }

# Keep what somebody else wrote before it is replaced; the same text is kept once.
keep_copy() {
  local name
  name=$(basename -- "$1").$(sha256_of "$1" | cut -c1-8)
  mkdir -p "$P/kept"
  put "$1" "$P/kept/$name"
  note "Kept what was altered in ${1#"$root"} as $prefix/kept/$name"
}

# Whether a file is as some release laid it down (releases/older included).
is_of_a_release() {
  local copy
  for copy in "$P"/releases/*/deploy/"$2"; do
    if cmp -s -- "$copy" "$1"; then return 0; fi
  done
  return 1
}

# Directories on the way to everything that is laid down, outermost first.
directories() {
  local slot path
  {
    printf '%s\n' "$P/releases" "$P/evidence" "$P/kept" "$root/etc/mt5-sentinel/credentials"
    printf '%s\n' "$(dirname -- "$command_link")"
    for slot in "${slots[@]}"; do dirname -- "$(place_of "$slot")"; done
  } | while read -r path; do
    while [[ $path != "${root:-/}" && $path != / ]]; do
      printf '%s\n' "$path"
      path=$(dirname -- "$path")
    done
  done | sort -u
}

# The manifest: what is laid down, or will be in a moment, a path a line without --root's directory.
#   file SHA256 PATH   link TARGET PATH   tree - PATH (ours as a whole)   dir - PATH (removed when empty)   user - NAME
#   older - PATH (data of the older installation, never purged)
write_manifest() {
  local lines slot path one
  lines=$(
    {
      while read -r path; do
        if [[ ! -d $path ]]; then printf 'dir - %s\n' "${path#"$root"}"; fi
      done < <(directories)
      if ! grep -qs "^$user:" "$root/etc/passwd"; then printf 'user - %s\n' "$user"; fi
      if has_older; then
        while read -r path; do
          if [[ -e $root$path ]]; then printf 'older - %s\n' "$path"; fi
        done < <(data_places)
      fi
      if [[ -f $P/manifest ]]; then grep -E '^(dir|user|older) ' "$P/manifest" || :; fi
    } | sort -u
    { our_releases && printf '%s\n' "$building"; } | sort -u | while read -r one; do
      if [[ -n $one && $one != older ]]; then printf 'tree - %s\n' "$prefix/releases/$one"; fi
    done
    if [[ -n ${1:-} ]]; then
      # The older installation's files are its own.
      if [[ $1 != older ]]; then
        while read -r slot; do
          path=$(place_of "$slot")
          printf 'file %s %s\n' "$(sha256_of "$P/releases/$1/deploy/$slot")" "${path#"$root"}"
        done < <(slots_of "$1")
      fi
      printf 'link %s %s\n' current/venv "$prefix/venv" "releases/$1" "$prefix/current"
      printf 'link %s %s\n' "$prefix/venv/bin/mt5-sentinel" "${command_link#"$root"}"
    elif [[ -f $P/manifest ]]; then
      grep -E '^(file|link) ' "$P/manifest" || :
    fi
  )
  mkdir -p "$P"
  if [[ ! -f $P/manifest || $lines != "$(cat "$P/manifest")" ]]; then write "$P/manifest" 644 <<<"$lines"; fi
}
