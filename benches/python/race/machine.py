"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Protocol

TOLD_FEATURES = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512dq", "avx512vl", "asimd", "sve")


class Named(Protocol):
    """A library that takes part."""

    @property
    def name(self) -> str:
        """Name before the first comma is the library's."""

    @property
    def version(self) -> str:
        """Empty when there is none."""


def pin() -> str:
    """Keep this process on one core where the system can, and say so."""
    if not hasattr(os, "sched_setaffinity"):
        return "not pinned to a core"
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return "pinned to one core"


def describe(peers: Sequence[Named], pinned: str) -> list[str]:
    """Lines for a reader: processor, caches, versions, date."""
    facts = _lscpu()
    flags = set(facts.get("Flags", facts.get("Features", "")).split())
    caches = ", ".join(f"{name} {facts[name]}" for name in ("L1d cache", "L2 cache", "L3 cache") if name in facts)
    versions: dict[str, str] = {}
    for peer in peers:
        versions.setdefault(peer.name.split(",")[0].split(" (")[0], peer.version)
    named = ", ".join(f"{name} {version}" for name, version in versions.items() if version and name != "fill")
    processor = facts.get("Model name", platform.machine())
    family = ", ".join(f"{key.split()[-1].lower()} {facts[key]}" for key in ("CPU family", "Model") if key in facts)
    return [
        f"- Processor: {processor} ({family}); {' '.join(f for f in TOLD_FEATURES if f in flags)}; {caches}; {pinned}",
        f"- {platform.system()} {platform.release()}, Python {platform.python_version()}, {named}",
        f"- Date: {datetime.now(timezone.utc):%Y-%m-%d}",
    ]


def _lscpu() -> dict[str, str]:
    command = shutil.which("lscpu")
    if command is None:
        return {}
    told = subprocess.run([command], check=False, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    pairs = (line.split(":", 1) for line in told.stdout.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}
