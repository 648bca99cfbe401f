"""What the daemon does under each fault of the market data API, and when it is well again: docs/FAULTS.md.

The page is written by ``make faults`` from what happened here; a test fails when it says anything else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from mt5_sentinel.adapters import eodhd
from mt5_sentinel.types import CycleRecord
from tests.python.conftest import ROOT
from tests.python.eodhd_day import Day
from tests.python.eodhd_faults import FAULTS, REFUSED
from tests.python.fakes import BUY, HOUR_S, NOW_S, SELL

PAGE = ROOT / "docs" / "FAULTS.md"
NAMES = [*FAULTS, REFUSED]
TOKEN = "s3cr3t-t0ken"

STILL_DATA = {
    "rows twice",
    "rows shuffled",
    "rows revised in one answer",
    "some rows without prices",
}
"""Faults that leave bars to decide on."""

SAME_DATA = STILL_DATA - {"rows revised in one answer", "some rows without prices"}

HEALS_BY_ITSELF = {"429", "429, Retry-After: 1", "500", "502 HTML page", "503 plain", REFUSED}
BROKEN = {"Content-Length too long", "gzip cut short", "reset in mid-body", "garbage for a status line"}
SLOW = {"accepts and stays silent", "slow drip of the head", "slow drip of the body"}

HEAD = """<!-- Written by `make faults` from a test run; a test fails when it is stale. -->

# Faults of the market data

Each line is a run of the daemon (hourly bars, virtual clock, real client, journal and paper broker) against the fault
server of the tests: a good cycle, one hour on a cycle under the fault at the moment a new bar is due, then cycles with
a server that is well again. `requests` are those of the cycle under the fault, with their price in quota units;
requests that only the budget of time ends have no fixed number. The model wants to sell each time: an order is missing
only where the daemon sent none.

| fault | what the daemon did | reason | class | requests (units) | next healthy cycle |
|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Told:
    """One fault, as it went."""

    name: str
    under: CycleRecord
    kind: str
    sent: int
    healed: CycleRecord
    minutes: int
    rows: list[list[float]]
    """What the model was asked under the fault."""

    def line(self) -> str:
        """Its row of the table."""
        did, sent = "skipped the cycle", f"{self.under.fetch_calls} ({self.under.quota_units})"
        if self.under.status == "done":
            order = f", order {self.under.outcome}" if self.under.outcome else ", no order"
            did = f"{self.under.action}{order}"
        if self.under.reason == "fetch_timeout":
            sent = "until the budget is spent"
        order = f", order {self.healed.outcome}" if self.healed.outcome else ""
        after = f"after {self.minutes} min: {self.healed.action} `{self.healed.reason}`{order}"
        return f"| {self.name} | {did} | `{self.under.reason}` | {self.kind} | {sent} | {after} |\n"


def told(state: Path, name: str) -> Told:
    """A good cycle, one under the fault an hour later, and cycles until one is good again."""
    with Day(state, TOKEN) as day:
        first = day.cycle(BUY, HOUR_S)
        assert (first.status, first.outcome) == ("done", "filled"), first.detail
        asked = len(day.model.rows)
        under, sent = day.suffer(FAULTS[name](day.feed) if name in FAULTS else None, SELL)
        kind, rows = "–" if day.error is None else type(day.error).__name__, day.model.rows[asked:]
        healed, minutes = day.cycle(SELL), 1
        while not well(healed) and minutes < 24 * 60:
            step = 1 if minutes < 10 else 5
            day.clock.wait_s((step - 1) * 60)
            healed, minutes = day.cycle(SELL), minutes + step
        return Told(name, under, kind, sent, healed, minutes, rows)


def well(record: CycleRecord) -> bool:
    """Whether a cycle came to a decision of its own."""
    return record.status == "done" and record.scores is not None and record.reason != "stale"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Told]]:
    """All faults, each with a daemon of its own."""
    with mock.patch.object(eodhd, "BODY_BYTES_MAX", 1 << 20):
        yield {name: told(tmp_path_factory.mktemp("fault"), name) for name in NAMES}


def test_an_order_is_sent_only_where_there_is_data(table: dict[str, Told]) -> None:
    ordered = {name for name, one in table.items() if one.under.outcome is not None}
    assert ordered == STILL_DATA


def test_what_is_decided_under_a_fault_is_the_bar_that_closed_last(table: dict[str, Told]) -> None:
    due_s = (NOW_S + HOUR_S) // HOUR_S * HOUR_S - HOUR_S
    decided = {name: one.under.bar_open_s for name, one in table.items() if one.under.scores is not None}
    assert decided == dict.fromkeys(STILL_DATA, due_s)


def test_damage_in_the_order_of_rows_changes_no_feature(table: dict[str, Told]) -> None:
    (healthy,) = {tuple(one.rows[0]) for name, one in table.items() if name in SAME_DATA}
    assert tuple(table["rows revised in one answer"].rows[0]) != healthy, "the later row counts"


def test_every_fault_has_a_reason_of_its_kind_and_heals(table: dict[str, Told]) -> None:
    odd = [
        (name, one.under.reason, one.under.detail)
        for name, one in table.items()
        if one.under.reason in ("internal_error", "core_panic", "started") or not well(one.healed)
    ]
    assert odd == []
    assert {one.under.reason for name, one in table.items() if name in SLOW} == {"fetch_timeout"}
    assert {one.under.reason for name, one in table.items() if name in BROKEN | {REFUSED}} == {"fetch_connection"}
    assert {name for name, one in table.items() if one.under.reason == "cdn_challenge"} == {
        "403 challenge page of the CDN",
        "503 challenge page of the CDN",
        "200 with a challenge page",
    }


def test_each_request_is_paid_and_only_what_can_heal_is_repeated(table: dict[str, Told]) -> None:
    wrong = [
        (name, one.sent, one.under.fetch_calls, one.under.quota_units)
        for name, one in table.items()
        if one.under.quota_units != 5 * one.under.fetch_calls or (name != REFUSED and one.sent != one.under.fetch_calls)
    ]
    assert wrong == []
    steady = {name: one.under.fetch_calls for name, one in table.items() if name not in SLOW}
    assert {name for name, calls in steady.items() if calls == 3} == HEALS_BY_ITSELF | BROKEN
    assert set(steady.values()) == {1, 3}


def test_the_page_tells_what_happened(table: dict[str, Told]) -> None:
    text = HEAD + "".join(one.line() for one in table.values())
    if os.environ.get("SENTINEL_WRITE_DOCS") == "1":
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.is_file(), "docs/FAULTS.md is missing: make faults"
    assert PAGE.read_text(encoding="utf-8") == text, "docs/FAULTS.md is stale: make faults"
