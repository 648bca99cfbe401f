"""Faults of an installed host, one each, and the check that must see it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from mt5_sentinel.ops.layout import CONFIG, CREDENTIALS, LOGROTATE, LOGS, PREFIX, STATE, UNIT
from tests.python.audited_host import LOGROTATE_TEXT, PROPERTIES, AuditedHost

Breaks = Callable[[AuditedHost], object]

DROP_IN = Path(f"{UNIT}.d/a.conf")
RELEASE = PREFIX / "releases/1.0"
SITE = RELEASE / "venv/lib/python3.11/site-packages"


class Case(NamedTuple):
    """One fault, the check that sees it, and what its todo names."""

    check: str
    breaks: Breaks
    found: str
    todo: str
    also: tuple[str, ...] = ()


def _listed(breaks: Breaks) -> Breaks:
    """A fault of a file that the manifest lists, which is listed as it is."""

    def both(host: AuditedHost) -> None:
        breaks(host)
        host.list_files()

    return both


def _program(name: str, text: str) -> Breaks:
    return lambda host: host.program(name, text)


def _write(place: Path, text: str, mode: int = 0o644) -> Breaks:
    return lambda host: host.write(place, text, mode)


def _mode(place: Path, mode: int) -> Breaks:
    return lambda host: host.path(place).chmod(mode)


def _own(place: Path) -> Breaks:
    return lambda host: host.own(place)


def _remove(place: Path) -> Breaks:
    return lambda host: host.path(place).unlink()


def _relink(place: Path, target: str) -> Breaks:
    def change(host: AuditedHost) -> None:
        host.path(place).unlink()
        host.path(place).symlink_to(target)
        text = host.path(host.layout.manifest).read_text()
        old = {"current": "link releases/1.0 ", "venv": "link current/venv "}[place.name]
        host.write(host.layout.manifest, text.replace(old, f"link {target} "))

    return change


def _schema(version: int) -> Breaks:
    def change(host: AuditedHost) -> None:
        db = sqlite3.connect(host.path(STATE / "journal.db"))
        db.execute(f"PRAGMA user_version = {version}")
        db.close()

    return change


def _no_journal(host: AuditedHost) -> None:
    host.path(STATE / "journal.db").unlink()
    host.write(STATE / "HALT", "halt\n")


def _crash(name: str) -> Breaks:
    return lambda host: (host.programs / name).write_bytes(b"not a program")


EXPOSED = "echo Overall exposure level for mt5-sentinel.service: 1.1 OK"


def shows(**properties: str) -> Breaks:
    """What systemd says of the unit, but for these."""
    found = dict(line.split("=", 1) for line in PROPERTIES.split(r"\n") if line) | properties
    return _program("systemctl", "printf '" + r"\n".join(f"{key}={value}" for key, value in found.items()) + r"\n'")


CASES = [
    Case("unit", _mode(UNIT, 0o666), "0666", f"chmod 644 {UNIT}"),
    Case("unit", _own(UNIT), "uid 64001", f"chown root:root {UNIT}"),
    Case(
        "unit verified",
        _program("systemd-analyze", f'[ "$1" = verify ] && echo "{UNIT}:9: Unknown key name" >&2 || {EXPOSED}'),
        "Unknown key name",
        "systemd-analyze verify",
    ),
    Case(
        "unit exposure",
        _program("systemd-analyze", '[ "$1" = verify ] || echo "Overall exposure level for x.service: 1.3 OK"'),
        "1.3, more than 1.2",
        f"systemd-analyze security --offline=true {UNIT}",
    ),
    Case("unit exposure", _program("systemd-analyze", "exit 0"), "no figure", "systemd-analyze security"),
    Case("unit loaded", shows(NeedDaemonReload="yes"), "changed after", "daemon-reload"),
    Case("unit loaded", _write(DROP_IN, "[Service]\nNice=1\n"), f"{DROP_IN}: a drop-in was added", "daemon-reload"),
    Case("unit loaded", shows(LoadState="masked"), "masked", "daemon-reload"),
    Case("unit loaded", shows(FragmentPath="/x"), "goes by /x", "systemctl cat"),
    Case(
        "unit loaded",
        _program("systemctl", "echo no bus >&2; exit 1"),
        "no bus",
        "systemctl show",
        ("unit promises",),
    ),
    Case("installer", _mode(RELEASE / "deploy/install_service.sh", 0o644), "0644", "chmod 755"),
    Case("installer", _write(RELEASE / "deploy/install_service.sh", "if\n", 0o755), "bash -n", "install_service.sh"),
    Case("installer", _write(RELEASE / "deploy/lib/a.sh", "fi\n"), "lib/a.sh", "install_service.sh"),
    Case("installer", _program("shellcheck", "echo SC2086; exit 1"), "SC2086", "install_service.sh"),
    Case("installer", _remove(RELEASE / "deploy/install_service.sh"), "No such file", "install_service.sh"),
    Case(
        "launcher",
        _listed(_write(PREFIX / "src/strategy/sentinel_daemon.py", "import schedule\n")),
        "does not import mt5_sentinel",
        "install_service.sh",
    ),
    Case(
        "launcher",
        _listed(_write(PREFIX / "src/strategy/sentinel_daemon.py", "from mt5_sentinel import\n")),
        "is no Python",
        "install_service.sh",
    ),
    Case(
        "launcher",
        lambda host: host.unit("ExecStart=", "ExecStart=/usr/bin/python3 /opt/mt5-crs/src/strategy/sentinel_daemon.py"),
        "/usr/bin/python3",
        "systemctl cat",
    ),
    Case(
        "interpreter",
        lambda host: host.path(RELEASE / "venv/bin/python").write_text(
            '#!/bin/bash\ncase "$*" in *sys.version*) exit 1;; esac\n'
            + host.path(RELEASE / "venv/bin/python").read_text().partition("\n")[2]
        ),
        "does not run",
        "install_service.sh",
    ),
    Case("release", _write(RELEASE / "VERSION", "0.0.1\n"), "VERSION says 0.0.1", "install_service.sh"),
    Case(
        "release",
        _relink(PREFIX / "venv", "releases/1.0/venv2"),
        "leads to",
        "install_service.sh",
        ("interpreter", "package", "importable"),
    ),
    Case(
        "manifest",
        lambda host: host.path(LOGROTATE).write_text(LOGROTATE_TEXT.replace("30", "31")),
        f"{LOGROTATE}: it was changed",
        "drop-in",
    ),
    Case("manifest", _write(PREFIX / "manifest", "hello\n"), "line 1", "install_service.sh"),
    Case("manifest", _write(PREFIX / "manifest", ""), "lists no file", "install_service.sh"),
    Case("manifest", _remove(PREFIX / "manifest"), "No such file", "install_service.sh"),
    Case(
        "package", _write(SITE / "mt5_sentinel/__init__.py", "# another\n"), "__init__.py is not", "install_service.sh"
    ),
    Case("package", _remove(SITE / "mt5_sentinel/__init__.py"), "No such file", "install_service.sh"),
    Case("package", _remove(SITE / "mt5_sentinel-1.dist-info/RECORD"), "holds 0 packages", "install_service.sh"),
    Case("package", _write(SITE / "mt5_sentinel-1.dist-info/RECORD", "a,,\n"), "lists no hash", "install_service.sh"),
    Case("importable", _program("setpriv", "echo ModuleNotFoundError >&2; exit 1"), "ModuleNotFound", "runuser -u"),
    Case("importable", _program("setpriv", "echo 0.0.1"), "version 0.0.1", "venv/bin/mt5-sentinel audit"),
    Case("importable", _mode(PREFIX, 0o700), f"through {PREFIX} (mode 0700)", f"chmod o+x {PREFIX}"),
    Case("release unwritable", _own(RELEASE / "venv/bin/python"), "venv/bin/python", "chown -R root:root"),
    Case("release unwritable", _mode(RELEASE, 0o777), f"{RELEASE} can be changed", "chmod -R go-w"),
    Case("release unwritable", _mode(PREFIX / "src/strategy", 0o777), "src/strategy can", "chmod -R go-w"),
    Case("secrets", _mode(PREFIX / ".env", 0o640), "mode 0640", f"chmod 600 {PREFIX}/.env"),
    Case("secrets", _own(PREFIX / ".env"), "uid 64001", f"chown root:root {PREFIX}/.env"),
    Case("secrets", _mode(CREDENTIALS, 0o755), "mode 0755", f"chmod 700 {CREDENTIALS}"),
    Case("secrets", _mode(CREDENTIALS / "eodhd_api_token", 0o604), "mode 0604", "chmod 600"),
    Case("directories", _mode(STATE, 0o755), "mode 0755", f"chmod 700 {STATE}"),
    Case("directories", _mode(LOGS, 0o755), "mode 0755", f"chmod 750 {LOGS}"),
    Case("directories", lambda host: os.chown(host.path(STATE), 0, 0), "uid 0", "chown mt5-sentinel:mt5-sentinel"),
    Case("directories", _mode(CONFIG, 0o666), f"{CONFIG} can be changed", f"chmod go-w {CONFIG}"),
    Case("logrotate", _listed(_write(LOGROTATE, LOGROTATE_TEXT.replace("daily", "daly"))), "daly", "logrotate -f"),
    Case(
        "logrotate",
        _listed(_write(LOGROTATE, LOGROTATE_TEXT.replace("rotate 30", "rotate x"))),
        "error",
        "logrotate -f",
    ),
    Case("logrotate", _listed(_write(LOGROTATE, LOGROTATE_TEXT.replace("*", "trades"))), "audit.jsonl", "logrotate -f"),
    Case("logrotate", _listed(_write(LOGROTATE, LOGROTATE_TEXT.replace("su ", "# "))), "no line `su", "sudoedit"),
    Case("logrotate", _listed(_mode(LOGROTATE, 0o666)), "ignores", f"chmod 644 {LOGROTATE}"),
    Case("settings", _write(CONFIG, "treshold = 1\n"), "did you mean `threshold`", "config.toml", ("gateway", "hub")),
    Case(
        "settings",
        lambda host: host.unit("Environment=MT5_SENTINEL_THRESHOLD=2"),
        "is not 0 to 1",
        "config.toml",
        ("gateway", "hub"),
    ),
    Case("databases", _schema(99), "schema 99", "--rollback"),
    Case(
        "databases",
        _write(STATE / "journal.db", "no database, but as long as the head of one " * 9),
        "journal.db cannot",
        "recover",
    ),
    Case("databases", _no_journal, "no journal.db", "a copy"),
    Case("journal size", _program("journalctl", "echo take up 5.1G in"), "5.1G", "--vacuum-size"),
    Case("journal size", _program("journalctl", "echo no; exit 1"), "tells no size", "journalctl --disk-usage"),
    Case("clock", _program("timedatectl", "echo no"), "not synchronised", "timedatectl set-ntp true"),
    Case("clock", _program("timedatectl", "exit 1"), "cannot be told", "timedatectl set-ntp true"),
]
