"""The journal of the daemon against the deals of the gateway: every order once, none lost, money the same."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

CENT = 0.005

ACCOUNTED = "'closed by stop_loss', 'closed by take_profit', 'closed by stop_out'"
"""Rules of differences that are none: this is how the daemon learns that the broker executed a stop."""


class Ledgers(msgspec.Struct, frozen=True):
    """Orders and positions, as both ends know them."""

    intents: dict[str, int]
    """Orders of the journal, by kind and state."""
    opened: int
    """Positions that the gateway opened."""
    closed: int
    """Positions that it closed."""
    closed_by: dict[str, int]
    profit: float
    """Realised, account currency."""
    disagreements: list[str]
    """An order or a position that the two know differently."""
    differences: dict[str, int]
    """What the daemon itself found when it compared journal and book, by kind; an executed stop is none."""
    trades: list[int]
    """When positions were opened, UTC seconds."""


def compare(journal: Path, paper: Path) -> Ledgers:
    """Both files, after both processes have ended."""
    intents = _rows(journal, "SELECT req_id, kind, state, opened_lots, closed_lots FROM intent")
    positions = _rows(journal, "SELECT ticket, req_id, state, profit, closed_by FROM position")
    deals = _rows(paper, "SELECT ticket, req_id, entry, lots, profit, by, time_s FROM deal ORDER BY seq")
    opened = [deal for deal in deals if deal["entry"] == "in"]
    closed = {deal["ticket"]: deal for deal in deals if deal["entry"] == "out"}
    found = _rows(journal, f"SELECT kind FROM difference WHERE rule NOT IN ({ACCOUNTED})")  # noqa: S608 - own text
    looked_s = _rows(journal, "SELECT CAST(strftime('%s', max(started_utc)) AS INTEGER) AS at_s FROM cycle")[0]["at_s"]
    return Ledgers(
        intents=dict(Counter(f"{one['kind']} {one['state']}" for one in intents)),
        opened=len(opened),
        closed=len(closed),
        closed_by=dict(Counter(deal["by"] for deal in closed.values())),
        profit=round(sum(deal["profit"] for deal in deals), 2),
        disagreements=[*_orders(intents, deals), *_positions(positions, opened, closed, looked_s)],
        differences=dict(Counter(row["kind"] for row in found)),
        trades=[deal["time_s"] for deal in opened],
    )


def _orders(intents: list[dict[str, Any]], deals: list[dict[str, Any]]) -> list[str]:
    told = []
    by_order = Counter((deal["req_id"], deal["entry"]) for deal in deals if deal["req_id"] is not None)
    filled = {one["req_id"]: one for one in intents if one["state"] == "filled"}
    for one in intents:
        entry = "in" if one["kind"] == "open" else "out"
        count = by_order.pop((one["req_id"], entry), 0)
        if one["req_id"] in filled and count == 0:
            told.append(f"order {one['req_id']} is filled in the journal, and the gateway has no deal of it")
        elif one["req_id"] not in filled and count > 0:
            told.append(f"order {one['req_id']} is {one['state']} in the journal, and the gateway executed it")
        elif count > 1:
            told.append(f"order {one['req_id']} was executed {count} times")
    return told + [f"the gateway executed order {req_id}, which the journal does not know" for req_id, _ in by_order]


def _positions(
    positions: list[dict[str, Any]], opened: list[dict[str, Any]], closed: dict[int, dict[str, Any]], looked_s: int
) -> list[str]:
    """Positions that one of the two lacks, or that ended in another way; the daemon looked for the last time then."""
    told = []
    known = {position["ticket"]: position for position in positions}
    for deal in opened:
        position = known.pop(deal["ticket"], None)
        end = closed.get(deal["ticket"])
        if position is None:
            told.append(f"position {deal['ticket']} of the gateway is not in the journal")
        elif position["state"] == "closed" and end is None:
            told.append(f"position {deal['ticket']} is closed in the journal, and open at the gateway")
        elif position["state"] == "closed" and end is not None and abs(position["profit"] - end["profit"]) > CENT:
            told.append(f"position {deal['ticket']}: profit {position['profit']} in the journal, {end['profit']} there")
        elif position["state"] == "open" and end is not None and end["time_s"] < looked_s:
            told.append(f"position {deal['ticket']} is open in the journal, and closed at the gateway")
    return told + [f"position {ticket} of the journal is not at the gateway" for ticket in known]


def _rows(path: Path, query: str) -> list[dict[str, Any]]:
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(query)]
