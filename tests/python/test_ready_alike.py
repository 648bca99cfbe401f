"""The daemon and those who read its journal tell the same of readiness."""

from __future__ import annotations

from pathlib import Path

import pytest

from mt5_sentinel import kill_switch
from mt5_sentinel.commands.showing import Showing
from mt5_sentinel.errors import Transient
from mt5_sentinel.view.standing import look
from tests.python.desk_floor import Floor
from tests.python.fakes import HOUR_S
from tests.python.scraped import shown, tell
from tests.python.test_desks import hold


def alike(floor: Floor, showing: Showing, state: Path) -> dict[str, list[str]]:
    """What does not hold, by symbol; the same from memory and from the journal."""
    standing = look(state, floor.clock.wall_s())
    assert standing is not None
    read = {one.facts.symbol: one.checks for one in standing.symbols}
    assert read == showing.present.checks()
    return {symbol: [check.name for check in found if not check.ok] for symbol, found in read.items()}


def test_through_good_and_bad_cycles_and_one_that_hangs(tmp_path: Path) -> None:
    floor = Floor(tmp_path, ["EURUSD", "GBPUSD"])
    try:
        showing = shown(floor)
        assert alike(floor, showing, tmp_path)["GBPUSD"] == ["loop", "data", "broker", "orders", "halt"]
        for after_s, answer, wrong in (
            (0, None, []),
            (HOUR_S, Transient("away", "fetch_502"), []),
            (HOUR_S, Transient("away", "fetch_502"), ["loop", "data"]),
            (HOUR_S, None, []),
        ):
            floor.markets["GBPUSD"].answer = answer
            told = len(floor.seen)
            floor.minute(after_s)
            tell(showing, floor.seen[told:])
            assert alike(floor, showing, tmp_path) == {"EURUSD": [], "GBPUSD": wrong}
    finally:
        floor.close()


def test_a_halt_is_remembered_while_the_broker_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    floor = Floor(tmp_path, ["EURUSD"])

    def away() -> None:
        raise Transient("away", "gateway_timeout")

    try:
        showing = shown(floor)
        (tmp_path / kill_switch.HALT).write_text("the feed looks wrong")
        floor.minute()
        monkeypatch.setattr(floor.desks[0].dealer.broker, "book", away)
        floor.minute(60)
        tell(showing, floor.seen)
        assert alike(floor, showing, tmp_path) == {"EURUSD": ["loop", "broker", "halt"]}
    finally:
        monkeypatch.undo()
        floor.close()


def test_a_minute_that_was_skipped_tells_nothing_of_broker_and_model(tmp_path: Path) -> None:
    floor = Floor(tmp_path, ["EURUSD", "GBPUSD"], cycle_budget_s=0.0)
    try:
        floor.minute()
        floor.settle("EURUSD", "GBPUSD")
        showing = shown(floor)
        released, told = hold(floor.markets["GBPUSD"]), len(floor.seen)
        for _ in range(2):
            floor.minute(HOUR_S if told == len(floor.seen) else 60)
            floor.settle("EURUSD")
        assert [one.reason for one in floor.seen[told:] if one.symbol == "GBPUSD"] == ["still_running"]
        tell(showing, floor.seen[told:])
        standing = look(tmp_path, floor.clock.wall_s())
        assert standing is not None
        for checks in (standing.symbols[1].checks, showing.present.checks()["GBPUSD"]):
            assert [check.name for check in checks if not check.ok] == ["loop"]
        told = len(floor.seen)
        released.set()
        floor.settle("GBPUSD")
        tell(showing, floor.seen[told:])
        assert alike(floor, showing, tmp_path) == {"EURUSD": [], "GBPUSD": []}, "it came back"
    finally:
        released.set()
        floor.close()
