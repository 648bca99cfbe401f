"""Exits in a whole cycle: what may hold them up, and what an entry after them is judged by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import _core
from mt5_sentinel.errors import Refused, Uncertain
from tests.python.fakes import BUY, HOUR_S, SELL
from tests.python.shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop with the usual settings."""
    one = Shop(tmp_path)
    yield one
    one.close()


def test_an_exit_that_the_broker_refuses_is_tried_again_and_nothing_is_opened_before(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.cycle(BUY, after_s=HOUR_S)
    send = shop.desk.dealer.broker.send

    def refuse(request: Any, now_s: float) -> Any:
        if request.kind == "close":
            raise Refused("the market is closed", "retcode_10018")
        return send(request, now_s)

    monkeypatch.setattr(shop.desk.dealer.broker, "send", refuse)
    for _ in range(2):
        record = shop.cycle(SELL)
        assert (record.reason, record.outcome, record.settled) == ("retcode_10018", "refused", False)
    monkeypatch.undo()
    record = shop.cycle(SELL)
    assert (record.reason, record.outcome, record.settled) == ("signal", "filled", True)
    sent = [(one["kind"], one["state"]) for one in shop.intents()]
    assert sent == [("open", "filled"), *[("close", "refused")] * 2, ("close", "filled"), ("open", "filled")]


def test_an_unknown_order_freezes_the_symbol_and_keeps_no_position_from_being_flattened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(tmp_path, positions_symbol_max=2)
    shop.cycle(BUY, after_s=HOUR_S)
    broker = shop.desk.dealer.broker

    def unknown(*_: Any) -> Any:
        raise Uncertain("no answer", "gateway_timeout")

    with monkeypatch.context() as patched:
        patched.setattr(broker, "send", unknown)
        assert shop.cycle(BUY).reason == "gateway_timeout"
    monkeypatch.setattr(broker, "lookup", unknown)
    assert shop.cycle(SELL).reason == "gateway_timeout", "frozen: not even the other side"
    (tmp_path / "HALT").write_text("flatten")
    assert shop.cycle(SELL).reason == "gateway_timeout", "still unknown"
    assert [(one["kind"], one["state"]) for one in shop.intents()] == [
        *[("open", "filled"), ("open", "unknown"), ("close", "filled")],
    ]
    assert broker.book().positions == []
    shop.cycle(SELL)
    assert len(shop.intents()) == 3, "what has left is not told to leave again"
    shop.close()


@pytest.mark.parametrize(("slept_s", "reason"), [(2 * HOUR_S, "stale"), (1500, "refused_signal_age"), (5, "signal")])
def test_an_entry_is_judged_by_the_moment_its_exit_was_done(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, slept_s: float, reason: str
) -> None:
    shop.cycle(BUY, after_s=HOUR_S)
    broker = shop.desk.dealer.broker
    send = broker.send

    def slow(request: Any, now_s: float) -> Any:
        done = send(request, now_s)
        shop.clock.wait_s(slept_s)  # the machine slept
        return done

    monkeypatch.setattr(broker, "send", slow)
    record = shop.cycle(SELL)
    assert record.reason == reason
    sent = [one["kind"] for one in shop.intents()]
    assert sent == ["open", "close", *(["open"] if reason == "signal" else [])]


def test_an_exit_whose_fate_is_unknown_is_not_sent_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.cycle(BUY, after_s=HOUR_S)
    broker = shop.desk.dealer.broker

    def unknown(*_: Any) -> Any:
        raise Uncertain("no answer", "gateway_timeout")

    monkeypatch.setattr(broker, "send", unknown)
    monkeypatch.setattr(broker, "lookup", unknown)
    (Path(shop.settings.state_dir) / "HALT").write_text("flatten")
    for _ in range(3):
        assert shop.cycle(BUY).reason == "gateway_timeout"
    assert [(one["kind"], one["state"]) for one in shop.intents()] == [("open", "filled"), ("close", "unknown")]


def test_a_frozen_symbol_opens_nothing_and_may_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(tmp_path, positions_symbol_max=2)
    shop.cycle(BUY, after_s=HOUR_S)
    broker = shop.desk.dealer.broker
    book = broker.book

    def grown() -> _core.Book:
        """Somebody added to the position at the terminal."""
        real = book()
        facts = {"ticket": 1, "symbol": "EURUSD", "price": 1.1, "opened_s": 0, "magic": shop.settings.magic}
        position = _core.Position(side="BUY", lots=0.3, sl=1.0, **facts)  # type: ignore[arg-type] # each its own
        return _core.Book(real.account, [position] if real.positions else [])

    monkeypatch.setattr(broker, "book", grown)
    record = shop.cycle(BUY, after_s=HOUR_S)
    assert (record.reason, record.outcome) == ("refused_frozen", "refused")
    assert "position_grown" in record.conditions
    shop.cycle(SELL)
    assert [(one["kind"], one["close_lots"]) for one in shop.intents()][1:2] == [("close", 0.3)], "all of it"
    shop.close()
