"""Tables of the scorers' race."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from race.agreement import STRAY, Told
from race.batches import Batched
from race.clock import Times
from race.loads import Load
from race.report import duration, multiple, table


def rows_apart(taken: Sequence[Times], ours: Times) -> list[str]:
    """One row a call."""
    rows = [[t.name, duration(t.median), multiple(t.ratio(ours))] for t in taken]
    return table(["", "a row", f"× {ours.name}"], rows)


def batches(columns: Mapping[int, Sequence[Batched]], ours: Mapping[int, Times]) -> list[str]:
    """Rows a second by rows in a call, and in brackets the time of a row as a multiple of ours."""
    names = list(dict.fromkeys(one.times.name for column in columns.values() for one in column))
    cells: dict[str, list[str]] = {name: [] for name in names}
    for count, column in columns.items():
        for one in column:
            mark = "" if one.rows == count else " *"
            ratio = multiple(one.times.ratio(ours[count]))
            cells[one.times.name].append(f"{rate(one.times.median)}{mark} ({ratio})")
    heads = ["rows/s (× ours), by rows in a call", *(f"{count:,}" for count in columns)]
    return table(heads, [[name, *row] for name, row in cells.items()])


def rate(nanoseconds: float) -> str:
    """Rows a second in three digits, from nanoseconds a row."""
    value = 1e9 / nanoseconds
    unit, size = next(((u, z) for u, z in ((" M", 1e6), (" k", 1e3)) if value >= 0.9995 * z), ("", 1.0))
    return f"{value / size:,.0f}{unit}" if value / size >= 99.95 else f"{value / size:.3g}{unit}"


def agreement(told: Sequence[Told], rows: int) -> list[str]:
    """Every scorer's raw scores beside LightGBM's."""
    lines = []
    for one in told:
        if one.largest is None:
            lines.append([one.name, "not compared", "", ""])
        else:
            lines.append([one.name, "yes" if one.equal else "no", f"{one.largest:.1e}", f"{one.strays:,}"])
    return table(["", "equal bits", "largest difference", f"of {rows:,} rows off by more than {STRAY:.0e}"], lines)


def loading(costs: Mapping[str, Sequence[Load]], titles: Sequence[str]) -> list[str]:
    """What the import costs, then each model."""
    rows = []
    for name, loads in costs.items():
        models = [cell for one in loads for cell in (f"{one.load_ms:,.1f} ms", _megabytes(one.load_kib))]
        missing = ["", ""] * (len(titles) - len(loads))
        rows.append([name, f"{loads[0].import_ms:,.1f} ms", _megabytes(loads[0].import_kib), *models, *missing])
    heads = ["", "import", "memory", *(head for title in titles for head in (f"load {title}", "memory"))]
    return table(heads, rows)


def _megabytes(kibibytes: float) -> str:
    return f"{kibibytes / 1024:,.1f} MB"
