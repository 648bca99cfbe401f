# shellcheck shell=bash disable=SC2034,SC2154
# A release: releases/<id>/ with its own venv, the deploy files it was installed with, and VERSION, written last.

# A copy of deploy/ with this host's prefix and user in the files that are laid down.
render_deploy() {
  local name
  cp -r -- "$here" "$work/deploy"
  find "$work/deploy" -type d -exec chmod 755 {} + -o -name '*.sh' -exec chmod 755 {} + -o -exec chmod 644 {} +
  for name in "$work"/deploy/*.service "$work"/deploy/{sentinel_daemon.py,*.d/mt5-sentinel*,drop-ins/*.conf,*.example*}; do
    if [[ ! -f $name ]]; then continue; fi
    sed -i -E -e "s|/opt/mt5-crs|$prefix|g" -e "s/^(User|Group)=mt5-sentinel\$/\1=$user/" \
      -e "s/^u mt5-sentinel /u $user /" -e "s/ mt5-sentinel mt5-sentinel( |\$)/ $user $user\1/" "$name"
  done
}

# Name and version that a wheel states in its metadata.
wheel_facts() {
  "$python" -IB - "$1" <<'PYTHON'
import email, sys, zipfile
try:
    with zipfile.ZipFile(sys.argv[1]) as archive:
        name = next(one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        facts = email.message_from_bytes(archive.read(name))
except (OSError, StopIteration, zipfile.BadZipFile) as error:
    sys.exit(f"{type(error).__name__}: {error}")
print(facts["Name"], facts["Version"])
PYTHON
}

# The newest wheel of this checkout; nothing where there is none.
newest_wheel() {
  local one newest=''
  for one in "$here"/../dist/mt5_sentinel-*.whl; do
    if [[ -f $one && (-z $newest || $one -nt $newest) ]]; then newest=$one; fi
  done
  printf '%s' "$newest"
}

# Build the wheel from the checkout, in a venv of its own: the interpreter may have no pip.
build_wheel() {
  note "Building the package from ${here%/*}: the first time takes a few minutes"
  { "$python" -m venv "$work/builder" &&
    "$work/builder/bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$work" \
      "${here%/*}"; } || fail 'the package was not built' 'see the lines above; or name a wheel with --wheel'
  wheel=$(printf '%s\n' "$work"/mt5_sentinel-*.whl)
}

# Choose the release's name: the version; with the wheel's hash, then a number, where that is there with other content.
choose_release() {
  local name number=2
  wheel_sha=$(sha256_of "$wheel")
  name=$version
  while [[ -e $P/releases/$name ]] && ! is_this_build "$name"; do
    case $name in
      "$version") name=$version-${wheel_sha:0:8} ;;
      *) name=$version-${wheel_sha:0:8}-$((number++)) ;;
    esac
  done
  release=$name
}

# Units beside the daemon whose command needs an extra of the package, which has the unit's name.
chosen_extras() { chosen_units | grep -xE 'dashboard|alerts' || :; }

# Whether a release was built with every extra that is wanted now.
has_extras() {
  local extra
  while read -r extra; do
    grep -qsx -- "$extra" "$P/releases/$1/EXTRAS" || return 1
  done < <(chosen_extras)
}

# Whether a release was made from this wheel and these deploy files, and still works; an unfinished one may be made anew.
is_this_build() {
  if ! is_complete "$1"; then
    is_unfinished "$1"
    return
  fi
  [[ $(cut -d' ' -f1 "$P/releases/$1/WHEEL" 2>/dev/null) == "$wheel_sha" ]] && has_extras "$1" &&
    diff -rq "$work/deploy" "$P/releases/$1/deploy" >/dev/null && (smoke_test "$1") >/dev/null 2>&1
}

# A build that was killed: ours, and it has no VERSION.
is_unfinished() { [[ $1 != older && ! -f $P/releases/$1/VERSION ]] && is_ours "$1"; }

remove_unfinished() {
  local one
  while read -r one; do
    if is_unfinished "$one"; then
      remove_release "$one"
      note "Removed the unfinished release $one of an earlier run"
    fi
  done < <(our_releases)
  if [[ -d $P/releases/.making ]]; then rm -f -- "$P/releases/.making/$mark" && rmdir -- "$P/releases/.making"; fi
}

# Build beside the running service. What fails is removed by clean_up.
build_release() {
  remove_unfinished
  if is_complete "$release"; then
    good "Release $release is built already"
    check_chosen_verbs
    check_carried_flags "$release"
    is_in_place "$release" || check_settings "$release"
    return
  fi
  local place=$P/releases/$release extras
  extras=$(chosen_extras | paste -sd,)
  building=$release
  write_manifest
  make_release "$release"
  "$python" -m venv "$place/venv" || fail "no venv could be made with $python" 'see the lines above'
  "$place/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    ${wheelhouse:+--no-index --find-links "$wheelhouse"} "$wheel${extras:+[$extras]}" ||
    fail 'the package could not be installed into the new venv; the running service was not touched' \
      'see the lines above; without network name a directory of wheels with --wheelhouse'
  if [[ -n $root ]]; then forget_root "$place/venv"; fi
  cp -r -- "$work/deploy" "$place/deploy"
  printf '%s  %s\n' "$wheel_sha" "$(basename -- "$wheel")" >"$place/WHEEL"
  chosen_extras >"$place/EXTRAS"
  smoke_test "$release"
  check_chosen_verbs
  check_carried_flags "$release"
  check_settings "$release"
  sync -f "$place" # a release that is named whole must be whole after a power cut
  write "$place/VERSION" 644 <<<"$version"
  building=''
  good "Release $release built in $prefix/releases/$release"
}

# Scripts of a venv name their interpreter; below --root they must name it as the image will.
forget_root() {
  find "$1/bin" "$1/pyvenv.cfg" -type f -exec grep -lIF -- "$root" {} + | while read -r name; do
    sed -i "s|$root||g" "$name"
  done
}

# Run a program as the service will: without root's rights, without this shell's variables.
as_service() {
  local who=65534 # nobody: as unprivileged as the user that is made in step 6
  if ((EUID != 0)) || [[ -n $root ]]; then
    env -i PATH=/usr/bin:/bin PYTHONDONTWRITEBYTECODE=1 "$@"
    return
  fi
  if id -- "$user" >/dev/null 2>&1; then who=$(id -u -- "$user"); fi
  (cd / && setpriv --reuid="$who" --regid="$who" --clear-groups env -i PATH=/usr/bin:/bin PYTHONDONTWRITEBYTECODE=1 "$@")
}

# The venv starts, holds the package and runs the launcher, all as the service user.
smoke_test() {
  local place=$P/releases/$1 told
  if [[ $1 == older ]]; then # what the older installation needs is its own affair
    [[ -x $place/venv/bin/python ]] || fail "$prefix/releases/older/venv has no interpreter" 'put it back'
    return
  fi
  told=$(as_service "$place/venv/bin/python" -IB -c 'from mt5_sentinel import __version__; print(__version__)' 2>&1) ||
    fail "the package of release $1 cannot be imported as the service user: $(tail -n 1 <<<"$told")" \
      'read the error; a directory that the user may not enter is the usual cause (namei -l shows modes)'
  [[ $told == "$(cat "$place/VERSION" 2>/dev/null || printf '%s' "$version")" ]] ||
    fail "release $1 holds version $told" 'remove it, or install another wheel'
  told=$(as_service "$place/venv/bin/python" "$place/deploy/sentinel_daemon.py" --help 2>&1) ||
    fail "the launcher of release $1 does not run: $(tail -n 1 <<<"$told")" 'read the error'
  if ((EUID == 0)) && [[ -z $root ]]; then told='as the service user'; else told='as this user'; fi
  good "Import and launcher of release $1 tested $told"
}

# A unit chosen with --with needs its command in this release, and the modules of its extra.
declare -A needs=([dashboard]='starlette, uvicorn' [alerts]='apprise')

check_chosen_verbs() {
  local name
  while read -r name; do
    "$P/releases/$release/venv/bin/python" -IB -m mt5_sentinel "$name" --help >/dev/null 2>&1 ||
      fail "release $release has no command \`$name\`" "leave --with $name out; nothing was changed"
    "$P/releases/$release/venv/bin/python" -IB -c "import ${needs[$name]:-sys}" 2>/dev/null ||
      fail "release $release lacks what \`$name\` needs: ${needs[$name]}" "is this wheel's extra [$name] another one?"
  done < <(chosen_units)
}

# Remove old releases beyond --keep, the longest unused first; never what a link names, nor the older installation.
prune_releases() {
  local one count=0
  while read -r one; do
    one=$(basename -- "$(dirname -- "$one")")
    if ! is_ours "$one" || [[ $one == older || $one == "$(release_at current)" || $one == "$(release_at previous)" ]]; then continue; fi
    if ((++count <= keep)); then continue; fi
    remove_release "$one"
    note "Removed the old release $one (--keep $keep)"
  done < <(ls -1t "$P"/releases/*/VERSION)
  write_manifest "$(release_at current)"
}

# At the end, however it comes: no temporary files, and nothing of a build that failed.
clean_up() {
  local line
  rm -rf -- "$work"
  if [[ -n $building ]]; then
    remove_release "$building"
    building='' with=() # nor is a unit chosen that this run did not get to
    if [[ -L $P/current ]]; then
      write_manifest "$(release_at current)"
    else
      line=$(grep '^dir ' "$P/manifest" | cut -d' ' -f3 | sort -r)
      rm -f -- "$P/manifest"
      while read -r line; do rmdir -- "$root$line" 2>/dev/null || :; done <<<"$line"
    fi
  fi
}
