"""What became of an order: told where the terminal says it, unknown where it does not, never guessed."""

from __future__ import annotations

import pytest

from mt5_sentinel import wire
from mt5_sentinel.gateway.venue import Sought, VenueError
from tests.python.fake_mt5_trading import QUIRKS
from tests.python.mt5_desk import Mt5Desk


@pytest.mark.parametrize("quirk", sorted(QUIRKS))
def test_an_order_without_a_clear_answer_is_unknown_until_the_history_tells(quirk: str) -> None:
    desk = Mt5Desk()
    desk.fake.script.append(quirk)
    req_id = desk.req_id()
    outcome = desk.send(req_id)
    assert outcome.retcode in wire.UNKNOWN
    assert outcome.executed is None
    assert len(desk.fake.sent) == 1, "an order is never sent again"
    desk.venue.heartbeat()
    desk.wait(31)
    found = desk.venue.find(req_id, desk.made_s + 60)
    if quirk.endswith("_lost"):
        assert found is None
        assert desk.venue.positions() == []
    else:
        assert found is not None
        [position] = desk.venue.positions()
        assert (found.retcode, found.executed) == (wire.DONE, wire.Executed(position.ticket, 1.1001, 0.2, -0.7))


@pytest.mark.parametrize("quirk", sorted(QUIRKS))
def test_neither_is_a_closing_order(quirk: str) -> None:
    desk = Mt5Desk()
    ticket = desk.open()
    desk.fake.script.append(quirk)
    req_id = desk.req_id()
    assert desk.close(ticket, req_id).retcode in wire.UNKNOWN
    assert len(desk.fake.sent) == 2
    desk.venue.heartbeat()
    desk.wait(31)
    found = desk.venue.find(req_id, desk.made_s + 60)
    if quirk.endswith("_lost"):
        assert found is None
    else:
        assert found is not None
        assert found.executed == wire.Executed(ticket, 1.1, 0.2, -2.7)


@pytest.mark.parametrize(
    "retcode", [10004, 10006, 10007, 10013, 10015, 10017, 10018, 10019, 10024, 10026, 10027, 10034, 10040, 10046]
)
def test_a_refusal_is_one(retcode: int) -> None:
    desk = Mt5Desk()
    desk.fake.script.extend([retcode] * 3)
    outcome = desk.send()
    assert (outcome.retcode, outcome.executed, outcome.msg) == (retcode, None, f"said {retcode}")


@pytest.mark.parametrize("retcode", [10011, 10028, 10099, 0, 1])
def test_a_code_that_proves_nothing_leaves_the_fate_unknown(retcode: int) -> None:
    desk = Mt5Desk()
    desk.fake.script.append(retcode)
    outcome = desk.send()
    assert outcome.retcode == 10012
    assert str(retcode) in outcome.msg


def test_a_result_that_cannot_be_read_leaves_the_fate_unknown() -> None:
    desk = Mt5Desk()
    desk.fake.script.append("broken")
    req_id = desk.req_id()
    outcome = desk.send(req_id)
    assert (outcome.retcode, outcome.executed) == (10012, None)
    assert "AttributeError" in outcome.msg
    found = desk.venue.find(req_id, desk.made_s)
    assert found is not None
    assert found.retcode == wire.DONE


def test_a_partial_fill_tells_what_was_filled() -> None:
    desk = Mt5Desk()
    desk.fake.script.append("partial")
    req_id = desk.req_id()
    outcome = desk.send(req_id)
    assert outcome.retcode == wire.PARTIAL
    assert outcome.executed == wire.Executed(desk.venue.positions()[0].ticket, 1.1001, 0.1, -0.35)
    assert desk.venue.positions()[0].volume == 0.1
    found = desk.venue.find(req_id, desk.made_s)
    assert found is not None
    assert (found.retcode, found.executed) == (wire.PARTIAL, outcome.executed)


def test_an_order_filled_by_two_deals_is_one_position() -> None:
    desk = Mt5Desk()
    desk.fake.script.append("two_deals")
    outcome = desk.send()
    assert (outcome.retcode, outcome.executed) == (
        wire.DONE,
        wire.Executed(desk.venue.positions()[0].ticket, 1.1001, 0.2, -0.7),
    )
    assert desk.venue.positions()[0].volume == 0.2


@pytest.mark.parametrize("quirk", ["no_price", "bare", "placed"])
def test_what_a_result_lacks_is_looked_up_in_the_deals(quirk: str) -> None:
    desk = Mt5Desk()
    desk.fake.script.append(quirk)
    outcome = desk.send()
    [position] = desk.venue.positions()
    assert (outcome.retcode, outcome.executed) == (wire.DONE, wire.Executed(position.ticket, 1.1001, 0.2, -0.7))


def test_an_order_that_was_done_is_told_as_asked_where_its_deals_lag() -> None:
    desk = Mt5Desk()
    desk.server.lag_s = 5
    desk.fake.script.append("bare")
    outcome = desk.send()
    [position] = desk.venue.positions()
    assert (outcome.retcode, outcome.executed) == (wire.DONE, wire.Executed(position.ticket, 1.1001, 0.2))
    desk.fake.fails.add("history_deals_get")
    assert desk.send().retcode == wire.DONE


@pytest.mark.parametrize("quirk", ["placed", "placed_only"])
def test_an_order_that_was_only_placed_is_unknown(quirk: str) -> None:
    desk = Mt5Desk()
    desk.server.lag_s = 5
    desk.fake.script.append(quirk)
    req_id = desk.req_id()
    outcome = desk.send(req_id)
    assert (outcome.retcode, outcome.executed) == (10012, None)
    desk.wait(60)
    if quirk == "placed":
        found = desk.venue.find(req_id, desk.made_s)
        assert found is not None
        assert found.retcode == wire.DONE
        return
    with pytest.raises(VenueError, match="still being worked on"):
        desk.venue.find(req_id, desk.made_s)


@pytest.mark.parametrize("quirk", ["rest_placed", "rest_left"])
@pytest.mark.parametrize("ends", ["filled", "cancelled"])
def test_an_order_part_of_which_is_in_the_market_still_is_unknown(quirk: str, ends: str) -> None:
    desk = Mt5Desk()
    desk.fake.script.append(quirk)
    req_id = desk.req_id()
    outcome = desk.send(req_id)
    assert (outcome.retcode, outcome.executed, len(desk.fake.sent)) == (10012, None, 1)
    desk.wait(60)
    [working] = desk.server.working
    for comment in (working.comment, "ECN 8831"):  # found by its deals then
        desk.server.working = [working._replace(comment=comment)]
        with pytest.raises(VenueError, match="still being worked on"):
            desk.venue.find(req_id, desk.made_s)
    if ends == "filled":
        desk.server.fill_working(desk.fake.sent[0], working.ticket)
    else:
        desk.server.end_working(working.ticket)
    found = desk.venue.find(req_id, desk.made_s)
    assert found is not None
    assert found.executed is not None
    expected = (wire.DONE, 0.2) if ends == "filled" else (wire.PARTIAL, 0.1)
    assert (found.retcode, found.executed.volume) == expected


def test_an_order_that_was_placed_and_half_of_which_is_seen_is_unknown_until_it_is_asked_for() -> None:
    desk = Mt5Desk()
    desk.fake.script.append("half_seen")
    req_id = desk.req_id()
    assert desk.send(req_id).retcode == 10012
    found = desk.venue.find(req_id, desk.made_s)
    assert found is not None
    assert found.retcode == wire.PARTIAL


def test_of_an_order_some_deals_of_which_lag_the_volume_is_not_told() -> None:
    desk = Mt5Desk()
    desk.fake.script.append("two_deals")
    req_id = desk.req_id()
    desk.send(req_id)
    late = desk.server.deals.pop()
    with pytest.raises(VenueError, match="some deals are not yet"):
        desk.venue.find(req_id, desk.made_s)
    row = desk.server.orders.pop()
    with pytest.raises(VenueError, match="not in the history yet"):
        desk.venue.find(req_id, desk.made_s)
    desk.server.deals.append(late)
    desk.server.orders.append(row)
    found = desk.venue.find(req_id, desk.made_s)
    assert found is not None
    assert found.retcode == wire.DONE


@pytest.mark.parametrize("quirk", ["rest_placed", "rest_left"])
def test_the_rest_of_an_order_is_cancelled_where_the_symbol_would_leave_it_in_the_market(quirk: str) -> None:
    desk = Mt5Desk()
    desk.change_symbol(filling_mode=0, trade_exemode=3)
    desk.fake.script.append(quirk)
    outcome = desk.send()
    [position] = desk.venue.positions()
    assert (outcome.retcode, outcome.executed) == (wire.PARTIAL, wire.Executed(position.ticket, 1.1001, 0.1, -0.35))
    assert desk.fake.sent[1:] == [{"action": 8, "order": position.ticket}]
    assert desk.server.working == []


def test_an_order_of_which_nothing_is_filled_yet_is_not_taken_off_at_once() -> None:
    desk = Mt5Desk()
    desk.change_symbol(filling_mode=0, trade_exemode=3)
    desk.fake.script.append("placed_only")
    assert (desk.send().retcode, len(desk.fake.sent), len(desk.server.working)) == (10012, 1, 1)


@pytest.mark.parametrize("removal", [None, 10006, 10012, 10036])
def test_a_rest_that_cannot_be_cancelled_leaves_the_order_unknown(removal: int | None) -> None:
    desk = Mt5Desk()
    desk.change_symbol(filling_mode=0, trade_exemode=3)
    desk.fake.script.append("rest_left")
    desk.fake.removal = removal
    outcome = desk.send()
    assert (outcome.retcode, outcome.executed, len(desk.fake.sent)) == (10012, None, 2)
    assert "could not be cancelled" in outcome.msg


@pytest.mark.parametrize("removal", [None, 10009])
def test_what_is_left_of_an_order_past_its_end_is_taken_off_the_market(removal: int | None) -> None:
    desk = Mt5Desk()
    desk.fake.script.append("rest_placed")
    desk.fake.removal = removal
    req_id, sought = desk.req_id(), Sought(desk.order(), desk.world.now_s + 20)
    desk.send(req_id)
    for wait_s, removals in ((20, 0), (1, 1)):
        desk.wait(wait_s)
        with pytest.raises(VenueError, match="still being worked on"):
            desk.venue.find(req_id, desk.made_s, sought)
        assert len(desk.fake.sent) == 1 + removals
    if removal is not None:
        found = desk.venue.find(req_id, desk.made_s, sought)
        assert found is not None
        assert found.retcode == wire.PARTIAL


def test_what_is_left_of_an_order_must_be_read_before_its_fill_is_told() -> None:
    for quirk, retcode in (("partial", 10012), ("done", wire.DONE)):
        desk = Mt5Desk()
        desk.fake.script.append(quirk)
        desk.fake.fails.add("orders_get")
        assert desk.send().retcode == retcode


def test_a_change_of_stops_without_an_answer_is_unknown_too() -> None:
    desk = Mt5Desk()
    ticket = desk.open()
    desk.fake.fails.add("order_send")
    assert desk.venue.modify(wire.OrderModify("EURUSD", ticket, 1.09, None)).retcode == 10012
    desk.fake.fails.clear()
    desk.fake.terminal = desk.fake.terminal._replace(connected=False)
    assert desk.venue.modify(wire.OrderModify("EURUSD", ticket, 1.09, None)).retcode == 10031
    desk.fake.terminal = desk.fake.terminal._replace(connected=True, trade_allowed=False)
    assert desk.venue.modify(wire.OrderModify("EURUSD", ticket, 1.09, None)).retcode == 10027


@pytest.mark.parametrize("broken", ["account_info", "symbol_select", "symbol_info", "symbol_info_tick"])
def test_a_terminal_that_fails_before_the_order_leaves_it_unsent(broken: str) -> None:
    for raises in (False, True):
        desk = Mt5Desk()
        (desk.fake.raises if raises else desk.fake.fails).add(broken)
        outcome = desk.send()
        assert outcome.retcode < 0
        assert outcome.msg.startswith("nothing was sent: ")
        assert len(outcome.msg) < 250
        assert desk.fake.sent == []


def test_on_a_netting_account_orders_of_a_symbol_are_one_position() -> None:
    desk = Mt5Desk(is_hedging=False)
    first = desk.open()
    assert desk.open(volume=0.1) == first
    assert desk.venue.positions()[0].volume == 0.3
    desk.server.lag_s = 5
    desk.fake.script.append("bare")
    assert desk.open(volume=0.1) == first, "also where the deals lag"
    desk.wait(10)
    desk.server.lag_s = 0
    assert desk.close(first, volume=0.4).retcode == wire.DONE
    assert desk.venue.positions() == []
    assert desk.open() != first
