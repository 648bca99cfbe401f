"""Looking an order up in the broker's own history, and how positions ended."""

from __future__ import annotations

import pytest

from mt5_sentinel import wire
from mt5_sentinel.gateway.venue import VenueError
from tests.python.mt5_desk import MAGIC, Mt5Desk


def test_an_order_is_found_by_a_gateway_that_remembers_nothing() -> None:
    desk = Mt5Desk()
    opened, closed = desk.req_id(), desk.req_id()
    ticket = desk.open(req_id=opened)
    desk.server.set_bid("EURUSD", 1.102)
    assert desk.close(ticket, closed).retcode == wire.DONE
    venue = desk.another_venue()
    for req_id, expected in (
        (opened, wire.Executed(ticket, 1.1001, 0.2, -0.7)),
        (closed, wire.Executed(ticket, 1.102, 0.2, 37.3)),
    ):
        found = venue.find(req_id, desk.made_s)
        assert found is not None
        assert (found.retcode, found.executed) == (wire.DONE, expected)


def test_what_is_not_there_was_not_executed_only_when_the_history_is_whole() -> None:
    desk = Mt5Desk()
    desk.open()
    req_id = desk.req_id()
    made_s = desk.world.now_s
    desk.wait(29)
    with pytest.raises(VenueError, match="may lag 30 s"):
        desk.venue.find(req_id, made_s)
    desk.wait(1)
    assert desk.venue.find(req_id, made_s) is None
    desk.fake.terminal = desk.fake.terminal._replace(connected=False)
    with pytest.raises(VenueError, match="not connected") as caught:
        desk.venue.find(req_id, made_s)
    assert caught.value.retcode == wire.INTERNAL
    desk.fake.terminal = desk.fake.terminal._replace(connected=True)
    with pytest.raises(VenueError, match="may lag"):
        desk.venue.find(req_id, made_s)
    desk.wait(30)
    assert desk.venue.find(req_id, made_s) is None


@pytest.mark.parametrize("call", ["history_orders_get", "history_deals_get", "orders_get", "terminal_info"])
def test_a_history_that_cannot_be_read_says_nothing(call: str) -> None:
    for raises in (False, True):
        desk = Mt5Desk()
        (desk.fake.raises if raises else desk.fake.fails).add(call)
        with pytest.raises(VenueError, match=call):
            desk.venue.find(desk.req_id(), desk.made_s)


def test_none_is_nothing_where_the_terminal_reports_no_error() -> None:
    desk = Mt5Desk()
    desk.fake.none_for_nothing = True
    assert desk.venue.positions() == []
    assert desk.venue.closings(1) == []
    assert desk.venue.find(desk.req_id(), desk.made_s) is None


def test_a_lagging_history_does_not_hide_an_order_that_made_a_position() -> None:
    desk = Mt5Desk()
    desk.server.lag_s = 20
    desk.fake.script.append("none_executed")
    req_id = desk.req_id()
    desk.send(req_id)
    found = desk.venue.find(req_id, desk.world.now_s)
    [position] = desk.venue.positions()
    assert found is not None
    assert (found.retcode, found.executed) == (wire.DONE, wire.Executed(position.ticket, 1.1001, 0.2))


@pytest.mark.parametrize("chars", [31, 22, 18, 16])
def test_a_comment_that_was_cut_still_tells_the_order(chars: int) -> None:
    desk = Mt5Desk()
    desk.server.comment_chars = chars
    mine, other = desk.req_id(), desk.req_id()
    ticket = desk.open(req_id=mine)
    desk.wait(40)
    found = desk.venue.find(mine, desk.made_s)
    assert found is not None
    assert found.executed is not None
    assert found.executed.ticket == ticket
    assert desk.venue.find(other, desk.made_s) is None


@pytest.mark.parametrize("chars", [15, 4, 0])
def test_a_comment_that_tells_nothing_is_not_taken_for_nothing(chars: int) -> None:
    desk = Mt5Desk()
    desk.server.comment_chars = chars
    req_id = desk.req_id()
    desk.open(req_id=req_id)
    made_s = desk.world.now_s
    desk.wait(40)
    with pytest.raises(VenueError, match="wipe or replace comments"):
        desk.venue.find(req_id, made_s)
    measure(desk)
    desk.wait(3600)
    assert desk.venue.find(desk.req_id(), desk.world.now_s - 100) is None, "an order of an hour before is another one"


def test_two_orders_with_one_id_are_for_a_person_to_look_at() -> None:
    desk = Mt5Desk()
    req_id = desk.req_id()
    desk.open(req_id=req_id)
    desk.open(req_id=req_id)
    with pytest.raises(VenueError, match="2 orders carry this id"):
        desk.venue.find(req_id, desk.made_s)


@pytest.mark.parametrize(("state", "retcode"), [(5, 10006), (6, 10006), (2, 10007)])
def test_an_order_that_came_to_nothing_is_a_refusal(state: int, retcode: int) -> None:
    desk = Mt5Desk()
    req_id = desk.req_id()
    request = {"symbol": "EURUSD", "type": 0, "volume": 0.2, "magic": MAGIC, "comment": wire.comment_of(req_id)}
    desk.server.refuse(request, state)
    found = desk.venue.find(req_id, desk.made_s)
    assert found is not None
    assert (found.retcode, found.executed) == (retcode, None)


def test_an_order_that_is_filled_and_whose_deals_lag_is_asked_for_again() -> None:
    desk = Mt5Desk()
    req_id = desk.req_id()
    request = {"symbol": "EURUSD", "type": 0, "volume": 0.2, "magic": MAGIC, "comment": wire.comment_of(req_id)}
    desk.server.refuse(request, 4)
    with pytest.raises(VenueError, match="deals are not yet"):
        desk.venue.find(req_id, desk.made_s)


def test_each_way_a_position_ends_is_told() -> None:
    desk = Mt5Desk()
    measure(desk)
    tickets = [desk.open(sl=1.09, tp=1.12) for _ in range(6)]
    desk.wait(600)
    closed_by = desk.req_id()
    desk.close(tickets[0], closed_by)
    for ticket, reason in zip(tickets[1:4], (0, 1, 2), strict=True):
        desk.server.close_by_hand(ticket, reason=reason)
    desk.server.close_by_hand(tickets[4], reason=6)
    desk.server.set_bid("EURUSD", 1.0899)
    told = [desk.venue.closings(ticket) for ticket in tickets]
    assert [[each.by for each in parts] for parts in told] == [
        ["order"],
        ["by_hand"],
        ["by_hand"],
        ["by_hand"],
        ["stop_out"],
        ["stop_loss"],
    ]
    assert told[0] == [wire.ClosingData(desk.world.now_s, 1.1, 0.2, -2.7, "order", wire.comment_of(closed_by))]
    assert (told[5][0].price, told[5][0].profit) == (1.0899, -204.7)
    target = desk.open(tp=1.1)
    desk.server.set_bid("EURUSD", 1.1001)
    assert [each.by for each in desk.venue.closings(target)] == ["take_profit"]
    desk.server.deals[-1] = (0.0, desk.server.deals[-1][1]._replace(reason=9))
    assert [each.by for each in desk.venue.closings(target)] == ["unknown"]


def test_parts_are_told_in_their_order_with_commission_and_swap() -> None:
    desk = Mt5Desk()
    ticket = desk.open()
    assert desk.venue.closings(ticket) == []
    desk.server.set_bid("EURUSD", 1.1011)
    desk.server.close_by_hand(ticket, 0.15)
    desk.close(ticket, volume=0.05)
    at_s, deal = desk.server.deals[-1]
    desk.server.deals[-1] = (at_s, deal._replace(swap=-0.5, fee=-0.1))
    desk.server.deals.reverse()
    told = desk.venue.closings(ticket)
    assert [(each.volume, each.profit, each.by) for each in told] == [
        (0.15, 14.47, "by_hand"),  # 15 less 0.53 of commission
        (0.05, 4.22, "order"),  # 5 less 0.18, 0.50 and 0.10
    ]


def test_an_order_that_turns_a_netting_position_closes_what_was_there() -> None:
    desk = Mt5Desk(is_hedging=False)
    ticket = desk.open()
    desk.open(type="OP_SELL", volume=0.3)
    desk.open(type="OP_BUY", volume=0.1)
    assert [(each.volume, each.by) for each in desk.venue.closings(ticket)] == [(0.2, "order"), (0.1, "order")]


def measure(desk: Mt5Desk) -> None:
    """Two ticks that move along with UTC."""
    desk.venue.tick("EURUSD")
    desk.wait(10)
    desk.venue.tick("EURUSD")
