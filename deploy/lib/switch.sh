# shellcheck shell=bash disable=SC2154
# From one release to another, and back: links by renames, files whole, and a note of what is under way.

pending() { if [[ -f $P/.pending ]]; then sed -n "s/^$1 //p" "$P/.pending"; fi; }

# Every directory that something is laid into, and every file that is replaced: on a file system that can be written.
check_writable() {
  local path
  while read -r path; do
    while [[ ! -e $path ]]; do path=$(dirname -- "$path"); done
    [[ -w $path ]] || fail "${path#"$root"} cannot be written" 'is it mounted read-only? (findmnt -T; lsattr -d)'
  done < <(
    directories
    for path in "${slots[@]}"; do place_of "$path" && printf '\n'; done
    if [[ -d $(state_directory) ]]; then state_directory && printf '\n'; fi
  )
  good 'All places can be written'
}

# What a killed run left half done. A switch that was not judged yet stays pending, and is judged by this run.
recover() {
  local to from before now
  if [[ ! -f $P/.pending ]]; then return; fi
  to=$(pending to) from=$(pending from) before=$(pending before) now=$(release_at current)
  note "An earlier run was cut short while it switched from ${from:-nothing} to $to"
  if [[ $now == "$to" ]]; then
    point_previous "$from"
  else
    if [[ $now == "$from" ]]; then point_previous "$before"; fi
    rm -f -- "$P/.pending"
  fi
}

# Where --rollback goes when it is not told: on with a way back that was cut short, else to the release before.
release_before() {
  if [[ $(pending by) == rollback ]]; then pending to; else release_at previous; fi
}

point_previous() {
  if [[ -n $1 ]]; then link "$P/previous" "releases/$1"; else rm -f -- "$P/previous"; fi
}

# An installation that no release knows of: its files lie where ours will, and there is no current release.
has_older() {
  local slot
  if [[ -L $P/current ]]; then return 1; fi
  if [[ -d $P/venv && ! -L $P/venv ]]; then return 0; fi
  for slot in "${slots[@]}"; do
    if [[ -f $(place_of "$slot") ]]; then return 0; fi
  done
  return 1
}

# The older installation becomes releases/older: copies of its files, then its venv. Nothing of it is deleted.
adopt_older() {
  local older=$P/releases/older slot
  if has_older; then make_release older; fi
  if [[ -s $work/carried.conf ]] && is_ours older; then put "$work/carried.conf" "$older/carried.conf"; fi
  if has_older; then
    for slot in "${slots[@]}"; do
      if [[ -f $(place_of "$slot") ]]; then put "$(place_of "$slot")" "$older/deploy/$slot"; fi
    done
    write "$older/VERSION" 644 <<<older
    link "$P/current" releases/older
    good "Older installation kept as $prefix/releases/older"
  fi
  if [[ $(release_at current) == older && -d $P/venv && ! -L $P/venv ]]; then
    [[ ! -e $older/venv ]] || fail "$prefix/venv and $prefix/releases/older/venv are both directories" 'move one away'
    mv -T -- "$P/venv" "$older/venv"
    link "$P/venv" current/venv
  fi
}

# Settings of the user: laid down where there are none, and never changed after, but for the mode of secrets.
lay_user_data() {
  write_manifest "$(release_at current)"
  mkdir -p "$P/evidence" "$root/etc/mt5-sentinel/credentials"
  chmod 700 "$P/evidence" "$root/etc/mt5-sentinel/credentials"
  if [[ ! -e $P/.env ]]; then
    write "$P/.env" 600 <"$work/deploy/env.example"
    good "Empty $prefix/.env laid down (600)"
  elif ! is_env_private && [[ ! -L $P/.env ]]; then
    note "Mode of $prefix/.env was $(stat -c %a "$P/.env"), is 600 now: it may hold secrets"
    if [[ $(release_at current) == older ]]; then
      stat -c %a "$P/.env" | write "$P/releases/older/env.mode" 644
      note 'It gets its mode back when the older installation is given back whole (--rollback older, then --uninstall)'
    fi
    chmod 600 "$P/.env"
  fi
  if [[ ! -e $root/etc/mt5-sentinel/config.toml ]]; then
    write "$root/etc/mt5-sentinel/config.toml" 640 <"$work/deploy/config.example.toml"
    good 'Settings laid down in /etc/mt5-sentinel/config.toml'
  fi
}

remember_with() {
  local names
  names=$(chosen_units)
  if [[ -n $names ]]; then write "$P/with" 644 <<<"$names"; fi
}

# Make RELEASE the current one: links first, then the files that lie elsewhere. Each step may be the last of this run.
switch_to() {
  local from before
  from=$(release_at current) before=$(release_at previous)
  if [[ $from != "$1" ]]; then
    # A release that no gate has judged is nothing to go back to.
    if [[ -f $P/.pending && $(pending from) != "$1" ]]; then from=$(pending from) before=$(pending before); fi
    printf 'to %s\nfrom %s\nbefore %s\nby %s\n' "$1" "$from" "$before" "$action" | write "$P/.pending" 644
    link "$P/current" "releases/$1"
    point_previous "$from"
  fi
  link "$P/venv" current/venv
  lay_files "$1"
  good "$prefix/current is release $1"
}

# Lay a release's files where they belong; what somebody altered there is kept first.
lay_files() {
  local slot
  laid=0
  take_away_others "$1"
  write_manifest "$1"
  while read -r slot; do lay_file "$1" "$slot"; done < <(slots_of "$1")
  if ((laid == 0)); then note 'All files are in place'; fi
  lay_command
  lay_carried "$1"
  if [[ $1 != older ]]; then make_accounts "$1"; fi
}

lay_file() {
  local copy=$P/releases/$1/deploy/$2 dest
  dest=$(place_of "$2")
  if cmp -s -- "$copy" "$dest"; then return 0; fi
  if [[ -e $dest ]] && ! is_of_a_release "$dest" "$2"; then keep_copy "$dest"; fi
  put "$copy" "$dest"
  laid=$((laid + 1))
  if [[ $2 == mt5-sentinel.service ]]; then
    good "Service file copied to ${dest#"$root"}"
    good "Permissions set ($(stat -c %a "$dest"))"
  else
    good "${dest#"$root"}"
  fi
}

# The command on everybody's path, unless something else has that name.
lay_command() {
  if [[ -L $command_link && $(readlink "$command_link") == "$prefix/venv/bin/mt5-sentinel" ]]; then return; fi
  if [[ -e $command_link || -L $command_link ]]; then
    note "${command_link#"$root"} is of another origin, and stays as it is"
    return
  fi
  mkdir -p "$(dirname -- "$command_link")"
  link "$command_link" "$prefix/venv/bin/mt5-sentinel"
}

# Files that an earlier release laid down and this one does not have.
take_away_others() {
  local kind sha path places
  if [[ ! -f $P/manifest ]]; then return; fi
  places=$(while read -r slot; do place_of "$slot" && printf '\n'; done < <(slots_of "$1"))
  while read -r kind sha path; do
    if [[ $kind != file || ! -f $root$path ]] || grep -qxF -- "$root$path" <<<"$places"; then continue; fi
    if [[ $path == *.service ]]; then control disable --now "$(basename -- "$path")" || :; fi
    take_away "$path" "$sha"
  done <"$P/manifest"
}

# Remove one file of the manifest; one that is not as we laid it down is kept first.
take_away() {
  if [[ ! -f $root$1 ]]; then return; fi
  if [[ $(sha256_of "$root$1") != "$2" ]]; then keep_copy "$root$1"; fi
  rm -f -- "$root$1"
  note "Removed $1"
}

# User, group and directories, by the files that say so at every boot, too.
make_accounts() {
  local below=${root:+--root=$root} name path others=()
  name=$(user_of "$1")
  if ((EUID != 0)) || ! command -v systemd-sysusers systemd-tmpfiles >/dev/null; then
    note 'User and directories: left to systemd-sysusers and systemd-tmpfiles of the image (root and systemd make them)'
    return
  fi
  systemd-sysusers ${below:+"$below"} mt5-sentinel.conf
  # Directories of another user are left to systemd: at the start it gives the service all that is in them, but only
  # where the directory itself is not the service's already.
  for path in /var/{lib,log}/mt5-sentinel; do
    if [[ -z $root && -d $path && $(stat -Lc %U "$path") != "$name" ]]; then others+=("--exclude-prefix=$path"); fi
  done
  systemd-tmpfiles ${below:+"$below"} "${others[@]}" --create mt5-sentinel.conf
  own_settings "$name" "$root/etc/mt5-sentinel/config.toml"
  good "User $name and its directories"
}

# The settings are root's, and the service's group may read them: as laid down, or as an earlier user had them.
own_settings() {
  local group
  if [[ -n $root || ! -f $2 || $(stat -c %U:%a "$2") != root:640 ]]; then return; fi
  group=$(stat -c %G "$2")
  if [[ $group == "$1" ]]; then return; fi
  if [[ $group == root || $group == mt5-sentinel ]] || grep -qxF -- "user - $group" "$P/manifest"; then
    chgrp -- "$1" "$2"
    note "${2#"$root"} can be read by the group $1 now"
  fi
}

links_are_right() {
  [[ $(release_at current) == "$1" && $(readlink "$P/venv") == current/venv && ! -f $P/.pending && ! -f $P/.before ]] &&
    [[ -e $command_link || -L $command_link ]]
}

is_laid() { cmp -s -- "$P/releases/$1/deploy/$2" "$(place_of "$2")"; }

# Whether a run would change nothing.
is_in_place() {
  local slot
  links_are_right "$1" || return 1
  while read -r slot; do
    is_laid "$1" "$slot" || return 1
  done < <(slots_of "$1" 2>/dev/null)
  [[ $(chosen_units) == "$(cat "$P/with" 2>/dev/null)" && -d $root/etc/mt5-sentinel/credentials ]] || return 1
  is_env_private || return 1
  units_are_up "$1"
}

# Whether what is to be changed concerns the running daemon.
needs_restart() {
  if links_are_right "$1" && is_laid "$1" mt5-sentinel.service && is_laid "$1" sentinel_daemon.py; then
    if ! speaks_to_systemd || systemctl is-active --quiet mt5-sentinel; then return 1; fi
  fi
  return 0
}
