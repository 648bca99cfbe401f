"""Risk in the shell: what the journal remembers goes to the core, several symbols at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import _core
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.journal_file import JournalFile, utc
from mt5_sentinel.risk import limits
from mt5_sentinel.settings import Settings
from tests.python.risk_place import DAY_S, FX, HOUR_S, NOW_S, Place, bars, book, position, ruled


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    one = Place(tmp_path / "state")
    yield one
    one.file.close()


def test_a_ruling_holds_everything_an_order_needs(place: Place) -> None:
    ruling = ruled(place.risk(), of=book(10_000.0, position(7), position(8, magic=0), position(9, symbol="GBPUSD")))
    assert [(one.ticket, one.side, one.lots, one.purpose) for one in ruling.exits] == [(7, "BUY", 0.01, "signal")]
    entry = ruling.entry
    assert (entry.side, entry.lots, entry.price, entry.sl, entry.tp) == ("BUY", 0.01, 1.1001, 1.0971, 1.1046)
    assert (entry.deviation_points, ruling.refusal, ruling.detail, ruling.warnings) == (20, None, None, [])
    by_atr = ruled(place.risk(stop_mode="atr", target_atr=0.0)).entry
    assert (by_atr.sl, by_atr.tp) == (1.0961, None)


def test_a_refusal_has_a_code_and_figures_and_leaves_the_exits(place: Place) -> None:
    ruling = ruled(place.risk(spread_points_max=9.0), of=book(10_000.0, position(7)))
    assert (ruling.entry, ruling.refusal) == (None, "refused_spread")
    assert ruling.detail == "the spread is 10.0 points, 9 are allowed"
    assert len(ruling.exits) == 1
    assert ruled(place.risk(), halted=True).refusal == "refused_halted"
    assert ruled(place.risk(), of=book(halted=True)).refusal == "refused_gateway_halted"


def test_settings_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(Misconfigured, match=r"setting `daily_loss_max`: 600 is above drawdown_max = 500"):
        limits(Settings(daily_loss_max=600.0))
    with pytest.raises(Misconfigured, match=r"volume_lots.*trading_hours"):
        limits(Settings(volume_lots=0.2, trading_hours=("Mon",)))
    assert limits(Settings()).magic == Settings().magic


def test_the_state_outlives_the_process_and_is_told_once(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "mt5_sentinel")
    risk = place.risk()
    assert (risk.standing(NOW_S)[0], risk.observe(book(), NOW_S)) == ("ACTIVE", [])
    assert risk.observe(book(9_950.0), NOW_S) == ["daily_loss_warn"]
    assert risk.observe(book(9_900.0), NOW_S + 60) == ["daily_loss_warn", "halted"]
    place.restart()
    risk = place.risk()
    assert risk.standing(NOW_S)[0] == "HALTED"
    assert risk.observe(book(9_990.0), NOW_S + 120) == ["halted"]
    assert ruled(risk, of=book(9_990.0)).refusal == "refused_daily_loss"
    assert risk.observe(book(9_990.0), NOW_S + DAY_S) == []
    assert place.changes == [("HALTED", "daily_loss"), ("ACTIVE", None)]
    told = [record.getMessage() for record in caplog.records]
    assert told == ["Trading state: HALTED (daily_loss) until 2023-11-16 00:00:00 UTC", "Trading state: ACTIVE"]


def test_a_clock_that_steps_a_day_ahead_and_back_forgives_nothing(place: Place) -> None:
    risk = place.risk()
    risk.observe(book(), NOW_S)
    assert risk.observe(book(9_890.0), NOW_S + 60) == ["daily_loss_warn", "halted"]
    for days in (1, 2):
        risk.observe(book(9_890.0), NOW_S + days * DAY_S)
    place.restart()
    risk = place.risk()
    assert risk.observe(book(9_960.0), NOW_S + 120) == ["halted"]
    assert ruled(risk, of=book(9_960.0)).refusal == "refused_daily_loss"
    assert risk.observe(book(9_995.0), NOW_S + DAY_S) == []
    seen = place.file.rows("SELECT start_equity, halted FROM risk_day ORDER BY day")
    assert seen == [(10_000.0, 1), (9_995.0, 0), (9_890.0, 0)], "the true next day is measured from its own start"


def test_an_approval_looks_at_the_equity_itself(place: Place) -> None:
    risk = place.risk()
    risk.observe(book(), NOW_S)
    assert ruled(risk, of=book(9_900.0)).refusal == "refused_daily_loss"
    assert risk.standing(NOW_S)[0] == "HALTED"
    assert ruled(place.risk(), of=book(float("nan"))).refusal == "refused_equity"


def test_modes_have_ledgers_of_their_own(place: Place, tmp_path: Path) -> None:
    place.risk().observe(book(9_000.0), NOW_S)
    place.file.close()
    place.file = JournalFile(place.directory, "live", durable=False)
    assert place.risk().observe(book(8_000.0), NOW_S) == []
    assert [row[0] for row in place.file.rows("SELECT mode FROM risk ORDER BY mode")] == ["dry-run", "live"]


def test_openings_of_all_symbols_are_counted_from_the_journal(place: Place) -> None:
    risk = place.risk()
    for state in ("filled", "refused", "not_sent"):
        place.intent(state, ago_s=30, symbol="GBPUSD", settled_utc=utc(NOW_S - DAY_S))
    place.intent("filled", ago_s=30, kind="close")
    place.intent("filled", ago_s=30, mode="live")
    assert ruled(risk).refusal is None
    place.intent("filled", ago_s=59, settled_utc=utc(NOW_S - DAY_S))
    assert ruled(risk).refusal == "refused_orders_minute"
    assert ruled(risk, after_s=2).refusal is None
    risk = place.risk(orders_per_day_max=4)
    assert ruled(risk, after_s=120).refusal == "refused_orders_day"
    assert ruled(place.risk(orders_per_day_max=5), after_s=120).refusal is None


@pytest.mark.parametrize("state", ["intended", "unknown"])
def test_an_order_without_an_outcome_counts_as_open(place: Place, state: str) -> None:
    risk = place.risk(positions_symbol_max=1)
    place.intent(state, ago_s=7_200, kind="close")
    place.intent(state, ago_s=7_200, mode="live")
    place.intent("refused", ago_s=60)
    assert ruled(risk).refusal is None
    req_id = place.intent(state, ago_s=7_200)
    assert ruled(risk).refusal == "refused_positions_symbol"
    assert ruled(place.risk(), of=book(10_000.0, position(7, "BUY", req_id=req_id))).refusal is None


def test_a_fill_counts_before_a_book_shows_it(place: Place) -> None:
    """Another thread's book may have been read before the order was filled."""
    risk = place.risk(positions_symbol_max=1)
    req_id = place.intent("filled", ago_s=200)
    assert ruled(risk).refusal == "refused_positions_symbol"
    assert ruled(risk, after_s=101).refusal is None
    place.position(7, "open", req_id=req_id, closed_utc=None)
    assert ruled(place.risk(), of=book(10_000.0, position(7, "BUY"))).refusal is None, "counted once"
    place.file.write("UPDATE position SET state = 'closed'")
    assert ruled(risk).refusal is None


def test_losses_in_a_row_are_read_from_closed_positions(place: Place) -> None:
    risk = place.risk(losses_in_a_row_max=2, cooldown_minutes=10.0)
    place.position(1, ago_s=599)
    place.position(2, ago_s=700, profit=5.0)
    place.position(3, mode="live")
    place.position(4, "open", closed_utc=None)
    assert risk.observe(book(), NOW_S) == []
    place.position(5, ago_s=500, symbol="GBPUSD")
    assert risk.observe(book(), NOW_S) == ["reducing"]
    ruling = ruled(risk)
    assert ruling.refusal == "refused_cooldown"
    assert ruling.detail == "2 losing trades in a row; a pause until 2023-11-15 12:02:38 UTC"
    assert (risk.observe(book(), NOW_S + 100), risk.standing(NOW_S + 100)[0]) == ([], "ACTIVE")


def test_positions_leave_before_the_weekend(place: Place) -> None:
    close_s = NOW_S - 58 + 2 * DAY_S + 10 * HOUR_S  # Friday 22:00 UTC
    held = book(10_000.0, position(7, "BUY"), position(8, "SELL", magic=0))
    risk = place.risk()
    assert risk.due_exits(held, close_s - 1_801) == []
    (exit_,) = risk.due_exits(held, close_s - 1_800)
    assert (exit_.ticket, exit_.side, exit_.purpose) == (7, "SELL", "weekend")


def test_news_come_from_a_file(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "news.csv"
    path.write_text("from,to,currency,title\n2023-11-15 12:00,2023-11-15 12:01,USD,CPI\n")
    risk = place.risk(news_file=str(path))
    ruling = ruled(risk)
    assert (ruling.refusal, ruling.detail) == ("refused_news", "USD, until 2023-11-15 12:01:00 UTC: CPI")
    assert risk.observe(book(), NOW_S) == []
    assert risk.observe(book(), NOW_S + 2) == ["news_ended"], "nobody continued it"
    path.write_text("from,to,currency,title\nnow,2023-11-15 12:01,USD,CPI\n")
    with pytest.raises(Misconfigured, match=r"news\.csv: setting `news_file`: line 2: \"now\""):
        place.risk(news_file=str(path))
    with pytest.raises(Misconfigured, match=r"none\.csv: No such file"):
        place.risk(news_file=str(tmp_path / "none.csv"))


def test_slippage_is_a_condition(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    risk, facts = place.risk(), _core.SymbolFacts("EURUSD", "USD")
    assert risk.slipped("BUY", wanted=1.1, filled=1.1002, facts=facts) is None
    assert risk.slipped("BUY", wanted=1.1, filled=1.10021, facts=facts) == "slippage"
    assert "Slippage of 21.0 points: BUY wanted at 1.10000, filled at 1.10021" in caplog.text


def test_symbols_share_the_ledger_and_the_limits(place: Place) -> None:
    """Threads that approve at once, each with its intent in the transaction, keep to the account's limits."""
    symbols = [f"{name}USD" for name in ("EUR", "GBP", "AUD", "NZD")]
    start = threading.Barrier(len(symbols))

    def trade(symbol: str) -> int:
        approved = 0
        risk = place.risk(symbol=symbol, positions_max=5, positions_symbol_max=5, orders_per_minute_max=40)
        facts = {name: _core.SymbolFacts(name, "USD") for name in symbols}
        quote = _core.Quote(time_s=NOW_S, bid=1.1, ask=1.1001)
        bar = _core.check_fresh(FX, newest_open_s=NOW_S - 58 - HOUR_S, now_s=NOW_S, interval_s=HOUR_S, grace_s=900)
        start.wait()
        for equity in (10_000.0, 10_005.0, 9_999.0):
            now = book(equity)
            risk.observe(now, NOW_S)
            with place.file.whole():
                ruling = risk.approve("BUY", book=now, quote=quote, facts=facts, bars=bars(), bar=bar, halted=False)
                if ruling.entry is not None:
                    place.intent("intended", symbol=symbol, sl=1.2)
                    approved += 1
        return approved

    with ThreadPoolExecutor(len(symbols)) as pool:
        assert sum(pool.map(trade, symbols)) == 5
    assert place.file.rows("SELECT peak_equity, state FROM risk") == [(10_005.0, "ACTIVE")]


def test_the_ledger_is_read_and_written_within_one_turn(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    risk, depths = place.risk(), list[int]()
    read, written = place.file.rows, place.file.write

    def rows(*what: Any) -> list[Any]:
        depths.append(place.file._depth)
        return read(*what)

    def write(*what: Any) -> int:
        depths.append(place.file._depth)
        return written(*what)

    monkeypatch.setattr(place.file, "rows", rows)
    monkeypatch.setattr(place.file, "write", write)
    risk.observe(book(), NOW_S)
    ruled(risk, of=book(9_900.0))
    assert len(depths) > 6
    assert set(depths) == {1}
