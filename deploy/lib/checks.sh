# shellcheck shell=bash disable=SC2154
# Steps 1 to 4: everything that can be known before anything is changed.

disk_mb_min=500

check_environment() {
  local addresses version
  step 1 'Validating execution environment'
  addresses=$(hostname -I 2>/dev/null || :)
  note "Current hostname: $(uname -n)"
  note "Current IP: ${addresses:-none}"
  note "System: $(sed -n 's/^PRETTY_NAME="\(.*\)"$/\1/p' /etc/os-release 2>/dev/null)"
  version=$(systemctl --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p' || :)
  if speaks_to_systemd; then
    [[ -d /run/systemd/system || -n $root ]] ||
      fail 'systemd does not run here' 'run this on the host, or give --root DIR for an image'
    ((${version:-0} >= 247)) || fail "systemd ${version:-} is older than 247" 'credentials need 247; renew the system'
    good "systemd $version"
  else
    note "Everything goes below $root; systemctl is left out"
  fi
  choose_python
  good "Python $python_version: $python"
}

# An interpreter that the service user can read: a venv is links to it.
choose_python() {
  local one why refused='' candidates=("$python")
  if [[ -z $python ]]; then
    candidates=(python3 /usr/bin/python3.{14,13,12,11,10} /usr/bin/python3 /usr/local/bin/python3)
  fi
  for one in "${candidates[@]}"; do
    if ! command -v -- "$one" >/dev/null; then
      if [[ -n $python ]]; then refused="$one is not there; "; fi
      continue
    fi
    if why=$(judge_python "$one"); then
      python=$(command -v -- "$one") python_version=$why
      return
    fi
    refused+="$one: $why; "
  done
  fail "no Python to build the venv with: ${refused:-none found}" \
    'install python3 and python3-venv of the system (3.10 or newer), or name one with --python EXE'
}

# Prints the version, or why this interpreter will not do.
judge_python() {
  local facts version real base is_new_enough
  facts=$("$1" -IB -c 'import ensurepip, os, sys, venv
print("%d.%d.%d" % sys.version_info[:3], sys.version_info >= (3, 10), sep="\n")
print(os.path.realpath(sys.executable), os.path.realpath(sys.base_prefix), sep="\n")' 2>&1) || {
    printf 'it does not start, or has no venv and ensurepip (apt-get install python3-venv)'
    return 1
  }
  { read -r version && read -r is_new_enough && read -r real && read -r base; } <<<"$facts"
  if [[ $is_new_enough != True ]]; then
    printf '%s is older than 3.10' "$version"
    return 1
  fi
  if ! is_open_to_all "$real" || ! is_open_to_all "$base"; then
    printf 'the service user cannot read %s' "$real"
    return 1
  fi
  printf '%s' "$version"
}

# Whether everybody may read a path and enter the directories on the way to it.
is_open_to_all() {
  local path=$1 mode
  mode=$(stat -Lc %a -- "$path")
  (((8#$mode & 5) == 5)) || return 1
  while [[ $path != / ]]; do
    path=$(dirname -- "$path")
    mode=$(stat -Lc %a -- "$path")
    (((8#$mode & 1) == 1)) || return 1
  done
}

check_permissions() {
  step 2 'Checking permissions'
  if [[ -n $user_before && $user_before != "$user" ]]; then
    note "The service's user changes from $user_before to $user: what it owns will be $user's"
  elif [[ $user != mt5-sentinel ]]; then
    note "Service user: $user${user_before:+, as installed}"
  fi
  if [[ -n $root ]]; then
    [[ -w $root ]] || fail "$root cannot be written" 'choose another --root'
    good "May write below $root"
  else
    ((EUID == 0)) || fail 'root is needed' 'run it with sudo; --root DIR needs no root'
    good 'Running as root'
  fi
}

check_unit_files() {
  local name slot
  step 3 'Validating service file'
  render_deploy
  for slot in "${slots[@]}" env.example config.example.toml; do
    [[ -f $work/deploy/$slot ]] || fail "$here/$slot is missing" 'take the whole deploy/ directory'
  done
  good 'Service file exists'
  verify_unit mt5-sentinel
  while read -r name; do
    if [[ -z $name ]]; then continue; fi
    [[ -f $work/deploy/mt5-sentinel-$name.service ]] ||
      fail "--with $name: $here has no mt5-sentinel-$name.service" "leave --with $name out"
    verify_unit "mt5-sentinel-$name"
  done < <(chosen_units)
  for slot in "${slots[@]}"; do
    name=$(place_of "$slot")
    [[ ! -e $name && ! -L $name || -f $name && ! -L $name ]] ||
      fail "${name#"$root"} is no plain file" 'a masked unit is unmasked by: systemctl unmask mt5-sentinel'
  done
}

# systemd-analyze must have nothing to say: it ends with 0 on keys that it does not know.
verify_unit() {
  local told
  if ! command -v systemd-analyze >/dev/null; then
    [[ -n $root ]] || fail 'systemd-analyze is missing' 'install the whole of systemd'
    note 'Service file not verified: systemd-analyze is missing'
    return
  fi
  mkdir -p "$work/verified"
  # The programs it names are there after step 6 only.
  sed -E "s#^(Exec[A-Za-z]*=[-+!@:]*)$prefix/[^ ]+#\1/bin/true#" "$work/deploy/$1.service" \
    >"$work/verified/$1.service"
  told=$(systemd-analyze verify --man=no "$work/verified/$1.service" 2>&1) || told+=' (exit code)'
  # What it says of the host's other units is not ours to mend.
  told=$(grep -vE '^/?(usr/lib|lib|etc|run)/systemd/' <<<"$told" || :)
  [[ -z $told ]] || fail "$1.service is not clean: $told" 'mend the unit file; no line of systemd-analyze verify may be left'
  good "$1: service file syntax OK"
  told=$(systemd-analyze security --offline=true --no-pager "$work/verified/$1.service" 2>/dev/null | tail -n 1 || :)
  if [[ $told == *exposure* ]]; then note "${told#*→ }"; fi
}

check_dependencies() {
  step 4 'Checking dependencies'
  check_older_paths
  check_ways
  find_carried
  check_disk
  check_secrets
  choose_wheel
  if ((dry_run)); then foresee_settings; fi
}

check_older_paths() {
  if [[ -L $P/current && -d $P/venv && ! -L $P/venv && $(release_at current) != older ]]; then
    fail "$prefix/venv is a directory, though release $(release_at current) is installed" 'move it away'
  fi
  if has_older && [[ -e $P/releases/older ]] && ! is_ours older; then
    fail "$prefix/releases/older is there, and was not made by this installer" \
      'move it away: the older installation is to be kept under this name'
  fi
  if has_older; then note "An older installation is here: it will be kept as $prefix/releases/older"; fi
  if [[ -d $root/etc/systemd/system/mt5-sentinel.service.d ]]; then
    note 'Drop-ins in mt5-sentinel.service.d are yours: they go on applying'
  fi
}

check_disk() {
  local place=$P free
  while [[ ! -d $place ]]; do place=$(dirname -- "$place"); done
  free=$(df -Pm -- "$place" | awk 'NR == 2 { print $4 }')
  ((free >= disk_mb_min)) || fail "$place has $free MB free, $disk_mb_min are needed" 'make room'
  good "Disk space: $free MB free"
}

# The token: a credential, a variable, a line of the configuration, or a drop-in that brings it encrypted.
check_secrets() {
  local env=$P/.env etc=$root/etc/mt5-sentinel dropins=$root/etc/systemd/system/mt5-sentinel.service.d
  check_env_link
  if [[ -e $env ]]; then
    good ".env file found (mode $(stat -Lc %a "$env"))"
    if ! is_env_private; then note 'Its mode will be 600: it may hold secrets'; fi
  else
    note "No $prefix/.env: an empty one will be laid down"
  fi
  if [[ -s $etc/credentials/eodhd_api_token ]] ||
    grep -qsE '^(EODHD_API_TOKEN|EODHD_API_KEY|MT5_SENTINEL_EODHD_API_TOKEN)=["'\'']?[^"'\'' ]' "$env" ||
    grep -qsE '^ *(eodhd_api_token *= *"[^"]|bars_source *= *"gateway")' "$etc/config.toml" ||
    grep -qrsE '^(Load|Set)Credential(Encrypted)?=eodhd_api_token:' "$dropins"; then
    good 'Token of the market data API found'
  elif ((start)); then
    fail 'no token of the market data API' \
      'put it alone into /etc/mt5-sentinel/credentials/eodhd_api_token (umask 077; see deploy/credentials/README.md)' \
      "or as EODHD_API_TOKEN=... into $prefix/.env; or install with --no-start and add it later"
  else
    note 'No token of the market data API yet: the service will not work before there is one'
  fi
}

# A linked .env is read through its link, and its mode is not ours to change.
check_env_link() {
  local real
  if [[ ! -L $P/.env ]]; then return; fi
  real=$(readlink -f -- "$P/.env" || :)
  [[ -f $real ]] || fail "$prefix/.env is a link to nothing" 'make the file that it names, or remove the link'
  is_env_private || fail "$prefix/.env is a link to $real (mode $(stat -c %a "$real")), which others can read or change" \
    "it may hold secrets: chown root:root $real; chmod 600 $real"
}

# Root's alone; a link by what it names.
is_env_private() { [[ -f $P/.env && -O $P/.env && $(stat -Lc %a -- "$P/.env") =~ ^[46]00$ ]]; }

# A wheel of dist/ has to be newer than what it is built from.
check_sources() {
  local newer source=${here%/*}
  newer=$(find "$source"/{python,src,Cargo.toml,Cargo.lock,pyproject.toml} -newer "$wheel" -type f \
    ! -path '*/__pycache__/*' ! -name '*.so' ! -name '*.pyc' -print -quit 2>/dev/null || :)
  [[ -z $newer ]] || fail "$(basename -- "$wheel") in dist/ is older than ${newer#"$source"/}" \
    'build it anew: make wheel' 'or install it as it is: --wheel FILE'
}

choose_wheel() {
  local facts
  if [[ -z $wheel ]]; then
    wheel=$(newest_wheel)
    if [[ -n $wheel ]]; then check_sources; fi
  fi
  if [[ -n $wheelhouse && ! -d $wheelhouse ]]; then fail "--wheelhouse $wheelhouse is no directory" 'name one'; fi
  if [[ -z $wheel ]]; then
    [[ -z $wheelhouse ]] || fail 'there is no wheel to install, and with --wheelhouse nothing is fetched to build one' \
      'name it with --wheel FILE, or build it first where there is a network: make wheel'
    [[ -f $here/../pyproject.toml ]] || fail 'there is no wheel to install' 'name one with --wheel FILE'
    if ((dry_run)); then
      note 'No wheel in dist/: it would be built from this checkout'
      release='a new one'
      return
    fi
    build_wheel
  fi
  facts=$(wheel_facts "$wheel" 2>&1) || fail "$wheel is no wheel: $facts" 'name another with --wheel'
  version=${facts#* }
  [[ ${facts% *} == mt5-sentinel && $version =~ ^[0-9][A-Za-z0-9._+-]*$ ]] ||
    fail "$wheel holds ${facts}, not mt5-sentinel" 'name another with --wheel'
  choose_release
  good "Package: $(basename -- "$wheel"), release $release"
}

tell_plan() {
  say '' 'Dry run: all checks passed, nothing was changed.'
  if is_complete "$release" && is_in_place "$release"; then
    note "Release $release is in place: nothing would be done"
    return
  fi
  if ! is_complete "$release"; then would "build release $release in $prefix/releases/$release"; fi
  would 'stop the service if it runs'
  if has_older; then would "keep the older installation as $prefix/releases/older"; fi
  while read -r name; do would "lay down $name"; done < <(for slot in "${slots[@]}"; do
    name=$(place_of "$slot") && printf '%s\n' "${name#"$root"}"
  done)
  if [[ -s $work/carried.conf ]]; then would "lay down ${dropins#"$root"}/older.conf"; fi
  would "point $prefix/current to release $release, reload systemd, enable the service"
  if ((start)); then would "start it, and go back if no cycle is finished within $gate_seconds s"; fi
}
