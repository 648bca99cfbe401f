"""A halt that is in force while the broker's book cannot be read is told the same everywhere, and never as none."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from mt5_sentinel import _core, journal, kill_switch
from mt5_sentinel.alerting.eyes import Eyes
from mt5_sentinel.commands.showing import Showing
from mt5_sentinel.errors import Transient
from mt5_sentinel.types import CycleRecord
from mt5_sentinel.view.light import Light
from mt5_sentinel.view.lights import lights
from mt5_sentinel.view.pulse import Pulse
from mt5_sentinel.view.standing import look
from mt5_sentinel.web.probes import Probes
from tests.python.desk_floor import Floor
from tests.python.fakes import HOUR_S
from tests.python.scraped import shown, tell

FRIDAY_S = 2 * 86_400 + 9 * HOUR_S
"""To Friday, 17 November 2023, 21:00:58 UTC; the market closes at 22:00."""

OPEN_S, CLOSED_S = 600, 2 * HOUR_S


class Told(NamedTuple):
    """What each of them says of the halt."""

    ready: tuple[bool, str]
    gauge: float | None
    status: Light
    alerts: Light
    row: CycleRecord


class House:
    """A daemon that may be started again, its broker there or not."""

    def __init__(self, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.state, self._patch = state, monkeypatch
        self.floor, self.showing, self._heard = self._open(FRIDAY_S)

    def _open(self, after_s: float) -> tuple[Floor, Showing, int]:
        floor = Floor(self.state, ["EURUSD"])
        floor.clock.wait_s(after_s)
        return floor, shown(floor), 0

    def restart(self) -> None:
        elapsed_s = self.floor.clock.wall_s()
        self.floor.close()
        floor = Floor(self.state, ["EURUSD"])
        floor.clock.wait_s(elapsed_s - floor.clock.wall_s())
        self.floor, self.showing, self._heard = floor, shown(floor), 0

    def away(self) -> None:
        def book() -> None:
            raise Transient("away", "gateway_timeout")

        self._patch.setattr(self.floor.desks[0].dealer.broker, "book", book)

    def gateway_halts(self) -> None:
        broker = self.floor.desks[0].dealer.broker
        read = broker.book

        def book() -> _core.Book:
            one = read()
            return _core.Book(one.account, one.positions, halted=True)

        self._patch.setattr(broker, "book", book)

    def minute(self, after_s: float = 60) -> CycleRecord:
        record = self.floor.minute(after_s)["EURUSD"]
        assert record is not None
        tell(self.showing, self.floor.seen[self._heard :])
        self._heard = len(self.floor.seen)
        return record

    def write(self, statement: str) -> None:
        self.floor.desks[0].journal.file.write(statement)

    def told(self) -> Told:
        now_s = self.floor.clock.wall_s()
        standing = look(self.state, now_s)
        assert standing is not None
        assert standing.symbols[0].checks == self.showing.present.checks()["EURUSD"]
        code, body = Probes(self.showing.present).ready()
        check = json.loads(body)["symbols"]["EURUSD"]["halt"]
        assert check["ok"] or code == 503
        feel: Callable[[object], Pulse] = lambda _: Pulse(True, "", 1)  # noqa: E731
        gauge = self.showing.registry.get_sample_value("sentinel_halted", {"symbol": "EURUSD"})
        (status,) = [light for light in lights(standing) if light.name == "halt"]
        (alerts,) = [light for light in Eyes(self.state, feel).look(now_s, 0.0) if light.name == "halt"]
        return Told((check["ok"], check["why"]), gauge, status, alerts, self.floor.seen[-1])


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    one = House(tmp_path, monkeypatch)
    one.minute(0)
    yield one
    monkeypatch.undo()
    one.floor.close()


def switch(house: House) -> None:
    (house.state / kill_switch.HALT).write_text("the feed looks wrong")


def drawdown(house: House) -> None:
    house.write("UPDATE risk SET state = 'HALTED', because = 'drawdown'")


def daily_loss(house: House) -> None:
    house.write("UPDATE risk SET state = 'HALTED', because = 'daily_loss', day_halted = 1")
    house.write("UPDATE risk_day SET halted = 1")


CAUSES = {"kill_switch": switch, "drawdown": drawdown, "daily_loss": daily_loss}


@pytest.mark.parametrize("is_restarted", [False, True], ids=["same process", "restarted"])
@pytest.mark.parametrize("after_s", [OPEN_S, CLOSED_S], ids=["open", "closed"])
@pytest.mark.parametrize("because", CAUSES)
def test_a_halt_is_told_while_the_book_cannot_be_read(
    house: House, because: str, after_s: float, is_restarted: bool
) -> None:
    CAUSES[because](house)
    if is_restarted:
        house.restart()
    house.away()
    record = house.minute(after_s)
    assert (record.equity, record.reason == "market_closed") == (None, after_s == CLOSED_S)
    told = house.told()
    why = f"risk: HALTED: {because}"
    assert (told.ready, told.gauge) == ((False, why), 1)
    assert [(light.level, light.text) for light in (told.status, told.alerts)] == [("bad", why)] * 2
    assert (told.row.risk_state, told.row.risk_because) == ("HALTED", because)
    assert "halted" in told.row.conditions and ("kill_switch" in told.row.conditions) is (because == "kill_switch")
    assert house.showing.registry.get_sample_value("sentinel_risk_state", {"state": "HALTED"}) == 1
    (*_, row) = journal.read(house.state / "journal.db")
    assert (row["risk_state"], row["risk_because"], row["conditions"]) == ("HALTED", because, told.row.conditions)


@pytest.mark.parametrize("is_restarted", [False, True], ids=["same process", "restarted"])
@pytest.mark.parametrize("after_s", [OPEN_S, CLOSED_S], ids=["open", "closed"])
def test_a_gateway_that_halted_is_told_so_until_its_book_is_read(
    house: House, after_s: float, is_restarted: bool
) -> None:
    house.gateway_halts()
    house.minute()
    if is_restarted:
        house.restart()
    house.away()
    house.minute(after_s)
    told = house.told()
    why = "gateway: its kill switch is on"
    assert (told.ready, told.gauge, told.status.text, told.alerts.level) == ((False, why), 1, why, "bad")


@pytest.mark.parametrize("is_restarted", [False, True], ids=["same process", "restarted"])
@pytest.mark.parametrize("after_s", [OPEN_S, CLOSED_S], ids=["open", "closed"])
def test_where_nothing_halts_it_is_told_what_is_not_known(house: House, after_s: float, is_restarted: bool) -> None:
    if is_restarted:
        house.restart()
    house.away()
    house.minute(after_s)
    told = house.told()
    assert (told.ready[0], told.gauge, told.status.level, told.row.risk_state) == (True, 0, "ok", "ACTIVE")
    for said in (told.ready[1], told.status.text, told.alerts.text):
        assert "not halted" not in said and "not known whether the gateway does" in said


def test_a_halt_ends_while_the_broker_is_away(house: House) -> None:
    switch(house)
    house.away()
    house.minute(CLOSED_S)
    assert house.told().gauge == 1
    kill_switch.resume(house.state)
    house.minute()
    assert (house.told().gauge, house.told().status.level) == (0, "ok")
    drawdown(house)
    house.minute()
    assert house.told().status.text == "risk: HALTED: drawdown", "resume is followed with the book alone"


def test_the_day_s_halt_ends_with_its_day(house: House) -> None:
    daily_loss(house)
    house.away()
    house.minute(CLOSED_S)
    assert house.told().gauge == 1
    house.minute(2 * HOUR_S)
    assert (house.told().gauge, house.told().row.risk_state) == (0, "ACTIVE")


def test_reducing_is_told_as_long_as_nothing_else_is_known(house: House) -> None:
    house.write("UPDATE risk SET state = 'REDUCING', because = 'drawdown'")
    house.away()
    house.minute(CLOSED_S)
    told = house.told()
    assert (told.ready, told.gauge, told.status.level) == ((False, "risk: REDUCING: drawdown"), 0, "warn")
    assert "reducing" in told.row.conditions


@pytest.mark.parametrize("is_switched", [False, True])
def test_a_ledger_that_cannot_be_read_is_told_as_unknown_and_a_file_all_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch, is_switched: bool
) -> None:
    def broken() -> None:
        raise sqlite3.OperationalError("disk I/O error")

    house.away()
    if is_switched:
        switch(house)
    with monkeypatch.context() as unread:
        unread.setattr(house.floor.desks[0].dealer.risk, "_ledger", broken)
        house.minute(OPEN_S)
        house.minute()
    told = house.told()
    if is_switched:
        assert (told.ready, told.gauge) == ((False, "risk: HALTED: kill_switch"), 1)
        return
    assert (told.ready[0], told.gauge, told.status.level, told.alerts.level) == (False, None, "warn", "warn")
    for said in (told.ready[1], told.status.text):
        assert said.startswith("it is not known whether risk halts: gateway_timeout")


def test_a_halt_that_was_known_stays_where_the_ledger_cannot_be_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawdown(house)
    house.minute()
    house.away()

    def broken() -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as unread:
        unread.setattr(house.floor.desks[0].dealer.risk, "_ledger", broken)
        house.minute()
    told = house.told()
    assert (told.ready, told.gauge, told.status.level) == ((False, "risk: HALTED: drawdown"), 1, "bad")


def test_the_guard_s_halt_hides_no_gateway_s_and_ends_with_its_process(house: House) -> None:
    house.gateway_halts()
    house.minute()
    both = "daemon: 3 unexpected errors in a row; gateway: its kill switch is on"
    house.write(f"UPDATE cycle SET halted_because = '{both}'")
    house.restart()
    house.away()
    house.minute(CLOSED_S)
    assert house.told().ready == (False, "gateway: its kill switch is on")


def test_a_restart_at_a_weekend_knows_its_bars_when_the_market_opens(house: House) -> None:
    """The first cycle of the week ends up to a minute later."""
    house.restart()
    house.minute(CLOSED_S)
    sunday_s = 2 * 86_400 - 58 - HOUR_S  # to 22:00:00
    house.minute(sunday_s - 2)
    assert Probes(house.showing.present).ready()[0] == 200
    house.floor.clock.wait_s(30)
    standing = look(house.state, house.floor.clock.wall_s())
    assert standing is not None and standing.symbols[0].is_open
    assert standing.symbols[0].checks == house.showing.present.checks()["EURUSD"]
    assert Probes(house.showing.present).ready()[0] == 200, Probes(house.showing.present).ready()[1]
