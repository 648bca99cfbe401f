"""The nouns that cross the rooms of the program."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

Side = Literal["BUY", "SELL"]
Action = Literal["SELL", "HOLD", "BUY"]
Mode = Literal["dry-run", "demo", "live"]

OrderKind = Literal["open", "close"]
Purpose = Literal["signal", "weekend", "kill_switch", "protection"]
"""Why an order is sent: the model, the end of the week, a person, or a stop that cannot be put back."""

ClosedBy = Literal["order", "stop_loss", "take_profit", "stop_out", "by_hand", "unknown"]
"""What closed a position: an order of this program, the broker, or a person in the terminal."""

RiskState = Literal["ACTIVE", "REDUCING", "HALTED"]

ScoringMode = Literal["local", "hub", "hub_with_local_fallback", "shadow"]

INTERVAL_S: dict[str, int] = {"1m": 60, "5m": 300, "1h": 3600}
"""Lengths of the bar intervals a source may be asked for, seconds."""

HUB_STEPS: dict[str, int] = {"columns": 1, "inputs": 1, "legacy_pair": 60}
"""Rows that each form of a request to the hub holds."""


STILL_RUNNING = "still_running"
"""Reason of a minute without a cycle, for the symbol's cycle before had not ended."""


class Page(msgspec.Struct, frozen=True):
    """One answer of a source of bars: its body as ``_core.parse`` reads it.

    ``date`` is the server's own time as it stands in the HTTP header, None where it gives none; ``remaining`` what the
    server says is left of the quota.
    """

    body: bytes
    date: str | None = None
    remaining: int | None = None


class CycleRecord(msgspec.Struct, omit_defaults=False):
    """One cycle, from start to verdict: what the journal keeps, metrics count and health shows.

    Times are UTC unix seconds, stage durations seconds, money is in account currency.
    """

    symbol: str
    mode: Mode
    started_s: float
    cycle_id: int = 0
    finished_s: float | None = None
    status: Literal["running", "done", "failed", "interrupted"] = "running"
    rows: int | None = None
    bars: int | None = None
    dropped: dict[str, int] | None = None
    repaired: int | None = None
    bar_open_s: int | None = None
    price: float | None = None
    scores: tuple[float, float, float] | None = None
    action: Action | None = None
    confidence: float | None = None
    reason: str = "started"
    detail: str | None = None
    settled: bool = False
    req_id: str | None = None
    side: Side | None = None
    outcome: str | None = None
    equity: float | None = None
    drawdown_max: float | None = None
    stages_s: dict[str, float] = {}
    conditions: list[str] = []
    """Named conditions that did not end the cycle: ``hub_fallback``, ``hub_disagrees``, ``sources_disagree``, …"""
    source: str = "eodhd"
    """Where its bars come from."""
    calls: dict[str, int] = {}
    """Requests sent, by source of bars."""
    fetch_calls: int = 0
    """Their sum."""
    quota_units: int = 0
    """What they cost of the day's quota."""
    scored_by: Literal["local", "hub"] | None = None
    """Whose scores were decided on."""
    hub_calls: int = 0
    """Requests to the hub; a bar that it has scored is not sent again."""
    hub_error: str | None = None
    """Reason code of the hub's failure, also where it cost nothing."""
    other_scores: tuple[float, float, float] | None = None
    """In shadow: the scores of the model that does not trade."""
    trace_id: str | None = None
    """32 hex digits: what the log lines of this cycle carry."""
    clock_skew_s: float | None = None
    """How far this machine's clock is ahead of the source's, seconds, where its answers tell."""
    exposure: float | None = None
    """Worth of all open positions of the account."""
    positions: int | None = None
    """Open positions of the account."""
    risk_state: RiskState | None = None
    risk_because: str | None = None
    halted_because: str | None = None
    """Why nothing is opened beside risk: this daemon's guard, or the gateway."""
    outcomes: list[str] = []
    """Of each order that was sent, in turn: ``filled``, ``partial``, ``refused``, ``unknown``. For metrics; the journal
    has the orders themselves."""
    unknown_orders: int | None = None
    """Orders of the symbol whose fate is not known."""
    features: list[float] | None = None
    """The newest row that was scored; its columns stand with the desk in the journal."""

    @property
    def ended_s(self) -> float:
        """When it ended, UTC unix seconds; when it began, where that is not known."""
        return self.finished_s or self.started_s


class Remembered(NamedTuple):
    """What the journal has of a symbol's cycles, also of those that earlier processes ran."""

    bar_open_s: int | None = None
    """Open time of the newest bar that any cycle had, UTC seconds."""
    account: CycleRecord | None = None
    """The newest that read the broker's book; what it told of halts is all it holds."""
    risk: CycleRecord | None = None
    """The newest that told what risk allows; as above."""


class ModelFacts(msgspec.Struct, frozen=True):
    """What scores: the local model, as far as its bundle tells."""

    sha256: str
    """Of the model's file."""
    format: str
    trained_from: str | None = None
    """UTC date, as the manifest has it."""
    trained_to: str | None = None
    ranges: dict[str, tuple[float, float]] = {}
    """Smallest and greatest value of each column in training."""


class DeskFacts(msgspec.Struct, frozen=True):
    """What a symbol is traded with, as the journal keeps it for those who only read; nothing secret.

    Money is in account currency, times are seconds.
    """

    symbol: str
    interval: str
    version: str
    """Of this program."""
    pid: int
    scoring: ScoringMode
    threshold: float
    bars_source: str
    origin: str
    """The source's own name of the series, as the cache of bars knows it."""
    market: str
    holidays: tuple[str, ...]
    stale_grace_s: int
    price_side: str
    account_currency: str
    daily_loss_max: float
    drawdown_max: float
    exposure_total_max: float
    quota_units: float
    """What this daemon may spend of the data API's units on a UTC day; 0 where nothing is counted."""
    metrics_host: str
    metrics_port: int
    columns: tuple[str, ...] = ()
    """Of the row that is scored."""
    model: ModelFacts | None = None
    """None where only a hub scores."""
    pid_place: str = ""
    """Where the process id means something: the boot of the machine, and the namespace; empty where none tells."""


class OrderRequest(msgspec.Struct, frozen=True):
    """One order as it goes to a broker; written to the journal before it is sent.

    Volumes in lots, prices in price units, times in UTC unix seconds; after ``not_after_s`` a broker refuses the order.
    """

    req_id: str
    kind: OrderKind
    symbol: str
    side: Side
    """Of the order itself: a long position is closed by a SELL."""
    lots: float
    purpose: Purpose
    magic: int
    created_s: float
    not_after_s: float
    ticket: int = 0
    """The position to close; 0 where one is opened."""
    sl: float | None = None
    tp: float | None = None
    deviation_points: int = 0
    """How far from the price at the broker it may be filled."""
    bar_open_s: int | None = None
    """The bar it was decided on, if any."""


class Execution(msgspec.Struct, frozen=True):
    """What a broker did with an order; ``profit`` is what it realised, in account currency."""

    ticket: int
    """Of the position it opened or closed."""
    price: float
    lots: float
    """May be fewer than were asked for."""
    profit: float = 0.0
    retcode: int = 10009


class Closing(msgspec.Struct, frozen=True):
    """How a position, or a part of it, was closed; ``profit`` in account currency, commission and swap included."""

    ticket: int
    """Of the position."""
    time_s: float
    price: float
    lots: float
    profit: float
    by: ClosedBy
    req_id: str | None = None
    """The order that closed it, where its comment tells."""
