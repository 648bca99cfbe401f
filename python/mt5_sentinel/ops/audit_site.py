"""What the release's Python loads: only files that an installed package brought, as it brought them.

A file of ``site-packages`` can run at every start without being asked for, as a ``.pth`` with an import does.
Not looked at: what Python compiled into ``__pycache__`` on this machine; there is nothing to compare it with.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from mt5_sentinel.ops.place import Place
from mt5_sentinel.ops.questions import INSTALL, Broken

LOADED = (".py", ".so", ".pth", ".pyc", ".pyd", ".egg-link", ".zip", ".egg")
CACHE = "__pycache__"
OWN = "mt5_sentinel-*.dist-info/RECORD"

Listed = Mapping[str, str]
"""Files of an installed package, as normal paths, and their hashes; none for what was compiled on this machine."""


def package(place: Place) -> str:
    """Each package in the venv is, file by file, what its wheel brought, and nothing else is there."""
    venv = place.real(place.layout.venv)
    own = sorted(venv.glob(f"lib/python*/site-packages/{OWN}"))
    if len(own) != 1:
        raise Broken(f"{place.layout.venv} holds {len(own)} packages mt5-sentinel, not one", INSTALL)
    _is_isolated(place, venv)
    top = own[0].parent.parent
    count = _unchanged(place, top, _listed(top, own[0]))
    if not count:
        raise Broken(f"{own[0].parent.name}/RECORD lists no hash", INSTALL)
    listed: dict[str, str] = {}
    records = sorted(top.glob("*.dist-info/RECORD"))
    for record in records:
        brought = _listed(top, record)
        listed |= brought
        count += 0 if record == own[0] else _unchanged(place, top, brought)
    for path in _strangers(top, listed):
        shown = place.layout.venv / path.relative_to(venv)
        found = f"{shown}: no installed package brought it, and Python loads such files"
        raise Broken(found, f"who put it there? Look into it, then: {INSTALL}")
    return f"{count} files of {len(records)} packages are as their wheels brought them, and there are no others"


def _is_isolated(place: Place, venv: Path) -> None:
    """Whether the venv leaves the system's packages out."""
    path = venv / "pyvenv.cfg"
    text = path.read_text(encoding="utf-8").lower()
    if "include-system-site-packages = true" in " ".join(text.split(" ")):
        raise Broken(f"{place.layout.venv}/pyvenv.cfg lets packages of the system in", INSTALL)


def _listed(top: Path, record: Path) -> Listed:
    rows = csv.reader(record.read_text(encoding="utf-8").splitlines())
    return {os.path.normpath(top / row[0]): row[1] for row in rows if len(row) > 1}


def _unchanged(place: Place, top: Path, listed: Listed) -> int:
    """How many files have the hash that is listed for them."""
    count = 0
    for name, digest in listed.items():
        if not digest.startswith("sha256="):
            continue  # RECORD itself, and what was compiled on this machine
        count += 1
        found = base64.urlsafe_b64encode(hashlib.sha256(Path(name).read_bytes()).digest()).rstrip(b"=").decode()
        if found != digest.removeprefix("sha256="):
            shown = os.path.relpath(name, top)
            raise Broken(f"{place.layout.venv}: {shown} is not as its wheel brought it", INSTALL)
    return count


def _strangers(top: Path, listed: Listed) -> Iterator[Path]:
    """What Python could load and no package lists, links to elsewhere included."""
    entries = {Path(name).relative_to(top).parts[0] for name in listed if Path(name).is_relative_to(top)}
    for one in sorted(top.iterdir()):
        if one.name not in entries and one.name != CACHE:
            yield one
    for folder, folders, files in os.walk(top):
        for name in (*folders, *files):
            path = Path(folder) / name
            is_loaded = path.is_symlink() or (name.endswith(LOADED) and name in files and Path(folder).name != CACHE)
            if is_loaded and str(path) not in listed:
                yield path
