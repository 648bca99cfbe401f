"""The running service as systemd, the kernel and the journal database show it; each is asked once."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

from mt5_sentinel import journal
from mt5_sentinel.guard import Guard
from mt5_sentinel.ops.layout import SERVICE, Layout
from mt5_sentinel.ops.questions import Broken
from mt5_sentinel.ops.verify_lines import FIELDS, Line, lines
from mt5_sentinel.ops.witness import Witness

UNIT = f"{SERVICE}.service"
PROPERTIES = (
    *("Id", "LoadState", "ActiveState", "SubState", "UnitFileState", "FragmentPath", "DropInPaths"),
    *("NeedDaemonReload", "Type", "User", "MainPID", "NRestarts", "Restart", "RestartUSec", "RestartPreventExitStatus"),
    *("StartLimitIntervalUSec", "ExecStart", "ExecMainStartTimestamp", "ExecMainStartTimestampMonotonic"),
    *("ActiveEnterTimestamp", "ActiveEnterTimestampMonotonic", "MemoryMax", "MemoryCurrent", "ControlGroup"),
    *("WatchdogUSec", "WatchdogTimestampMonotonic", "StatusText", "Result", "InvocationID", "StateDirectory"),
)
LINES_MAX = 40_000
CYCLES_MAX = 5_000
"""Newest cycles that are looked at: more than a day of three symbols."""

CLOCK_SLACK_S = 2.0
"""Between times that different clocks tell of one moment."""

GONE = " (deleted)"
"""What the kernel adds to the name of an open file that was removed."""

SHOWN = ("id", "started_utc", "finished_utc", "symbol", "mode", "status", "reason", "detail", "action", "outcome")

T = TypeVar("T")


def once(question: Callable[[Scene], T]) -> Callable[[Scene], T]:
    """Ask once; what the answer or the failure was holds for every criterion of this look."""

    def ask(scene: Scene) -> T:
        name = question.__name__
        if name not in scene.answers:
            said: list[T] = []
            error = Guard().attempt(lambda: said.append(question(scene)))
            scene.answers[name] = error if error is not None else said[0]
        answer = scene.answers[name]
        if isinstance(answer, Exception):
            raise answer
        return cast("T", answer)

    return ask


class Scene:
    """Facts by their source. What cannot be had raises, and every criterion that needs it does not hold."""

    def __init__(
        self, witness: Witness, installed: Layout, *, window_s: float, wall: Callable[[], float] = time.time
    ) -> None:
        """Look at nothing yet.

        Args:
            witness: how to look.
            installed: where the service should be.
            window_s: how far back the log is read, seconds.
            wall: UTC unix seconds.
        """
        self.witness, self.installed = witness, installed
        self._window_s, self._wall = window_s, wall
        self.answers: dict[str, object] = {}

    @property
    @once
    def now_s(self) -> float:
        """UTC unix seconds of this look."""
        return self._wall()

    @property
    @once
    def show(self) -> dict[str, str]:
        """What the service manager has loaded, not what a file says."""
        ran = self.witness.run("systemctl", "show", UNIT, "--no-pager", f"--property={','.join(PROPERTIES)}")
        if ran.code != 0:
            raise Broken(f"systemctl show: exit code {ran.code}: {ran.err.strip()}", "is systemd running here?")
        return dict(line.split("=", 1) for line in ran.out.split("\n") if "=" in line)

    @property
    @once
    def pid(self) -> int:
        """The main process."""
        text = self.show.get("MainPID", "0")
        if not text.isdecimal() or int(text) == 0:
            raise Broken("there is no main process", "sudo systemctl start mt5-sentinel")
        return int(text)

    def proc(self, name: str) -> str:
        """A file of the main process."""
        return self.witness.read(f"/proc/{self.pid}/{name}")

    @property
    @once
    def started_after_boot_s(self) -> float:
        """When the main process began, by the kernel, seconds after boot."""
        fields = self.proc("stat").rpartition(")")[2].split()
        return int(fields[19]) / os.sysconf("SC_CLK_TCK")

    @property
    @once
    def booted_for_s(self) -> float:
        """Seconds since boot."""
        return float(self.witness.read("/proc/uptime").split()[0])

    @property
    @once
    def age_s(self) -> float:
        """How long the main process has been running, seconds."""
        return self.booted_for_s - self.started_after_boot_s

    @property
    @once
    def log(self) -> list[Line]:
        """The service's lines in the journal, oldest first, systemd's own about it among them."""
        fields, since = ",".join(FIELDS), f"--since=@{int(self.now_s - self._window_s)}"
        words = ("-u", UNIT, "-o", "json", "--no-pager", since, f"--lines={LINES_MAX}", f"--output-fields={fields}")
        ran = self.witness.run("journalctl", *words)
        if ran.code != 0:
            raise Broken(
                f"journalctl: exit code {ran.code}: {ran.err.strip()}", "run it as root, or in systemd-journal"
            )
        return lines(ran.out)

    @property
    @once
    def database(self) -> str:
        """The journal database that the main process holds open; no configuration is asked."""
        folder = self.witness.host.path(f"/proc/{self.pid}/fd")
        for held in sorted(folder.iterdir()):
            try:
                target = held.readlink()
            except FileNotFoundError:  # closed since the folder was listed
                continue
            name = target.name.removesuffix(GONE)
            if name == "journal.db":
                self.witness.note("link", f"/proc/{self.pid}/fd/{held.name}", str(target))
                if target.name != name:
                    raise Broken(f"{target}: its records are lost", "sudo systemctl restart mt5-sentinel")
                return str(target)
        raise Broken("the main process holds no journal.db open", "look at journalctl -u mt5-sentinel")

    @property
    @once
    def cycles(self) -> list[dict[str, Any]]:
        """Its newest cycles, oldest first."""
        found = list(journal.read(self.witness.host.path(self.database), CYCLES_MAX))
        rows = [json.dumps({name: one[name] for name in SHOWN}, ensure_ascii=False) for one in found]
        self.witness.note("cycles", self.database, "\n".join(rows))
        return found

    @property
    @once
    def symbols(self) -> list[str]:
        """Symbols of the main process: each has a cycle at its start, so one that fell silent since is among them."""
        found = journal.read_symbols(self.witness.host.path(self.database), self.now_s - self.age_s - CLOCK_SLACK_S)
        self.witness.note("symbols", self.database, " ".join(found))
        return found

    @property
    @once
    def positions(self) -> list[dict[str, Any]]:
        """Its positions that are open."""
        found = journal.read_positions(self.witness.host.path(self.database))
        open_now = [one for one in found if one["state"] == "open"]
        self.witness.note("positions", self.database, json.dumps(open_now))
        return open_now
