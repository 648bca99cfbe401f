"""A process that can be killed at any write, and the disk under it that can be full."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.python.storm.world import MachineClock, World

connect = sqlite3.connect
"""The real one."""

NO_WRITES = ("SELECT", "PRAGMA", "WITH", "ROLLBACK")
"""A full disk lets all of these be; taking a transaction back needs no room."""


SLOW_S_MAX = 45.0
"""How long a write takes at most; longer than an order is valid."""


class Died(BaseException):
    """A process was killed here; nothing it runs may catch this."""


class Machine:
    """One process: its clock, its files, whether it lives."""

    def __init__(self, world: World, name: str) -> None:
        """Alive, with no file open."""
        self.world = world
        self.name = name
        self.clock = MachineClock(world)
        self.dead = False
        self.full_until_s = 0.0
        self._open: list[Watched] = []

    def check(self) -> None:
        """A dead process does nothing more, whatever unwinds."""
        if self.dead:
            raise Died

    def may_die(self, where: str) -> None:
        """A door at which the process may be killed."""
        self.check()
        if self.world.strikes(f"{self.name} killed {where}"):
            self.kill()

    def kill(self) -> None:
        """Kill it, from within what it does."""
        self.dead = True
        raise Died

    def may_write(self) -> None:
        """A write, which a full disk refuses."""
        is_full = self.world.now_s < self.full_until_s and not self.world.calm
        if is_full or self.world.strikes(f"{self.name}: disk full at one write"):
            self.world.seen[f"{self.name}: writes refused"] += 1
            raise sqlite3.OperationalError("database or disk is full")

    @contextlib.contextmanager
    def left_alone(self) -> Iterator[None]:
        """While this runs nothing happens to it: what is done is not its own doing."""
        before, self.world.calm = self.world.calm, True
        try:
            yield
        finally:
            self.world.calm = before

    def may_be_slow(self) -> None:
        """A write that takes its time."""
        if self.world.strikes(f"{self.name}: slow disk"):
            self.world.stall(self.world.between(1, SLOW_S_MAX))

    def opened(self, connection: Watched) -> None:
        """Remember a file that is open."""
        self._open.append(connection)

    def bury(self) -> None:
        """What a kernel does for a process that was killed: its files are closed, what was not committed is gone."""
        for connection in self._open:
            sqlite3.Connection.close(connection)
        self._open.clear()
        self.dead = False


class Watched(sqlite3.Connection):
    """A file of a machine: each write is a door."""

    machine: Machine | None = None
    is_broker: bool = False
    """Whether these are the broker's own books, which take no time."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if self.machine is None or sql.lstrip().upper().startswith(NO_WRITES):
            return super().execute(sql, parameters)
        with self._door(self.machine):
            return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        if self.machine is None:
            return super().executemany(sql, parameters)
        with self._door(self.machine):
            return super().executemany(sql, parameters)

    def executescript(self, sql_script: str, /) -> sqlite3.Cursor:
        if self.machine is None:
            return super().executescript(sql_script)
        with self._door(self.machine):
            return super().executescript(sql_script)

    def commit(self) -> None:
        if self.machine is None or not self.in_transaction:
            super().commit()
            return
        with self._door(self.machine):
            super().commit()

    @contextlib.contextmanager
    def _door(self, machine: Machine) -> Iterator[None]:
        machine.may_die("before a write")
        if not self.is_broker:
            machine.may_be_slow()
        machine.may_write()
        yield
        machine.may_die("after a write")


@contextlib.contextmanager
def watched_disks(owners: dict[str, Machine]) -> Iterator[None]:
    """While this runs, files with these names belong to machines, whoever opens them."""

    def watching(database: Any, *arguments: Any, **named: Any) -> sqlite3.Connection:
        machine = owners.get(Path(str(database).split("?")[0]).name)
        if machine is None:
            plain: sqlite3.Connection = connect(database, *arguments, **named)
            return plain
        machine.check()
        made: Watched = connect(database, *arguments, **named, factory=Watched)
        made.machine = machine
        made.is_broker = Path(str(database)).name.startswith("paper.db")
        machine.opened(made)
        return made

    sqlite3.connect = watching  # type: ignore[assignment]
    try:
        yield
    finally:
        sqlite3.connect = connect
