"""Types of the Rust core. Arrays are float64 unless said otherwise; times are UTC unix seconds."""
# tidy: allow-long because one extension module has one stub file

from collections.abc import Sequence
from os import PathLike
from typing import Any, Literal, TypedDict, final, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mt5_sentinel.settings import Settings

__version__: str

_Side = Literal["BUY", "SELL"]
_Switch = Literal["off", "halt", "flatten"]

class _Report(TypedDict):
    rows: int
    bars: int
    dropped: dict[str, int]
    repaired: int
    gaps: int
    jumps: int
    unsorted: int
    duplicate_exact: int
    duplicate_revised: int
    time_conflicts: int

class RawRows:
    """Rows of a body as they came."""

    @staticmethod
    def from_rows(rows: list[tuple[int, float, float, float, float, float]]) -> RawRows:
        """Take stored bars back: open time in UTC seconds, open, high, low, close, volume."""

    def __len__(self) -> int: ...
    def usual_interval_s(self) -> int | None:
        """Most common positive distance between open times; None below two rows."""

    @property
    def is_of_terminal(self) -> bool:
        """Whether a terminal wrote the file: its times are its broker's, and stand here as if that kept UTC."""

    def in_utc(self, zone: str) -> RawRows:
        """The same rows, their times read as the wall clock of ``UTC+2/eu``, ``UTC+2/us``, ``UTC+3``, ``utc``, …

        Raises:
            Misconfigured: another word.
        """

    def broker_zone(self, calendar: Calendar) -> str:
        """The usual zone of brokers in which these rows lie in the market's open hours.

        Raises:
            Misconfigured: none stands out, or the bars are of a day or more.
        """

class Bars:
    """Clean bars, oldest first; open times strictly increase."""

    @staticmethod
    def from_columns(
        timestamp: ArrayLike, open: ArrayLike, high: ArrayLike, low: ArrayLike, close: ArrayLike, volume: ArrayLike
    ) -> Bars:
        """Take columns of shape (n,) that are clean already; times are whole unix seconds.

        Raises:
            Unusable: lengths differ, times are in another unit or do not increase, a bar is impossible, or a column is
                none of numbers; names row and field.
        """

    def __len__(self) -> int: ...
    @property
    def timestamp(self) -> NDArray[np.int64]: ...
    @property
    def open(self) -> NDArray[np.float64]: ...
    @property
    def high(self) -> NDArray[np.float64]: ...
    @property
    def low(self) -> NDArray[np.float64]: ...
    @property
    def close(self) -> NDArray[np.float64]: ...
    @property
    def volume(self) -> NDArray[np.float64]: ...
    def first_open_s(self) -> int | None: ...
    def last_open_s(self) -> int | None: ...
    def rows(self) -> list[tuple[int, float, float, float, float, float]]:
        """Bars as (open time, open, high, low, close, volume), without numpy."""

class Cleaned:
    """Closed bars, and the account of what cleaning did; there is at least one bar."""

    def closed_count(self, interval_s: int, calendar: Calendar) -> int:
        """Bars that lie wholly in closed hours."""

    def check_times(self, interval_s: int) -> None:
        """Whether the times of a live source's rows can be trusted.

        Raises:
            Unusable: the two times of one row in ten disagree, or the newest bar is off the interval's UTC grid.
        """

    def check_holes(self, interval_s: int, calendar: Calendar, slots: int, share_max: float) -> None:
        """Whether enough of the newest ``slots`` bars of open hours are there.

        Raises:
            Unusable: more than ``share_max`` of them are missing.
        """

    def missing_count(self, interval_s: int, calendar: Calendar) -> int:
        """Bars that are missing between the first and the last, of hours in which the market traded."""

    @property
    def bars(self) -> Bars: ...
    @property
    def newest_open_s(self) -> int:
        """Open time of the newest closed bar."""

    @property
    def last_price(self) -> float:
        """Close of the bar still forming where the source sent one, else of the newest closed bar."""

    def checked_price(self, price: float, jump_ratio: float) -> float:
        """The price again.

        Raises:
            Unusable: it is further than ``jump_ratio`` from the newest close, or that from the one before.
        """

    @property
    def report(self) -> _Report: ...

def parse(body: bytes) -> RawRows:
    """Read EODHD JSON, CSV, a terminal's export or numpy's file of ``copy_rates``, gzipped or not.

    Raises:
        Unusable: the body is something else, breaks off, or holds a value that cannot be read.
    """

def join_bodies(bodies: list[bytes]) -> bytes:
    """One JSON body with the rows of all, in their order; no body gives an empty array.

    Raises:
        Unusable: a body is no whole JSON array of bars.
    """

def clean(rows: RawRows, *, interval_s: int, now_s: int, jump_ratio: float = 0.05) -> Cleaned:
    """Drop, deduplicate, repair and account; a bar is closed when open + interval ≤ now.

    Raises:
        Unusable: no closed bar is left, or the bars are of another interval.
    """

class _Comparison(TypedDict):
    tolerance: float
    stretch: tuple[int, int] | None
    common: int
    only_a: int
    only_b: int
    first_only_a: list[int]
    first_only_b: list[int]
    differing: int
    first_differing: list[tuple[int, str, float, float]]
    max_difference: dict[str, float]
    close_offset: float | None
    taken_out: float
    last_common: int | None
    last_differing: tuple[int, str, float, float] | None

def compare_bars(
    a: Bars, b: Bars, *, tolerance_points: float, point: float | None = None, levels: bool = False
) -> _Comparison:
    """Compare two sources' bars of one symbol and interval within the stretch both cover; volumes are not compared.

    Lists hold the first ten: open times, and (open time, field, a, b) of prices that differ by more than the tolerance.
    Prices are in price units; ``close_offset`` is the median of ``b`` minus ``a``. ``last_common`` is
    the open time of the newest bar both have, ``last_differing`` a price of the newest that differs.

    Args:
        a: of the one source.
        b: of the other.
        tolerance_points: difference of two prices that counts as none, points.
        point: size of a point, price units; None: the step the prices move in, 0.00001 at the finest.
        levels: take ``close_offset`` out of ``b`` first, as ``taken_out`` then says; one beyond the tolerance stays in.

    Raises:
        Misconfigured: the tolerance is no number from 0 on.
    """

class BrokerOffset:
    """The clock of a broker's server, measured by a tick that moves along with UTC from one answer to the next."""

    def __init__(self, dst: str) -> None:
        """``eu``, ``us`` or ``none``: which summer time the server keeps.

        Raises:
            Misconfigured: another word.
        """

    def note(self, server_s: int, utc_s: float) -> None:
        """An answer: time of the newest tick on the server's wall clock, and UTC, seconds."""

    def to_utc_series(self, wall_s: list[int]) -> list[int] | None:
        """Wall times, oldest first, as UTC seconds; None while the offset is not known."""

def parse_time(text: str) -> int | None:
    """Unix seconds, milliseconds or ISO 8601 (UTC where it has no offset) as unix seconds; None for anything else."""

class Calendar:
    """When a market is open; UTC seconds, between 1971 and 2100.

    Currencies: Sunday 17:00 New York to Friday 17:00; metals from 18:00, closed daily 17:00-18:00; crypto always.
    """

    def __init__(self, symbol: str, market: str = "auto", holidays: Sequence[str] = ()) -> None:
        """Hours of ``market`` (``fx``, ``metal``, ``always``; ``auto`` asks the symbol), less its table of holidays.

        Args:
            symbol: as the broker names it.
            market: the setting.
            holidays: further ones, by New York date: ``2026-12-24`` closed, ``2026-12-24 13:00`` closes then.

        Raises:
            Misconfigured: another word, or a line of another form; names it.
        """

    def is_open(self, at_s: int) -> bool: ...
    def next_change_s(self, at_s: int) -> int | None:
        """The next moment after ``at_s`` at which the market opens or closes; None when it never does."""

    def has_trading(self, from_s: int, to_s: int) -> bool:
        """Whether it is open in any second from ``from_s`` until before ``to_s``."""

    def open_s_between(self, from_s: int, to_s: int) -> int:
        """Open seconds from ``from_s`` until before ``to_s``."""

    def newest_due(self, now_s: int, interval_s: int) -> int | None:
        """Open time of the newest bar that must exist: on the UTC grid, ended, and the market traded in it."""

    def slots_back(self, newest_open_s: int, interval_s: int, count: int) -> int:
        """Open time of the ``count``-th slot with trading before ``newest_open_s``."""

class FreshBar:
    """The newest closed bar, which ``check_fresh`` let through at ``now_s``; nothing else makes one."""

    @property
    def open_s(self) -> int: ...
    @property
    def interval_s(self) -> int: ...
    @property
    def now_s(self) -> int: ...

def check_fresh(calendar: Calendar, *, newest_open_s: int, now_s: int, interval_s: int, grace_s: int) -> FreshBar:
    """Let the newest closed bar through when it may be decided on; ages count open time of the market only.

    Raises:
        Unusable: ``market_closed`` now; ``forming_bar``: it ends after now; ``awaiting_bar``: the market was closed
            since, and the next bar is not overdue; ``stale``: it is, by more than ``grace_s`` (one interval at most).
        Misconfigured: the interval is below 1 s, or the grace negative.
    """

def check_step(before: tuple[float, float], after: tuple[float, float], max_s: float) -> None:
    """Whether the wall clock went along with the monotonic one between two looks at both, in this order.

    Raises:
        Unusable: they moved apart by more than ``max_s`` seconds.
    """

def check_gateway_clock(asked_s: float, answered_s: float, told_s: float, max_s: float) -> float:
    """This machine's clock minus a gateway's that told its own between two looks at this one, seconds.

    Raises:
        Unusable: more than ``max_s``.
    """

class ClockWatch:
    """The server's time between its answers, by a clock that does not step. A skew forbids to decide, not to ask."""

    def __init__(self) -> None: ...
    def note(self, date: str, monotonic_s: float) -> None:
        """Remember an answer by its header ``Date``; one that cannot be read changes nothing."""

    def closed_by(self, wall_s: float, monotonic_s: float) -> int:
        """Until when a bar may have ended to count as closed: the earlier of both clocks, UTC seconds."""

    def skew_s(self, wall_s: float, monotonic_s: float) -> float | None:
        """This machine's clock minus the server's, seconds; 0 within its second; None before the first answer."""

    def check(self, wall_s: float, monotonic_s: float, max_s: float) -> float | None:
        """The same where it is at most ``max_s``, either way.

        Raises:
            Unusable: ``clock_skew``; says by how much and which way.
            Misconfigured: ``max_s`` is negative or no number.
        """

def check_skew(now_s: float, date: str, max_s: float) -> float | None:
    """This machine's clock minus that of one header ``Date``; None when it cannot be read; else as ``check``."""

class BrokerClock:
    """The wall clock of a broker's server; ``dst`` is ``eu``, ``us`` or ``none``."""

    def __init__(self, standard_offset_s: int, dst: str) -> None:
        """A clock ahead of UTC by ``standard_offset_s`` in winter.

        Raises:
            Misconfigured: beyond 14 hours, or another word.
        """

    @staticmethod
    def measured(offset_s: int, *, at_utc_s: int, dst: str) -> BrokerClock:
        """The clock that was ``offset_s`` ahead of UTC at a moment, rounded to a quarter hour.

        Raises:
            Misconfigured: more than 60 s beside a quarter hour, beyond 14 hours, or another word.
        """

    @property
    def standard_offset_s(self) -> int: ...
    def offset_s(self, at_utc_s: int) -> int: ...
    def to_utc(self, wall_s: int) -> int:
        """UTC of what the clock shows; of an hour that comes twice the first."""

    def to_utc_series(self, walls_s: Sequence[int]) -> list[int]:
        """As ``to_utc``, of a series in order: in the hour that comes twice times go on increasing."""

class FeatureSpec:
    """One column of the feature contract."""

    @property
    def name(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def formula(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def first_finite(self) -> int:
        """0-based bar from which the value is finite."""

    @property
    def settle_bars(self) -> int | None:
        """Bars after which the start of the history changes the value by less than 1e-9, relative; None for never."""

    @property
    def range(self) -> tuple[float, float]: ...
    @property
    def nullable(self) -> bool: ...
    @property
    def source(self) -> str: ...

_Catalogue = Literal["sentinel-v1", "extended", "all"]
# None is the 22 columns of `sentinel-v1`.
_Columns = Sequence[str] | _Catalogue | None
_Layout = Literal["rows", "columns", "legacy23"]

def catalogue(which: _Catalogue = "sentinel-v1") -> list[FeatureSpec]:
    """Columns of a catalogue, in order: the 22 of `sentinel-v1`, the extended ones, or both."""

def fingerprint(columns: _Columns = None) -> str:
    """SHA-256 over names, formulas and order; a model bundle must carry the same.

    Raises:
        Misconfigured: a column is unknown (the nearest names are told) or given twice.
    """

@overload
def needed_bars(columns: None = None) -> int: ...
@overload
def needed_bars(columns: _Columns) -> int | None:
    """History from which every column has settled; None when some column never does.

    Raises:
        Misconfigured: as ``fingerprint``.
    """

def features(
    bars: Bars,
    out: NDArray[np.float64] | None = None,
    *,
    layout: _Layout = "rows",
    columns: _Columns = None,
    threads: int = 1,
) -> NDArray[np.float64]:
    """Feature matrix of shape (n, k), NaN during warm-up; the GIL is released.

    Args:
        bars: n bars.
        out: a writable array of that shape and any strides; it is filled and returned.
        layout: ``rows`` is C order, ``columns`` Fortran order, ``legacy23`` the 22 and a constant 0.0 (k = 23).
            With ``out`` its own order counts.
        columns: which ones, in this order.
        threads: how many may work on it.

    Raises:
        Unusable: ``out`` has another shape or type, cannot be written, or its elements overlap.
        Misconfigured: a column, layout or number of threads is none; ``legacy23`` with ``columns``.
    """

def features_many(
    bars: Sequence[Bars], *, layout: _Layout = "rows", columns: _Columns = None, threads: int | None = None
) -> list[NDArray[np.float64]]:
    """Matrix of each symbol, in parallel on ``threads`` threads (None: one per processor); else as ``features``."""

def latest(bars: Bars, columns: _Columns = None) -> list[float]:
    """The newest bar's k values, equal by bits to the last row of the matrix, without numpy.

    A column that never settles is the value for a history that starts where the bars do.

    Raises:
        Unusable: too few bars for some column that settles to have settled, or for another to be finite.
        Misconfigured: as ``fingerprint``.
    """

@final
class FeatureStream:
    """Features bar by bar, equal by bits to the matrix; its size does not grow with the bars seen.

    It can be copied and pickled. Not to be shared by threads that update it at the same time.
    """

    def __init__(self, columns: _Columns = None) -> None:
        """Start before the first bar.

        Raises:
            Misconfigured: as ``fingerprint``.
        """

    @property
    def columns(self) -> list[str]:
        """Names of the k columns, in order."""

    @property
    def bars_seen(self) -> int: ...
    @property
    def last_timestamp(self) -> int | None:
        """Open time of the newest bar, unix seconds."""

    def update(
        self, timestamp: int, open: float, high: float, low: float, close: float, volume: float
    ) -> NDArray[np.float64]:
        """Take the next closed bar and return its row, shape (k,).

        Raises:
            Unusable: a price, the volume or the time is impossible, or the bar is not later than the last one; names
                the field. The stream is then as it was.
        """

    def update_into(
        self,
        out: NDArray[np.float64],
        timestamp: int,
        open: float,
        high: float,
        low: float,
        close: float,
        volume: float,
    ) -> None:
        """Take the next closed bar and write its row into ``out``, a contiguous array of shape (k,).

        No other thread may write into the same array at the same time.

        Raises:
            Unusable: as ``update``, or ``out`` is another array; neither is then touched.
        """

    def copy(self) -> FeatureStream:
        """Return a stream that continues from here on its own."""

    def __copy__(self) -> FeatureStream: ...
    def __deepcopy__(self, memo: dict[int, Any], /) -> FeatureStream: ...
    def to_bytes(self) -> bytes:
        """State as bytes, some kilobytes, for ``from_bytes`` of a build with the same formulas."""

    @staticmethod
    def from_bytes(data: bytes) -> FeatureStream:
        """Continue where ``to_bytes`` was called.

        Raises:
            Unusable: the bytes are cut off, damaged, none of this format, or of columns defined otherwise.
        """

def needed_bars_for(steps: int) -> int:
    """History from which every one of the newest ``steps`` rows has settled; for 1 as ``needed_bars()``."""

def latest_rows(bars: Bars, steps: int, layout: str = "catalogue") -> list[list[float]]:
    """Rows of the newest ``steps`` bars, oldest first, equal by bits to the last of the matrix, without numpy.

    Args:
        bars: n bars.
        steps: how many rows.
        layout: ``catalogue`` (22 columns) or ``legacy23``.

    Raises:
        Unusable: there are fewer than ``needed_bars_for(steps)`` bars.
        Misconfigured: the layout is another, or no row is asked for.
    """

def read_rows(body: bytes, names: Sequence[str], steps: int | None = None) -> NDArray[np.float64]:
    """Rows of a CSV file, gzipped or not → (n, k), columns in the order of ``names``.

    With a header, columns are matched by name; without one, or when ``names`` are made up (``Column_0``, ``f0``, ``0``)
    and the header has none of them, by position. An empty cell, ``nan``, ``NA`` and ``NULL`` are NaN. With ``steps`` so
    many consecutive rows are one sequence: (n, steps, k).

    Raises:
        Unusable: a cell is no number, a row or the header does not fit, there is no row, or the last sequence is cut
            off; names row and column.
    """

def narrow(x: NDArray[np.float64], out: NDArray[np.float32]) -> None:
    """Copy values into an array of the same shape; what is too large for float32 becomes infinite.

    Raises:
        Unusable: the shapes differ, or ``out`` cannot be written.
    """

def widen(x: NDArray[np.float32], out: NDArray[np.float64]) -> None:
    """Copy values into an array of the same shape; else as ``narrow``."""

@final
class Model:
    """A model file, scored exactly as the library that trained it scores; an ONNX graph as ONNX Runtime does."""

    @staticmethod
    def load(path: str | PathLike[str]) -> Model:
        """Load a model file for any purpose, or a bundle (directory or zip), which must be whole and fit this build.

        The format is told by the first bytes: LightGBM text, XGBoost JSON and UBJSON, linear TOML, ONNX.

        Raises:
            Misconfigured: the file cannot be read, is damaged, or the bundle does not fit; names file and field. Also
                for an ONNX file without the extra ``[onnx]``.
        """

    @staticmethod
    def load_for_trading(
        path: str | PathLike[str], allow_bare_model: bool = False, public_keys: list[str] = ...
    ) -> Model:
        """Load a model that may trade: three classes, the catalogue's features, and a bundle unless bare is allowed.

        Args:
            path: bundle directory, bundle zip, or model file.
            allow_bare_model: whether a model file without a manifest will do.
            public_keys: 64 hex digits each; when there are any, a bundle must be signed by one of them.

        Raises:
            Misconfigured: as ``load``.
        """

    @staticmethod
    def parse(model: bytes) -> Model:
        """Read a model file from memory, of any format that ``load`` reads."""

    def score(self, x: ArrayLike, raw: bool = False, out: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Score rows → float64 (n, classes), probabilities or raw sums; batches in parallel, without the GIL.

        Args:
            x: (n, k), one row (k,), or for a sequence model (n, t, k) or one sequence (t, k); anything numpy reads as
                numbers. A table is taken when its columns are ``feature_names``.
            raw: sums before the link instead; of an ONNX graph its output ``logits``.
            out: a writable float64 array (n, classes), for one row also (classes,); it is filled and returned. No other
                thread may write into it, or into ``x``, at the same time.

        Raises:
            Unusable: ``x`` or ``out`` has another shape or type (both are named), ``out`` cannot be written.
            Misconfigured: the ONNX graph has no output for what is asked.
        """

    def explain(self, x: ArrayLike) -> NDArray[np.float64]:
        """Contributions of the features to the raw scores of rows (n, k), or one row (k,) → (n, classes, k + 1).

        The last column is the score expected of an unknown row; each line sums to the raw score. Trees: exact
        path-dependent TreeSHAP.

        Raises:
            Unusable: a row has another length than the model's features.
            Misconfigured: the model cannot be explained (linear trees, no counts of training rows); names the tree.
        """

    def score_into(self, x: ArrayLike, out: NDArray[np.float64], raw: bool = False) -> None:
        """Score rows into ``out``; as ``score``."""

    def score_row(self, row: Sequence[float]) -> list[float]:
        """Probabilities of one row; without numpy, unless the model is an ONNX graph; the same bits as ``score``."""

    def score_rows(self, rows: Sequence[Sequence[float]]) -> list[float]:
        """Probabilities for the newest of ``steps`` rows, oldest first; numpy as in ``score_row``."""

    @property
    def format(self) -> str:
        """Name of the file's format for people, e.g. ``LightGBM`` or ``ONNX``."""

    @property
    def objective(self) -> str:
        """Name of the objective, or what kind of graph it is, e.g. ``LSTM``."""

    @property
    def num_classes(self) -> int: ...
    @property
    def num_trees(self) -> int:
        """Trees of all classes; 0 for an ONNX graph."""

    @property
    def feature_names(self) -> list[str]: ...
    @property
    def steps(self) -> int:
        """Rows an answer looks at: 1, or those of a sequence."""

    @property
    def is_sequence(self) -> bool:
        """Whether ``x`` has an axis for the steps."""

    @property
    def layout(self) -> str:
        """Layout of the rows to ask ``latest_rows`` for: ``catalogue`` or ``legacy23``; ``other`` for neither."""

    @property
    def sha256(self) -> str: ...
    @property
    def symbol(self) -> str | None:
        """Symbol of the bundle's manifest; None for a bare file."""

    @property
    def interval(self) -> str | None: ...
    @property
    def trained_range(self) -> tuple[str, str] | None: ...
    @property
    def threshold_advice(self) -> float | None:
        """Score from which the manifest advises to act; None where it has no advice."""

    @property
    def feature_ranges(self) -> dict[str, list[float]]:
        """Least and greatest value in training by feature, as the manifest has them."""

class Bundle:
    """An open model bundle; each check raises what loading would raise, without the path."""

    @staticmethod
    def open(path: str | PathLike[str]) -> Bundle:
        """List a directory or a zip and read its manifest.

        Raises:
            Misconfigured: it cannot be read, or the manifest is missing or broken.
        """

    @property
    def names(self) -> list[str]: ...
    @property
    def manifest_json(self) -> str:
        """Every key of the manifest as a JSON object."""

    @property
    def manifest_bytes(self) -> bytes: ...
    def file(self, name: str) -> bytes:
        """Bytes of a listed file; its hash must be the listed one."""

    def check_listing(self) -> None:
        """Nothing is missing, nothing is not listed."""

    def check_signature(self, public_keys: list[str]) -> str | None:
        """Return the signer's public key; None for an unsigned bundle when no key is asked for."""

    def check_purpose(self) -> None:
        """Classes, features and fingerprint of the manifest are this build's."""

    def check_format(self) -> None:
        """The model file is in the format that the manifest names."""

    def check_model(self) -> None:
        """The model file is whole, and its own names, outputs and objective fit."""

    def check_golden(self) -> int:
        """Replay the golden rows; returns how many there are."""

def is_bundle(path: str | PathLike[str]) -> bool:
    """Whether a path is a directory or a zip."""

def check_bare_model(model: bytes) -> None:
    """Raise Misconfigured where a model file's names, outputs or objective do not fit this build."""

def check_public_keys(public_keys: list[str]) -> None:
    """Raise Misconfigured where one is no ed25519 public key of 64 hex digits."""

def model_format(model: bytes) -> str | None:
    """Name of a model file's format as a manifest has it, from its first bytes."""

def zip_files(files: dict[str, bytes]) -> bytes:
    """One zip of files by name, the same bytes for the same files."""

def public_key(seed: bytes) -> str:
    """Public half of the ed25519 key of a seed of 32 bytes, 64 hex digits."""

def sign_manifest(seed: bytes, manifest: bytes) -> str:
    """The text of ``signature.toml`` for a manifest's bytes."""

class FetchPlan:
    """What a source is to be asked for now."""

    @property
    def need(self) -> Literal["nothing", "cold", "backfill", "due", "price", "clock"]: ...
    @property
    def window(self) -> tuple[int, int] | None:
        """Open times from and to, UTC seconds, both ends included; None where nothing is to be asked now."""

    @property
    def tried(self) -> tuple[int, int, int] | None:
        """Requests for the due bar, this one included: its open time, how many, when the last; for the next plan."""

    @property
    def sweeps(self) -> bool:
        """Whether the window covers the whole history."""

    @property
    def asked_from_s(self) -> int:
        """Where the known stretch begins once the window has been answered."""

def plan_fetch(
    calendar: Calendar,
    *,
    interval_s: int,
    history_bars: int,
    now_s: int,
    asked_from_s: int | None,
    stored: int,
    newest_open_s: int | None,
    answered_at_s: int | None,
    swept_at_s: int | None,
    decided_open_s: int | None,
    tried: tuple[int, int, int] | None,
    clock_is_doubted: bool,
) -> FetchPlan:
    """Plan the request of this moment; only what is missing, not more often than the ladder of waits allows.

    Args:
        calendar: when the market trades.
        interval_s: length of a bar, seconds.
        history_bars: closed bars that are wanted.
        now_s: now, UTC seconds, as all times here.
        asked_from_s: where the stretch begins that was asked for without a break.
        stored: bars of that stretch that are stored.
        newest_open_s: open time of the newest stored bar.
        answered_at_s: when the source last gave a whole answer.
        swept_at_s: when the whole history was last asked for.
        decided_open_s: open time of the bar decided last.
        tried: ``FetchPlan.tried`` of the plan before.
        clock_is_doubted: whether this machine's clock may be wrong, so that an answer is wanted for its time.
    """

def quota_rest(calendars: list[tuple[Calendar, int]], *, cost: int, now_s: int) -> int:
    """Units that one request for each bar still to come today costs, for all symbols (calendar, seconds of a bar)."""

def check_quota(spent: int, cost: int, units: int, share: float, kept: int = 0) -> None:
    """Whether a request of ``cost`` units fits into the ``share`` of a day's ``units`` of which ``spent`` are gone.

    ``kept`` units are left for others.

    Raises:
        Transient: it does not; the next day begins at 00:00 UTC.
    """

def check_quota_plan(calendars: list[tuple[Calendar, int]], *, cost: int, now_s: int, units: int, share: float) -> int:
    """Units a day costs when every bar comes in time: one request a bar, on the average of the week from ``now_s``.

    Args:
        calendars: of each symbol, with the length of its bars in seconds.
        cost: units of a request.
        now_s: UTC seconds.
        units: of a day.
        share: of them that may be spent.

    Raises:
        Misconfigured: it is more than may be spent.
    """

def time_text(seconds: int) -> str:
    """UTC seconds as ``2022-08-09 00:00:00``."""

class Policy:
    """Rules of deciding: trade strictly above ``threshold``."""

    def __init__(self, *, threshold: float) -> None: ...

class Decision:
    """What to do, how sure the model is, and why."""

    @property
    def action(self) -> Literal["SELL", "HOLD", "BUY"]: ...
    @property
    def side(self) -> _Side | None: ...
    @property
    def confidence(self) -> float: ...
    @property
    def reason(self) -> str: ...
    @property
    def settles_bar(self) -> bool: ...

def check_scores(scores: Sequence[float]) -> tuple[float, float, float]:
    """The three probabilities [SELL, HOLD, BUY].

    Raises:
        Unusable: they are not three finite numbers in 0..1 that sum to 1 within 1e-3; says what came.
    """

def compare_scores(a: Sequence[float], b: Sequence[float]) -> float:
    """Largest absolute difference of a class's probability, 0 to 1.

    Raises:
        Unusable: as ``check_scores``.
    """

def check_request(rows: Sequence[Sequence[float]], steps: int, width: int) -> None:
    """Whether rows may be sent to a hub: ``steps`` of them, ``width`` values each, all finite.

    Raises:
        Unusable: they are not; names row and column.
    """

def read_answer(body: bytes, answer: str) -> tuple[float, float, float]:
    """A hub's answer to one row → [SELL, HOLD, BUY].

    Args:
        body: the JSON object with ``predictions``.
        answer: ``classes`` (three probabilities, as a list or by name) or ``p_up`` (that of a rise alone).

    Raises:
        Unusable: anything else came; says what, in one line.
        Misconfigured: ``answer`` is another word.
    """

def failure_text(body: bytes) -> str:
    """What the body of a failing answer says, in one line: MLflow's error, or what else it is."""

def decide(
    scores: Sequence[float],
    policy: Policy,
    bar: FreshBar,
    *,
    price_s: int,
    decided_bar_s: int | None,
    position: _Side | None,
) -> Decision:
    """Scores [SELL, HOLD, BUY] → one decision per closed bar, which is fresh.

    Raises:
        Unusable: as ``check_scores``.
    """

class SymbolFacts:
    """What a symbol is: what a lot is worth to the account, its steps and bounds."""

    def __init__(self, symbol: str, account_currency: str) -> None:
        """What is usual for a currency pair.

        Raises:
            Misconfigured: not a currency pair, or an account in neither of its currencies.
        """

    @staticmethod
    def from_broker(
        *,
        account_currency: str,
        point: float,
        tick_size: float,
        tick_value: float,
        contract_size: float,
        volume_min: float,
        volume_step: float,
        volume_max: float,
        stops_level_points: float,
    ) -> SymbolFacts:
        """What the broker says: prices, volumes in lots, ``tick_value`` in account currency per lot.

        Raises:
            Unusable: a fact that cannot be true.
        """

    @property
    def account_currency(self) -> str: ...
    @property
    def point(self) -> float:
        """A point, price units: 0.001 where the quote currency is the yen, else 0.00001."""

    def quote(self, *, time_s: int, price: float, shows: str, spread_points: float) -> Quote:
        """Bid and ask around a bar price that shows the ``bid``, ``ask`` or ``mid``."""

class Quote:
    """Bid and ask at one moment, price units."""

    def __init__(self, *, time_s: int, bid: float, ask: float) -> None: ...
    @staticmethod
    def checked(*, time_s: int, bid: float, ask: float) -> Quote:
        """A broker's own prices.

        Raises:
            Unusable: they cannot be prices.
        """

    @property
    def time_s(self) -> int: ...
    @property
    def bid(self) -> float: ...
    @property
    def ask(self) -> float: ...

@final
class Position:
    """An open position as the broker keeps it; volume in lots, ``profit`` (open) in account currency."""

    def __init__(
        self,
        *,
        ticket: int,
        symbol: str,
        side: _Side,
        lots: float,
        price: float,
        sl: float | None = None,
        tp: float | None = None,
        opened_s: int,
        magic: int,
        profit: float = 0.0,
        req_id: str | None = None,
    ) -> None: ...
    @property
    def ticket(self) -> int: ...
    @property
    def symbol(self) -> str: ...
    @property
    def side(self) -> _Side: ...
    @property
    def lots(self) -> float: ...
    @property
    def price(self) -> float: ...
    @property
    def sl(self) -> float | None: ...
    @property
    def tp(self) -> float | None: ...
    @property
    def opened_s(self) -> int: ...
    @property
    def magic(self) -> int: ...
    @property
    def profit(self) -> float: ...
    @property
    def req_id(self) -> str | None: ...

@final
class Account:
    """The account; money in its own currency."""

    def __init__(self, *, balance: float, equity: float, margin_free: float) -> None: ...
    @property
    def balance(self) -> float: ...
    @property
    def equity(self) -> float: ...
    @property
    def margin_free(self) -> float: ...

@final
class Book:
    """What the broker says it holds: the account, and positions of all symbols and programs."""

    def __init__(self, account: Account, positions: list[Position], *, halted: bool = False) -> None: ...
    @property
    def account(self) -> Account: ...
    @property
    def positions(self) -> list[Position]: ...
    @property
    def halted(self) -> bool:
        """Whether the broker's side takes no new positions."""

    def own(self, symbol: str, magic: int) -> list[Position]:
        """Positions of one symbol that one program opened."""

    def full_side(self, symbol: str, magic: int, positions_max: int) -> _Side | None:
        """The side on which a program has as many positions in a symbol as it may have."""

@final
class Difference:
    """In what the broker's book and the journal differ."""

    @property
    def kind(self) -> str:
        """Code: ``position_missing``, ``position_foreign``, ``stops_moved``, …"""

    @property
    def rule(self) -> Literal["adopt", "account", "freeze", "protect", "report"]: ...
    @property
    def ticket(self) -> int: ...
    @property
    def detail(self) -> str: ...

def reconcile(
    kept: list[tuple[int, _Side, float, float, float | None, float | None]],
    book: Book,
    *,
    symbol: str,
    magic: int,
    point: float,
) -> list[Difference]:
    """Every difference in one symbol; ``kept`` is what the journal has open: ticket, side, lots, price, sl, tp."""

def account_for(
    opened_lots: float, open_lots: float, parts: list[tuple[float, float, float, float]]
) -> tuple[float, float, float] | None:
    """Whether closed parts (time, price, lots, profit) account for volume that is gone: profit, mean price, last time.

    ``None`` where they are fewer lots than are missing.
    """

def check_execution(price: float, lots: float, asked_lots: float | None = None) -> None:
    """Whether a broker's report of an execution can be true.

    Raises:
        Unusable: it cannot.
    """

def lots_left(lots: float, closed_lots: float) -> float:
    """What is left of a volume after some of it was closed, lots."""

@final
class Limits:
    """Bounds no entry may cross: the settings of risk, checked."""

    def __init__(self, settings: Settings) -> None:
        """Take each setting by its name.

        Raises:
            Misconfigured: settings that are outside their meaning or contradict each other; names each.
        """

    @property
    def magic(self) -> int: ...

@final
class News:
    """Times around news in which nothing is opened; none without a file."""

    def __init__(self, file: bytes | None = None) -> None:
        """Read a CSV file with the header ``from,to,currency,title``, times in UTC.

        Raises:
            Misconfigured: names every bad line by its number.
        """

    def has_ended(self, now_s: int) -> bool:
        """Whether every window lies in the past; false where there is none."""

@final
class Ledger:
    """What is remembered of one account: money in its currency, times in UTC seconds, ``day`` since 1970-01-01."""

    def __init__(
        self,
        *,
        day: int,
        day_start_equity: float,
        day_halted: bool,
        peak_equity: float,
        state: str,
        because: str | None = None,
        since_s: int,
        until_s: int | None = None,
    ) -> None:
        """As it was stored; a name that this program does not write is taken for the gravest."""

    def drawdown(self, equity: float) -> float:
        """How far the equity lies below its highest mark, account currency."""

    @property
    def day(self) -> int: ...
    @property
    def day_start_equity(self) -> float: ...
    @property
    def day_halted(self) -> bool: ...
    @property
    def peak_equity(self) -> float: ...
    @property
    def state(self) -> Literal["ACTIVE", "REDUCING", "HALTED"]: ...
    @property
    def because(self) -> Literal["daily_loss", "drawdown", "cooldown", "kill_switch"] | None: ...
    @property
    def since_s(self) -> int: ...
    @property
    def until_s(self) -> int | None: ...

def advance_ledger(
    ledger: Ledger | None,
    limits: Limits,
    *,
    now_s: int,
    known: tuple[float, bool] | None,
    equity: float,
    closed: list[tuple[int, float]],
    switch: _Switch,
) -> tuple[Ledger | None, list[str]]:
    """The ledger after what is seen now, and the names of conditions worth a warning.

    Args:
        ledger: as it was; None at the very first.
        limits: the bounds.
        now_s: UTC seconds.
        known: start equity of that UTC day and whether it was halted, where it was seen before.
        equity: of the account.
        closed: closed positions, oldest first: UTC seconds and profit.
        switch: the kill switch.
    """

def resume_ledger(ledger: Ledger, *, equity: float, now_s: int) -> Ledger:
    """No longer halted by kill switch or drawdown; a halt by the day's loss and a pause stay.

    The highest mark starts anew at this equity where the drawdown is what the state was about, and only there.
    """

@final
class Pending:
    """An opening whose outcome is unknown, or that the book may not show yet."""

    def __init__(
        self,
        *,
        req_id: str,
        ticket: int | None = None,
        symbol: str,
        side: str,
        lots: float,
        sl: float | None = None,
        tp: float | None = None,
    ) -> None: ...

@final
class Exit:
    """An order that closes one whole position; ``side`` is the order's own."""

    @staticmethod
    def protective(position: Position) -> Exit:
        """Out of a position whose stop is gone and cannot be put back."""

    @property
    def ticket(self) -> int: ...
    @property
    def side(self) -> _Side: ...
    @property
    def lots(self) -> float: ...
    @property
    def purpose(self) -> Literal["signal", "weekend", "kill_switch", "protection"]: ...

@final
class Entry:
    """A position to open; ``price`` is what stops and volume were found for."""

    @property
    def side(self) -> _Side: ...
    @property
    def lots(self) -> float: ...
    @property
    def price(self) -> float: ...
    @property
    def sl(self) -> float: ...
    @property
    def tp(self) -> float | None: ...
    @property
    def deviation_points(self) -> int: ...

@final
class Ruling:
    """What may go: ``exits`` always, then ``entry``, or why none may (``refusal``, a code, and ``detail``)."""

    @property
    def exits(self) -> list[Exit]: ...
    @property
    def entry(self) -> Entry | None: ...
    @property
    def refusal(self) -> str | None: ...
    @property
    def detail(self) -> str | None: ...
    @property
    def warnings(self) -> list[str]: ...

def approve(
    side: str,
    limits: Limits,
    *,
    symbol: str,
    book: Book,
    quote: Quote,
    facts: dict[str, SymbolFacts],
    bars: Bars,
    bar: FreshBar,
    ledger: Ledger | None,
    pending: list[Pending],
    openings_s: list[int],
    calendar: Calendar,
    news: News,
    halted: bool,
    switch: _Switch,
) -> Ruling:
    """Rule on the wish to be on ``side``.

    Args:
        side: the side to be on.
        limits: the bounds.
        symbol: as the broker names it.
        book: the broker's.
        quote: bid and ask now.
        facts: of the symbol, and of every other one that is open.
        bars: closed bars, for the average true range.
        bar: the bar that was decided on, and the moment.
        ledger: as ``advance_ledger`` left it at this moment.
        pending: openings that count as open.
        openings_s: when openings were sent, UTC seconds, of this UTC day and of the last minute at least.
        calendar: when the market is open.
        news: times around news.
        halted: whether the daemon halted itself.
        switch: the kill switch.
    """

def due_exits(
    limits: Limits, *, book: Book, symbol: str, now_s: int, calendar: Calendar, switch: _Switch
) -> list[Exit]:
    """Own positions of the symbol that must be closed now: before a weekend, or by the kill switch."""

def open_worth(book: Book, facts: dict[str, SymbolFacts]) -> float | None:
    """Worth of all open positions, account currency; None where it cannot be told for one of them."""

def slippage_beyond(limits: Limits, side: str, *, wanted: float, filled: float, facts: SymbolFacts) -> float | None:
    """Points that an order was filled worse than ``wanted``, where that is more than the limits allow."""

@final
class Deal:
    """What happened to a paper account; money in account currency, ``profit`` in whole hundredths."""

    def __init__(
        self,
        *,
        seq: int,
        ticket: int,
        req_id: str | None,
        symbol: str,
        side: str,
        entry: str,
        lots: float,
        price: float,
        time_s: int,
        sl: float | None,
        tp: float | None,
        magic: int,
        profit: float,
        margin: float,
        by: str,
    ) -> None:
        """Take a stored deal back.

        Raises:
            Unsafe: a word that no deal has.
        """

    @property
    def seq(self) -> int:
        """Place in the account's history, from 1 without gaps."""

    @property
    def ticket(self) -> int:
        """The position; one that opens has its own ``seq`` here."""

    @property
    def req_id(self) -> str | None: ...
    @property
    def symbol(self) -> str: ...
    @property
    def side(self) -> _Side:
        """Of the deal itself: a long position is closed by a SELL. Of the position, where levels moved."""

    @property
    def entry(self) -> Literal["in", "out", "levels"]: ...
    @property
    def lots(self) -> float: ...
    @property
    def price(self) -> float: ...
    @property
    def time_s(self) -> int: ...
    @property
    def sl(self) -> float | None: ...
    @property
    def tp(self) -> float | None: ...
    @property
    def magic(self) -> int: ...
    @property
    def profit(self) -> float: ...
    @property
    def margin(self) -> float: ...
    @property
    def by(self) -> Literal["order", "stop_loss", "take_profit", "stop_out"]: ...

@final
class Proposal:
    """What an order would do."""

    @property
    def deals(self) -> list[Deal]:
        """Empty where it is refused, or nothing is to be done."""

    @property
    def denial(self) -> tuple[int, str, str] | None:
        """Retcode, reason code and sentence of a refusal."""

@final
class PaperAccount:
    """One account on paper; only ``apply``, ``note`` and ``know`` change it. The same inputs give the same bits."""

    def __init__(
        self, *, deposit: float, currency: str, leverage: float, seed: int, slippage_points_max: float
    ) -> None:
        """Open it without deals.

        Raises:
            Misconfigured: a value outside its meaning.
        """

    def know(self, symbol: str, facts: SymbolFacts, *, shows: str) -> None:
        """Let a symbol be traded; its bars show the ``bid``, ``ask`` or ``mid``.

        Raises:
            Misconfigured: facts for another currency.
        """

    def propose_open(
        self,
        *,
        req_id: str,
        symbol: str,
        side: str,
        lots: float,
        sl: float | None,
        tp: float | None,
        deviation_points: float,
        magic: int,
        time_s: int,
    ) -> Proposal: ...
    def propose_close(
        self,
        *,
        req_id: str,
        symbol: str,
        ticket: int,
        side: str,
        lots: float,
        deviation_points: float,
        time_s: int,
    ) -> Proposal: ...
    def propose_levels(
        self, *, symbol: str, ticket: int, sl: float | None, tp: float | None, time_s: int
    ) -> Proposal: ...
    def propose_mark(self, symbol: str, quote: Quote, bars: Bars | None = None) -> list[Deal]:
        """Stops, targets and the stop out that bars which closed, then a newest price, bring about.

        Raises:
            Unusable: the quote is no price.
        """

    def propose_carried(
        self,
        *,
        req_id: str,
        symbol: str,
        side: str,
        close_lots: float,
        open_lots: float,
        quote: Quote,
        magic: int,
    ) -> list[Deal]:
        """The deals of a fill of the older paper book, at its own price.

        Raises:
            Unsafe: it closes what is not open.
        """

    def apply(self, deal: Deal) -> None:
        """Take a deal in.

        Raises:
            Unsafe: it does not follow from those before it.
        """

    def note(self, symbol: str, quote: Quote, bars: Bars | None = None) -> None:
        """Note the newest price, and how far bars are executed."""

    def recall(self, symbol: str, quote: Quote) -> None:
        """Value positions at a price from before a restart; nothing is filled at it.

        Raises:
            Unusable: the quote is no price.
        """

    def note_executed(self, symbol: str, newest_s: int) -> None: ...
    def executed_s(self, symbol: str) -> int | None:
        """Open time of the newest bar that stops were executed on."""

    def account(self) -> Account:
        """At the newest quotes."""

    def positions(self) -> list[Position]:
        """By ticket; ``profit`` at the newest quotes, 0 where none is known yet."""

def broker_facts(facts: SymbolFacts, price: float) -> dict[str, float]:
    """What a broker says about a symbol at a price: ``point``, ``tick_value``, ``volume_min``, ``stops_level``, …"""

@final
class Recording:
    """Recorded bars played as if it were now, again and again; a bar is walked in 60 ticks, nearer extreme first."""

    def __init__(
        self, bars: Bars, facts: SymbolFacts, *, interval_s: int, start_s: int, shows: str, spread_points: float
    ) -> None:
        """Bars that show the ``bid``, ``ask`` or ``mid``; the first one opens at ``start_s``, taken to the interval.

        Raises:
            Unusable: no bar.
            Misconfigured: not whole minutes, or a spread that leaves no bid.
        """

    @property
    def interval_s(self) -> int: ...
    def quote(self, now_s: int) -> Quote:
        """The newest tick; its time is when it came."""

    def quotes(self, after_s: int, until_s: int, count: int) -> list[Quote]:
        """The first ``count`` ticks after one moment, up to another one included, oldest first."""

    def bars_at(
        self, now_s: int, start_pos: int, count: int
    ) -> list[tuple[int, float, float, float, float, float, int]]:
        """Open time, open, high, low, close, ticks and spread in points, oldest first; 0 is the bar forming."""

def panic_on_purpose() -> None:
    """Panic inside the core; arrives as ``CorePanic``. For tests."""
