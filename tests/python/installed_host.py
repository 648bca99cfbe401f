"""A host for the installer's tests: a directory as its root, a stand-in package, programs that answer for systemd."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.python.conftest import ROOT
from tests.python.stand_in_wheel import wheel

__all__ = ["INSTALLER", "TOKEN", "Host", "interpreter", "program", "wheel"]

INSTALLER = ROOT / "deploy" / "install_service.sh"
STATE = "var/lib/mt5-sentinel"
TOKEN = "a-token-of-the-older-installation"

# The installer as a program that talks to systemd though it has --root: the shims below answer for it.
WITH_SYSTEMD = """
speaks_to_systemd() { return 0; }
settle_seconds=${SETTLE_S:-0} extra_seconds=0
main "$@"
"""

SYSTEMCTL = r"""#!/bin/bash
# Answers for systemd: what a release does when it starts stands in behaviour/<release>, else it is healthy; what a
# unit beside the daemon does stands in behaviour/<unit>.
here=$(dirname "$0")/systemd
echo "$*" >>"$here/calls"
[ "$2" != --quiet ] || exec >/dev/null
release=$(basename "$(readlink -f "$here/current")")
does=$(cat "$here/behaviour/$release" 2>/dev/null)
for unit in "$@"; do [[ $unit != mt5-sentinel* ]] || break; done
unit=${unit%.service}
of=$here
[ "$unit" = mt5-sentinel ] || { of=$here/beside.$unit && mkdir -p "$of" && does=$(cat "$here/behaviour/$unit" 2>&-); }
begin() {
  if [ "$does" = fails ]; then echo failed >"$of/ActiveState"; return 1; fi
  echo active >"$of/ActiveState"
  pid=$(($(cat "$here/pids") + 1)); echo $pid | tee "$here/pids" >"$of/MainPID"
  echo "$release" >"$of/release"
  to=$(cat "$here/behaviour/$release.migrates" 2>&-)
  if [ -n "$to" ]; then
    python3 -c 'import sqlite3, sys; db = sqlite3.connect(sys.argv[1])
db.execute("PRAGMA user_version = " + sys.argv[2])' "$here/state/journal.db" "$to"
  fi
  case $does in
    FAULT* | *failed:*) echo "$does" ;;
    silent) echo 'ready, the first cycle begins' ;;
    one) echo 'first cycles: 1 of 2; EURUSD HOLD 0.4 below_threshold' ;;
    *) echo 'EURUSD HOLD 0.4012 below_threshold' ;;
  esac >"$of/StatusText"
}
end() { grep -qx failed "$of/ActiveState" 2>&- || echo inactive >"$of/ActiveState"; echo 0 >"$of/MainPID"; }
case $1 in
  --version) echo 'systemd 252 (252)' ;;
  is-active) state=$(cat "$of/ActiveState" 2>&- || echo inactive); echo "$state"; [ "$state" = active ] ;;
  is-enabled) if [ -e "$here/enabled.$unit" ]; then echo enabled; else echo disabled; false; fi ;;
  enable) : >"$here/enabled.$unit" ;;
  disable) [ "$2" = --now ] && end; rm -f "$here/enabled.$unit" ;;
  stop) end ;;
  start | restart) [ -s "$here/units/$unit.service" ] && begin ;;
  show)
    for name in "$@"; do [[ $name != --property=* ]] || break; done
    name=${name#--property=}
    case $name in
      Type) sed -n 's/^Type=//p' "$here/units/$unit.service" ;;
      NRestarts) if [ "$does" = dies ]; then echo $((RANDOM + 1)); else echo 0; fi ;;
      StatusText)
        cat "$of/$name"
        if [ "$does" = late ]; then echo 'FAULT EURUSD internal_error: KeyError' >"$of/$name"; fi ;;
      MainPID) if [ "$does" = dies ]; then echo $RANDOM; else cat "$of/$name"; fi ;;
      *) cat "$of/$name" ;;
    esac ;;
esac
"""

# Stands before a program: the Nth call of all that are watched kills the installer and everything it started.
KILLER = """#!/bin/bash
here=$(dirname "$0")
echo "$(basename "$0") $*" >>"$here/watched"
if [ "$(wc -l <"$here/watched")" = "$(cat "$here/kill_at")" ]; then kill -KILL 0; fi
exec "$here/plain/$(basename "$0")" "$@"
"""

# Copies a finished venv instead of making one, which takes seconds.
FAST_PYTHON = """#!/bin/bash
if [ "$1 $2" = "-m venv" ]; then mkdir -p "$(dirname "$3")" && exec cp -al "{template}" "$3"; fi
exec {python} "$@"
"""


@cache
def interpreter() -> str:
    """A Python that a service user can read, as the installer demands it."""
    for name in (os.path.realpath(sys.executable), "/usr/bin/python3", "/usr/local/bin/python3"):
        probe = [name, "-c", "import ensurepip, sys; sys.exit(sys.version_info < (3, 10))"]
        ways = [Path(os.path.realpath(name)), *Path(os.path.realpath(name)).parents]
        is_open = Path(name).exists() and all(way.stat().st_mode & stat.S_IXOTH for way in ways)
        if is_open and subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            return name
    pytest.skip("no Python 3.10 with ensurepip that everybody can read (apt-get install python3-venv)")


def program(path: Path, text: str) -> Path:
    """A script that can be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


class Host:
    """A directory as the root of a host, and programs before the real ones in its PATH."""

    def __init__(self, place: Path) -> None:
        """Make the directories that every host has."""
        self.place, self.root, self.bin = place, place / "root", place / "bin"
        self.prefix = self.root / "opt" / "mt5-crs"
        self.systemd = self.bin / "systemd"
        for folder in ("etc/systemd/system", "opt", "usr/local/bin", "var/lib", "var/log"):
            (self.root / folder).mkdir(parents=True)
        (self.systemd / "behaviour").mkdir(parents=True)
        (self.systemd / "units").symlink_to(self.root / "etc/systemd/system")
        (self.systemd / "current").symlink_to(self.prefix / "current")
        (self.systemd / "state").symlink_to(self.root / STATE)
        for name, text in (("ActiveState", "inactive"), ("MainPID", "0"), ("pids", "100"), ("StatusText", "")):
            (self.systemd / name).write_text(f"{text}\n")
        program(self.bin / "systemctl", SYSTEMCTL)
        program(self.bin / "journalctl", "#!/bin/sh\necho 'a line of the journal'\n")

    def copy(self, place: Path) -> Host:
        """The same host at another place; files are shared, for the installer replaces them by a rename."""
        place.mkdir()
        subprocess.run(["cp", "-al", self.root, place], check=True)
        subprocess.run(["cp", "-a", self.bin, place], check=True)
        other = type(self).__new__(type(self))
        other.place, other.root, other.bin = place, place / "root", place / "bin"
        other.prefix, other.systemd = other.root / "opt" / "mt5-crs", other.bin / "systemd"
        for name, target in (("units", "etc/systemd/system"), ("current", "opt/mt5-crs/current"), ("state", STATE)):
            (other.systemd / name).unlink()
            (other.systemd / name).symlink_to(other.root / target)
        return other

    def fast(self, template: Path) -> Host:
        """The same host, whose interpreter copies a venv."""
        program(self.bin / "fast-python", FAST_PYTHON.format(template=template, python=interpreter()))
        return self

    def command(self, *arguments: str | Path, with_systemd: bool, installer: Path = INSTALLER) -> list[str]:
        """The installer's command line on this host."""
        fast = self.bin / "fast-python"
        python = [] if "--python" in arguments else ["--python", str(fast if fast.exists() else interpreter())]
        start = ["bash", "-c", f"source {installer}\n{WITH_SYSTEMD}", "tests"] if with_systemd else [str(installer)]
        return [*start, "--root", str(self.root), *python, *map(str, arguments)]

    def environ(self) -> dict[str, str]:
        """Variables of the installer: its programs come before the real ones."""
        return {"PATH": f"{self.bin}:{os.environ['PATH']}", "HOME": str(self.place), "TMPDIR": str(self.place)}

    def run(
        self,
        *arguments: str | Path,
        with_systemd: bool = False,
        variables: Mapping[str, str] | None = None,
        installer: Path = INSTALLER,
    ) -> subprocess.CompletedProcess[str]:
        """Run the installer to its end, in a group of processes of its own."""
        command = self.command(*arguments, with_systemd=with_systemd, installer=installer)
        env = self.environ() | dict(variables or {})
        return subprocess.run(
            command, env=env, capture_output=True, text=True, timeout=120, check=False, start_new_session=True
        )

    def behave(self, name: str, does: str) -> None:
        """What a release, or a unit beside the daemon, does from now on when it starts; empty: it is healthy."""
        (self.systemd / "behaviour" / name).write_text(does, encoding="utf-8")

    def done(self, *arguments: str | Path, with_systemd: bool = False) -> str:
        """Run the installer, which must succeed; what it printed."""
        ran = self.run(*arguments, with_systemd=with_systemd)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def kill_at(self, number: int, names: tuple[str, ...] = ("mv", "ln", "rm", "systemctl")) -> None:
        """Kill the installer at the Nth call of these programs; 0: only write the calls down."""
        (self.bin / "plain").mkdir(exist_ok=True)
        (self.bin / "kill_at").write_text(f"{number}\n")
        (self.bin / "watched").write_text("")
        for name in names:
            if not (self.bin / "plain" / name).exists():
                real = self.bin / name
                if real.exists():
                    text = real.read_text().replace('$(dirname "$0")/systemd', '$(dirname "$0")/../systemd')
                    program(self.bin / "plain" / name, text)
                    real.unlink()
                else:
                    (self.bin / "plain" / name).symlink_to(str(shutil.which(name)))
            program(self.bin / name, KILLER)

    def watched(self) -> list[str]:
        """The calls of watched programs since ``kill_at``."""
        return (self.bin / "watched").read_text().splitlines()

    def live(self) -> None:
        """Let the programs be as they were."""
        (self.bin / "kill_at").write_text("0\n")

    def snapshot(self, *, without: tuple[str, ...] = ()) -> dict[str, str]:
        """Every path below the root: kind, mode, content."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            name = str(path.relative_to(self.root))
            if any(name.startswith(skip) for skip in without):
                continue
            mode = oct(path.lstat().st_mode)
            if path.is_symlink():
                found[name] = f"{mode} -> {path.readlink()}"
            elif path.is_file():
                found[name] = f"{mode} {hashlib.sha256(path.read_bytes()).hexdigest()}"
            else:
                found[name] = mode
        return found

    def calls(self) -> list[str]:
        """What systemctl was told."""
        path = self.systemd / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def token(self) -> None:
        """Put a token where the installer looks for one."""
        place = self.root / "etc/mt5-sentinel/credentials"
        place.mkdir(parents=True)
        (place / "eodhd_api_token").write_text(TOKEN)

    def current(self) -> str:
        """The release in use."""
        return (self.prefix / "current").readlink().name

    def state(self) -> str:
        """What the stand-in of systemd says of the service."""
        return (self.systemd / "ActiveState").read_text().strip()
