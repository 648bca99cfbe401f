# shellcheck shell=bash disable=SC2016,SC2154
# The journal's schema over a switch: a copy before a newer release migrates it, and the way back to that copy.
# Root itself neither reads nor writes anything in the state directory: its owner could plant links there.

# Only the journal has versions that count: the cache of bars makes itself anew, the paper book has one version, and
# is copied and restored together with the journal.
state_directory() { printf '%s' "$root/var/lib/mt5-sentinel"; }

# Run a program as the owner of the state directory, in it.
as_state_owner() {
  local place owner group
  place=$(state_directory)
  owner=$(stat -Lc %u -- "$place") group=$(stat -Lc %g -- "$place")
  if ((EUID != 0)) || [[ -n $root ]]; then
    (cd -- "$place" && env -i PATH=/usr/bin:/bin "$@")
    return
  fi
  if ((owner == 0)); then return 1; fi # nothing of the service's own
  # Only the owner may enter it: the directory is changed after the rights are.
  setpriv --reuid="$owner" --regid="$group" --clear-groups env -i PATH=/usr/bin:/bin \
    sh -c 'cd -- "$1" && shift && exec "$@"' sh "$place" "$@"
}

# The journal's schema that a release writes; empty for one that knows of none.
schema_of() {
  local told
  told=$(as_service "$P/releases/$1/venv/bin/python" -IB -c \
    'from mt5_sentinel.journal_schema import VERSION; print(VERSION)' 2>/dev/null) || return 0
  if [[ $told =~ ^[0-9]{1,6}$ ]]; then printf '%s' "$told"; fi
}

# The schema of the journal that lies there, asked with a release's interpreter; 0 where there is none.
schema_on_disk() {
  local told
  if [[ ! -d $(state_directory) ]]; then
    printf 0
    return
  fi
  told=$(as_state_owner "$P/releases/$1/venv/bin/python" -IB -c 'import os, sqlite3
if os.path.exists("journal.db"):
    db = sqlite3.connect("file:journal.db?mode=ro", uri=True)
    print(db.execute("PRAGMA user_version").fetchone()[0])' 2>/dev/null) || told=''
  if [[ $told =~ ^[0-9]{1,6}$ ]]; then printf '%s' "$told"; else printf 0; fi
}

copy_of_schema() { printf '%s' "$P/kept/state-of-schema-$1.tar"; }

# The newest copy that a release of this schema can go on with.
copy_for() {
  local schema=$1
  while ((schema > 0)); do
    if [[ -f $(copy_of_schema "$schema") ]]; then
      copy_of_schema "$schema"
      return
    fi
    schema=$((schema - 1))
  done
}

# Before a switch, the service stopped: a copy of the databases, where the new release will migrate the journal.
keep_state() {
  local wanted found copy
  wanted=$(schema_of "$1") found=$(schema_on_disk "$1")
  if [[ -f $P/.restore ]] || ((found == 0)) || ((${wanted:-0} <= found)); then return; fi
  copy=$(copy_of_schema "$found")
  mkdir -p "$P/kept"
  (umask 077 && : >"$copy.new")
  # shellcheck disable=SC2016
  as_state_owner sh -c 'for name in *.db *.db-wal *.db-shm; do if [ -f "$name" ] && [ ! -L "$name" ]; then
    printf "%s\n" "$name"; fi; done | tar -c --no-recursion -T -' >"$copy.new"
  chmod 600 "$copy.new"
  sync -- "$copy.new"
  mv -T -- "$copy.new" "$copy"
  good "Release $1 migrates the journal (schema $found to $wanted): a copy is kept as ${copy#"$root"}"
}

# Whether a release is older than the journal that lies there.
is_behind() {
  local writes
  writes=$(schema_of "$1")
  [[ -n $writes ]] && (($(schema_on_disk "$1") > writes))
}

# Asked before anything is stopped.
check_way_back() {
  local writes
  if ! is_behind "$1"; then return 0; fi
  writes=$(schema_of "$1")
  [[ -n $(copy_for "$writes") ]] ||
    fail "release $1 writes a journal of schema $writes, but schema $(schema_on_disk "$1") lies there;
    no copy of an older one is kept" 'nothing was stopped: go on with the release in use, or stop the service and' \
      "move $(state_directory)/*.db away by hand, to begin without history"
}

# On the way back, the service stopped: the newer databases aside, the copy in their place. A note of it stands until
# it is done, so that one that was cut short is done anew.
restore_state() {
  local copy aside
  if [[ ! -f $P/.restore ]]; then
    if ! is_behind "$1"; then return 0; fi
    copy=$(copy_for "$(schema_of "$1")")
    if [[ -z $copy ]]; then
      note "No copy of the journal is kept that release $1 could go on with"
      return 1
    fi
    write "$P/.restore" 600 < <(printf '%s\n' "$copy" "newer-$(date -u +%Y%m%dT%H%M%SZ)")
  fi
  { read -r copy && read -r aside; } <"$P/.restore"
  # shellcheck disable=SC2016
  as_state_owner sh -ec 'mkdir -p -- "$1"
    for name in *.db *.db-wal *.db-shm; do
      if [ ! -e "$name" ] && [ ! -L "$name" ]; then continue; fi
      if [ -e "$1/complete" ]; then rm -f -- "$name"; else mv -- "$name" "$1/"; fi
    done
    : >"$1/complete"
    tar -x --no-same-owner' sh "$aside" <"$copy"
  write "$P/.restored" 600 <<<"$aside"
  rm -f -- "$P/.restore"
  note "The journal was written by a newer release, and release $1 cannot read it. The copy from before that release," \
    "of $(date -u -r "$copy" +'%F %T') UTC, was put in its place: what was decided and traded since is not in it."
  note "The newer files are in /var/lib/mt5-sentinel/$aside."
  note "With live trading, positions opened since are taken over from the broker's book at the first cycle."
}

# A restored copy was not taken into use: the newer databases are put where they were.
undo_restore() {
  local aside
  if [[ ! -f $P/.restored ]]; then return 0; fi
  aside=$(cat "$P/.restored")
  # shellcheck disable=SC2016
  as_state_owner sh -ec 'rm -f -- *.db *.db-wal *.db-shm "$1/complete" && mv -- "$1"/* . && rmdir -- "$1"' sh "$aside"
  rm -f -- "$P/.restored"
  note 'The newer journal is in its place again'
}
