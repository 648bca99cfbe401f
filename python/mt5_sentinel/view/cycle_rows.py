"""Rows of the journal as the records they were written from."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import Any

import msgspec

from mt5_sentinel import journal, journal_file
from mt5_sentinel.errors import Unusable
from mt5_sentinel.types import CycleRecord

SCORES = ("scores", "score"), ("other_scores", "other")


def record(row: sqlite3.Row) -> CycleRecord:
    """The cycle of a row; what a journal of an older version lacks has its default, as has JSON that is damaged.

    Raises:
        Unusable: the row says something that no program of this version writes; names the row and the field.
    """
    found: dict[str, Any] = {name: row[name] for name in row.keys() if row[name] is not None}  # noqa: SIM118
    for name, form in journal.PACKED.items():
        if name in found:
            packed = found.pop(name)
            with contextlib.suppress(msgspec.DecodeError):
                found[name] = msgspec.json.decode(packed, type=form)
    for name, prefix in SCORES:
        values = tuple(found.get(f"{prefix}_{side}") for side in ("sell", "hold", "buy"))
        if None not in values:
            found[name] = values
    found["cycle_id"] = found["id"]
    try:
        found["started_s"] = unix_s(found["started_utc"])
        if "finished_utc" in found:
            found["finished_s"] = unix_s(found["finished_utc"])
        return msgspec.convert(found, CycleRecord, strict=False)
    except (msgspec.ValidationError, Unusable) as error:
        message = f"journal: cycle {found['id']}: {error}; a newer program may have written it, or it is damaged"
        raise Unusable(message, "journal_row") from None


def unix_s(utc: str) -> float:
    """UTC unix seconds of a time as the journal writes it.

    Raises:
        Unusable: it is none.
    """
    try:
        return journal_file.unix_s(utc)
    except ValueError:
        raise Unusable(f"journal: {utc[:40]!r} is no time: the row it is in is damaged", "journal_row") from None


def known_s(utc: str | None) -> float | None:
    """The same; None where there is none, or it is damaged."""
    with contextlib.suppress(Unusable):
        return None if utc is None else unix_s(utc)
    return None
