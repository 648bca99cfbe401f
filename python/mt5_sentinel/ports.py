"""The doors: what the loop needs of the world. Adapters implement them; nothing else knows which one it talks to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mt5_sentinel._core import Bars, Book, Quote, SymbolFacts
from mt5_sentinel.types import Closing, Execution, OrderRequest, Page


class Clock(Protocol):
    """The only source of time."""

    def wall_s(self) -> float:
        """UTC unix seconds; may step."""

    def monotonic_s(self) -> float:
        """Seconds that never step."""

    def wait_s(self, timeout_s: float) -> None:
        """Return after ``timeout_s`` at the latest; earlier when a signal arrived, or to look at the clock."""


class HeldClock(Clock, Protocol):
    """A clock that holds something of the machine's."""

    def close(self) -> None:
        """Let go of it."""


class Market(Protocol):
    """A source of bars."""

    name: str

    origin: str
    """Where its bars come from, the source's own name of the symbol included: bars of two origins are never joined."""

    tells_time: bool
    """Whether its answers must carry the server's time."""

    units_per_call: int
    """What a request costs of the day's quota; 0 where nothing is counted."""

    def fetch(self, from_s: int, to_s: int, pay: Callable[[], None]) -> Page:
        """All bars of the configured symbol that open within ``from_s`` … ``to_s``, UTC seconds, both ends included.

        The bar still forming is among them. A page without rows is an answer too. ``pay`` is called before each
        request, retries included, and raises where no further one may be sent.

        Raises:
            Transient: the source did not answer as it should; the next cycle may succeed.
            Unusable: the source answered, and has nothing for this symbol.
            Misconfigured: the source will never answer this configuration.
        """


class Scorer(Protocol):
    """A model that gives [SELL, HOLD, BUY] probabilities."""

    @property
    def steps(self) -> int:
        """Rows an answer looks at."""

    @property
    def layout(self) -> str:
        """Which columns a row holds: ``catalogue`` (22) or ``legacy23``."""

    def score_rows(self, rows: list[list[float]]) -> list[float]:
        """Score the newest of ``steps`` rows, oldest first."""


class Broker(Protocol):
    """Where orders go; its own book is the truth about positions. Used by one thread at a time."""

    name: str

    def mark(self, symbol: str, quote: Quote, bars: Bars) -> None:
        """What the market did: bars that closed, oldest first, and the newest price.

        A broker without prices of its own executes stops and targets on it; one that has them pays no attention.
        """

    def book(self) -> Book:
        """Account and positions as they are now.

        Raises:
            Transient: the broker does not answer.
            Unusable: its clock is wrong, or what it says cannot be used.
        """

    def facts(self, symbol: str) -> SymbolFacts:
        """Steps, bounds and worth of a symbol. Raises as ``book``."""

    def quote(self, symbol: str) -> Quote | None:
        """The broker's own newest bid and ask; ``None`` where it has no prices of its own. Raises as ``book``."""

    def check(self, request: OrderRequest, now_s: float) -> None:
        """Everything but the sending.

        Raises:
            Refused: the broker would not take the order.
            Transient: no answer.
        """

    def send(self, request: OrderRequest, now_s: float) -> Execution:
        """Execute an order once: the same ``req_id`` answers the first outcome.

        Raises:
            Refused: the broker said no; nothing was executed and nothing will be.
            Uncertain: no answer; the order may or may not have been executed.
        """

    def modify(self, symbol: str, ticket: int, sl: float | None, tp: float | None, now_s: float) -> None:
        """Set stop and target of a position; asking again does no harm.

        Raises:
            Refused: the broker said no.
            Transient: no answer.
        """

    def lookup(self, req_id: str, created_s: float) -> Execution | None:
        """Outcome of an earlier order, of ``created_s``. ``None``: it was never seen, and from now on would be refused.

        Raises:
            Refused: it was refused.
            Uncertain: the broker cannot tell now.
        """

    def closings(self, ticket: int) -> list[Closing]:
        """How a position was closed, part by part, oldest first; empty while it is whole. Raises as ``book``."""

    def close(self) -> None:
        """Release what the broker holds."""


class Link(Protocol):
    """The wire to a gateway: one request, one answer."""

    def exchange(self, request: bytes, patience_s: float) -> bytes | None:
        """Send, and wait for the answer; ``None`` after ``patience_s``.

        What was sent may still arrive after that; an answer that comes too late is never given to a later request.
        """

    def close(self) -> None:
        """Drop the connection and what was not sent."""
