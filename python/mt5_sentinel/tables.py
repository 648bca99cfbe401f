"""Tables of other libraries → ``Bars``, and the feature functions that take both.

No table library is imported here, and numpy only when there is a table to read: the daemon loads neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from mt5_sentinel import _core
from mt5_sentinel.errors import Unusable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

TIME_NAMES = ("timestamp", "time", "datetime", "date")
"""Names of the open time, the first one found is taken: two time columns are never put together."""

PRICE_NAMES = ("open", "high", "low", "close")
VOLUME_NAMES = ("volume", "tick_volume")

ACCEPTED = (
    "a pandas or polars DataFrame, a pyarrow Table or RecordBatch, an object with __arrow_c_stream__, a dict of "
    "columns or a numpy array with named fields"
)


class DataFrame(Protocol):
    """A pandas or polars DataFrame."""

    @property
    def columns(self) -> Any:  # noqa: ANN401 - an Index there, a list here
        """Names of the columns."""

    @property
    def dtypes(self) -> Any:  # noqa: ANN401 - a Series there, a list here
        """Types of the columns."""


class ArrowStream(Protocol):
    """A pyarrow Table or RecordBatch, or another library's table with the Arrow PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A stream of record batches."""


Table: TypeAlias = "DataFrame | ArrowStream | Mapping[str, ArrayLike] | NDArray[np.void]"


class _Columns(NamedTuple):
    """Names, and how to read the column at a position; it is read only when it is wanted and no other has its name."""

    names: Sequence[object]
    read: Callable[[int], Any]
    index: Any = None
    """The times a table holds beside its columns: a pandas DatetimeIndex."""


def bars_from_table(table: Table, *, timestamp: str | None = None) -> _core.Bars:
    """Bars of a table, which is neither changed nor sorted.

    Columns are found by name, in upper or lower case: open, high, low, close, ``volume`` or ``tick_volume``, and as
    the open time the first of timestamp, time, datetime, date, else a pandas DatetimeIndex; ``timestamp`` names
    another one. A time is whole UTC unix seconds, or a datetime of any resolution: converted to UTC where it has a
    zone, taken as UTC where it has none.

    Raises:
        Unusable: a column is lacking, named twice or of another type, a value is missing, times do not increase, or
            a bar is impossible; names row and column.
        TypeError: this is no table, or a lazy one.
        Misconfigured: an Arrow stream of another library, and pyarrow is not installed.
    """
    from mt5_sentinel import columns  # noqa: PLC0415 - imports numpy

    found = _columns(table, columns.library(table))
    time_name, time = _time(found, timestamp)
    wanted = [_position(found.names, (name,)) for name in PRICE_NAMES]
    wanted.append(_position(found.names, VOLUME_NAMES))
    numbers = [columns.numbers(str(found.names[at]), found.read(at)) for at in wanted]
    return _core.Bars.from_columns(columns.seconds(time_name, time), *numbers)


def features(
    bars: _core.Bars | Table,
    out: NDArray[np.float64] | None = None,
    *,
    layout: _core._Layout = "rows",
    columns: _core._Columns = None,
    threads: int = 1,
) -> NDArray[np.float64]:
    """Feature matrix of shape (n, k), NaN during warm-up; the GIL is released.

    Args:
        bars: n bars, or a table of them as ``bars_from_table`` reads it.
        out: a writable array of that shape and any strides; it is filled and returned.
        layout: ``rows`` is C order, ``columns`` Fortran order, ``legacy23`` the 22 and a constant 0.0 (k = 23).
            With ``out`` its own order counts.
        columns: names in the order wanted, or ``extended`` or ``all``; None is the 22 of ``sentinel-v1``.
        threads: how many may work on it.

    Raises:
        Unusable: ``out`` has another shape or type, cannot be written, or its elements overlap; or as
            ``bars_from_table``.
        Misconfigured: a column, layout or number of threads is none; ``legacy23`` with ``columns``.
    """
    source = bars if isinstance(bars, _core.Bars) else bars_from_table(bars)
    return _core.features(source, out, layout=layout, columns=columns, threads=threads)


def features_many(
    bars: Iterable[_core.Bars | Table],
    *,
    layout: _core._Layout = "rows",
    columns: _core._Columns = None,
    threads: int | None = None,
) -> list[NDArray[np.float64]]:
    """Matrix of each symbol, in parallel on ``threads`` threads (None: one per processor); else as ``features``."""
    sources = [one if isinstance(one, _core.Bars) else bars_from_table(one) for one in bars]
    return _core.features_many(sources, layout=layout, columns=columns, threads=threads)


def latest(bars: _core.Bars | Table, columns: _core._Columns = None) -> list[float]:
    """The newest bar's k values, equal by bits to the last row of the matrix.

    A column that never settles is the value for a history that starts where the bars do.

    Raises:
        Unusable: too few bars for some column that settles to have settled, or for another to be finite; or as
            ``bars_from_table``.
        Misconfigured: a column is unknown or given twice.
    """
    return _core.latest(bars if isinstance(bars, _core.Bars) else bars_from_table(bars), columns)


def _columns(table: Any, source: str) -> _Columns:  # noqa: ANN401 - any table
    if source == "pandas" and hasattr(table, "iloc") and hasattr(table, "columns"):
        return _of_pandas(table)
    if source == "polars" and hasattr(table, "to_series"):
        return _Columns(table.columns, table.to_series)
    if source == "polars" and hasattr(table, "collect"):
        raise TypeError(f"a polars {type(table).__name__} holds no rows yet: call .collect() first")
    if isinstance(table, Mapping):
        names = list(table)
        return _Columns(names, lambda at: table[names[at]])
    fields = getattr(getattr(table, "dtype", None), "names", None)
    if fields is not None:
        return _Columns(fields, lambda at: table[fields[at]])
    if source in ("", "pyarrow") and hasattr(table, "__arrow_c_stream__"):
        from mt5_sentinel import arrow  # noqa: PLC0415 - imports numpy and pyarrow

        stream = arrow.table(table)
        return _Columns(stream.column_names, stream.column)
    raise TypeError(f"{type(table).__name__} is no table of bars; what is read: {ACCEPTED}")


def _of_pandas(table: Any) -> _Columns:  # noqa: ANN401
    """The columns; an index with a name stands behind them as one more, unless a column has that name."""
    names, index = list(table.columns), table.index
    if index.name is not None and _key(index.name) not in map(_key, names):
        names.append(index.name)
    width = len(table.columns)
    times = index if index.dtype.kind == "M" else None
    return _Columns(names, lambda at: index if at == width else table[names[at]], times)


def _time(found: _Columns, wanted: str | None) -> tuple[str, Any]:
    """Name and column of the open time."""
    if wanted is not None:
        at = _position(found.names, (_key(wanted),))
    elif found.index is not None and not any(_key(name) in TIME_NAMES for name in found.names):
        return str(found.index.name or "index"), found.index
    else:
        at = _position(found.names, TIME_NAMES)
    return str(found.names[at]), found.read(at)


def _position(names: Sequence[object], wanted: Sequence[object]) -> int:
    """Where the first of the wanted names stands.

    Raises:
        Unusable: none is there, or the first that is there stands twice.
    """
    keys = [_key(name) for name in names]
    for key in wanted:
        places = [at for at, found in enumerate(keys) if found == key]
        if len(places) > 1:
            shown = " and ".join(f"`{names[at]}`" for at in places)
            raise Unusable(f"the table has {len(places)} columns of one name: {shown}", "bad_columns")
        if places:
            return places[0]
    there = ", ".join(str(name) for name in names) or "none"
    either = " or ".join(f"`{name}`" for name in wanted)
    hint = "; where the source gives no volume, add a column of zeros" if wanted is VOLUME_NAMES else ""
    raise Unusable(f"the table has no column {either}; its columns: {there}{hint}", "bad_columns")


def _key(name: object) -> object:
    return name.strip().lower() if isinstance(name, str) else name
