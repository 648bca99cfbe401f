"""Criteria about what the daemon does: its lines in the log, its rows in the database, and that they agree."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from mt5_sentinel.ops.questions import Broken
from mt5_sentinel.ops.scene import Scene
from mt5_sentinel.ops.verify_lines import CYCLE, ERROR, Line, Survival, survival

FRESH_S_MAX = 150.0
"""A cycle a minute, and one that takes long."""

RECENT = 60
"""Newest cycles whose failures are counted."""

FAILED_SHARE_MAX = 0.5
SECOND, PERIOD_S = 58.0, 60.0
LATE_S_MAX = 5.0
"""A cycle of a busy machine; what it was is told."""

INTENDED_S_MAX = 600.0
CLOCK_SLACK_S = 2.0
"""Between a row's times and the moment the log took the line."""

SETTLING_S = 5.0
LOOK = "look at journalctl -u mt5-sentinel and mt5-sentinel journal --last 20"


class NotShown(Exception):
    """It may be so, but nothing has happened yet that would show it."""


def logs_are_accessible(scene: Scene) -> str:
    """The journal gives the lines of the process that runs, and new ones."""
    own = [one for one in scene.log if one.pid == scene.pid]
    if not own:
        raise Broken(f"no line of PID {scene.pid} in the journal", "systemctl status systemd-journald")
    quiet_s = scene.now_s - own[-1].at_s
    if quiet_s > FRESH_S_MAX:
        raise Broken(f"the newest line of PID {scene.pid} is {quiet_s:.0f} s old; it writes one a minute", LOOK)
    return f"{len(scene.log)} lines, {len(own)} of PID {scene.pid}, the newest {quiet_s:.0f} s old"


def never_crashes(scene: Scene) -> str:
    """After each failed cycle the same process went on, and log and database tell of the same failures."""
    found = survival(scene.log, scene.pid)
    told = _told(found)
    if found.died:
        raise Broken(f"{told}; after `{_short(found.died[-1])}` the process was gone", LOOK)
    if found.crashes:
        raise Broken(f"{told}; {len(found.crashes)} exits nobody asked for: `{_short(found.crashes[-1])}`", LOOK)
    if unlike := disagreement(scene.log, scene.cycles, scene.now_s):
        raise Broken(f"{told}; log and database disagree: {unlike}", LOOK)
    if not found.survived:
        raise NotShown(f"{told}: no cycle has failed and been followed by another since the log begins")
    return f"{told}; log and database agree"


def _told(found: Survival) -> str:
    parts = [f"{len(found.errors)} failed cycles in the log, {len(found.survived)} followed by a cycle of the same PID"]
    parts += [f"{len(found.ended_from_outside)} before a stop or kill from outside"] if found.ended_from_outside else []
    parts += [f"{len(found.undecided)} just now"] if found.undecided else []
    return ", ".join(parts)


def disagreement(log: list[Line], cycles: list[dict[str, Any]], now_s: float) -> str:
    """Failures that only one of log and database knows, within the time that both cover; empty where there are none."""
    begins = next((one.at_s for one in log if CYCLE in one.text), None)
    if begins is None:
        return "the log has no cycle at all"
    rows = [one for one in cycles if unix_s(one["started_utc"]) >= begins - CLOCK_SLACK_S]
    failed = [one for one in rows if one["status"] == "failed" and one["finished_utc"]]
    spans = [
        (unix_s(one["started_utc"]) - CLOCK_SLACK_S, unix_s(one["finished_utc"]) + CLOCK_SLACK_S) for one in failed
    ]
    covered_s = unix_s(cycles[0]["started_utc"]) if cycles else now_s
    errors = [one for one in log if ERROR in one.text and covered_s - CLOCK_SLACK_S <= one.at_s < now_s - SETTLING_S]
    alone = [one for one in errors if not any(low <= one.at_s <= high for low, high in spans)]
    if alone:
        return f"`{_short(alone[0])}` has no failed cycle in the database"
    settled = [span for span in spans if span[1] < now_s - SETTLING_S]
    times = [one.at_s for one in log if ERROR in one.text]
    unlogged = [span for span in settled if not any(span[0] <= at_s <= span[1] for at_s in times)]
    return f"{len(unlogged)} failed cycles of the database are not in the log" if unlogged else ""


def cycles_run(scene: Scene) -> str:
    """A cycle a minute, and not so many of them failed."""
    if not scene.cycles:
        raise Broken(f"{scene.database} has no cycle", LOOK)
    recent = scene.cycles[-RECENT:]
    quiet_s = scene.now_s - unix_s(recent[-1]["started_utc"])
    if quiet_s > FRESH_S_MAX:
        raise Broken(f"the newest cycle began {quiet_s:.0f} s ago", LOOK)
    failed = [one for one in recent if one["status"] == "failed"]
    reasons = ", ".join(
        f"{reason} {count}" for reason, count in Counter(one["reason"] for one in recent).most_common(5)
    )
    told = f"{len(failed)} of the newest {len(recent)} cycles failed ({reasons}), the newest began {quiet_s:.0f} s ago"
    if len(failed) > len(recent) * FAILED_SHARE_MAX:
        raise Broken(told, f"{failed[-1]['reason']}: {failed[-1]['detail']}")
    return told


def is_punctual(scene: Scene) -> str:
    """Since this process began: every minute has its cycle, at second 58."""
    began_s = scene.now_s - scene.age_s
    starts = sorted({unix_s(one["started_utc"]) for one in scene.cycles})
    starts = [at_s for at_s in starts if at_s >= began_s - CLOCK_SLACK_S][1:]  # the first cycle is at once
    if not starts:
        raise NotShown("no cycle on schedule since the process began")
    late_s = [(at_s - SECOND) % PERIOD_S for at_s in starts]
    minutes = [int((at_s - SECOND) // PERIOD_S) for at_s in starts]
    missed = minutes[-1] - minutes[0] + 1 - len(set(minutes))
    told = f"{len(starts)} cycles on schedule, at most {max(late_s):.2f} s after second 58, {missed} minutes missed"
    if max(late_s) > LATE_S_MAX or missed:
        raise Broken(told, "is the machine overloaded, or was its clock set? " + LOOK)
    return told


def orders_are_settled(scene: Scene) -> str:
    """No order whose fate is unknown."""
    orders = [one for cycle in scene.cycles for one in cycle["intents"]]
    stuck = [one for one in orders if one["state"] == "unknown" or _is_old_intention(one, scene.now_s)]
    told = f"{len(orders)} orders in the newest {len(scene.cycles)} cycles, {len(scene.positions)} positions open"
    if stuck:
        raise Broken(f"{told}, {len(stuck)} orders unknown, the first {stuck[0]['req_id']}", "docs/ORDER_SAFETY.md")
    return f"{told}, none unknown"


def _is_old_intention(order: dict[str, Any], now_s: float) -> bool:
    return order["state"] == "intended" and now_s - unix_s(order["created_utc"]) > INTENDED_S_MAX


def unix_s(text: str) -> float:
    """A time of the database as UTC unix seconds."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _short(one: Line) -> str:
    return " ".join(one.text.split())[:160]
