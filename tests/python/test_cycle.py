"""The whole cycle with a real core, journal and paper broker: what is traded, what never is, and what is written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import _core
from mt5_sentinel.commands.assembly import reopen_desk
from mt5_sentinel.config import Settings
from mt5_sentinel.daemon import Desks
from mt5_sentinel.errors import CorePanic, Misconfigured, Transient, Unusable
from mt5_sentinel.types import CycleRecord
from tests.python import bodies
from tests.python.fakes import BUY, HOLD, HOUR_S, NOW_S, SELL, parts
from tests.python.shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop with the usual settings."""
    one = Shop(tmp_path)
    yield one
    one.close()


def test_a_buy_is_filled_and_everything_is_written(shop: Shop) -> None:
    record = shop.cycle(BUY)
    assert (record.status, record.action, record.reason, record.outcome) == ("done", "BUY", "signal", "filled")
    assert (record.scores, record.confidence, record.settled) == ((0.1, 0.2, 0.7), 0.7, True)
    assert (record.rows, record.bars, record.bar_open_s) == (600, 599, NOW_S // HOUR_S * HOUR_S - HOUR_S)
    assert (record.dropped or {})["forming"] == 1
    forming_close = bodies.hourly(NOW_S)[-1]["close"]
    assert record.price == forming_close
    # 0.1 lots bought at the ask, 10 points above the bid that the bars show: 1 USD down at once
    assert record.equity == pytest.approx(9_999.0)
    assert sorted(record.stages_s) == ["book", "decide", "features", "fetch", "parse", "route", "score"]
    assert all(taken > 0 for taken in record.stages_s.values())
    (row,) = shop.written()
    assert (row["score_buy"], row["settled"], row["intents"][0]["price"]) == (0.7, True, forming_close + 0.0001)


def test_the_model_is_shown_the_features_of_the_closed_bars_only(shop: Shop) -> None:
    shop.cycle()
    raw = _core.parse(bodies.body(bodies.hourly(NOW_S)[:-1]))
    bars = _core.clean(raw, interval_s=HOUR_S, now_s=NOW_S).bars
    assert shop.model.rows == [_core.latest(bars)]


def test_a_bar_is_decided_once_and_a_restart_does_not_change_that(shop: Shop) -> None:
    shop.cycle(BUY)
    for _ in range(2):
        record = shop.cycle(SELL)
        assert (record.action, record.reason, record.settled) == ("HOLD", "already_decided", False)
        shop.restart()
    assert len(shop.intents()) == 1


def test_an_opposite_signal_reverses_and_the_same_one_does_nothing(shop: Shop) -> None:
    shop.cycle(BUY, after_s=HOUR_S)
    record = shop.cycle(BUY, after_s=HOUR_S)
    assert (record.action, record.reason) == ("HOLD", "already_positioned")
    assert shop.cycle(SELL).outcome == "filled"
    sent = [(one["kind"], one["side"], one["opened_lots"], one["closed_lots"]) for one in shop.intents()]
    assert sent == [("open", "BUY", 0.1, 0.0), ("close", "SELL", 0.0, 0.1), ("open", "SELL", 0.1, 0.0)]


@pytest.mark.parametrize(
    ("scores", "action", "reason"),
    [
        ([0.1, 0.3, 0.6], "HOLD", "below_threshold"),
        ([0.1, 0.3 - 2e-16, math.nextafter(0.6, 1)], "BUY", "signal"),
        (HOLD, "HOLD", "model_hold"),
        ([0.5, 0.0, 0.5], "HOLD", "tie"),
    ],
)
def test_the_threshold_is_strict_and_hold_is_no_trade(
    shop: Shop, scores: list[float], action: str, reason: str
) -> None:
    record = shop.cycle(scores)
    assert (record.action, record.reason) == (action, reason)
    assert len(shop.intents()) == (1 if action == "BUY" else 0)


def test_stale_bars_are_not_traded_and_not_settled(shop: Shop) -> None:
    shop.market.lag_s = 3 * HOUR_S
    record = shop.cycle(BUY)
    assert (record.status, record.action, record.reason, record.settled) == ("failed", None, "stale", False)
    shop.market.lag_s = 0
    assert shop.cycle(BUY).outcome == "filled"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (bodies.body(bodies.hourly(NOW_S, _core.needed_bars())), "history_too_short"),
        (b"<!DOCTYPE html><html><body>Just a moment...</body></html>", "not_market_data"),
        (b'{"errors":{"to":["Max period length is 600 days"]}}', "not_market_data"),
        (b"", "not_market_data"),
        (bodies.body(bodies.hourly(NOW_S))[:-300], "malformed_body"),
        (b"[]", "no_bars"),
        (Transient("EODHD did not answer within 15 s", "fetch_timeout"), "fetch_timeout"),
        (Unusable("EODHD does not know the symbol", "fetch_404"), "fetch_404"),
        (MemoryError("full"), "internal_error"),
    ],
)
def test_bad_data_is_a_failed_cycle_with_its_reason(shop: Shop, answer: bytes | Exception, reason: str) -> None:
    shop.market.answer = answer
    record = shop.cycle(BUY)
    assert (record.status, record.reason, record.action, record.outcome) == ("failed", reason, None, None)
    assert record.detail
    assert "fetch" in record.stages_s
    assert ("parse" in record.stages_s) is isinstance(answer, bytes)
    (row,) = shop.written()
    assert (row["status"], row["reason"], row["intents"], row["settled"]) == ("failed", reason, [], False)
    assert (row["finished_utc"] is not None, shop.seen) == (True, [record])
    shop.market.answer = None
    assert shop.cycle(BUY).outcome == "filled", "the next minute tries again"


NAN = math.nan


@pytest.mark.parametrize(
    "scores",
    [[0.9], [], [0.1, 0.9], [0.1, 0.2, 0.6, 0.1], [NAN, NAN, NAN], [NAN, 0.3, 0.7], [0.9, 0.9, 0.9], [1.5, -0.3, -0.2]],
)
def test_an_answer_that_is_not_three_probabilities_never_trades(shop: Shop, scores: list[float]) -> None:
    """The older system took the largest of one value, which is always SELL, and sold every minute."""
    for _ in range(4):
        record = shop.cycle(scores, after_s=HOUR_S)
        assert (record.action, record.reason, record.settled) == (None, "bad_scores", False)
    assert shop.intents() == []
    assert shop.cycle(BUY).outcome == "filled", "the model's fault is no bug of ours: nothing is halted"


def test_three_bugs_in_a_row_leave_only_exits(shop: Shop) -> None:
    shop.cycle(BUY, after_s=HOUR_S)
    for _ in range(3):
        assert shop.cycle(RuntimeError("odd"), after_s=HOUR_S).reason == "internal_error"
    record = shop.cycle(SELL, after_s=HOUR_S)
    assert (record.reason, record.outcome) == ("refused_halted", "filled")
    assert [(intent["closed_lots"], intent["opened_lots"]) for intent in shop.intents()] == [(0.0, 0.1), (0.1, 0.0)]
    record = shop.cycle(BUY)
    assert (record.reason, record.outcome, record.req_id) == ("refused_halted", "refused", None)


def test_an_observer_that_raises_is_survived_and_the_others_still_hear(shop: Shop) -> None:
    def broken(record: CycleRecord) -> None:
        raise RuntimeError("observer")

    shop.daemon = shop.employ(broken)
    assert shop.cycle(BUY).outcome == "filled"
    assert len(shop.seen) == 1
    assert [(row["status"], row["outcome"]) for row in shop.written()] == [("done", "filled")]


def test_a_cycle_killed_after_sending_is_interrupted_and_its_order_recovered(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = shop.desk.dealer.broker.send

    def die(*order: Any) -> None:
        send(*order)
        raise KeyboardInterrupt

    monkeypatch.setattr(shop.desk.dealer.broker, "send", die)
    with pytest.raises(KeyboardInterrupt):
        shop.cycle(BUY)
    shop.restart()
    assert shop.cycle(BUY).reason == "already_decided"
    assert shop.written()[0]["status"] == "interrupted"
    assert [intent["state"] for intent in shop.intents()] == ["filled"]


def test_the_loop_runs_a_cycle_at_start_and_then_every_minute(shop: Shop) -> None:
    started: list[float] = []

    def note(record: CycleRecord) -> None:
        started.append(record.started_s - NOW_S)
        if len(started) == 4:
            shop.daemon.stop()

    shop.clock.wait_s(10)
    shop.daemon = shop.employ(note)
    shop.daemon.run()
    assert started == pytest.approx([10, 60, 120, 180], abs=0.01)


def reloading(shop: Shop, reload: Callable[[Desks], Desks]) -> None:
    shop.daemon = shop.employ(reload=reload)
    shop.daemon.reload()
    shop.daemon.tick()


@pytest.mark.parametrize(
    "error", [Misconfigured("threshold: 7", "bad_configuration"), CorePanic("a panic", "core_panic"), OSError("odd")]
)
def test_a_failed_reload_keeps_the_old_desk_and_the_daemon(
    shop: Shop, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def reload(old: Desks) -> Desks:
        raise error

    reloading(shop, reload)
    assert shop.daemon.desks[0] is shop.desk
    assert "Reload refused" in caplog.text
    assert shop.cycle(BUY).outcome == "filled"


def test_a_reload_keeps_journal_and_book_and_refuses_another_account(shop: Shop) -> None:
    other = Settings(state_dir=shop.settings.state_dir, volume_lots=0.1, threshold=0.9)
    new = reopen_desk(parts(other, shop.market, shop.model), shop.clock, shop.desk)
    assert (new.journal, new.dealer.broker) == (shop.desk.journal, shop.desk.dealer.broker)
    reloading(shop, lambda old: (new,))
    assert shop.cycle(BUY).reason == "below_threshold"
    with pytest.raises(Misconfigured, match="metrics_port, deposit: a change takes a restart"):
        changed = parts(replace(other, deposit=5.0, metrics_port=8001), shop.market, shop.model)
        reopen_desk(changed, shop.clock, shop.desk)


def test_a_secret_in_an_error_is_not_journalled(tmp_path: Path) -> None:
    one = Shop(tmp_path, eodhd_api_token="s3cr3t")
    one.market.answer = RuntimeError("GET /?api_token=s3cr3t failed")
    assert "GET /?api_token=[hidden] failed" in (one.cycle().detail or "")
    assert "s3cr3t" not in str(one.written())
    one.close()
