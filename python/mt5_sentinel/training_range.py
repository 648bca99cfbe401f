"""Where a scored row lies in what its model was trained on; one reading for metrics, lights and the dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mt5_sentinel.types import DeskFacts


class Placed(NamedTuple):
    """One column of a row."""

    name: str
    value: float
    low: float | None
    """Smallest value in training; None where no range is known."""
    high: float | None
    inside: bool | None
    """Whether it lies within the range, which NaN never does; None where none is known."""


def place(facts: DeskFacts, row: Sequence[float]) -> list[Placed]:
    """Each column of a row that has a name; a row of more or fewer columns is read as far as both reach."""
    ranges = {} if facts.model is None else facts.model.ranges
    placed = []
    for name, value in zip(facts.columns, row, strict=False):
        low, high = ranges.get(name, (None, None))
        inside = None if low is None or high is None else low <= value <= high
        placed.append(Placed(name, value, low, high, inside))
    return placed


def outside(facts: DeskFacts, row: Sequence[float]) -> list[str]:
    """Names of the columns that lie outside of their range."""
    return [one.name for one in place(facts, row) if one.inside is False]
