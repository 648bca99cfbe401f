"""The doors: what the loop needs of the world. Adapters implement them; nothing else knows which one it talks to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mt5_sentinel._core import Account, Quote
from mt5_sentinel.types import FillReport, OrderRequest, Page


class Clock(Protocol):
    """The only source of time."""

    def wall_s(self) -> float:
        """UTC unix seconds; may step."""

    def monotonic_s(self) -> float:
        """Seconds that never step."""

    def wait_s(self, timeout_s: float) -> None:
        """Return after ``timeout_s`` at the latest; earlier when a signal arrived, or to look at the clock."""


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
    """Where orders go; its own book is the truth about positions."""

    def account(self, quote: Quote) -> Account:
        """Account and position at this quote; for a paper broker also the price of the next order."""

    def send(self, request: OrderRequest, now_s: float) -> FillReport:
        """Execute an order once: the same ``req_id`` answers the first outcome.

        Raises:
            Refused: the broker said no.
            Uncertain: no answer; the order may or may not have been executed.
        """

    def lookup(self, req_id: str) -> FillReport | None:
        """Outcome of an earlier order; ``None`` when the broker never saw it.

        Raises:
            Uncertain: the broker cannot tell now.
        """

    def close(self) -> None:
        """Release what the broker holds."""
