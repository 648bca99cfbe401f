"""Orders: each is executed once at most, and whoever asks about it is told the same for ever.

The states are in the table of ``memory.py``; this is the order of the checks.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import OrderedDict, deque
from collections.abc import Callable

from mt5_sentinel.errors import Unsafe
from mt5_sentinel.gateway.kill_switch import Halt
from mt5_sentinel.gateway.memory import Entry, Fate, Memory
from mt5_sentinel.gateway.order_time import OrderTime
from mt5_sentinel.gateway.outcomes import attempt, is_sound, levels, looked, said, why
from mt5_sentinel.gateway.sought import sought, sought_id
from mt5_sentinel.gateway.venue import Outcome, Venue
from mt5_sentinel.gateway.whole import closes_whole
from mt5_sentinel.ports import Clock
from mt5_sentinel.wire import (
    DONE,
    EXECUTED,
    EXPIRED,
    HALTED,
    INTERNAL,
    INVALID,
    PLACED,
    UNKNOWN,
    VALID_S_MAX,
    Looked,
    OrderClose,
    OrderModify,
    OrderSend,
)

Order = OrderSend | OrderClose | OrderModify

REJECTED, INVALID_VOLUME = 10006, 10014

SETTLED_S = 60.0
"""How long after an order's end a complete history without it proves that it will never be executed."""

WITHOUT_MEMORY_MAX = 10_000
"""Refusals that could not, or must not, be written down, kept while this process lives."""

LOOK_BACK_S = 30 * 86_400.0
"""How far the venue's history is searched for an order whose time is not told."""

log = logging.getLogger("mt5_sentinel")


class OrderDesk:
    """Executes orders at the venue and answers for them afterwards. Nothing here raises but a broken memory."""

    def __init__(
        self,
        venue: Venue,
        memory: Memory,
        clock: Clock,
        time: OrderTime,
        halt: Halt,
        *,
        volume_lots_max: float,
        orders_per_minute_max: int,
    ) -> None:
        """Take the parts; orders left without an outcome are looked for at the venue."""
        self._venue, self._memory, self._clock, self._time, self._halt = venue, memory, clock, time, halt
        self._volume_lots_max, self._orders_per_minute_max = volume_lots_max, orders_per_minute_max
        self._started_s = clock.monotonic_s()
        self._unwritten: OrderedDict[str, Outcome] = OrderedDict()
        self._untold: set[str] = set()
        """Closings given to the venue although nobody could tell whether they had been before."""
        self._called_s: dict[str, float] = {}
        """When the venue was asked to execute an order that has no outcome yet, steady seconds."""
        recent = memory.openings_since(time.look() - 60)
        self._openings_s = deque([clock.monotonic_s()] * min(recent, orders_per_minute_max))
        for fate in memory.sending():
            outcome = self._resolve(fate)
            log.warning("%s %s was left without an outcome: %s", fate.entry.action, fate.entry.req_id, said(outcome))

    def execute(self, entry: Entry, order: Order) -> Outcome:
        """The outcome of an order, executed now where that was never tried; of an earlier one, what it was."""
        known = self._memory.fate(entry.req_id)
        if known is not None and known.entry.digest not in ("", entry.digest):
            return Outcome(INVALID, "req_id belongs to another order, which stays as it is")
        if known is not None:
            return self._resolve(known)
        if entry.req_id in self._unwritten:
            return self._unwritten[entry.req_id]
        decided = self._before_the_venue(entry, order)
        if decided is not None:
            return decided
        outcome = Outcome(EXPIRED, "not_after passed before the broker was asked")
        if not self._time.is_late(entry.not_after_s):
            outcome = self._call(entry, order)
        if entry.req_id in self._untold and outcome.retcode not in EXECUTED:
            outcome = Outcome(UNKNOWN[0], f"it was refused now ({said(outcome)}), and may have been executed before")
        self._untold.discard(entry.req_id)
        return self._ended(entry, outcome)

    def _before_the_venue(self, entry: Entry, order: Order) -> Outcome | None:
        """The outcome of an order that the venue is not asked to execute; any other is written down as ``sending``."""
        if self._memory.may_have_forgotten(entry.timestamp_s) and not isinstance(order, OrderModify):
            before = self._executed_before(entry, order)  # first of all: what was executed must not be called refused
            if before is not None:
                return before
        refusal = self._time.refusal(entry.timestamp_s, entry.not_after_s) or self._limit(order)
        if refusal is not None:
            return self._written(entry, lambda: self._memory.remember(entry, refusal)) or refusal
        return self._written(entry, lambda: self._memory.begin(entry))

    def check(self, entry: Entry, order: OrderSend | OrderClose) -> Outcome:
        """Everything but the sending; nothing is remembered."""
        refusal = self._time.refusal(entry.timestamp_s, entry.not_after_s) or self._limit(order)
        return refusal or self._venue.check(order, entry.req_id)

    def lookup(self, req_id: str, created_s: float | None, now_s: float) -> Looked:
        """What became of an order. One that never came is refused from now on.

        Raises:
            sqlite3.Error, Unsafe: that could not be written down.
        """
        fate = self._memory.fate(req_id)
        if fate is not None and fate.state == "unseen":
            return Looked("unseen", fate.outcome.retcode, fate.outcome.msg)
        if fate is not None:
            return looked(self._resolve(fate))
        is_old = created_s is not None and not self._memory.may_have_forgotten(created_s)
        sought_now = sought_id(self._memory, created_s)
        found = attempt(lambda: self._venue.find(req_id, self._made_s(created_s), sought_now))
        if isinstance(found, Outcome) and found.retcode not in UNKNOWN:
            self._memory.remember(Entry(req_id, came_s=now_s), found)
            return looked(found)
        cannot_tell = found is not None or (created_s is None and not self._memory.settled)
        if isinstance(found, Outcome) or (cannot_tell and not is_old):
            return Looked("unknown", UNKNOWN[0], f"the broker cannot tell yet: {why(found)}")
        self._memory.bury(req_id, now_s)
        return Looked("unseen", EXPIRED, "it never came, and is refused from now on")

    def _limit(self, order: Order) -> Outcome | None:
        if not isinstance(order, OrderSend):
            return None  # exits are never refused
        if self._halt.on:
            return Outcome(HALTED, f"the kill switch is on: {self._halt.reason or 'no reason was given'}")
        if order.volume > self._volume_lots_max:
            words = f"{order.volume:g} lots; the gateway's limit is {self._volume_lots_max:g}"
            return Outcome(INVALID_VOLUME, words)
        steady_s = self._clock.monotonic_s()
        while self._openings_s and self._openings_s[0] <= steady_s - 60:
            self._openings_s.popleft()
        if len(self._openings_s) >= self._orders_per_minute_max:
            words = (
                f"{len(self._openings_s)} openings within 60 s; the gateway's limit is {self._orders_per_minute_max}"
            )
            return Outcome(REJECTED, words)
        return None

    def _executed_before(self, entry: Entry, order: Order) -> Outcome | None:
        """What an earlier memory may have known: the order's outcome, or 10012 where the venue cannot tell."""
        found = attempt(lambda: self._venue.find(entry.req_id, entry.timestamp_s, sought(self._memory, entry)))
        if found is None:
            return None
        is_known = isinstance(found, Outcome) and found.retcode not in UNKNOWN
        if not is_known and self._time.is_ahead(entry.timestamp_s):
            # Nothing is written: it may have been executed only if both clocks were wrong, and ORDER_LOOKUP asks then.
            return self._kept(entry, self._time.too_early(entry.timestamp_s))
        if not is_known and self._may_pass(entry, order):
            self._untold.add(entry.req_id)
            return None
        words = f"the memory is young, and the broker cannot tell yet whether it was executed before: {why(found)}"
        try:
            if isinstance(found, Outcome) and is_known:
                self._memory.remember(entry, found)
            else:
                self._memory.begin(entry, words)
        except (sqlite3.Error, Unsafe) as error:
            log.error("%s cannot be written down: %s", entry.req_id, error)
        return found if isinstance(found, Outcome) and is_known else Outcome(UNKNOWN[0], words)

    def _may_pass(self, entry: Entry, order: Order) -> bool:
        """Whether an order is in time, and does no harm even if it was executed before."""
        if not isinstance(order, OrderClose) or not self._memory.is_older_than(entry.timestamp_s):
            return False
        if self._time.refusal(entry.timestamp_s, entry.not_after_s) is not None:
            return False
        return attempt(lambda: closes_whole(self._venue, order)) is True

    def _call(self, entry: Entry, order: Order) -> Outcome:
        def may_still() -> bool:
            return not self._time.is_late(entry.not_after_s)

        steady_s = self._called_s[entry.req_id] = self._clock.monotonic_s()
        if isinstance(order, OrderSend):
            self._openings_s.append(steady_s)
            outcome = attempt(lambda: self._venue.send(order, entry.req_id, may_still))
        elif isinstance(order, OrderClose):
            outcome = attempt(lambda: self._venue.close(order, entry.req_id, may_still))
        else:
            outcome = attempt(lambda: self._venue.modify(order, entry.req_id))
        if not isinstance(outcome, Outcome):
            log.error("the broker's side failed while it executed %s: %s", entry.req_id, why(outcome))
            return Outcome(UNKNOWN[0], f"the broker's side failed: {why(outcome)}")
        is_filled = (outcome.executed is not None and is_sound(outcome)) or isinstance(order, OrderModify)
        if outcome.retcode == PLACED and is_filled:
            return Outcome(DONE, outcome.msg, outcome.executed)
        if outcome.retcode == PLACED or (outcome.retcode in EXECUTED and not is_filled):
            return Outcome(UNKNOWN[0], f"the broker took it ({outcome.retcode}) and did not say what was filled")
        return outcome

    def _ended(self, entry: Entry, outcome: Outcome) -> Outcome:
        """The outcome once it is on disk; unknown where it cannot be written, for then it is asked for again."""
        if outcome.retcode not in UNKNOWN:
            self._called_s.pop(entry.req_id, None)
        try:
            self._memory.end(entry.req_id, outcome)
        except (sqlite3.Error, Unsafe) as error:
            log.error("%s: its outcome (%s) cannot be written down: %s", entry.req_id, said(outcome), error)
            return Outcome(UNKNOWN[0], f"its outcome cannot be written down: {error}")
        return outcome

    def _written(self, entry: Entry, write: Callable[[], None]) -> Outcome | None:
        """Write an order that the venue has not been asked for; what to answer where that fails."""
        try:
            write()
        except (sqlite3.Error, Unsafe) as error:
            log.error("%s cannot be written down, and is not executed: %s", entry.req_id, error)
            self._untold.discard(entry.req_id)
            return self._kept(entry, Outcome(INTERNAL, f"it cannot be written down, and is not executed: {error}"))
        return None

    def _kept(self, entry: Entry, refusal: Outcome) -> Outcome:
        """A refusal that is not written down, for this process to remember."""
        self._unwritten[entry.req_id] = refusal
        if len(self._unwritten) > WITHOUT_MEMORY_MAX:
            self._unwritten.popitem(last=False)
        return refusal

    def _resolve(self, fate: Fate) -> Outcome:
        """An order's outcome; where it is not known yet, what the venue can tell now."""
        if fate.state != "sending":
            return fate.outcome
        entry = fate.entry
        if entry.action == "ORDER_MODIFY":
            found = attempt(lambda: self._modified(fate))
        else:
            since_s = self._made_s(entry.timestamp_s)
            found = attempt(lambda: self._venue.find(entry.req_id, since_s, sought(self._memory, entry)))
        if found is None and self._is_settled(entry):
            found = Outcome(EXPIRED, "it was not executed: the broker's history is complete and does not have it")
        if isinstance(found, Outcome) and found.retcode not in UNKNOWN:
            return self._ended(entry, found)
        return fate.outcome

    def _made_s(self, told_s: float | None) -> float:
        """When an order was made at the earliest: a clock that was set right since may have told a time ahead."""
        now_s = self._time.look()
        return now_s - LOOK_BACK_S if told_s is None or self._time.is_ahead(told_s) else told_s

    def _is_settled(self, entry: Entry) -> bool:
        if self._time.is_doubtful:
            return False
        called_s = self._called_s.get(entry.req_id, self._started_s)
        steady_s = self._clock.monotonic_s()
        if self._time.is_ahead(entry.not_after_s - VALID_S_MAX):  # by a clock that was set right since
            return steady_s >= called_s + VALID_S_MAX + SETTLED_S
        is_over = self._time.look() >= entry.not_after_s + SETTLED_S
        return is_over and (entry.req_id not in self._called_s or steady_s >= called_s + SETTLED_S)

    def _modified(self, fate: Fate) -> Outcome | None:
        """Whether a position's levels are those that were asked for; they have no history."""
        wanted = levels(fate.entry.payload)
        for position in self._venue.positions():
            if position.ticket == wanted.ticket:
                is_so = (position.sl, position.tp) == (wanted.sl, wanted.tp)
                return Outcome(DONE, "the position has these levels") if is_so else None
        return None
