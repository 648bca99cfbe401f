"""What has to be true when the storm is over: book and journal agree, nothing is open that should not be."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from mt5_sentinel.wire import PositionData
from tests.python.storm.daemon_side import DaemonSide
from tests.python.storm.watch import Watch, rows
from tests.python.storm.world import World

TABLES = ("cycle", "intent", "position", "risk", "risk_day", "risk_change", "difference")

PERIOD_S = 60

HALTS = ("refused_frozen", "refused_halted", "refused_kill_switch", "refused_gateway_halted")
"""Why nothing is opened for reasons that are over when it is calm."""

SLIPPED = ("requote", "retcode_10004")
"""The broker's price moved too far, as prices do."""


class Broker(Protocol):
    """The other side, whichever it is."""

    watch: Watch

    def positions(self) -> list[PositionData]:
        """What is open there."""


def check(world: World, daemon: DaemonSide, gateway: Broker) -> None:
    """Hold what is left against the promises."""
    _agreement(world, daemon, gateway)
    _heartbeat(world, daemon)


def check_flat(world: World, daemon: DaemonSide, gateway: Broker) -> None:
    """Nothing of the daemon is open after some quiet minutes of a kill switch that flattens."""
    for one in gateway.positions():
        if one.magic == daemon.settings.magic:
            world.violated("exits", f"position {one.ticket} is open after minutes of `flatten`")


def _agreement(world: World, daemon: DaemonSide, gateway: Broker) -> None:
    journal, magic = daemon.state / "journal.db", daemon.settings.magic
    told = world.violated
    book = {one.ticket: one.volume for one in gateway.positions() if one.magic == magic}
    kept = dict(rows(journal, "SELECT ticket, lots FROM position WHERE state = 'open'"))
    for ticket in sorted(book.keys() | kept.keys()):
        ours, theirs = kept.get(ticket, 0.0), book.get(ticket, 0.0)
        if abs(ours - theirs) > 1e-9:
            told("at rest", f"position {ticket}: {ours} lots by the journal, {theirs} at the broker")
    for one in gateway.positions():
        if one.magic == magic and one.sl is None:
            told("naked", f"position {one.ticket} has no stop")
    for req_id, state in rows(journal, "SELECT req_id, state FROM intent WHERE state IN ('intended', 'unknown')"):
        told("at rest", f"order {req_id} is still {state}")
    settled = dict(rows(journal, "SELECT req_id, state FROM intent"))
    for req_id in gateway.watch.times:
        if settled.get(req_id) not in ("filled", None):
            told("lost", f"order {req_id} was executed, and is {settled.get(req_id)} by the journal")
    for req_id, state in settled.items():
        if state == "filled" and req_id not in gateway.watch.times:
            told("lost", f"order {req_id} is filled by the journal, and was never executed")


def check_lively(world: World, daemon: DaemonSide, since_s: float) -> int:
    """Once nothing goes wrong any more, signals trade: what keeps one back is a limit, and no freeze and no halt.

    Returns:
        How many orders were filled.
    """
    filled = 0
    for at_s, record in daemon.records:
        if at_s < since_s:
            continue
        filled += record.outcome == "filled"
        is_limit = (record.reason.startswith("refused_") and record.reason not in HALTS) or record.reason in SLIPPED
        if record.status == "failed" or record.outcome == "unknown" or (record.outcome == "refused" and not is_limit):
            world.violated("at rest", f"{at_s - since_s:.0f} s after the calm: {record.reason}: {record.detail}")
    return filled


def _heartbeat(world: World, daemon: DaemonSide) -> None:
    """A finished record in every minute of a daemon that lives and whose clock does not step."""
    told = world.violated
    symbols = sorted({record.symbol for _, record in daemon.records}) or [daemon.settings.symbol]
    for symbol in symbols:
        _beats_of(world, daemon, symbol, late=1.6 * PERIOD_S * len(symbols))
    unfinished = "SELECT count(*) FROM cycle WHERE status = 'running'"
    if rows(daemon.state / "journal.db", unfinished)[0][0]:
        told("heartbeat", "a record was left unfinished")


def _beats_of(world: World, daemon: DaemonSide, symbol: str, late: float) -> None:
    """One symbol's; here the symbols share one thread, and wait for each other."""
    told = world.violated
    steps = [at_s for at_s, _ in daemon.machine.clock.offsets[1:]]
    beats = [at_s for at_s, record in daemon.records if record.symbol == symbol]
    if not beats:
        told("heartbeat", "there was no cycle at all")
    for before_s, after_s in itertools.pairwise(beats):
        died = any(before_s - 1 < at_s <= after_s + 1 for at_s in daemon.lives)
        stepped = any(before_s - PERIOD_S < at_s <= after_s for at_s in steps)
        stalled = any(before_s <= at_s <= after_s for at_s in world.stalled_s)
        longer_s = (0.5 * PERIOD_S if stepped else 0.0) + (PERIOD_S if stalled else 0.0)
        if not died and after_s - before_s > late + longer_s:
            told("heartbeat", f"silent from {before_s - world.began_s:.0f} s to {after_s - world.began_s:.0f} s")
        if not died and not stepped and after_s - before_s < PERIOD_S / 2:
            told("heartbeat", f"two cycles within {after_s - before_s:.1f} s at {after_s - world.began_s:.0f} s")
    silent_s = world.now_s - beats[-1] if beats else 0.0
    if silent_s > late:
        told("heartbeat", f"silent for the last {silent_s:.0f} s of the run")


def dump(journal: Path, place: str) -> Iterator[str]:
    """Every row of the journal, as text; ``place`` is where this run happened to keep its files."""
    for table in TABLES:
        for row in rows(journal, f"SELECT * FROM {table} ORDER BY rowid"):
            yield f"{table} {row!r}".replace(place, "")
