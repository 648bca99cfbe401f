"""The newest cycles of all symbols, and how sure the model was at the newest bars."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from mt5_sentinel import journal
from mt5_sentinel.types import CycleRecord
from mt5_sentinel.view import newest
from mt5_sentinel.view.standing import Standing


class Recent(NamedTuple):
    """What went before."""

    cycles: list[CycleRecord]
    """The newest first."""
    confidences: dict[str, list[float]]
    """By symbol, the oldest first; one for each bar that was decided."""


def read(path: Path, standing: Standing, *, cycles: int, bars: int) -> Recent:
    """So many cycles, and so many bars of each symbol.

    Raises:
        Misconfigured: there is no journal, or it cannot be read.
        Unusable: a row of it is damaged; names it.
    """
    found: list[CycleRecord] = []
    confidences = {}
    with journal.reading(path) as db:
        for one in standing.symbols:
            place = (standing.mode, one.facts.symbol)
            found += newest.cycles(db, place, cycles)
            confidences[one.facts.symbol] = newest.confidences(db, place, bars)
    found.sort(key=lambda cycle: cycle.cycle_id, reverse=True)
    return Recent(found[:cycles], confidences)
