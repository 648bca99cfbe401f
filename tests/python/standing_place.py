"""A state directory as a daemon leaves it, for those who only read it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from mt5_sentinel.journal_file import utc
from mt5_sentinel.types import CycleRecord, DeskFacts, Mode
from mt5_sentinel.view import standing
from mt5_sentinel.view.standing import Standing
from tests.python.memories import Memory, kill, opening

NOW_S = 1_700_049_600.0
"""Wednesday, 15 November 2023, noon UTC: the market is open."""

BAR_S = int(NOW_S) - 3600

FACTS = DeskFacts(
    symbol="EURUSD",
    interval="1h",
    version="9.9.9",
    pid=1,
    scoring="local",
    threshold=0.6,
    bars_source="eodhd",
    origin="EURUSD.FOREX",
    market="auto",
    holidays=(),
    stale_grace_s=900,
    price_side="bid",
    account_currency="USD",
    daily_loss_max=100.0,
    drawdown_max=500.0,
    exposure_total_max=100_000.0,
    quota_units=1000.0,
    metrics_host="127.0.0.1",
    metrics_port=8000,
    columns=("a", "b"),
)

GOOD: dict[str, Any] = {
    "status": "done", "reason": "model_hold", "bar_open_s": BAR_S, "price": 1.1, "scores": (0.2, 0.5, 0.3),
    "action": "HOLD", "confidence": 0.5, "equity": 10_000.0, "drawdown_max": 12.5, "exposure": 0.0, "positions": 0,
    "risk_state": "ACTIVE", "unknown_orders": 0, "stages_s": {"fetch": 0.1, "score": 0.002},
    "features": [1.5, -2.0], "settled": True, "clock_skew_s": 0.0,
}  # fmt: skip
"""A cycle with nothing to complain of."""


class Place:
    """The directory, its journal open as a daemon has it."""

    def __init__(self, directory: Path, mode: str = "dry-run") -> None:
        self.directory, self.mode = directory, mode
        self.memory = Memory(directory, mode, durable=False)
        self.path = self.memory.path

    def desk(self, *symbols: str, at_s: float = NOW_S - 3600, **facts: Any) -> Place:
        """A start of the daemon."""
        for symbol in symbols or ("EURUSD",):
            made = msgspec.structs.replace(FACTS, symbol=symbol, **facts)
            self.memory.cycles.note_desk(made, at_s)
        return self

    def cycle(self, ago_s: float = 20.0, symbol: str = "EURUSD", **found: Any) -> CycleRecord:
        """A cycle that ended so many seconds before noon."""
        one = CycleRecord(symbol, cast("Mode", self.mode), NOW_S - ago_s - 1.0)
        self.memory.begin(one)
        one = msgspec.structs.replace(one, finished_s=NOW_S - ago_s, **(GOOD | found))
        self.memory.finish(one)
        return one

    def failed(self, ago_s: float = 20.0, symbol: str = "EURUSD", **found: Any) -> CycleRecord:
        """A cycle that failed before it knew anything."""
        nothing: dict[str, Any] = dict.fromkeys(GOOD) | {
            "status": "failed", "reason": "source_down", "detail": "503", "settled": False, "stages_s": {"fetch": 1.0},
        }  # fmt: skip
        return self.cycle(ago_s, symbol, **(nothing | found))

    def order(self, req_id: str, cycle: CycleRecord) -> None:
        """An order of a cycle, its fate open."""
        self.memory.intend(opening(req_id, BAR_S, cycle.started_s, cycle.symbol), cycle)

    def execute(self, statement: str, *values: Any) -> None:
        """Damage."""
        self.memory.file.write(statement, values)

    def look(self, now_s: float = NOW_S) -> Standing:
        found = standing.look(self.directory, now_s)
        assert found is not None
        return found

    def close(self) -> None:
        kill(self.memory)


Places = Callable[..., Place]


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    """Open a state directory, one at a time."""
    made: list[Place] = []

    def start(mode: str = "dry-run") -> Place:
        if made:
            made[-1].close()
        made.append(Place(tmp_path / "state", mode))
        return made[-1]

    yield start
    for one in made:
        one.close()


@pytest.fixture
def place(places: Places) -> Place:
    """One with a daemon that trades EURUSD."""
    return places().desk()


def many(directory: Path, count: int, symbol: str = "EURUSD", mode: str = "dry-run") -> Path:
    """A journal of so many minutes up to noon, with its desk; quicker than one cycle after the other."""
    one = Place(directory, mode)
    one.desk(symbol, at_s=NOW_S - 60.0 * count - 60)
    last = one.cycle(20.0, symbol)
    db = one.memory.file._db
    names = [row[1] for row in db.execute("PRAGMA table_info(cycle)") if row[1] != "id"]
    row = dict(zip(names, db.execute(f"SELECT {', '.join(names)} FROM cycle").fetchone(), strict=True))
    db.execute("DELETE FROM cycle")
    statement = f"INSERT INTO cycle ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"

    def rows() -> Iterator[tuple[Any, ...]]:
        for at in range(count):
            ago_s = 60.0 * (count - 1 - at)
            moment: dict[str, Any] = {
                "started_utc": utc(last.started_s - ago_s),
                "finished_utc": utc((last.finished_s or 0.0) - ago_s),
                "confidence": 0.3 + (at % 97) / 200,
                "bar_open_s": (BAR_S - int(ago_s)) // 3600 * 3600,
            }
            yield tuple((row | moment).values())

    db.execute("BEGIN")
    db.executemany(statement, rows())
    db.execute("COMMIT")
    one.close()
    return one.path


def damaged(path: Path, statement: str) -> None:
    """Change a journal that no process has open."""
    with sqlite3.connect(path) as db:
        db.execute(statement)
    db.close()
