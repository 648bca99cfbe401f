"""More mutants: halts that are not heeded, faults that come late, a daemon that is frozen or silent for ever."""

from __future__ import annotations

from typing import Any
from unittest import mock

from mt5_sentinel import _core, kill_switch
from mt5_sentinel.daemon import Daemon
from mt5_sentinel.dealing import Dealer
from mt5_sentinel.gateway.desk import OrderDesk
from mt5_sentinel.gateway.kill_switch import Halt
from mt5_sentinel.gateway.memory import Entry
from mt5_sentinel.gateway.order_time import OrderTime
from mt5_sentinel.gateway.venue import Outcome
from mt5_sentinel.orders import Orders
from mt5_sentinel.reconcile import Compared, Reconciliation
from mt5_sentinel.risk import Risk
from tests.python.storm.patches import patched
from tests.python.storm.world import BEGAN_S

FROZEN_S, SILENT_S = BEGAN_S + 60 * 60, BEGAN_S + 70 * 60


def gateway_opens_though_halted() -> Any:
    """The gateway's switch is only told of."""
    limit = OrderDesk._limit

    def blind(self: OrderDesk, order: Any) -> Outcome | None:
        with mock.patch.object(Halt, "on", False):
            return limit(self, order)

    approve = _core.approve

    def deaf(side: Any, limits: Any, **known: Any) -> Any:
        book = known["book"]
        return approve(side, limits, **known | {"book": _core.Book(book.account, book.positions, halted=False)})

    return patched((OrderDesk, "_limit", blind), (_core, "approve", deaf))


def file_is_ignored() -> Any:
    """The daemon does not look whether there is a file HALT."""
    return patched((kill_switch, "strictest", lambda _: "off"))


def ledger_is_ignored() -> Any:
    """Risk rules as if nothing had been lost."""
    approve = _core.approve

    def hopeful(side: Any, limits: Any, **known: Any) -> Any:
        equity, now_s = known["book"].account.equity, known["bar"].now_s
        fresh = _core.Ledger(
            day=now_s // 86_400, day_start_equity=equity, peak_equity=equity, state="ACTIVE", since_s=now_s
        )
        return approve(side, limits, **known | {"ledger": fresh})

    return patched((_core, "approve", hopeful))


def others_are_not_counted() -> Any:
    """What another symbol filled since the book was read does not count."""
    return patched((Risk, "_pending", lambda *_: []))


def exits_are_repeated() -> Any:
    """A position whose exit may have been executed is sent another one."""
    return patched((Orders, "leaving", lambda *_: set()))


def frozen_for_ever() -> Any:
    """From the sixtieth minute on book and journal seem to differ."""
    run = Reconciliation.run

    def never_the_same(self: Reconciliation, book: Any, facts: Any, record: Any, now_s: float) -> Compared:
        compared = run(self, book, facts, record, now_s)
        return compared._replace(frozen=compared.frozen or now_s > FROZEN_S)

    return patched((Reconciliation, "run", never_the_same))


def silent_for_ever() -> Any:
    """From the seventieth minute on there is no cycle."""
    run_minute = Daemon.run_minute

    def tired(self: Daemon) -> Any:
        return [] if self._clock.wall_s() > SILENT_S else run_minute(self)

    return patched((Daemon, "run_minute", tired))


def no_last_look() -> Any:
    """The gateway looks at `not_after` when an order comes, and not again before the broker is asked."""
    refusal, is_late, looking = OrderTime.refusal, OrderTime.is_late, list[bool]()

    def refused(self: OrderTime, *times: float) -> Outcome | None:
        looking.append(True)
        try:
            return refusal(self, *times)
        finally:
            looking.pop()

    def late(self: OrderTime, not_after_s: float) -> bool:
        return bool(looking) and is_late(self, not_after_s)

    return patched((OrderTime, "refusal", refused), (OrderTime, "is_late", late))


def no_doubt() -> Any:
    """A gateway whose clock was set back believes it."""
    begin, look = OrderTime.__init__, OrderTime.look

    def begun(self: OrderTime, *rest: Any, **named: Any) -> None:
        begin(self, *rest, **named)
        self._doubt_until_s = None

    def looked(self: OrderTime) -> float:
        now_s = look(self)
        self._doubt_until_s = None
        return now_s

    return patched((OrderTime, "__init__", begun), (OrderTime, "look", looked))


def any_payload() -> Any:
    """A known request id with another payload is another order."""
    execute = OrderDesk.execute

    def obedient(self: OrderDesk, entry: Entry, order: Any) -> Outcome:
        known = self._memory.fate(entry.req_id)
        if known is not None and known.entry.digest not in ("", entry.digest):
            return self._call(entry, order)
        return execute(self, entry, order)

    return patched((OrderDesk, "execute", obedient))


def no_protection() -> Any:
    """A stop that is gone is not put back."""
    return patched((Dealer, "_protect", lambda *_: None))


def settled_at_once() -> Any:
    """A history without an order proves at once that it was not executed."""
    return patched((OrderDesk, "_is_settled", lambda *_: True))
