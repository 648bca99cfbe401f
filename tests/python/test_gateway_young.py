"""Closings through a memory that is young, beside a history that cannot tell: none is done twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from mt5_sentinel import wire
from mt5_sentinel.gateway.memory import Entry
from mt5_sentinel.gateway.venue import Outcome
from tests.python.gateway_desk import BUY, CANNOT_READ, CLOSE, UNKNOWN, Bench, new_id

GONE = Outcome(10013, "no position 1 is open")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A position of 0.1 lots is open; the memory is lost, and the history cannot tell."""
    bench = Bench(tmp_path)
    bench.buy()
    bench.clock.pass_s(1)
    bench.restart(forget=True)
    bench.clock.pass_s(6)
    bench.venue.history_error = CANNOT_READ
    return bench


def closed(bench: Bench) -> int:
    return sum(isinstance(order, wire.OrderClose) for _, _, order in bench.venue.executions)


def test_a_whole_position_is_closed(bench: Bench) -> None:
    req_id = new_id()
    assert bench.ask("ORDER_CLOSE", CLOSE, req_id).retcode == wire.DONE
    for _ in range(2):
        assert bench.ask("ORDER_CLOSE", CLOSE, req_id).retcode == wire.DONE
        bench.restart()
    assert bench.ask("ORDER_CLOSE", CLOSE).retcode == UNKNOWN, "another one, of a position that is gone"
    assert closed(bench) == 1


@pytest.mark.parametrize("change", ["a part", "more", "another symbol", "netting", "closed before", "no positions"])
def test_anything_else_waits_until_the_history_can_tell(bench: Bench, change: str) -> None:
    changes: dict[str, dict[str, Any]] = {
        "a part": {"volume": 0.05},
        "more": {"volume": 0.2},
        "another symbol": {"symbol": "GBPUSD"},
    }
    if change == "netting":
        bench.venue.account_data = msgspec.structs.replace(bench.venue.account_data, hedging=False)
    if change == "closed before":
        closing = wire.ClosingData(1.0, 1.1, 0.1, 0.0, "order", "")
        bench.venue.closings = lambda ticket: [closing]  # type: ignore[method-assign]
    if change == "no positions":
        bench.venue.fails = {"positions": CANNOT_READ}
    assert bench.ask("ORDER_CLOSE", CLOSE | changes.get(change, {})).retcode == UNKNOWN
    assert bench.ask("ORDER_SEND", BUY).retcode == UNKNOWN
    assert closed(bench) == 0


@pytest.mark.parametrize("shows_it", [False, True])
def test_a_closing_of_before_is_not_called_refused(bench: Bench, shows_it: bool) -> None:
    """Also where the venue still shows the position, and only the broker's server knows that it is gone."""
    req_id, sent_s = new_id(), bench.clock.wall_s()
    held = dict(bench.venue.open)
    bench.ask("ORDER_CLOSE", CLOSE, req_id)
    bench.clock.wall -= 8  # else it would be older than the memory
    bench.restart(forget=True)
    bench.clock.pass_s(4)
    if shows_it:
        bench.venue.open = held
        bench.venue.closings = lambda ticket: []  # type: ignore[method-assign]
        bench.venue.said = [GONE]
    assert bench.ask("ORDER_CLOSE", CLOSE, req_id, timestamp=sent_s).retcode == UNKNOWN
    assert bench.venue.said == []
    assert bench.look(req_id).state == "unknown"
    bench.venue.history_error = None
    assert bench.look(req_id).state == "executed"
    assert closed(bench) == 1


def test_a_closing_that_is_late_by_then_is_not_called_refused(bench: Bench) -> None:
    now_s = bench.clock.wall_s()
    assert bench.ask("ORDER_CLOSE", CLOSE, timestamp=now_s - 0.5, not_after=now_s - 0.1).retcode == UNKNOWN
    begin = bench.memory.begin

    def slow(entry: Entry, why: str = "") -> None:
        begin(entry, why)
        bench.clock.pass_s(30)

    bench.memory.begin = slow  # type: ignore[method-assign]
    assert bench.ask("ORDER_CLOSE", CLOSE).retcode == UNKNOWN
    assert closed(bench) == 0


def test_a_closing_that_was_refused_before_the_memory_was_lost_stays_undone(bench: Bench) -> None:
    req_id, sent_s = new_id(), bench.clock.wall_s()
    bench.venue.said = [Outcome(10006, "rejected")]
    bench.venue.history_error = None
    assert bench.ask("ORDER_CLOSE", CLOSE, req_id).retcode == 10006
    bench.restart(forget=True)
    bench.venue.history_error = CANNOT_READ
    bench.clock.pass_s(6)
    assert bench.ask("ORDER_CLOSE", CLOSE, req_id, timestamp=sent_s).retcode == UNKNOWN
    assert closed(bench) == 0
