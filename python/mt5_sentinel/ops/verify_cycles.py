"""Criteria about what the daemon does: its lines in the log, its rows in the database, and that they agree."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from mt5_sentinel.journal_file import unix_s
from mt5_sentinel.ops.questions import Broken
from mt5_sentinel.ops.scene import CLOCK_SLACK_S, CYCLES_MAX, Scene
from mt5_sentinel.ops.verify_ends import How, Survival, running_of, survival, uncounted
from mt5_sentinel.ops.verify_lines import CYCLE, ERROR, Line
from mt5_sentinel.schedule import START_SERVES_S
from mt5_sentinel.types import STILL_RUNNING

FRESH_S_MAX = 150.0
"""A cycle a minute, and one that takes long."""

RECENT = 60
"""Newest cycles whose failures are counted."""

FAILED_SHARE_MAX = 0.5
SECOND, PERIOD_S = 58.0, 60.0
LATE_S_MAX = 5.0
"""A cycle of a busy machine; what it was is told."""

INTENDED_S_MAX = 600.0
SETTLING_S = 5.0

HOWS: dict[How, str] = {
    "crashed": "crashed",
    "forced": "ended by force (kill -9 by hand and want of memory look alike)",
    "refused": "refused their configuration",
}
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
    """After each failed cycle the same process went on, no process crashed, and log and database tell the same."""
    log, restarts = scene.log, scene.show.get("NRestarts", "")
    found = survival(log, running_of(log, scene.show.get("InvocationID", ""), scene.pid))
    told = _told(found, restarts)
    if found.died:
        raise Broken(f"{told}; after `{_short(found.died[-1].text)}` the process was gone", LOOK)
    if crashes := found.how("crashed"):
        raise Broken(f"{told}; {len(crashes)} ends that nobody asked for: `{_short(crashes[-1].told)}`", LOOK)
    if not restarts.isdecimal():
        raise Broken(f"{told}; systemd tells no count of restarts: {restarts or 'none'}", LOOK)
    if missing := uncounted(log, int(restarts), scene.now_s - scene.age_s):
        raise Broken(f"{told}; {missing}", LOOK)
    if unlike := disagreement(log, scene.cycles, scene.now_s):
        raise Broken(f"{told}; log and database disagree: {unlike}", LOOK)
    if not found.survived:
        raise NotShown(f"{told}: no cycle has failed and been followed by another since the log begins")
    return f"{told}; log and database agree"


def _told(found: Survival, restarts: str) -> str:
    cycles = f"{len(found.errors)} failed cycles in the log, {len(found.survived)} followed by a cycle of the same PID"
    parts = [cycles]
    parts += [f"{len(found.stopped)} before a stop"] if found.stopped else []
    parts += [f"{len(found.forced)} before an end by force"] if found.forced else []
    parts += [f"{len(found.undecided)} just now"] if found.undecided else []
    kinds = {how: len(found.how(how)) for how in HOWS}
    parts += [f"{count} {HOWS[how]}" for how, count in kinds.items() if count]
    return ", ".join([*parts, f"{len(found.ends)} ends in all, {restarts or 'unknown'} restarts by systemd"])


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
        return f"`{_short(alone[0].text)}` has no failed cycle in the database"
    settled = [span for span in spans if span[1] < now_s - SETTLING_S]
    times = [one.at_s for one in log if ERROR in one.text]
    unlogged = [span for span in settled if not any(span[0] <= at_s <= span[1] for at_s in times)]
    return f"{len(unlogged)} failed cycles of the database are not in the log" if unlogged else ""


def cycles_run(scene: Scene) -> str:
    """A cycle a minute of every symbol, and not so many of them failed."""
    if not scene.cycles:
        raise Broken(f"{scene.database} has no cycle", LOOK)
    parts = [_runs(symbol, own, scene.now_s) for symbol, own in _by_symbol(scene).items()]
    return "; ".join(parts)


def _runs(symbol: str, own: list[dict[str, Any]], now_s: float) -> str:
    recent = own[-RECENT:]
    if not recent:
        raise Broken(f"{symbol}: none of the newest {CYCLES_MAX} cycles", LOOK)
    quiet_s = now_s - unix_s(recent[-1]["started_utc"])
    if quiet_s > FRESH_S_MAX:
        raise Broken(f"{symbol}: the newest cycle began {quiet_s:.0f} s ago", LOOK)
    failed = [one for one in recent if one["status"] == "failed"]
    reasons = ", ".join(
        f"{reason} {count}" for reason, count in Counter(one["reason"] for one in recent).most_common(5)
    )
    told = f"{len(failed)} of the newest {len(recent)} cycles failed ({reasons}), the newest began {quiet_s:.0f} s ago"
    if len(failed) > len(recent) * FAILED_SHARE_MAX:
        raise Broken(f"{symbol}: {told}", f"{failed[-1]['reason']}: {failed[-1]['detail']}")
    return f"{symbol}: {told}"


def _by_symbol(scene: Scene) -> dict[str, list[dict[str, Any]]]:
    """Cycles of each symbol of this process, those of processes before among them."""
    if not scene.symbols:
        told = f"PID {scene.pid} has run {scene.age_s:.0f} s and has no cycle in {scene.database}"
        raise NotShown(told) if scene.age_s < FRESH_S_MAX else Broken(told, LOOK)
    return {name: [one for one in scene.cycles if one["symbol"] == name] for name in scene.symbols}


def is_punctual(scene: Scene) -> str:
    """Since this process was ready: every minute has its cycle of every symbol, at second 58."""
    ready_s = scene.now_s - scene.booted_for_s + int(scene.show.get("ActiveEnterTimestampMonotonic") or 0) / 1e6
    # Nothing is known of minutes before the rows that are looked at, nor before the process itself.
    since_s = max(ready_s, scene.now_s - scene.age_s)
    if len(scene.cycles) >= CYCLES_MAX:
        since_s = max(since_s, unix_s(scene.cycles[0]["started_utc"]))
    first_s = scene.now_s - scene.age_s - CLOCK_SLACK_S
    told = {
        symbol: punctuality([one for one in own if unix_s(one["started_utc"]) >= first_s], since_s, scene.now_s)
        for symbol, own in _by_symbol(scene).items()
    }
    for symbol, found in told.items():
        if found.missed or found.late_s > LATE_S_MAX:
            raise Broken(f"{symbol}: {found}", "is the machine overloaded, or was its clock set? " + LOOK)
    if not any(found.due for found in told.values()):
        raise NotShown("no cycle was due on schedule since the process began")
    return "; ".join(f"{symbol}: {found}" for symbol, found in told.items())


class Punctuality(NamedTuple):
    """Minutes that were due, how many of them have no cycle, and how long after second 58 the latest one began."""

    due: int
    missed: int
    late_s: float

    def __str__(self) -> str:
        """In words."""
        late = f"cycles at most {self.late_s:.2f} s after second {SECOND:.0f}"
        return f"{self.due} minutes due, {self.missed} missed, {late}"


def punctuality(cycles: list[dict[str, Any]], since_s: float, now_s: float) -> Punctuality:
    """How the minutes of one symbol were kept.

    Args:
        cycles: of one process, oldest first; the first one is at once, not on schedule.
        since_s: minutes count whose second 58 was later, UTC unix seconds.
        now_s: and which is over by a little.
    """
    past = range(_minute(since_s) + 1, _minute(now_s - LATE_S_MAX - SETTLING_S) + 1)
    starts = [unix_s(one["started_utc"]) for one in cycles if one["reason"] != STILL_RUNNING]
    # The daemon lets the cycle at its start stand for the first minute too where that is so near.
    served = {_minute(at_s + START_SERVES_S) for at_s in starts[:1]} | {_minute(at_s) for at_s in starts[1:]}
    late_s = max(((at_s - SECOND) % PERIOD_S for at_s in starts[1:]), default=0.0)
    due = {*past, *map(_minute, starts[1:])}
    return Punctuality(len(due), len(due - served), late_s)


def _minute(at_s: float) -> int:
    """The number of the minute from second 58 on."""
    return int((at_s - SECOND) // PERIOD_S)


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


def _short(text: str) -> str:
    return " ".join(text.split())[:160]
