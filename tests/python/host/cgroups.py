"""Control groups of the container's own, below the ones this process is in: nobody else's are limited."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")
REMOVAL_S = 3.0
ASIDE = "-aside"
"""End of the name of a group in which processes wait that were beside the container's group, with version 2."""


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
        places = [parent / name, parent / f"{name}{ASIDE}"]
    else:
        mounts = {"systemd": "systemd", "": "unified", "memory": "memory", "pids": "pids", "cpu": "cpu"}
        places = [
            MOUNT / mount / own[hierarchy].lstrip("/") / name
            for hierarchy, mount in mounts.items()
            if hierarchy in own and (MOUNT / mount).is_dir()
        ]
    for place in places:
        place.mkdir(exist_ok=True)
    if is_unified():
        _hand_down(places[1])
    return places


def joined(places: list[Path]) -> list[Path]:
    """Those that the container is in."""
    return [place for place in places if not place.name.endswith(ASIDE)]


def _hand_down(aside: Path) -> None:
    """Let groups below the parent have limits: version 2 wants no processes beside them, so these step aside."""
    _move(aside.parent, aside)
    _write(aside.parent / "cgroup.subtree_control", "+memory +pids +cpu")  # not ours to hand down: no limits hold


def _give_back(aside: Path) -> None:
    _write(aside.parent / "cgroup.subtree_control", "-memory -pids -cpu")
    _move(aside, aside.parent)


def _move(source: Path, target: Path) -> None:
    """Every process of a group to another one; those of the kernel stay."""
    for pid in (source / "cgroup.procs").read_text(encoding="utf-8").split():
        _write(target / "cgroup.procs", pid)


def _write(path: Path, text: str) -> None:
    with contextlib.suppress(OSError):
        path.write_text(text, encoding="utf-8")


def remove(places: list[Path]) -> list[Path]:
    """Remove the groups and all below them; those that still hold processes are given back."""
    deadline = time.monotonic() + REMOVAL_S
    for place in places:
        if place.name.endswith(ASIDE) and place.exists():
            _give_back(place)
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
