"""What importing a library and loading a model with it adds to a fresh interpreter."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

from scorer_peers.contract import Loading

PROBE = """
import sys, time

def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

files = sys.argv[1:]
memory, started = resident(), time.perf_counter_ns()
import {imported}
imported, then = time.perf_counter_ns(), resident()
again = time.perf_counter_ns()
model = {expression}
print(imported - started, then - memory, time.perf_counter_ns() - again, resident() - then)
"""


class Load(NamedTuple):
    """Medians over fresh interpreters: milliseconds of wall time and kibibytes of resident memory."""

    import_ms: float
    import_kib: float
    load_ms: float
    load_kib: float


def cost(loading: Loading, files: Sequence[str], times: int = 5) -> Load:
    """Import, then load, ``times`` times."""
    code = PROBE.format(imported=loading.imported, expression=loading.expression)
    probe = [sys.executable, "-c", code, *files]
    lines = [subprocess.run(probe, check=True, capture_output=True, text=True).stdout.split() for _ in range(times)]
    figures = [statistics.median(float(line[column]) for line in lines) for column in range(4)]
    return Load(figures[0] / 1e6, figures[1], figures[2] / 1e6, figures[3])
