"""The machine beneath: room on its disks, the journal's size, the clock, the databases of the state directory."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path

from mt5_sentinel import bar_store, journal_schema
from mt5_sentinel.ops import state_files
from mt5_sentinel.ops.host import EXIT_MISSING
from mt5_sentinel.ops.layout import LOGS, STATE
from mt5_sentinel.ops.place import Place
from mt5_sentinel.ops.questions import Broken

FREE_MB_MIN = 500
"""Of a year's journal database and the logs of a month; below it, SQLite and the journal begin to fail."""

INODES_MIN = 1000
MB = 1_000_000
JOURNAL_MB_MAX = 4300
"""journald takes 4 GiB at most by itself; more means that someone raised it."""

SIZES_MB = {"B": 1e-6, "K": 1.024e-3, "M": 1.048576, "G": 1073.741824, "T": 1099511.627776}

CHECK_S = 60.0
"""What the check of a whole database may take; a year's journal takes a second or two."""

DATABASES = {"journal.db": journal_schema.VERSION, "bars.db": bar_store.SCHEMA_VERSION, "paper.db": 0}
"""Files of the state directory and their newest schema; the paper book's is looked at by the daemon itself."""


def disk(place: Place) -> str:
    """Space and inodes where state, logs and releases lie."""
    told = []
    for path in (STATE, LOGS, place.layout.prefix):
        facts = os.statvfs(place.real(path))
        free_mb = facts.f_bavail * facts.f_frsize // MB
        if free_mb < FREE_MB_MIN:
            todo = f"df -h {path}; du -xh {path} | sort -h | tail"
            raise Broken(f"{path}: {free_mb} MB free, {FREE_MB_MIN} needed", todo)
        if facts.f_files and facts.f_favail < INODES_MIN:
            raise Broken(f"{path}: {facts.f_favail} inodes free, {INODES_MIN} needed", f"df -i {path}")
        told.append(f"{path} {free_mb} MB")
    return f"free: {', '.join(told)}"


def journal_size(place: Place) -> str:
    """What systemd's journal takes, and that it outlives a reboot."""
    ran = place.host.run("journalctl", "--disk-usage", "--no-pager")
    if ran.code == EXIT_MISSING:
        raise Broken("there is no journalctl", "apt-get install systemd")
    said = ran.out + ran.err
    told = re.search(r"take up (\d+(?:\.\d+)?)([BKMGT])", said)
    if told is None:
        found = f"journalctl --disk-usage tells no size ({ran.code}): {' '.join(said.split())[:120]}"
        raise Broken(found, "look as root: sudo journalctl --disk-usage")
    size_mb = float(told[1]) * SIZES_MB[told[2]]
    if size_mb > JOURNAL_MB_MAX:
        todo = "journalctl --vacuum-size=1G, and SystemMaxUse=1G in /etc/systemd/journald.conf"
        raise Broken(f"the journal takes {told[1]}{told[2]}", todo)
    kept = "kept over a reboot" if place.real(Path("/var/log/journal")).is_dir() else "lost at a reboot (/run)"
    return f"the journal takes {told[1]}{told[2]}, {kept}"


def clock(place: Place) -> str:
    """Whether something keeps the clock; the daemon decides by the second. Fails in a container: its host keeps it."""
    todo = "timedatectl set-ntp true (apt-get install systemd-timesyncd or chrony), then timedatectl timesync-status"
    todo += "; in a container the clock is its host's: look there"
    ran = place.host.run("timedatectl", "show", "-p", "NTPSynchronized", "--value")
    if ran.code == 0 and ran.out.strip() in ("yes", "no"):
        if ran.out.strip() == "no":
            raise Broken("timedatectl: the clock is not synchronised", todo)
        return "timedatectl: synchronised"
    asked = place.host.run("chronyc", "-n", "tracking")
    leap = re.search(r"Leap status\s*:\s*(.+)", asked.out)
    if asked.code == 0 and leap is not None:
        if leap[1].strip() == "Not synchronised":
            raise Broken("chronyc: the clock is not synchronised", "chronyc -a makestep; chronyc sources")
        return f"chronyc: {leap[1].strip()}"
    said = " ".join((ran.err or asked.err).split())[:120]
    raise Broken(f"whether the clock is synchronised cannot be told: {said}", todo)


def databases(place: Place) -> str:
    """The files of the state directory open, are whole, and of a schema this release knows."""
    told = []
    for name, newest in DATABASES.items():
        path = STATE / name
        if not state_files.is_there(place.real(path)):
            continue
        version = _version(place, path)
        if newest and not 0 < version <= newest:
            todo = "roll forward to the release that wrote it: sudo deploy/install_service.sh --rollback"
            raise Broken(f"{path} has schema {version}, this release knows 1 to {newest}", todo)
        told.append(f"{name} (schema {version})")
    if not told:
        if any(place.real(STATE).iterdir()):
            todo = f"ls -la {STATE}; put the journal back from a copy before the next order"
            raise Broken(f"{STATE} holds files, and no journal.db among them", todo)
        return f"{STATE} is empty: the first start makes the journal"
    if "journal.db" not in told[0]:
        todo = f"ls -la {STATE}; put the journal back from a copy before the next order"
        raise Broken(f"{STATE} has no journal.db beside {', '.join(told)}", todo)
    return ", ".join(told)


def _version(place: Place, path: Path) -> int:
    said, version = state_files.database(place.real(path), _looked_at, CHECK_S)
    if said != "ok":
        raise Broken(f"{path} is damaged: {said}", f"systemctl stop mt5-sentinel; sqlite3 {path} .recover")
    return int(version)


def _looked_at(db: sqlite3.Connection) -> tuple[str, int]:
    said = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    return said, db.execute("PRAGMA user_version").fetchone()[0]
