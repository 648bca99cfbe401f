"""A request's bytes → the reply's: what each action does. Nothing a client sends makes it raise."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Callable
from typing import Any

import msgspec

from mt5_sentinel import __version__
from mt5_sentinel.errors import Unsafe
from mt5_sentinel.gateway.desk import OrderDesk
from mt5_sentinel.gateway.envelope import SAID_CHARS_MAX, Asked, Fault, read
from mt5_sentinel.gateway.kill_switch import Halt
from mt5_sentinel.gateway.memory import Entry, Memory
from mt5_sentinel.gateway.order_time import DOUBT_S, OrderTime
from mt5_sentinel.gateway.sayings import Sayings
from mt5_sentinel.gateway.venue import Outcome, Venue, VenueError
from mt5_sentinel.guard import Guard
from mt5_sentinel.ports import Clock
from mt5_sentinel.retcodes import RETCODES
from mt5_sentinel.wire import (
    DONE,
    EXECUTED,
    INTERNAL,
    PLACED,
    BookData,
    Closings,
    Heartbeat,
    KillSwitch,
    OfPosition,
    OfSymbol,
    OrderClose,
    OrderLookup,
    OrderModify,
    OrderSend,
    Positions,
    Reply,
)

YOUNG_S = 75.0
"""How long a new memory asks the venue's history about every order: one that an older memory may have known is late
by then."""

NOTE_S = 1.0
"""How often the time is written down, so that a clock set back between two runs is noticed. What is not, this and a
second at most, makes an order late by less than two clocks may differ."""

ORDERS = ("ORDER_SEND", "ORDER_CLOSE", "ORDER_MODIFY")

REJECTED = 10006

log = logging.getLogger("mt5_sentinel")


class Dispatcher:
    """Answers requests one at a time; touches the memory and the venue, and nothing else."""

    def __init__(
        self,
        venue: Venue,
        memory: Memory,
        clock: Clock,
        *,
        volume_lots_max: float,
        orders_per_minute_max: int,
    ) -> None:
        """Take the parts; orders that an earlier run left without an outcome are looked for at the venue.

        Args:
            venue: what executes.
            memory: what is known of earlier orders.
            clock: this machine's time.
            volume_lots_max: greatest volume of an opening, lots: the gateway's own limit, beside the daemon's.
            orders_per_minute_max: openings within 60 s, of all clients.
        """
        self._venue, self._memory, self._clock = venue, memory, clock
        self._started_s = clock.monotonic_s()
        self._time = OrderTime(clock, known_s=memory.newest_s, newest_s=memory.newest_order_s())
        self.halt = Halt(memory)
        self._sayings = Sayings(clock.monotonic_s)
        self._note_time()
        self._desk = OrderDesk(
            *(venue, memory, clock, self._time, self.halt),
            volume_lots_max=volume_lots_max,
            orders_per_minute_max=orders_per_minute_max,
        )
        self._actions: dict[str, Callable[[Asked], Reply]] = {
            "HEARTBEAT": lambda asked: self._told(asked, self._heartbeat()),
            "BOOK": lambda asked: self._told(asked, BookData(self._heartbeat(), venue.account(), venue.positions())),
            "ACCOUNT": lambda asked: self._told(asked, venue.account()),
            "POSITIONS": lambda asked: self._told(asked, Positions(venue.positions())),
            "SYMBOL_INFO": lambda asked: self._told(asked, venue.symbol_info(asked.payload(OfSymbol).symbol)),
            "CLOSINGS": lambda asked: self._told(asked, Closings(venue.closings(asked.payload(OfPosition).ticket))),
            "RATES": self._rates,
            "ORDER_SEND": lambda asked: self._order(asked, asked.payload(OrderSend)),
            "ORDER_CLOSE": lambda asked: self._order(asked, asked.payload(OrderClose)),
            "ORDER_MODIFY": lambda asked: self._order(asked, asked.payload(OrderModify)),
            "ORDER_CHECK": self._check,
            "ORDER_LOOKUP": self._lookup,
            "KILL_SWITCH": self._kill_switch,
        }

    def answer(self, body: bytes) -> bytes:
        """The reply to any bytes: always a ``wire.Reply`` with a code of ``RETCODES``."""
        replies: list[bytes] = []
        asked: list[Asked] = []
        error = Guard().attempt(lambda: replies.append(msgspec.json.encode(self._reply(body, asked))))
        if error is None:
            return replies[0]
        req_id = asked[0].request.req_id if asked else None
        if isinstance(error, Fault):
            return refusal(error.retcode, str(error), error.req_id or req_id)
        if isinstance(error, VenueError):
            return refusal(error.retcode if error.retcode in RETCODES else INTERNAL, str(error), req_id)
        if isinstance(error, (sqlite3.Error, Unsafe)):
            self._sayings.say(logging.ERROR, "the memory failed: %s", error)
            return refusal(INTERNAL, f"the gateway's memory failed: {error}", req_id)
        self._sayings.say(logging.ERROR, "unexpected error, please report it", error=error)
        return refusal(INTERNAL, f"unexpected error in the gateway: {type(error).__name__}", req_id)

    def _reply(self, body: bytes, seen: list[Asked]) -> Reply:
        asked = read(body)
        seen.append(asked)
        self._time.note(asked.request.timestamp, is_order=asked.request.action in ORDERS)
        self._note_time()
        return self._actions[asked.request.action](asked)

    def _note_time(self) -> None:
        """Keep the memory's idea of the time, where it can be written; no order hangs on it."""
        now_s, up_s = self._time.look(), self._clock.monotonic_s() - self._started_s
        settled, created_s = self._memory.settled or up_s >= YOUNG_S, self._memory.created_s
        if self._time.is_doubtful:  # a lower time is written when it is believed, so that a restart doubts it again
            now_s = max(now_s, self._memory.newest_s)
        else:
            self.halt.disown(now_s, now_s - min(up_s, DOUBT_S))  # the command came before the doubt, or the start
            # The file is as old as this process at least, whatever the clock showed when it was made.
            created_s = min(created_s, now_s - up_s)
        is_known = settled == self._memory.settled and created_s > self._memory.created_s - NOTE_S
        if is_known and abs(now_s - self._memory.newest_s) < NOTE_S:
            return
        try:
            self._memory.note_time(now_s, settled, created_s, self.halt.commanded_s)
        except (sqlite3.Error, Unsafe) as error:
            self._sayings.say(logging.ERROR, "the memory cannot be written: %s", error)

    def _told(self, asked: Asked, data: msgspec.Struct) -> Reply:
        return _reply_of(asked, Outcome(DONE), data)

    def _heartbeat(self) -> Heartbeat:
        found = self._venue.heartbeat()
        reason = self.halt.reason if self.halt.on and self.halt.reason else found.reason
        return msgspec.structs.replace(
            found, utc=self._time.look(), halted=self.halt.on, version=__version__, reason=reason[:SAID_CHARS_MAX]
        )

    def _rates(self, asked: Asked) -> Reply:
        reply = self._venue.rates(asked.document)
        envelope = {key: value for key, value in reply.items() if key != "data"}
        read_back = msgspec.convert(envelope | {"req_id": asked.request.req_id}, Reply)
        # There may be 50,000 bars: what they hold has been looked at where they come from.
        data = msgspec.Raw(msgspec.json.encode(reply.get("data", {})))
        return msgspec.structs.replace(read_back, data=data, msg=read_back.msg[:SAID_CHARS_MAX])

    def _order(self, asked: Asked, order: OrderSend | OrderClose | OrderModify) -> Reply:
        request = asked.request
        entry = _entry(asked, order, self._time.look())
        outcome = self._desk.execute(entry, order)
        text = "%s %s %s: %s %s %s"
        told = (request.action, order.symbol, request.req_id, outcome.retcode, _name(outcome), outcome.msg)
        self._sayings.say(logging.INFO if outcome.retcode in EXECUTED else logging.WARNING, text, *told)
        return _reply_of(asked, outcome, outcome.executed)

    def _check(self, asked: Asked) -> Reply:
        order = asked.payload(OrderClose) if asked.has_ticket else asked.payload(OrderSend)
        outcome = self._desk.check(_entry(asked, order, self._time.look()), order)
        return _reply_of(asked, outcome, None)

    def _lookup(self, asked: Asked) -> Reply:
        wanted = asked.payload(OrderLookup)
        looked = self._desk.lookup(wanted.req_id, wanted.created, self._time.look())
        self._sayings.say(logging.INFO, "ORDER_LOOKUP %s: %s %s", wanted.req_id, looked.state, looked.msg)
        return self._told(asked, looked)

    def _kill_switch(self, asked: Asked) -> Reply:
        wanted = asked.payload(KillSwitch)
        return _reply_of(asked, self.halt.command(asked.request, wanted, self._time), None)


def refusal(retcode: int, words: str, req_id: str | None = None) -> bytes:
    """A reply that only says no."""
    reply = Reply(error=True, ticket=0, msg=words[:SAID_CHARS_MAX], retcode=retcode, req_id=req_id)
    return msgspec.json.encode(reply)


def _entry(asked: Asked, order: OrderSend | OrderClose | OrderModify, now_s: float) -> Entry:
    request = asked.request
    payload = msgspec.json.encode(order)
    digest = hashlib.sha256(request.action.encode() + b"\n" + payload).hexdigest()
    times = (request.timestamp, request.not_after, now_s)
    return Entry(request.req_id, request.action, digest, payload.decode(), *times)


def _reply_of(asked: Asked, outcome: Outcome, data: Any) -> Reply:  # noqa: ANN401 - one of the wire's structs, or None
    raw = b"{}"
    if data is not None:
        raw = msgspec.json.encode(data)
        try:
            msgspec.json.decode(raw, type=type(data))  # what is no number has become null
        except msgspec.ValidationError as error:
            raise VenueError(f"the broker's side told what cannot be sent: {error}", INTERNAL) from None
    retcode = outcome.retcode if outcome.retcode in RETCODES else REJECTED
    return Reply(
        error=retcode not in (*EXECUTED, PLACED),
        ticket=outcome.executed.ticket if outcome.executed is not None else 0,
        msg=(outcome.msg or _name(outcome) if retcode == outcome.retcode else f"{outcome.retcode}: {outcome.msg}")[
            :SAID_CHARS_MAX
        ],
        retcode=retcode,
        data=msgspec.Raw(raw),
        req_id=asked.request.req_id,
    )


def _name(outcome: Outcome) -> str:
    return RETCODES.get(outcome.retcode, "")
