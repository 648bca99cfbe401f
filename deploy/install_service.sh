#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR
#
# Installs, upgrades, rolls back and removes the mt5-sentinel service; --help tells how.
# Every check comes before any change, the new release is built before the running service is stopped,
# and a run that was killed at any point is repaired by the next one.
set -euo pipefail
shopt -s inherit_errexit
umask 022 # the service user must be able to read what root lays down
export LC_ALL=C
unset PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX PIP_USER PIP_REQUIRE_VIRTUALENV CDPATH

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
. "$here/lib/layout.sh"
. "$here/lib/checks.sh"
. "$here/lib/release.sh"
. "$here/lib/settings.sh"
. "$here/lib/switch.sh"
. "$here/lib/state.sh"
. "$here/lib/service.sh"
. "$here/lib/gate.sh"
. "$here/lib/back.sh"
. "$here/lib/remove.sh"

action=install rollback_to='' dry_run=0 root='' prefix=/opt/mt5-crs user='' carried_flags=()
wheel='' wheelhouse='' python='' start=1 keep=3 gate_seconds=90 ending=0 purge=0 yes=0 with=()
if [[ -f $here/../VERSION ]]; then prefix=$(cd -- "$here/../../.." && pwd -P); fi # it runs from an installed release

usage() {
  cat <<'TEXT'
usage: install_service.sh [options]                   install, upgrade or repair; a second run changes nothing
       install_service.sh --rollback [RELEASE]        back to the previous release, or to a named one
       install_service.sh --uninstall [--purge [--yes]]
       install_service.sh --status                    releases, links and the service

  --wheel FILE        package to install (default: the newest dist/*.whl of this checkout, which has to be newer than
                      its sources; where there is none, it is built)
  --wheelhouse DIR    take dependencies from this directory only, no network
  --python EXE        interpreter of the new release, 3.10 or newer, readable by the service user
  --prefix DIR        where the program lies (default /opt/mt5-crs)
  --user NAME         the service's user and group (default: as installed, else mt5-sentinel)
  --with NAME         install and enable a unit beside the daemon: gateway, dashboard or alerts, with what it
                      needs; kept by later runs
  --start             enable and start it, though it was stopped or disabled before; without this, it stays so
  --no-start          install and enable, do not start
  --gate-seconds N    how long the first cycle may take before the release counts as failed (default 90)
  --keep N            older releases to keep beside the current and the previous one (default 3)
  --root DIR          put everything below DIR and leave systemctl out: for images and tests
  --dry-run           make the checks, tell what would be done, change nothing
  --purge             with --uninstall: remove settings, state, logs and the user too
  --yes               do not ask

exit code: 0 done; 1 a check or the health gate failed, and all is as it was before; 2 wrong usage; 3 installed, but the
first cycle failed for a reason outside of the program (network, token, gateway): mt5-sentinel doctor --service tells it
TEXT
}

# A reader that is gone (a lost connection, | head) must not end a run half-way.
say() { printf '%s\n' "$@" 2>/dev/null || :; }
print_error() { printf '%s\n' "$@" >&2 2>/dev/null || :; }
step() { say '' "[Step $1/7] $2"; }
good() { say "  ✓ $*"; }
note() { say "${@/#/  }"; }
blame() {
  print_error "  ✗ $1"
  shift
  if (($#)); then print_error "${@/#/    → }"; fi
}
fail() {
  blame "$@"
  exit 1
}
misused() {
  printf 'install_service.sh: %s; --help tells the options\n' "$1" >&2
  exit 2
}

# systemctl is asked on a running host only; tests that source this file say so themselves.
speaks_to_systemd() { [[ -z $root ]]; }

read_options() {
  local given
  while (($#)); do
    given=$1
    shift
    case $given in
      --help | -h) usage && exit 0 ;;
      --dry-run) dry_run=1 ;;
      --start) start=2 ;;
      --no-start) start=0 ;;
      --purge) purge=1 ;;
      --yes) yes=1 ;;
      --uninstall) action=uninstall ;;
      --status) action=status ;;
      --rollback)
        action=rollback
        if (($#)) && [[ $1 != -* ]]; then rollback_to=$1 && shift; fi
        ;;
      --wheel | --wheelhouse | --python | --prefix | --user | --with | --gate-seconds | --keep | --root)
        (($#)) || misused "$given needs a value"
        take_value "$given" "$1"
        shift
        ;;
      *) misused "unknown option $given" ;;
    esac
  done
  check_options
}

take_value() {
  case $1 in
    --wheel) wheel=$2 ;;
    --wheelhouse) wheelhouse=$2 ;;
    --python) python=$2 ;;
    --prefix) prefix=$2 ;;
    --user) user=$2 ;;
    --with) with+=("$2") ;;
    --gate-seconds) gate_seconds=$2 ;;
    --keep) keep=$2 ;;
    --root) root=$2 ;;
  esac
}

check_options() {
  local name
  [[ $gate_seconds =~ ^[0-9]{1,4}$ && $keep =~ ^[0-9]{1,3}$ ]] || misused '--gate-seconds and --keep are whole numbers'
  prefix=${prefix%/} root=${root%/}
  # The text goes into unit files: no blanks, quotes or specifiers; and the unit hides /home, /root and /tmp from itself.
  [[ $prefix =~ ^(/[A-Za-z0-9_][A-Za-z0-9._-]*)+$ ]] || misused "--prefix $prefix is no plain absolute path"
  [[ ! $prefix/ =~ ^/(home|root|tmp|var/tmp|run|proc|sys|dev|etc)/ ]] ||
    misused "--prefix $prefix is hidden from the service, or of another use; take /opt/NAME or /srv/NAME"
  [[ -z $user || $user =~ ^[a-z_][a-z0-9_-]{0,30}$ && $user != root ]] || misused "--user $user is no name of a user other than root"
  for name in "${with[@]}"; do
    [[ $name =~ ^(gateway|dashboard|alerts)$ ]] || misused "--with $name is neither gateway nor dashboard nor alerts"
  done
  if [[ -n $root ]]; then
    [[ -d $root ]] || misused "--root $root is no directory"
    root=$(cd -- "$root" && pwd -P)
  fi
}

# The lock is on the root directory itself, so that taking it writes nothing; the kernel drops it with the process.
lock() {
  exec 9<"${root:-/}"
  flock -n 9 || fail 'another installer is at work (or a build it started)' 'wait until it has ended'
}

would() { note "would $*"; }

install_release() {
  check_environment
  check_permissions
  check_writable
  check_unit_files
  check_dependencies
  if ((dry_run)); then
    tell_plan
    return
  fi
  recover
  build_release
  check_way_back "$release"
  if is_in_place "$release"; then
    say '' "Nothing to do: release $release is installed, unchanged and $(told_state)."
    return
  fi
  local restart=1
  if ! needs_restart "$release"; then restart=0; fi
  step 5 'Stopping existing service (if any)'
  begin_switch "$restart"
  if ((restart)); then
    stop_service
    keep_state "$release"
  else
    note 'The service goes on running: what is repaired does not concern it'
  fi
  step 6 'Installing service file'
  adopt_older
  lay_user_data
  remember_with
  switch_to "$release"
  if ((restart)); then restore_state "$release"; fi
  reload_systemd
  step 7 'Enabling and starting service'
  start_and_judge "$release" "$restart"
  prune_releases
  say '' "Release $release is installed. Back to the one before: $prefix/current/deploy/install_service.sh --rollback"
}

roll_back() {
  check_permissions
  [[ -L $P/current ]] || fail "nothing is installed below $prefix" 'run install_service.sh without --rollback'
  ((dry_run)) || recover
  local now
  now=$(release_at current)
  release=${rollback_to:-$(release_before)}
  [[ -n $release ]] || fail "there is no release before $now to go back to" 'name one that --status lists'
  [[ $release != "$now" || -f $P/.pending ]] || fail "release $now is the one in use" 'name another that --status lists'
  is_complete "$release" || fail "release $release is not there, or not whole" 'name one that --status lists'
  smoke_test "$release"
  check_settings "$release"
  check_writable
  check_way_back "$release"
  if ((dry_run)); then
    would "switch from $now to $release, and start it"
    return
  fi
  step 5 'Stopping existing service (if any)'
  begin_switch 1
  stop_service
  keep_state "$release"
  step 6 "Going back from $now to $release"
  switch_to "$release"
  restore_state "$release"
  reload_systemd
  step 7 'Enabling and starting service'
  start_and_judge "$release" 1
  say '' "Release $release is in use again; $now is kept: --rollback takes it back."
}

main() {
  read_options "$@"
  lay_out
  choose_user
  work=$(mktemp -d)
  trap '' PIPE
  trap finish EXIT
  trap 'exit 130' INT TERM HUP
  [[ $action == status ]] || lock
  case $action in
    install) install_release ;;
    rollback) roll_back ;;
    uninstall) uninstall ;;
    status) show_status ;;
  esac
  exit "$ending"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then main "$@"; fi
