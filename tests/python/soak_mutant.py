"""A soak whose daemon has faults: what leaks, misses and fails must be seen from outside.

``python soak_mutant.py FAULTS …`` runs the soak of the command with the arguments that follow; it starts itself again
as the daemon.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from typing import Any

from mt5_sentinel import schedule
from mt5_sentinel.commands import soak, soak_process
from mt5_sentinel.errors import Transient
from mt5_sentinel.types import CycleRecord

DAEMON = "as-daemon"
MISSED_EVERY, FAILED_EVERY = 70, 50
IDLE_AFTER = 150

kept: list[Any] = []


def leak_memory(count: int) -> None:
    kept.append(bytearray(os.urandom(1) * 100_000))


def leak_descriptors(count: int) -> None:
    if count % 10 == 0:
        kept.append(os.open(os.devnull, os.O_RDONLY))


def leak_threads(count: int) -> None:
    if count % 10 == 0:
        thread = threading.Thread(target=threading.Event().wait, daemon=True)
        thread.start()


def leak_little(count: int) -> None:
    kept.append(os.urandom(5_000))


def drip(count: int) -> None:
    """As slow as ten minutes can hide it."""
    kept.append(os.urandom(1_100_000))
    if count % 4 == 0:
        leak_descriptors(0)
        leak_threads(0)


def fail(count: int) -> None:
    if count % FAILED_EVERY == 0:
        raise Transient("a failure of the test's", "of_the_test")


def die(count: int) -> None:
    if count == MISSED_EVERY:
        os._exit(3)


def fade(count: int) -> None:
    """Die slowly: the port is closed a little before the process is gone."""
    if count == MISSED_EVERY:
        os.closerange(3, 1_000)
        time.sleep(0.4)
        os._exit(3)


FAULTS = {"memory": leak_memory, "descriptors": leak_descriptors, "threads": leak_threads, "fail": fail, "die": die}
FAULTS |= {"little": leak_little, "drip": drip, "fade": fade}


def spoil(faults: list[str]) -> None:
    """Let each cycle do these as well; with ``miss`` some minutes have none, with ``idle`` the late ones do nothing."""
    from mt5_sentinel import trader

    whole, count = getattr(trader, "cycle"), [0]  # noqa: B009

    def cycle(desk: Any, record: CycleRecord, now_s: float, *, halted: bool) -> None:
        count[0] += 1
        if "idle" in faults and count[0] > IDLE_AFTER:
            record.status, record.reason = "done", "market_closed"
            return
        whole(desk, record, now_s, halted=halted)
        for name in faults:
            if name in FAULTS:
                FAULTS[name](count[0])

    setattr(trader, "cycle", cycle)  # noqa: B010
    is_due = schedule.Schedule.is_due

    def is_sometimes_due(self: schedule.Schedule, wall_s: float, monotonic_s: float) -> bool:
        return is_due(self, wall_s, monotonic_s) and not ("miss" in faults and int(wall_s // 60) % MISSED_EVERY == 0)

    schedule.Schedule.is_due = is_sometimes_due  # type: ignore[method-assign]


def main(role: str, *rest: str) -> int:
    if role == DAEMON:
        spoil(rest[0].split(","))
        return soak_process.main(rest[1:])
    verbs = argparse.ArgumentParser().add_subparsers()
    parser = soak.add_parser(verbs)
    return soak.soak(parser.parse_args(rest), daemon=(__file__, DAEMON, role))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
