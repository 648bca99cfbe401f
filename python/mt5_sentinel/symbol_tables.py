"""``[[symbol]]`` tables over what holds for all symbols; reading and checking single values is config.py's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

from mt5_sentinel.settings import Settings
from mt5_sentinel.types import ScoringMode


@dataclass(frozen=True)
class Table:
    """One table: where it stands, for messages, and its values under the names of the settings."""

    place: str
    values: dict[str, Any]


def merge(values: dict[str, Any], tables: list[Table], mistakes: list[str]) -> tuple[Settings, ...]:
    """Settings of each table; a table is the most specific word, so it wins over everything in ``values``.

    Args:
        values: what holds for all; its ``symbol``, from a flag or a variable, chooses one of the tables.
        tables: in the order of the file.
        mistakes: what is wrong with the tables together is added here.
    """
    tables = [table for table in tables if "symbol" in table.values]
    _check_names(values, tables, mistakes)
    shared = {name: value for name, value in values.items() if name != "symbol"}
    wanted = values.get("symbol")
    chosen = [table for table in tables if wanted in (None, table.values["symbol"])]
    if tables and not chosen:
        names = ", ".join(table.values["symbol"] for table in tables)
        mistakes.append(f"symbol: {wanted!r} has no [[symbol]] table; the file has tables for {names}")
    return tuple(Settings(**_below(table.values, shared), **table.values) for table in chosen)


def _below(own: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """What of the shared values a table leaves as it is; its bundle also replaces one that `model` names in short."""
    kept = {name: value for name, value in shared.items() if name not in own}
    if "model_bundle" in own and kept.get("model") not in get_args(ScoringMode):
        kept.pop("model", None)
    return kept


def _check_names(values: dict[str, Any], tables: list[Table], mistakes: list[str]) -> None:
    """A symbol has one table, and bars of its own."""
    intervals: dict[str, str] = {}
    for table in tables:
        name = table.values["symbol"].upper()
        interval = table.values.get("interval", values.get("interval", Settings.interval))
        if name not in intervals:
            intervals[name] = interval
        elif intervals[name] == interval:
            mistakes.append(f"{table.place}: {name} {interval} has a table already")
        else:
            mistakes.append(
                f"{table.place}: {name} has a table already, with interval {intervals[name]}; a symbol has one"
                " position, which two intervals would take from each other; a second daemon with a state_dir of its own"
                " can run the other"
            )
    if values.get("eodhd_symbol"):
        mistakes.extend(
            f"{table.place}: it would be fed the bars of {values['eodhd_symbol']}; with several tables, write"
            " eodhd_symbol into the tables, not above them"
            for table in tables
            if len(tables) > 1 and "eodhd_symbol" not in table.values
        )
