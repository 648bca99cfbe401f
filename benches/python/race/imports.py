"""What importing the extension adds to a fresh interpreter."""

from __future__ import annotations

import statistics
import subprocess
import sys
from typing import NamedTuple

PROBE = """
import importlib.util, pathlib, sys, time
import {before}
from importlib.machinery import ExtensionFileLoader

def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

package = pathlib.Path(importlib.util.find_spec("mt5_sentinel").origin).parent
path = str(next(package.glob("_core*.so")))
loader = ExtensionFileLoader("mt5_sentinel._core", path)
spec = importlib.util.spec_from_file_location("mt5_sentinel._core", path, loader=loader)
kilobytes, started = resident(), time.perf_counter_ns()
module = importlib.util.module_from_spec(spec)
loader.exec_module(module)
print(time.perf_counter_ns() - started, resident() - kilobytes)
"""


class Cost(NamedTuple):
    """Medians over fresh interpreters."""

    milliseconds: float
    kibibytes: float


def cost(before: str = "numpy", times: int = 11) -> Cost:
    """Import of ``mt5_sentinel._core`` alone, after ``before`` has been imported: wall time and resident memory."""
    probe = [sys.executable, "-c", PROBE.format(before=before)]
    lines = [subprocess.run(probe, check=True, capture_output=True, text=True).stdout.split() for _ in range(times)]
    return Cost(
        statistics.median(int(line[0]) for line in lines) / 1e6, statistics.median(int(line[1]) for line in lines)
    )
