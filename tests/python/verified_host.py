"""A directory that stands for a host on which the service runs well; a test breaks one thing of it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mt5_sentinel.journal import Journal
from mt5_sentinel.journal_file import JournalFile
from mt5_sentinel.ops import verify
from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.layout import UNIT as UNIT_FILE
from mt5_sentinel.ops.layout import Layout
from mt5_sentinel.ops.scene import Scene
from mt5_sentinel.ops.verify_log import Log
from mt5_sentinel.ops.witness import Witness
from mt5_sentinel.types import CycleRecord

NOW_S = 1_768_050_000.0 + 20
"""Twenty seconds past a full minute."""

PID, OLD_PID = 4242, 4100
BOOTED_S, STARTED_S = 10_000.0, 9_322.0
"""Seconds after boot: now, and when the process began; second 2 of its minute."""

GROUP = "/system.slice/mt5-sentinel.service"
CAP = 1 << 30
PYTHON = "/opt/mt5-crs/venv/bin/python"
LAUNCHER = "/opt/mt5-crs/src/strategy/sentinel_daemon.py"
COMMAND = [PYTHON, LAUNCHER, "--dry-run"]
RUN, OLD_RUN, BOOT = "a" * 32, "b" * 32, "c" * 32
"""Starts of the service: this one and the one before; and the machine's."""

TOKEN = "t0k3n/of&the+host"


def shim(folder: Path, name: str, cases: dict[str, tuple[int, str]]) -> None:
    """A program that answers by its first argument; what it says stands in files beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["#!/bin/sh", 'case "$1" in']
    for number, (word, (code, text)) in enumerate(cases.items()):
        said = folder / f".{name}.{number}"
        said.write_text(text, encoding="utf-8")
        lines.append(f"{word}) cat '{said}'; exit {code};;")
    path = folder / name
    path.write_text("\n".join([*lines, "esac", "exit 9", ""]), encoding="utf-8")
    path.chmod(0o755)


class VerifiedHost:
    """Attributes say what the machine would; ``look`` writes them down and judges."""

    def __init__(self, folder: Path, now_s: float = NOW_S, minutes: int = 11) -> None:
        """A healthy host."""
        self.root, self.shims, self.now_s = folder / "host", folder / "shims", now_s
        self.is_active, self.is_enabled = (0, "active\n"), (0, "enabled\n")
        self.exposure = "→ Overall exposure level for mt5-sentinel.service: 1.1 OK :-)\n"
        self.show = {
            "LoadState": "loaded",
            "ActiveState": "active",
            "SubState": "running",
            "UnitFileState": "enabled",
            "FragmentPath": str(UNIT_FILE),
            "NeedDaemonReload": "no",
            "MainPID": str(PID),
            "InvocationID": RUN,
            "NRestarts": "0",
            "Restart": "always",
            "RestartUSec": "10s",
            "StartLimitIntervalUSec": "0",
            "ExecStart": f"{{ path={PYTHON} ; argv[]={' '.join(COMMAND)} ; ignore_errors=no ; pid={PID} }}",
            "ExecMainStartTimestamp": "Sat 2026-01-10 12:48:42 UTC",
            "ExecMainStartTimestampMonotonic": str(int(STARTED_S * 1e6) + 150_000),
            "ActiveEnterTimestamp": "Sat 2026-01-10 12:48:43 UTC",
            "ActiveEnterTimestampMonotonic": str(int(STARTED_S * 1e6) + 900_000),
            "MemoryMax": str(CAP),
            "ControlGroup": GROUP,
            "WatchdogUSec": "2min",
            "WatchdogTimestampMonotonic": str(int((BOOTED_S - 3) * 1e6)),
            "StatusText": "EURUSD HOLD 0.4100 below_threshold",
        }
        self.memory = {"memory.max": f"{CAP}\n", "memory.current": "62914560\n", "memory.peak": "83886080\n"}
        self.groups, self.hierarchy = f"0::{GROUP}\n", "/sys/fs/cgroup"
        self.exe, self.command = "/usr/bin/python3.11", COMMAND
        self.database = "/var/lib/mt5-sentinel/journal.db"
        self.journalctl = (0, "")
        self.starts = [self.began_s + 1, *(self.began_s + 56 + 0.25 + 60 * minute for minute in range(minutes))]
        """When cycles began: at once, then at second 58."""
        self.silent: dict[str, tuple[int, ...]] = {}
        """Further symbols, and the numbers of the cycles that they do not have."""
        self.failed = {4: "fetch_timeout"}
        """Numbers of cycles, and their reasons."""
        self.orders: list[str] = ["filled"]
        self.log = list(self._log())

    @property
    def began_s(self) -> float:
        """When the process began."""
        return self.now_s - (BOOTED_S - STARTED_S)

    def line(self, at_s: float, text: str, pid: int = PID, **more: str) -> dict[str, Any]:
        """One line as journalctl prints it; what systemd says is about the start before."""
        at = {"__REALTIME_TIMESTAMP": str(int(at_s * 1e6)), "_BOOT_ID": BOOT}
        run = {"INVOCATION_ID": OLD_RUN} if pid == 1 else {"_SYSTEMD_INVOCATION_ID": RUN if pid == PID else OLD_RUN}
        return at | run | {"_PID": str(pid), "MESSAGE": text, **more}

    def _log(self) -> Iterator[dict[str, Any]]:
        for number, at_s in enumerate(self.starts):
            yield self.line(at_s, "TRADING CYCLE START: 2026-01-10T12:48:58+00:00")
            if number in self.failed:
                yield self.line(at_s + 1, "!!! CYCLE ERROR: EODHD: no byte came for 7.5 s")
                yield self.line(at_s + 1, "Daemon continues running...")

    def fail(self, *numbers: int) -> None:
        """More failed cycles, in log and database."""
        self.failed |= dict.fromkeys(numbers, "fetch_timeout")
        self.log = list(self._log())

    def file(self, place: str, text: str) -> Path:
        """Write a file of the host."""
        path = self.root / place.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def link(self, place: str, target: str) -> None:
        """A link of the host."""
        path = self.root / place.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)

    def build(self) -> Host:
        """Write everything down."""
        self._service()
        self._process()
        self._release()
        self._journal()
        return Host(self.root, os.environ | {"PATH": f"{self.shims}:{os.environ['PATH']}"})

    def look(self) -> dict[str, verify.Criterion]:
        """What each criterion comes to."""
        scene = Scene(Witness(self.build(), Log()), Layout(), window_s=86_400, wall=lambda: self.now_s)
        return {one.name: one for one in verify.run(scene)[0]}

    def look_again(self) -> dict[str, verify.Criterion]:
        """The same, after a change."""
        shutil.rmtree(self.root)
        return self.look()

    def _service(self) -> None:
        shown = "".join(f"{name}={value}\n" for name, value in self.show.items())
        cases = {"show": (0, shown), "is-active": self.is_active, "is-enabled": self.is_enabled}
        shim(self.shims, "systemctl", cases | {"--version": (0, "systemd 252\n")})
        code, text = self.journalctl
        shim(self.shims, "journalctl", {"-u": (code, text or "".join(json.dumps(one) + "\n" for one in self.log))})
        shim(self.shims, "systemd-analyze", {"security": (0, self.exposure)})
        shim(self.shims, "timedatectl", {"show": (0, "yes\n")})
        self.file(str(UNIT_FILE), "[Service]\n")
        self.file("/opt/mt5-crs/.env", f"EODHD_API_TOKEN={TOKEN}\n")

    def _process(self) -> None:
        ticks = int(STARTED_S * os.sysconf("SC_CLK_TCK"))
        self.file("/proc/uptime", f"{BOOTED_S} 1.0\n")
        self.file(f"/proc/{PID}/stat", f"{PID} (python) x) S {' '.join(['0'] * 18)} {ticks} 0\n")
        self.file(f"/proc/{PID}/cmdline", "\0".join(self.command) + "\0")
        self.file(f"/proc/{PID}/cgroup", self.groups)
        self.file(f"/proc/{PID}/status", "Name:\tpython\nVmRSS:\t  45000 kB\n")
        self.file(f"/proc/{PID}/limits", "Max open files            4096                 4096                 files\n")
        self.link(f"/proc/{PID}/exe", self.exe)
        self.link(f"/proc/{PID}/fd/3", "socket:[77]")
        self.link(f"/proc/{PID}/fd/7", self.database)
        self.link(f"/proc/{PID}/fd/8", "/var/lib/mt5-sentinel/journal.db-wal")
        for name, text in self.memory.items():
            self.file(f"{self.hierarchy}{GROUP}/{name}", text)

    def _release(self) -> None:
        site = "/opt/mt5-crs/releases/1/venv/lib/python3.11/site-packages"
        bodies = {
            "mt5_sentinel/cli.py": "print()\n",
            "mt5_sentinel/_core.abi3.so": "ELF",
            "mt5_sentinel/_core.pyi": "x: int\n",
        }
        rows = []
        for name, text in bodies.items():
            self.file(f"{site}/{name}", text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            rows.append(f"{name},sha256={digest},{len(text)}\n")
        self.file(
            f"{site}/mt5_sentinel-0.1.dist-info/RECORD", "".join([*rows, "mt5_sentinel-0.1.dist-info/RECORD,,\n"])
        )
        self.file("/opt/mt5-crs/releases/1/venv/pyvenv.cfg", "include-system-site-packages = false\n")
        self.file("/usr/bin/python3.11", "")
        self.file(LAUNCHER, "main()\n")
        self.link("/opt/mt5-crs/current", "releases/1")
        self.link("/opt/mt5-crs/venv", "current/venv")
        self.link("/opt/mt5-crs/releases/1/venv/bin/python", "python3")
        self.link("/opt/mt5-crs/releases/1/venv/bin/python3", "/usr/bin/python3.11")

    def _journal(self) -> None:
        with contextlib.closing(JournalFile(self.root / "var/lib/mt5-sentinel", "dry-run")) as file:
            planned = [
                (number, at_s, symbol)
                for number, at_s in enumerate(self.starts)
                for symbol in ("EURUSD", *self.silent)
                if number not in self.silent.get(symbol, ())
            ]
            for number, at_s, symbol in planned:
                record = CycleRecord(symbol=symbol, mode="dry-run", started_s=at_s)
                Journal(file).begin(record)
                record.finished_s, record.status, record.reason = at_s + 1.2, "done", "below_threshold"
                if number in self.failed and symbol == "EURUSD":
                    record.status, record.reason = "failed", self.failed[number]
                Journal(file).finish(record)
            for number, state in enumerate(self.orders):
                file.write(
                    "INSERT INTO intent (req_id, cycle_id, symbol, mode, bar_open_s, side, close_lots, open_lots,"
                    " created_utc, not_after_utc, state) VALUES (?, 1, 'EURUSD', 'dry-run', 0, 'BUY', 0, 0.01,"
                    " '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:30.000Z', ?)",
                    (f"order-{number}", state),
                )
