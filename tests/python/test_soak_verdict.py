"""Every limit of a soak, broken once, and what the journal and the gateway's deals tell after a run."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from mt5_sentinel import _core, journal_schema
from mt5_sentinel.errors import Unusable
from mt5_sentinel.ops import findings
from mt5_sentinel.ops.soak import evidence, ledgers, report, verdict
from mt5_sentinel.ops.soak.evidence import Spread
from mt5_sentinel.paper_file import SCHEMA
from tests.python import soak_synthetic
from tests.python.soak_synthetic import run, samples

SPOILT: dict[str, dict[str, Any]] = {
    "processes": {"faults": ["daemon ended by itself"]},
    "missed minutes": {"missed": ["2026-01-05 00:00:58"]},
    "failed cycles": {"failed": ["2026-01-05 00:00:58 stale: late"]},
    "decisions": {"idle": ["2026-01-05 02:30:58 market_closed"]},
    "trades": {"opened": 0, "closed": 0},
    "journal and gateway": {"disagreements": ["order x was executed 2 times"]},
    "memory": {"samples": [msgspec.structs.replace(one, rss_mb=60.1) for one in samples()]},
    "memory growth": {"samples": samples(gain_mb=1.2)},
    "gateway memory": {"samples": [msgspec.structs.replace(one, others_rss_mb={"gateway": 80.1}) for one in samples()]},
    "gateway growth": {"samples": samples(gateway_mb=1.2)},
    "descriptors": {"samples": [msgspec.structs.replace(one, threads=4) for one in samples(leaks=0.1)]},
    "threads": {"samples": [msgspec.structs.replace(one, fds=20) for one in samples(leaks=0.1)]},
    "punctuality": {"punctuality": Spread(9, 1.0, 2.0, 1001.0)},
}

OTHER_WAYS = (
    ("missed minutes", {"doubled": ["2026-01-05 00:00:58"]}),
    ("decisions", {"predictions": 8_999}),
    ("decisions", {"due": 0}),
    ("decisions", {"beyond": ["2026-01-10T12:00:58Z"]}),
    ("decisions", {"hub_errors": 1}),
    ("journal and gateway", {"differences": {"position_unexpected": 1}}),
    ("punctuality", {"punctuality": Spread(0, 0.0, 0.0, 0.0)}),
)


def failed(spoilt: verdict.Run) -> list[str]:
    return soak_synthetic.checks(spoilt, "failed")


def test_a_good_run_passes() -> None:
    found = verdict.judge(run())
    assert {one.verdict for one in found} == {"ok"}, "and everything is shown"
    assert [one.check for one in found] == list(SPOILT), "each check has its case below"


@pytest.mark.parametrize("check", SPOILT)
def test_each_limit_can_be_broken(check: str) -> None:
    spoilt = run(**SPOILT[check])
    assert failed(spoilt) == [check]
    (line,) = [one for one in verdict.judge(spoilt) if one.verdict == "failed"]
    assert line.todo, "it says what to do"


@pytest.mark.parametrize(("check", "spoilt"), OTHER_WAYS)
def test_limits_have_other_ways_to_break(check: str, spoilt: dict[str, Any]) -> None:
    assert failed(run(**spoilt)) == [check]


def test_a_daemon_that_was_never_seen_passes_nothing() -> None:
    lost = {"memory", "memory growth", "gateway memory", "gateway growth", "descriptors", "threads"}
    for minutes in (1, 10_000):
        assert lost <= set(failed(run(samples=[], minutes=minutes)))


def test_the_report_is_written_whole(tmp_path: Path) -> None:
    facts = report.facts(tmp_path, took_s=12.0, hub="stand-in", market="auto", threshold=0.4)
    for spoilt, word in ((run(), "PASS"), (run(missed=["2026-01-05 | 00:00:58"]), "FAIL")):
        report.write(tmp_path, spoilt, verdict.judge(spoilt), facts)
        text = (tmp_path / "SOAK.md").read_text()
        assert text.startswith(f"# Soak: {word}\n")
        assert "| daemon RSS, MB | +0.5 |" in text
        assert "| fetch | 9,000 | 1.00 | 2.00 | 3.00 |" in text
        assert json.loads((tmp_path / "soak.json").read_text())["verdict"]["passed"] is (word == "PASS")
    assert r"2026-01-05 \| 00:00:58" in text, "a bar would end the cell"
    picture = ElementTree.parse(tmp_path / "soak.svg")  # noqa: S314 - a file of our own
    names = {one.text for one in picture.iter("{http://www.w3.org/2000/svg}text")}
    assert {"fetch", "cycle", "Memory of the daemon, MB, by cycles"} <= names
    assert "prefers-color-scheme: dark" in (tmp_path / "soak.svg").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["SOAK.md", "soak.json", "soak.svg"]


def test_a_report_of_a_run_that_never_came_to_a_cycle(tmp_path: Path) -> None:
    empty = run(samples=[], equity=[], stages={})
    facts = report.facts(tmp_path, took_s=1.0, hub="mlflow", market="always", threshold=0.4)
    report.write(tmp_path, empty, verdict.judge(empty), facts)
    assert "MLflow's own scoring server" in (tmp_path / "SOAK.md").read_text()
    assert "too short to tell" in (tmp_path / "SOAK.md").read_text()


def test_a_report_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    facts = report.facts(tmp_path, took_s=1.0, hub="mlflow", market="always", threshold=0.4)
    with pytest.raises(Unusable, match="cannot be written"):
        report.write(tmp_path / "gone", run(), verdict.judge(run()), facts)


class Journal:
    """A journal's file with what a test wants in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.db = sqlite3.connect(path, isolation_level=None)
        journal_schema.migrate(self.db)

    def cycle(self, at: str, status: str = "done", stages: str = '{"features":0.001}') -> None:
        columns = "started_utc, finished_utc, symbol, mode, status, reason, score_buy, action, stages_s, equity"
        values = (f"2026-01-05T{at}Z", f"2026-01-05T{at}Z", "EURUSD", "live", status, "why", 0.5, "BUY", stages, 1e4)
        self.db.execute(f"INSERT INTO cycle ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

    def order(self, req_id: str, state: str = "filled", kind: str = "open") -> None:
        columns = "req_id, cycle_id, symbol, mode, bar_open_s, side, close_lots, open_lots, created_utc, not_after_utc"
        values = (req_id, 1, "EURUSD", "live", 0, "BUY", 0.0, 0.01, "x", "x", state, kind)
        self.db.execute(f"INSERT INTO intent ({columns}, state, kind) VALUES ({', '.join('?' * 12)})", values)

    def position(self, ticket: int, state: str = "open", profit: float = 0.0) -> None:
        columns = "mode, ticket, symbol, side, opened_lots, lots, price, opened_utc, state, profit"
        values = ("live", ticket, "EURUSD", "BUY", 0.01, 0.01, 1.1, "x", state, profit)
        self.db.execute(f"INSERT INTO position ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

    def difference(self, kind: str, rule: str) -> None:
        columns = "at_utc, mode, symbol, kind, rule, detail"
        self.db.execute(f"INSERT INTO difference ({columns}) VALUES ('x', 'live', 'EURUSD', ?, ?, '')", (kind, rule))

    def read(self, moments: int, market: str = "auto") -> evidence.Cycles:
        calendar = _core.Calendar("EURUSD", market, [])
        return evidence.read(self.path, calendar, second=58, period_s=60, moments=moments)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.db")


def test_each_minute_has_exactly_one_cycle(journal: Journal) -> None:
    for at in ("00:00:20.000", "00:00:58.000", "00:01:58.100", "00:02:58.000"):
        journal.cycle(at)
    found = journal.read(3)
    assert (found.count, found.missed, found.doubled, found.failed) == (4, [], [], [])
    assert found.punctuality.max_ms == pytest.approx(100)
    assert (found.features, found.predictions, found.decisions) == (4, 4, 4)
    assert journal.read(4).missed == ["2026-01-05 00:03:58"], "the last one is missed"


def test_missed_doubled_and_failed_cycles_are_seen(journal: Journal) -> None:
    for at in ("00:00:20.000", "00:00:58.000", "00:01:58.000", "00:02:30.000", "00:03:58.000"):
        journal.cycle(at, "failed" if at.startswith("00:03") else "done")
    journal.cycle("00:04:58.000", "running", "{}")
    found = journal.read(5)
    assert found.missed == ["2026-01-05 00:02:58"]
    assert found.doubled == ["2026-01-05 00:01:58"]
    assert [one.split()[0] for one in found.failed] == ["2026-01-05T00:03:58.000Z", "2026-01-05T00:04:58.000Z"]
    assert found.features == 5


def test_a_cycle_at_start_serves_a_moment_that_is_near(journal: Journal) -> None:
    for at in ("00:00:55.000", "00:01:58.000"):
        journal.cycle(at)
    assert journal.read(2).missed == []


def test_open_minutes_want_a_decision_whatever_the_cycle_says(journal: Journal) -> None:
    journal.cycle("00:00:20.000")
    journal.cycle("00:00:58.000")
    journal.db.execute("UPDATE cycle SET action = NULL, reason = 'market_closed'")
    journal.cycle("00:01:58.000", stages="{}")
    journal.cycle("00:02:58.000")
    found = journal.read(3)
    assert (found.due, found.idle) == (3, ["2026-01-05 00:00:58 market_closed", "2026-01-05 00:01:58 why"])
    assert found.missed == found.failed == found.beyond == []


def test_a_market_that_has_just_opened_may_await_its_first_bar(journal: Journal) -> None:
    for at in ("21:58:58.000", "21:59:58.000", "22:00:58.000", "22:01:58.000", "22:02:58.000", "22:03:58.000"):
        journal.cycle(at)
    journal.db.execute("UPDATE cycle SET started_utc = replace(started_utc, '2026-01-05', '2026-01-04'), action = NULL")
    found = journal.read(5)
    assert found.idle == ["2026-01-04 22:02:58 why", "2026-01-04 22:03:58 why"]
    assert found.due == 2
    journal.db.execute("UPDATE cycle SET action = 'HOLD'")
    assert journal.read(5).beyond == ["2026-01-04T21:58:58.000Z", "2026-01-04T21:59:58.000Z"]
    assert (journal.read(5, "always").due, journal.read(5, "always").beyond) == (5, [])


def test_spreads_of_durations() -> None:
    assert evidence.spread([i / 1000 for i in range(1, 101)]) == Spread(100, 50.0, 99.0, 100.0)
    assert evidence.spread([]) == Spread(0, 0.0, 0.0, 0.0)
    assert evidence.thinned([(float(i), 0.0) for i in range(10_000)])[-1] == (9_999.0, 0.0)


@pytest.fixture
def deals(tmp_path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(tmp_path / "paper.db", isolation_level=None)
    db.executescript(SCHEMA)
    return db


def deal(db: sqlite3.Connection, ticket: int, req_id: str | None, entry: str = "in", profit: float = 0.0) -> None:
    db.execute(
        "INSERT INTO deal (ticket, req_id, symbol, side, entry, lots, price, time_s, magic, profit, margin, by)"
        " VALUES (?, ?, 'EURUSD', 'BUY', ?, 0.01, 1.1, 0, 1, ?, 0, 'order')",
        (ticket, req_id, entry, profit),
    )


def test_two_ledgers_that_agree(journal: Journal, deals: sqlite3.Connection, tmp_path: Path) -> None:
    journal.cycle("00:00:58.000")
    journal.order("a")
    journal.position(1, "closed", 0.5)
    journal.order("b", "refused")
    journal.difference("position_missing", "closed by stop_loss")
    deal(deals, 1, "a")
    deal(deals, 1, None, "out", 0.5)
    found = ledgers.compare(journal.path, tmp_path / "paper.db")
    assert found.disagreements == []
    assert found.differences == {}
    assert (found.opened, found.closed, found.profit) == (1, 1, 0.5)
    journal.difference("position_unexpected", "freeze")
    assert ledgers.compare(journal.path, tmp_path / "paper.db").differences == {"position_unexpected": 1}


def test_orders_and_positions_that_only_one_end_knows(
    journal: Journal, deals: sqlite3.Connection, tmp_path: Path
) -> None:
    journal.cycle("00:00:58.000")
    for req_id, state in (("lost", "filled"), ("twice", "filled"), ("denied", "refused")):
        journal.order(req_id, state)
    for ticket, state in ((2, "open"), (3, "closed"), (4, "open"), (5, "closed"), (9, "open")):
        journal.position(ticket, state, 7.0)
    for ticket, order in ((1, "denied"), (2, "twice"), (3, "twice"), (4, "stranger"), (5, None)):
        deal(deals, ticket, order)
    for ticket in (4, 5):
        deal(deals, ticket, None, "out", 1.0)
    told = ledgers.compare(journal.path, tmp_path / "paper.db").disagreements
    assert told == [
        "order lost is filled in the journal, and the gateway has no deal of it",
        "order twice was executed 2 times",
        "order denied is refused in the journal, and the gateway executed it",
        "the gateway executed order stranger, which the journal does not know",
        "position 1 of the gateway is not in the journal",
        "position 3 is closed in the journal, and open at the gateway",
        "position 4 is open in the journal, and closed at the gateway",
        "position 5: profit 7.0 in the journal, 1.0 there",
        "position 9 of the journal is not at the gateway",
    ]


def test_findings_of_a_soak_are_lines() -> None:
    lines = findings.lines(verdict.judge(run(missed=["2026-01-05 00:00:58"] * 5)))
    assert any("2 more" in line for line in lines)
    assert soak_synthetic.MINUTES == 10_000
