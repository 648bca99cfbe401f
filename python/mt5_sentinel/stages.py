"""How long the stages of a cycle take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from mt5_sentinel.types import CycleRecord


@contextmanager
def stage(record: CycleRecord, name: str) -> Iterator[None]:
    """Add to a stage's time, also when it fails; durations are diagnostics, so they bypass the replayable clock."""
    started = time.perf_counter()
    try:
        yield
    finally:
        record.stages_s[name] = record.stages_s.get(name, 0.0) + time.perf_counter() - started
