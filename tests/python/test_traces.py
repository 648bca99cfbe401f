"""Whose trace the lines of a minute carry: symbols work at once, one hangs, and none takes another's."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest

from mt5_sentinel import logs
from tests.python.desk_floor import PATIENCE_S, Open, opened

__all__ = ["opened"]


class Heard(logging.Handler):
    """Symbol that a line begins with, the trace it carries, its text."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[str, str | None, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        cycle, text = logs.traced(), logs.RedactingFormatter(logs.FORM).format(record)
        self.lines.append((text.partition(" ")[0], None if cycle is None else cycle.trace_id, text))


@pytest.fixture
def heard() -> Iterator[Heard]:
    handler, log = Heard(), logging.getLogger("mt5_sentinel")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield handler
    log.removeHandler(handler)
    log.setLevel(level)


def test_symbols_at_once_have_a_trace_each(opened: Open, heard: Heard) -> None:
    floor = opened(*(f"A{chr(65 + k)}XUSD" for k in range(8)))
    together = threading.Barrier(8, timeout=PATIENCE_S)
    for market in floor.markets.values():
        market.gate = together.wait
    records = floor.minute()
    traces = {name: record.trace_id for name, record in records.items() if record is not None}
    assert len(set(traces.values())) == len(floor.names)
    told = [(symbol, trace) for symbol, trace, _ in heard.lines if symbol in floor.names]
    assert set(told) == set(traces.items())
    assert len(told) > 4 * len(floor.names)


def test_a_minute_that_is_skipped_has_a_trace_of_its_own(opened: Open, heard: Heard) -> None:
    floor = opened("EURUSD", "AUDUSD", cycle_budget_s=0.0)
    released = threading.Event()
    floor.markets["AUDUSD"].gate = lambda: released.wait(PATIENCE_S)
    assert floor.minute()["AUDUSD"] is None
    floor.settle("EURUSD")
    skipped = floor.minute(after_s=3600)["AUDUSD"]
    released.set()
    floor.settle("EURUSD", "AUDUSD")
    assert skipped is not None
    lines = {text: trace for symbol, trace, text in heard.lines if symbol == "AUDUSD"}
    (error,) = [trace for text, trace in lines.items() if "still runs; this minute is skipped" in text]
    (begun,) = [trace for text, trace in lines.items() if "TRADING CYCLE START" in text]
    assert error == skipped.trace_id
    assert begun not in (None, error)
