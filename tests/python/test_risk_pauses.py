"""The pause after losing trades is the same whether all closed trades are read or those that can still matter."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.python.risk_place import HOUR_S, NOW_S, Place, book

PAUSE_S, IN_A_ROW = HOUR_S, 3


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.file.close()


def pause_until_s(trades: list[tuple[float, float]]) -> float | None:
    """By all trades, oldest first: ``(closed, profit)``."""
    in_a_row, until_s = 0, None
    for closed_s, profit in trades:
        in_a_row = in_a_row + 1 if profit < 0 else 0
        if in_a_row >= IN_A_ROW:
            in_a_row, until_s = 0, closed_s + PAUSE_S
    return until_s if until_s is not None and until_s > NOW_S else None


@pytest.mark.parametrize("seed", range(60))
def test_a_pause_is_that_of_all_trades(place: Place, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - trades, not secrets
    trades = sorted(
        (NOW_S - dice.choice((PAUSE_S * 10, PAUSE_S * 1.2, PAUSE_S, PAUSE_S / 3)) * dice.random() // 1, profit)
        for profit in dice.choices((-1.0, 0.0, 2.0), weights=(6, 1, 1), k=dice.randrange(25))
    )
    trades += [(float(NOW_S - PAUSE_S), -1.0)] * dice.randrange(3)
    trades.sort(key=lambda trade: trade[0])
    for ticket, (closed_s, profit) in enumerate(trades):
        place.position(ticket, ago_s=NOW_S - closed_s, profit=profit)
    risk = place.risk(losses_in_a_row_max=IN_A_ROW, cooldown_minutes=PAUSE_S / 60)
    risk.observe(book(), NOW_S)
    (row,) = place.file.rows("SELECT state, because, until_s FROM risk")
    until_s = pause_until_s(trades)
    assert tuple(row) == (("ACTIVE", None, None) if until_s is None else ("REDUCING", "cooldown", until_s))


def test_trades_that_cannot_matter_are_not_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for ticket in range(100):
        place.position(ticket, ago_s=PAUSE_S + 1000 - ticket, profit=1.0)
    read: list[int] = []
    rows = place.file.rows

    def counted(query: str, values: tuple[object, ...] = ()) -> list[object]:
        found = rows(query, values)
        read.append(len(found))
        return found

    monkeypatch.setattr(place.file, "rows", counted)
    place.risk(cooldown_minutes=PAUSE_S / 60).observe(book(), NOW_S)
    assert max(read) == 1
