"""Brokers that wipe comments, or write their own: an order that may have been executed is never told to be not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from mt5_sentinel import wire
from mt5_sentinel.gateway.dispatch import Dispatcher
from mt5_sentinel.gateway.memory import Memory
from mt5_sentinel.gateway.venue import Outcome, Sought, VenueError
from mt5_sentinel.wire import Looked, Reply
from tests.python.gateway_desk import new_id
from tests.python.mt5_desk import MAGIC, Mt5Desk
from tests.python.test_mt5_history import measure

BUY = {"symbol": "EURUSD", "type": "OP_BUY", "volume": 0.2, "magic": MAGIC, "sl": 1.09}
OTHER = wire.comment_of("6d1d2c8e-0b3a-4d5e-9f10-7a6b5c4d3e2f")
REPLACED = ["", "ECN 8831", "Executed-by-the-bridge1", "Executed-by-bridge"]


class Killed(BaseException):
    """The gateway's process ended."""


class Whole:
    """A gateway on a broker that writes its own comments; settled, so that its memory alone tells what never came."""

    def __init__(self, path: Path, comment: str) -> None:
        self.path, self.desk = path, Mt5Desk()
        self.memory: Memory | None = None
        self.desk.server.own_comment = comment
        self.start()
        for wait_s in (100, 0):
            self.ask("HEARTBEAT", {})
            measure(self.desk)
            self.desk.wait(wait_s)

    def start(self, *, forget: bool = False) -> None:
        if self.memory is not None:
            self.memory.close()
            self.desk.venue = self.desk.another_venue()
        for file in self.path.glob("gateway.db*") if forget else []:
            file.unlink()
        world = self.desk.world
        self.memory = Memory(self.path, world.wall_s(), durable=False)
        limits = {"volume_lots_max": 1.0, "orders_per_minute_max": 99}
        self.gateway = Dispatcher(self.desk.venue, self.memory, world, **limits)  # type: ignore[arg-type]
        measure(self.desk)

    def ask(
        self, action: str, payload: dict[str, Any], req_id: str | None = None, made_s: float | None = None
    ) -> Reply:
        at_s = self.desk.world.now_s if made_s is None else made_s
        body = wire.request(action, req_id or new_id(), at_s, at_s + 60, payload)
        return msgspec.json.decode(self.gateway.answer(body), type=Reply)

    def state(self, req_id: str, made_s: float | None) -> str:
        payload = {"req_id": req_id} | ({} if made_s is None else {"created": made_s})
        return msgspec.json.decode(self.ask("ORDER_LOOKUP", payload).data, type=Looked).state

    def is_killed_in(self, req_id: str) -> None:
        """Handed to the broker, executed, and the gateway ended before it knew."""
        real = self.desk.fake.order_send

        def dying(request: dict[str, Any]) -> Any:
            real(request)
            raise Killed

        self.desk.fake.order_send = dying  # type: ignore[method-assign]
        with pytest.raises(Killed):
            self.ask("ORDER_SEND", BUY, req_id)
        self.desk.fake.order_send = real  # type: ignore[method-assign]


@pytest.mark.parametrize("comment", REPLACED)
@pytest.mark.parametrize("restart", [False, True])
def test_an_executed_order_stays_unknown_also_after_a_restart(tmp_path: Path, comment: str, restart: bool) -> None:
    whole = Whole(tmp_path, comment)
    req_id, made_s = new_id(), whole.desk.world.now_s
    if restart:
        whole.is_killed_in(req_id)
        whole.start()
    else:
        whole.desk.fake.script.append("none_executed")
        assert whole.ask("ORDER_SEND", BUY, req_id).retcode in wire.UNKNOWN
    for wait_s in (5, 40, 60, 3600):
        whole.desk.wait(wait_s)
        assert whole.state(req_id, made_s) == "unknown"
    assert len(whole.desk.server.positions) == 1


@pytest.mark.parametrize("comment", REPLACED)
@pytest.mark.parametrize("tells_time", [True, False])
def test_an_executed_order_of_a_lost_memory_is_not_told_unseen(tmp_path: Path, comment: str, tells_time: bool) -> None:
    whole = Whole(tmp_path, comment)
    req_id, made_s = new_id(), whole.desk.world.now_s
    assert whole.ask("ORDER_SEND", BUY, req_id).retcode == wire.DONE
    whole.desk.wait(3)
    whole.start(forget=True)
    for wait_s in (5, 40):
        whole.desk.wait(wait_s)
        assert whole.state(req_id, made_s if tells_time else None) == "unknown"


@pytest.mark.parametrize("comment", REPLACED)
def test_an_executed_order_of_a_lost_memory_is_not_executed_again(tmp_path: Path, comment: str) -> None:
    whole = Whole(tmp_path, comment)
    req_id, made_s = new_id(), whole.desk.world.now_s
    assert whole.ask("ORDER_SEND", BUY, req_id).retcode == wire.DONE
    whole.start(forget=True)
    whole.desk.wait(24)
    for _ in range(2):
        assert whole.ask("ORDER_SEND", BUY, req_id, made_s).retcode == 10012
        whole.desk.wait(11)
    assert len(whole.desk.server.positions) == 1


def test_a_known_order_beside_it_is_no_doubt(tmp_path: Path) -> None:
    whole = Whole(tmp_path, "")
    assert whole.ask("ORDER_SEND", BUY).retcode == wire.DONE
    whole.desk.wait(5)
    whole.desk.fake.script.append("none_lost")
    req_id, made_s = new_id(), whole.desk.world.now_s
    assert whole.ask("ORDER_SEND", BUY, req_id).retcode in wire.UNKNOWN
    whole.desk.wait(50)
    assert whole.state(req_id, made_s) == "unknown", "it may still be executed"
    whole.desk.wait(80)
    assert whole.state(req_id, made_s) == "refused"


@pytest.mark.parametrize("forget", [False, True])
def test_an_order_long_after_its_end_is_no_doubt(tmp_path: Path, forget: bool) -> None:
    whole = Whole(tmp_path, "")
    req_id, made_s = new_id(), whole.desk.world.now_s
    whole.desk.fake.script.append("none_lost")
    assert whole.ask("ORDER_SEND", BUY, req_id).retcode in wire.UNKNOWN
    whole.start(forget=forget)
    whole.ask("HEARTBEAT", {})
    whole.desk.wait(150)
    whole.desk.server.execute({"symbol": "EURUSD", "type": 0, "volume": 0.2, "magic": MAGIC}, 0.2)
    whole.desk.wait(40)
    assert whole.state(req_id, made_s) == ("unseen" if forget else "refused")


def sought(desk: Mt5Desk, order: wire.OrderSend | wire.OrderClose | None, *others: int) -> Outcome | None:
    """Look for an order of ``made_s``, that ended 20 s later."""
    return desk.venue.find(desk.req_id(), desk.made_s, Sought(order, desk.made_s + 20, frozenset(others)))


def traded(desk: Mt5Desk, at_s: float = 0.0, **changes: Any) -> int:
    """The server executes an order of its own ``at_s`` after that which is looked for was made."""
    measure(desk)
    desk.wait(60)
    desk.made_s = desk.world.now_s - at_s
    request: dict[str, Any] = {"symbol": "EURUSD", "type": 0, "volume": 0.2, "magic": MAGIC, "comment": "ECN 8831"}
    ticket, _ = desk.server.execute(request | changes, (request | changes)["volume"])
    desk.wait(3600)
    return ticket


@pytest.mark.parametrize("is_hedging", [True, False])
@pytest.mark.parametrize(
    ("changes", "with_order", "with_id"),
    [  # whether it could be the order: where that is known, and where only its id is
        ({}, True, True),
        ({"symbol": "EURUSD.x"}, False, True),
        ({"type": 1}, False, True),
        ({"magic": 8}, False, True),
        ({"magic": 0}, False, False),
        ({"volume": 0.1}, True, True),
        ({"volume": 0.3}, False, True),
        ({"comment": OTHER}, False, False),
        ({"comment": OTHER + "-1"}, False, False),
        ({"comment": OTHER[:16]}, False, False),
        ({"comment": OTHER[:15]}, True, True),
        ({"comment": OTHER[:21] + "_"}, True, True),  # no id ends so
        ({"comment": ""}, True, True),
        ({"comment": "Executed-by-the-bridge"}, True, True),
        ({"at_s": -29}, True, True),
        ({"at_s": -32}, False, False),
        ({"at_s": 79}, True, True),
        ({"at_s": 82}, False, False),
    ],
)
def test_only_what_is_surely_another_order_is_no_doubt(
    changes: dict[str, Any], with_order: bool, with_id: bool, is_hedging: bool
) -> None:
    desk = Mt5Desk(is_hedging=is_hedging)
    ticket = traded(desk, **changes)
    for order, doubtful in ((desk.order(), with_order), (None, with_id)):
        if doubtful:
            with pytest.raises(VenueError, match="wipe or replace comments") as caught:
                sought(desk, order)
            assert caught.value.retcode == wire.INTERNAL
            assert f"order {ticket} of magic" in str(caught.value)
        else:
            assert sought(desk, order) is None
        if is_hedging:
            assert sought(desk, order, ticket) is None, "known to be another's"


def test_an_order_without_a_magic_number_could_be_a_persons() -> None:
    desk = Mt5Desk()
    traded(desk, magic=0)
    with pytest.raises(VenueError, match="magic 0"):
        sought(desk, desk.order(magic=0))


def test_what_closes_a_position_is_no_opening_and_only_its_own_closing() -> None:
    desk = Mt5Desk()
    first, second = desk.open(type="OP_SELL"), desk.open(type="OP_SELL")
    desk.server.own_comment = ""
    closing = traded(desk, position=first)
    assert sought(desk, desk.order()) is None
    assert sought(desk, desk.closing(second, type="OP_BUY")) is None
    with pytest.raises(VenueError, match=f"order {closing} of"):
        sought(desk, desk.closing(first, type="OP_BUY"))
    with pytest.raises(VenueError, match=f"order {closing} of"):
        sought(desk, None, first, second)


@pytest.mark.parametrize("reason", [4, 5, 6])
def test_what_the_server_closed_by_itself_is_no_doubt(reason: int) -> None:
    desk = Mt5Desk()
    ticket = desk.open()
    desk.server.own_comment = ""
    measure(desk)
    desk.wait(3600)
    desk.made_s = desk.world.now_s
    desk.server.close_by_hand(ticket, reason=reason)
    desk.wait(3600)
    for order in (desk.closing(ticket), None):
        assert sought(desk, order) is None


@pytest.mark.parametrize(("state", "doubtful"), [(2, False), (5, False), (6, False), (4, True), (3, True)])
def test_an_order_that_came_to_nothing_is_no_doubt_and_one_whose_deals_lag_is(state: int, doubtful: bool) -> None:
    desk = Mt5Desk()
    desk.server.refuse({"symbol": "EURUSD", "type": 0, "volume": 0.2, "magic": MAGIC}, state)
    desk.made_s = desk.world.now_s
    desk.wait(3600)
    if doubtful:
        with pytest.raises(VenueError, match="comments"):
            sought(desk, desk.order())
    else:
        assert sought(desk, desk.order()) is None


@pytest.mark.parametrize("what", ["working", "position", "deal"])
def test_whatever_shows_it_is_a_doubt(what: str) -> None:
    desk = Mt5Desk()
    desk.server.own_comment = ""
    desk.made_s = desk.world.now_s
    request = {"symbol": "EURUSD", "type": 0, "volume": 0.2, "magic": MAGIC}
    if what == "working":
        desk.server.work_on(request)
    else:
        desk.server.execute(request, 0.2)
        desk.server.orders.clear()
    if what == "position":
        desk.server.deals.clear()
    desk.wait(3600)
    measure(desk)
    for order in (desk.order(), None):
        with pytest.raises(VenueError, match="comments"):
            sought(desk, order)


def test_an_order_whose_time_is_not_known_is_one_of_any_time() -> None:
    desk = Mt5Desk()
    desk.server.own_comment = ""
    desk.open()
    desk.wait(7200)
    desk.made_s = desk.world.now_s
    desk.wait(60)
    with pytest.raises(VenueError, match="comments"):
        sought(desk, desk.order())
    measure(desk)
    assert sought(desk, desk.order()) is None


def test_a_position_that_was_added_to_on_a_netting_account_is_a_doubt_whichever_side_it_has() -> None:
    desk = Mt5Desk(is_hedging=False)
    desk.server.own_comment = ""
    desk.open(type="OP_SELL", volume=0.5)
    measure(desk)
    desk.wait(3600)
    desk.made_s = desk.world.now_s
    ticket, held = next(iter(desk.server.positions.items()))
    desk.server.positions[ticket] = held._replace(volume=0.3, time_update=held.time_update + 3610)
    desk.server.deals.clear()
    desk.server.orders.clear()
    desk.wait(60)
    with pytest.raises(VenueError, match="comments"):
        sought(desk, desk.order())
