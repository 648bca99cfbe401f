"""Tables of the race, and the section of the document that holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from race.clock import Times
from race.exact import Verdict
from race.imports import Cost

UNITS = (("s", 1e9), ("ms", 1e6), ("µs", 1e3), ("ns", 1.0))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table, the first column to the left and the others to the right, padded to be read as text."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return f"| {' | '.join(padded)} |"

    ruler = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return [line(head), line(ruler), *(line(row) for row in rows)]


def best(taken: Sequence[Times], prefix: str) -> Times | None:
    """The fastest of those whose names begin so."""
    return min((t for t in taken if t.name.startswith(prefix)), key=lambda t: t.median, default=None)


def speed(bars: int, taken: Sequence[Times], ours: Times, bound: Times | None) -> list[str]:
    """One size: time of a call, per bar, as multiples of ours and of the fill."""
    rows = []
    for times in taken:
        of_fill = multiple(times.ratio(bound)) if bound else ""
        per_bar = f"{times.median / bars:,.2f}"
        rows.append([times.name, duration(times.median), per_bar, multiple(times.ratio(ours)), of_fill])
    return table(["", "a call", "ns a bar", f"× {ours.name}", "× fill"], rows)


def one_bar(taken: Sequence[Times], ours: Times) -> list[str]:
    """One more bar."""
    rows = [[t.name, f"{t.median / 1e3:,.3f}", multiple(t.ratio(ours))] for t in taken]
    return table(["", "µs a bar", f"× {ours.name}"], rows)


def accuracy(cases: Sequence[str], verdicts: Mapping[str, Sequence[Verdict]]) -> list[str]:
    """Worst error of every peer in every case, in units of what the contract allows, and the column it is in."""
    return table(["", *cases], [[peer, *(_share(one) for one in told)] for peer, told in verdicts.items()])


def _share(verdict: Verdict) -> str:
    if verdict.misplaced:
        return verdict.misplaced
    share = f"{verdict.share:.3f}" if verdict.share < 10 else f"{verdict.share:.1e}"
    return f"{share} ({verdict.column})"


def importing(costs: Mapping[str, Cost]) -> list[str]:
    """Cost of the import."""
    rows = [[name, f"{cost.milliseconds:.2f} ms", f"{cost.kibibytes / 1024:.2f} MB"] for name, cost in costs.items()]
    return table(["", "wall time", "resident memory"], rows)


def multiple(ratio: float) -> str:
    """Two decimals, or for small ratios two digits."""
    return f"{ratio:,.2f}" if ratio >= 0.1 else f"{ratio:.2g}"


def duration(nanoseconds: float) -> str:
    """Three digits and a unit."""
    unit, size = next(((u, z) for u, z in UNITS if nanoseconds >= 0.9995 * z), UNITS[-1])
    value = nanoseconds / size
    return f"{value:,.0f} {unit}" if value >= 99.95 else f"{value:.3g} {unit}"


def marks(name: str) -> tuple[str, str]:
    """The lines around the generated section of that name."""
    return f"<!-- begin: {name}, written by `make bench` -->", f"<!-- end: {name}, written by `make bench` -->"


def replaced(document: str, name: str, section: Sequence[str]) -> str:
    """The document with the generated section of that name renewed; without one it gets it at its end.

    Raises:
        ValueError: one mark is there without the other, or they stand in the wrong order.
    """
    begin, end = marks(name)
    body = "\n".join([begin, "", *section, "", end])
    if begin not in document and end not in document:
        return f"{document.rstrip()}\n\n{body}\n"
    before, found, rest = document.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed or begin in after or end in after:
        problem = f"the document must hold {begin!r} and {end!r} once each, in this order"
        raise ValueError(problem)
    return before + body + after
