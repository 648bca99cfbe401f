"""Control groups of the container's own, below the ones this process is in: nobody else's are limited or changed."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")
REMOVAL_S = 3.0


def is_unified() -> bool:
    """Whether this machine has version 2 alone."""
    return (MOUNT / "cgroup.controllers").exists()


def own_paths() -> dict[str, str]:
    """Hierarchy → path of this process in it; version 2 is called ``""``."""
    lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    return {name.removeprefix("name="): path for _, name, path in (line.split(":", 2) for line in lines)}


def create(name: str) -> list[Path]:
    """Make a group called ``name`` in each hierarchy that systemd uses; what starts the container joins them all."""
    own = own_paths()
    if is_unified():
        parent = MOUNT / own[""].lstrip("/")
        with contextlib.suppress(OSError):  # not delegated to us: the container runs without limits
            (parent / "cgroup.subtree_control").write_text("+memory +pids +cpu", encoding="utf-8")
        places = [parent / name]
    else:
        mounts = {"systemd": "systemd", "": "unified", "memory": "memory", "pids": "pids", "cpu": "cpu"}
        places = [
            MOUNT / mount / own[hierarchy].lstrip("/") / name
            for hierarchy, mount in mounts.items()
            if hierarchy in own and (MOUNT / mount).is_dir()
        ]
    for place in places:
        place.mkdir(exist_ok=True)
    return places


def remove(places: list[Path]) -> list[Path]:
    """Remove the groups and all below them; those that still hold processes are given back."""
    deadline = time.monotonic() + REMOVAL_S
    while True:
        left = [place for place in places if place.exists()]
        for place in left:
            below = sorted((path for path in place.rglob("*") if path.is_dir()), key=lambda path: -len(path.parts))
            for path in (*below, place):
                with contextlib.suppress(OSError):
                    path.rmdir()
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)
