"""Orders on a terminal: what is checked before it is asked, what it is asked, and what its answers mean."""

from __future__ import annotations

from typing import Any

import pytest

from mt5_sentinel import wire
from mt5_sentinel.gateway.venue import VenueError
from tests.python.mt5_desk import MAGIC, Mt5Desk


def test_an_order_is_sent_as_the_terminal_wants_it() -> None:
    desk = Mt5Desk()
    req_id = desk.req_id()
    outcome = desk.send(req_id, sl=1.095, tp=1.11, deviation=15)
    assert outcome.retcode == wire.DONE
    assert desk.fake.sent == [
        {
            "action": 1,
            "symbol": "EURUSD",
            "volume": 0.2,
            "type": 0,
            "price": 1.1001,
            "sl": 1.095,
            "tp": 1.11,
            "deviation": 15,
            "magic": MAGIC,
            "comment": wire.comment_of(req_id),
            "type_time": 0,
            "type_filling": 0,
        }
    ]
    [position] = desk.venue.positions()
    assert outcome.executed == wire.Executed(position.ticket, 1.1001, 0.2, -0.7)
    assert (position.type, position.sl, position.tp, position.magic) == ("OP_BUY", 1.095, 1.11, MAGIC)
    assert (position.price, position.profit) == (1.1001, -2.0)
    assert wire.req_id_of(position.comment) == req_id


def test_a_sell_is_filled_at_the_bid_and_carries_no_levels_it_was_not_given() -> None:
    desk = Mt5Desk()
    outcome = desk.send(type="OP_SELL")
    assert outcome.executed is not None
    assert outcome.executed.price == 1.1
    assert (desk.fake.sent[0]["type"], desk.fake.sent[0]["sl"], desk.fake.sent[0]["tp"]) == (1, 0.0, 0.0)
    [position] = desk.venue.positions()
    assert (position.type, position.sl, position.tp) == ("OP_SELL", None, None)


@pytest.mark.parametrize(
    ("asked", "sent"), [(0.3, 0.3), (0.1 + 0.2, 0.3), (0.01, 0.01), (50, 50.0), (0.29999999999999993, 0.3)]
)
def test_a_volume_is_sent_in_whole_steps(asked: float, sent: float) -> None:
    desk = Mt5Desk()
    assert desk.send(volume=asked).retcode == wire.DONE
    assert desk.fake.sent[0]["volume"] == sent


@pytest.mark.parametrize("volume", [0.015, 0.299, 50.01, 100.0, 0.0100001])
def test_a_volume_that_is_no_multiple_is_not_asked_for(volume: float) -> None:
    desk = Mt5Desk()
    outcome = desk.send(volume=volume)
    assert (outcome.retcode, outcome.executed, desk.fake.sent) == (10014, None, [])
    assert "steps of 0.01" in outcome.msg


@pytest.mark.parametrize(
    ("changes", "retcode"),
    [
        ({"type": "OP_BUY", "sl": 1.0995}, 10009),  # 50 points below the bid
        ({"type": "OP_BUY", "sl": 1.09951}, 10016),
        ({"type": "OP_BUY", "sl": 1.10005}, 10016),  # between bid and ask: on the wrong side
        ({"type": "OP_BUY", "tp": 1.1005}, 10009),
        ({"type": "OP_BUY", "tp": 1.10049}, 10016),
        ({"type": "OP_BUY", "tp": 1.09}, 10016),
        ({"type": "OP_SELL", "sl": 1.1006}, 10009),  # 50 points above the ask
        ({"type": "OP_SELL", "sl": 1.10059}, 10016),
        ({"type": "OP_SELL", "tp": 1.0996}, 10009),
        ({"type": "OP_SELL", "tp": 1.09961}, 10016),
    ],
)
def test_stops_keep_their_distance_from_the_price_they_close_at(changes: dict[str, Any], retcode: int) -> None:
    desk = Mt5Desk()
    outcome = desk.send(symbol="EURUSD.x", **changes)
    assert outcome.retcode == retcode
    assert len(desk.fake.sent) == (retcode == wire.DONE)


@pytest.mark.parametrize(
    ("mode", "side", "retcode"),
    [
        (0, "OP_BUY", 10017),
        (1, "OP_BUY", 10009),
        (1, "OP_SELL", 10042),
        (2, "OP_SELL", 10009),
        (2, "OP_BUY", 10043),
        (3, "OP_BUY", 10044),
    ],
)
def test_a_symbol_may_be_closed_to_a_side(mode: int, side: str, retcode: int) -> None:
    desk = Mt5Desk()
    desk.change_symbol(trade_mode=mode)
    assert desk.send(type=side).retcode == retcode
    assert desk.venue.symbol_info("EURUSD").trade_allowed is False
    assert len(desk.fake.sent) == (retcode == wire.DONE)


@pytest.mark.parametrize(
    ("flags", "execution", "tried"),
    [(3, 2, [0]), (1, 2, [0]), (2, 2, [1]), (0, 3, [2]), (2, 3, [1]), (0, 1, [2])],
)
def test_the_way_of_filling_is_the_symbols(flags: int, execution: int, tried: list[int]) -> None:
    desk = Mt5Desk()
    desk.change_symbol(filling_mode=flags, trade_exemode=execution)
    assert desk.send().retcode == wire.DONE
    assert [request["type_filling"] for request in desk.fake.sent] == tried


def test_a_refused_way_of_filling_is_followed_by_the_next_and_each_is_tried_once() -> None:
    desk = Mt5Desk()
    desk.fake.script.extend([10030])
    assert desk.send().retcode == wire.DONE
    assert [request["type_filling"] for request in desk.fake.sent] == [0, 1]
    desk.fake.sent.clear()
    desk.change_symbol(filling_mode=0)
    assert desk.send().retcode == 10030, "market execution takes no order whose rest would stay"
    assert [request["type_filling"] for request in desk.fake.sent] == [0, 1, 2]
    assert len(desk.venue.positions()) == 1


@pytest.mark.parametrize("execution", [0, 1, 2, 3])
@pytest.mark.parametrize(("flags", "tried"), [(1, [0]), (2, [1]), (3, [0, 1])])
def test_no_rest_stays_in_the_market_of_a_symbol_that_can_do_without(
    flags: int, tried: list[int], execution: int
) -> None:
    desk = Mt5Desk()
    desk.change_symbol(filling_mode=flags, trade_exemode=execution)
    desk.fake.script.extend([10030, 10030, "partial"])
    assert desk.send().retcode == 10030
    assert [request["type_filling"] for request in desk.fake.sent] == tried


@pytest.mark.parametrize("retcode", [10004, 10020])
def test_a_requote_is_tried_twice_more_at_the_new_price(retcode: int) -> None:
    desk = Mt5Desk()
    desk.fake.script.extend([retcode, retcode])
    prices = iter([1.1, 1.1002, 1.1004])
    desk.fake.before_order = lambda: desk.server.bids.update(EURUSD=next(prices, 1.1))
    assert desk.send(deviation=30).retcode == wire.DONE
    tried = [(request["price"], request["deviation"]) for request in desk.fake.sent]
    assert tried == [(1.1001, 30), (1.1001, 30), (1.1003, 10)]
    desk.fake.script.extend([retcode] * 3)
    outcome = desk.send()
    assert (outcome.retcode, outcome.executed) == (retcode, None)
    assert len(desk.fake.sent) == 6


@pytest.mark.parametrize(("side", "away"), [("OP_BUY", 1), ("OP_SELL", -1)])
@pytest.mark.parametrize(
    ("steps", "deviation", "left"),
    [
        ((1,), 1, [0]),
        ((2,), 1, None),
        ((1, 2), 2, [1, 0]),
        ((1, 2), 1, [0, None]),  # each step is within the deviation, both together are not
        ((1000,), 1, None),
        ((-5,), 0, [0]),  # a better price
        ((-5, 1), 0, [0, None]),
    ],
)
def test_a_requote_is_not_taken_beyond_the_deviation_of_the_first_price(
    steps: tuple[int, ...], deviation: int, left: list[int | None] | None, side: str, away: int
) -> None:
    desk = Mt5Desk()
    prices = iter([round(1.1 + away * step * 1e-5, 5) for step in steps])
    desk.fake.before_order = lambda: desk.server.bids.update(EURUSD=next(prices, desk.server.bids["EURUSD"]))
    desk.fake.script.extend([10004] * len(steps))
    outcome = desk.send(type=side, deviation=deviation)
    expected = [each for each in left or [] if each is not None]
    is_filled = expected == left
    assert [request["deviation"] for request in desk.fake.sent] == [deviation, *expected]
    assert (outcome.retcode, outcome.executed is None) == ((wire.DONE, False) if is_filled else (10004, True))


def test_no_order_is_given_after_its_time() -> None:
    desk = Mt5Desk()
    desk.fake.script.extend([10004])
    desk.fake.before_order = lambda: desk.wait(7200)
    outcome = desk.send()
    assert (outcome.retcode, outcome.executed, len(desk.fake.sent)) == (wire.EXPIRED, None, 1)
    assert desk.send().retcode == wire.EXPIRED
    assert len(desk.fake.sent) == 1
    desk.fake.script.extend([10004])
    assert desk.venue.send(desk.order(), desk.req_id()).retcode == 10004
    assert len(desk.fake.sent) == 2, "without a deadline there is one try"


def test_a_position_is_closed_whole_and_in_parts() -> None:
    desk = Mt5Desk()
    ticket = desk.open()
    desk.server.set_bid("EURUSD", 1.101)
    part = desk.close(ticket, volume=0.05)
    assert part.executed == wire.Executed(ticket, 1.101, 0.05, 4.32)  # 4.50 less commission
    assert desk.fake.sent[-1] | {"comment": ""} == {
        "action": 1,
        "symbol": "EURUSD",
        "volume": 0.05,
        "type": 1,
        "price": 1.101,
        "deviation": 0,
        "magic": MAGIC,
        "comment": "",
        "type_time": 0,
        "type_filling": 0,
        "position": ticket,
    }
    assert desk.venue.positions()[0].volume == 0.15
    assert desk.close(ticket, volume=0.15).retcode == wire.DONE
    assert desk.venue.positions() == []


@pytest.mark.parametrize(
    ("changes", "retcode", "words"),
    [
        ({"ticket": 1}, 10013, "no position 1"),
        ({"symbol": "EURUSD.x"}, 10013, "is an OP_BUY of EURUSD"),
        ({"type": "OP_BUY"}, 10013, "is an OP_BUY of EURUSD"),
        ({"magic": 8}, 10013, "not ours"),
        ({"volume": 0.21}, 10014, "0.2 are open"),
        ({"volume": 0.195}, 10014, "steps of 0.01"),
    ],
)
def test_only_ones_own_position_is_closed(changes: dict[str, Any], retcode: int, words: str) -> None:
    desk = Mt5Desk()
    ticket = desk.open()
    outcome = desk.close(**({"ticket": ticket} | changes))
    assert (outcome.retcode, outcome.executed, len(desk.fake.sent)) == (retcode, None, 1)
    assert words in outcome.msg


def test_a_position_that_a_server_opened_anew_over_night_is_still_the_same() -> None:
    desk = Mt5Desk()
    ticket = desk.open()
    desk.server.reopen_over_night(ticket)
    [position] = desk.venue.positions()
    assert (position.ticket, position.profit) == (ticket, -3.25)
    assert desk.close(ticket).executed is not None
    assert desk.fake.sent[-1]["position"] == ticket + 2
    assert desk.venue.positions() == []


def test_stop_and_target_are_moved_and_taken_away() -> None:
    desk = Mt5Desk()
    ticket = desk.open(sl=1.09)
    assert desk.venue.modify(wire.OrderModify("EURUSD", ticket, 1.095, 1.12)).retcode == wire.DONE
    assert (desk.venue.positions()[0].sl, desk.venue.positions()[0].tp) == (1.095, 1.12)
    assert desk.venue.modify(wire.OrderModify("EURUSD", ticket, 1.095, 1.12)).retcode == wire.DONE, "no changes"
    assert desk.venue.modify(wire.OrderModify("EURUSD", ticket, None, None)).retcode == wire.DONE
    assert (desk.venue.positions()[0].sl, desk.venue.positions()[0].tp) == (None, None)
    sent = len(desk.fake.sent)
    assert desk.venue.modify(wire.OrderModify("EURUSD", ticket, 1.1, None)).retcode == 10016
    assert desk.venue.modify(wire.OrderModify("EURUSD", ticket + 99, 1.09, None)).retcode == 10013
    assert desk.venue.modify(wire.OrderModify("EURUSD.x", ticket, 1.09, None)).retcode == 10013
    assert len(desk.fake.sent) == sent


def test_a_check_asks_for_everything_and_sends_nothing() -> None:
    desk = Mt5Desk()
    assert desk.venue.check(desk.order(), desk.req_id()).retcode == wire.DONE
    assert desk.venue.check(desk.order(volume=0.015), desk.req_id()).retcode == 10014
    desk.fake.terminal = desk.fake.terminal._replace(trade_allowed=False)
    assert desk.venue.check(desk.order(), desk.req_id()).retcode == 10027
    desk.fake.terminal = desk.fake.terminal._replace(trade_allowed=True)
    desk.change_symbol(filling_mode=2)
    assert desk.venue.check(desk.order(), desk.req_id()).retcode == wire.DONE
    assert desk.fake.sent == []
    ticket = desk.open()
    assert desk.venue.check(desk.closing(ticket), desk.req_id()).retcode == wire.DONE
    assert desk.venue.check(desk.closing(ticket, magic=1), desk.req_id()).retcode == 10013
    assert len(desk.fake.sent) == 1
    desk.fake.fails.add("order_check")
    with pytest.raises(VenueError):
        desk.venue.check(desk.order(), desk.req_id())


def test_an_unknown_symbol_is_refused_with_what_there_is_instead() -> None:
    desk = Mt5Desk()
    outcome = desk.send(symbol="USD.x")
    assert (outcome.retcode, desk.fake.sent) == (wire.INVALID, [])
    assert outcome.msg == "nothing was sent: the terminal has no symbol USD.x; it has EURUSD.x"
    desk.server.bids["EURUSD"] = 0.0
    assert desk.send().retcode == 10021
    with pytest.raises(VenueError, match="no prices"):
        desk.venue.symbol_info("EURUSD")
