"""The order path with one of its safety checks taken out: each has to be seen by the storm."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from mt5_sentinel import _core, route, wire
from mt5_sentinel.adapters import gateway as adapter
from mt5_sentinel.adapters.gateway import GatewayBroker
from mt5_sentinel.errors import Refused, Uncertain
from mt5_sentinel.gateway.desk import OrderDesk
from mt5_sentinel.gateway.memory import Memory
from mt5_sentinel.gateway.order_time import OrderTime
from mt5_sentinel.gateway_client import GatewayClient
from mt5_sentinel.orders import Orders
from mt5_sentinel.route import Route
from mt5_sentinel.types import Execution, OrderRequest
from tests.python.storm import more_mutants as more
from tests.python.storm.patches import patched
from tests.python.storm.weather import Weather


def journal_after_wire() -> Any:
    """An intent is written together with its outcome."""
    intend, settle = Orders.intend, Orders.settle
    late: dict[str, tuple[OrderRequest, int]] = {}

    def intend_later(self: Orders, request: OrderRequest, cycle_id: int) -> None:
        late[request.req_id] = request, cycle_id

    def settle_both(self: Orders, request: OrderRequest, *rest: Any, **named: Any) -> None:
        if request.req_id in late:
            intend(self, *late.pop(request.req_id))
        settle(self, request, *rest, **named)

    return patched((Orders, "intend", intend_later), (Orders, "settle", settle_both))


def no_freeze() -> Any:
    """A cycle goes on while the fate of an order is unknown."""
    recover = Route.recover

    def and_go_on(self: Route, **named: Any) -> None:
        try:
            recover(self, **named)
        except Uncertain:
            return

    return patched((Route, "recover", and_go_on))


def no_limits() -> Any:
    """Risk rules on an empty book."""
    approve = _core.approve

    def blind(side: Any, limits: Any, **known: Any) -> Any:
        known |= {"book": _core.Book(known["book"].account, []), "pending": [], "openings_s": []}
        return approve(side, limits, **known)

    return patched((_core, "approve", blind))


def no_not_after() -> Any:
    """The gateway executes whenever an order comes."""
    return patched((OrderTime, "is_late", lambda *_: False), (OrderTime, "refusal", lambda *_: None))


def forgetful_memory() -> Any:
    """The gateway forgets at each start, and does not ask the broker's history."""
    begin = Memory.__init__

    def begin_anew(self: Memory, state_dir: Any, *rest: Any, **named: Any) -> None:
        for name in ("gateway.db", "gateway.db-wal", "gateway.db-shm"):
            (state_dir / name).unlink(missing_ok=True)
        begin(self, state_dir, *rest, **named)

    return patched((Memory, "__init__", begin_anew), (OrderDesk, "_executed_before", lambda *_: None))


def memory_after_broker() -> Any:
    """The gateway writes an order down when the broker has answered."""
    begin, end = Memory.begin, Memory.end
    late: dict[str, Any] = {}

    def begin_later(self: Memory, entry: Any, *rest: Any) -> None:
        late[entry.req_id] = entry

    def end_both(self: Memory, req_id: str, outcome: Any) -> None:
        if req_id in late:
            begin(self, late.pop(req_id))
        end(self, req_id, outcome)

    return patched((Memory, "begin", begin_later), (Memory, "end", end_both))


def unknown_is_not_sent() -> Any:
    """A lookup without an answer counts as `never came`."""
    lookup = GatewayBroker.lookup

    def hopeful(self: GatewayBroker, *rest: Any, **named: Any) -> Execution | None:
        try:
            return lookup(self, *rest, **named)
        except Uncertain:
            return None

    return patched((GatewayBroker, "lookup", hopeful))


def new_name_each_try() -> Any:
    """A repeated order gets a request id of its own."""
    ask = GatewayClient.ask

    def ask_anew(self: GatewayClient, action: str, payload: Any, **how: Any) -> wire.Reply | None:
        reply = ask(self, action, payload, **how)
        if reply is None and action in ("ORDER_SEND", "ORDER_CLOSE"):
            reply = ask(self, action, payload, **how | {"req_id": str(uuid.uuid4())})
        return reply

    return patched((GatewayClient, "ask", ask_anew))


def no_tombstone() -> Any:
    """An order that was looked up before it came is executed when it comes, and nobody waits for it."""
    never_s = -1e9
    return patched((Memory, "bury", lambda *_: None), (route, "SETTLED_AFTER_S", never_s))


def no_wait() -> Any:
    """No mutant of safety: the gateway's tombstone alone has to do."""
    return patched((route, "SETTLED_AFTER_S", -1e9))


def exits_halted() -> Any:
    """While the kill switch is on nothing is closed either."""
    return patched((_core, "due_exits", lambda *_, **__: []))


def no_stop() -> Any:
    """The stop does not travel with the order."""
    payload = adapter._payload

    def bare(request: OrderRequest) -> dict[str, object]:
        return payload(request) | ({"sl": None} if request.kind == "open" else {})

    return patched((adapter, "_payload", bare))


def refusal_is_final() -> Any:
    """An order of unknown fate is taken for refused."""
    send = GatewayBroker.send

    def sure(self: GatewayBroker, *rest: Any) -> Execution:
        try:
            return send(self, *rest)
        except Uncertain as error:
            raise Refused(str(error), error.reason) from None

    return patched((GatewayBroker, "send", sure))


class Mutant(NamedTuple):
    """What is taken out, the promises of which at least one is broken then, and the weather that shows it."""

    patch: Callable[[], Any]
    promises: set[str]
    more: Weather | None = None


HALTING = Weather.added({}, {"kill switch at the gateway": 40.0, "kill switch by file": 40.0})
LOSING = Weather.added({}, {}, daily_loss_max=6.0, losses_in_a_row_max=3, cooldown_minutes=30.0)
SLOW = Weather.added({"gateway: slow disk": 0.03, "broker: slow before it takes an order": 0.1}, {})
DYING = Weather.added({"daemon killed after a send": 0.05}, {})
BACK = Weather.added({"gateway restarted, its clock set back, an order on its way": 0.1}, {})
CHANGED = Weather.added({"request repeated with another payload": 0.1}, {})
NAKED = Weather.added({}, {"stop taken away by hand": 15.0})
LEAVING = Weather.added(
    {"broker: unknown, not executed": 0.3},
    {"kill switch by file, flatten": 15.0},
    **{
        "positions_symbol_max": 3,
        "positions_max": 4,
        "sizing": "fixed",
        "volume_lots": 0.01,
        "exposure_symbol_max": 30_000.0,
    },
)
PAIRED = replace(Weather.added({}, {}), symbols=("EURUSD", "GBPUSD"))
LATER = Weather.added({"broker: unknown, executed later": 0.05}, {})

MUTANTS: dict[str, Mutant] = {
    "journal after wire": Mutant(journal_after_wire, {"journal first"}),
    "no freeze on an unknown outcome": Mutant(no_freeze, {"frozen"}),
    "no limit check": Mutant(no_limits, {"limits"}),
    "no not_after at the gateway": Mutant(no_not_after, {"late"}, BACK),
    "memory forgets on restart": Mutant(forgetful_memory, {"twice"}),
    "memory after the broker": Mutant(memory_after_broker, {"twice"}),
    "unknown taken for not sent": Mutant(unknown_is_not_sent, {"lost"}),
    "unknown taken for refused": Mutant(refusal_is_final, {"lost"}),
    "a new req_id at every retry": Mutant(new_name_each_try, {"journal first"}),
    "no tombstone": Mutant(no_tombstone, {"lost", "frozen"}, DYING),
    "exits refused while halted": Mutant(exits_halted, {"exits"}),
    "orders without a stop": Mutant(no_stop, {"naked"}),
    "the gateway opens while halted": Mutant(more.gateway_opens_though_halted, {"halted"}, HALTING),
    "the file HALT ignored": Mutant(more.file_is_ignored, {"halted"}, HALTING),
    "losses ignored": Mutant(more.ledger_is_ignored, {"halted"}, LOSING),
    "the other symbol's fills not counted": Mutant(more.others_are_not_counted, {"limits"}, PAIRED),
    "an exit repeated while its fate is unknown": Mutant(more.exits_are_repeated, {"frozen"}, LEAVING),
    "frozen for ever": Mutant(more.frozen_for_ever, {"at rest"}),
    "silent for ever": Mutant(more.silent_for_ever, {"heartbeat"}),
    "no look at the clock before the broker": Mutant(more.no_last_look, {"late"}, SLOW),
    "no doubt about a clock set back": Mutant(more.no_doubt, {"late"}, BACK),
    "any payload under a known name": Mutant(more.any_payload, {"payload"}, CHANGED),
    "stops not put back": Mutant(more.no_protection, {"unprotected"}, NAKED),
    "settled at once": Mutant(more.settled_at_once, {"lost"}, LATER),
}
"""By name."""
