"""What is installed: a wheel of this checkout, other releases made from it, and all that they need."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tests.python.conftest import ROOT

SYSTEM_PYTHON = "/usr/bin/python3"
"""What the service runs on: an interpreter that its user can read."""

BUILD_S = 1200
SOURCES = ("src/**/*.rs", "python/**/*", "Cargo.toml", "Cargo.lock", "pyproject.toml", "README.md")


def built() -> Path:
    """The wheel of this checkout, built as `make wheel` does; kept in build/ until a source changes."""
    place = ROOT / "build" / "host" / _state_of_sources()
    return _kept(place, ["wheel", "--quiet", "--no-deps", "--wheel-dir", str(place), str(ROOT)])


def house(wheel: Path) -> Path:
    """A directory with the wheels of all that ``wheel`` and the units beside it need on the system's interpreter."""
    asked = [SYSTEM_PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    place = wheel.parent / f"house-{version}"
    options = ["--quiet", "--only-binary", ":all:", "--python-version", version, "--dest", str(place)]
    _kept(place, ["download", *options, f"{wheel}[dashboard,alerts]"])
    return place


def altered(wheel: Path, place: Path, version: str, added: Mapping[str, str]) -> Path:
    """The wheel under another version, with a line of Python added to the end of some of its modules."""
    old = wheel.name.split("-")[1]
    path = place / wheel.name.replace(f"-{old}-", f"-{version}-")
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        record = []
        for entry in source.infolist():
            name = entry.filename.replace(f"-{old}.dist-info/", f"-{version}.dist-info/")
            body = source.read(entry)
            if name.endswith("/METADATA"):
                body = re.sub(rb"^Version: .*$", f"Version: {version}".encode(), body, count=1, flags=re.MULTILINE)
            if name in added:
                body += f"\n{added[name]}\n".encode()
            if name.endswith("/RECORD"):
                continue
            digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(body)}")
            target.writestr(zipfile.ZipInfo(name, entry.date_time), body, zipfile.ZIP_DEFLATED)
        missing = set(added) - {line.partition(",")[0] for line in record}
        assert not missing, f"{wheel.name} holds no {missing}"
        name = f"mt5_sentinel-{version}.dist-info/RECORD"
        target.writestr(name, "\n".join([*record, f"{name},,", ""]))
    return path


def _kept(place: Path, words: list[str]) -> Path:
    """Let pip fill a directory once, however many processes want it; its newest wheel of ours, or none."""
    place.mkdir(parents=True, exist_ok=True)
    with (place.parent / f"{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "complete").exists():
            target = {"CARGO_TARGET_DIR": os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))}
            environ = os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"} | target
            done = subprocess.run(
                [sys.executable, "-m", "pip", *words],
                env=environ,
                capture_output=True,
                text=True,
                timeout=BUILD_S,
                check=False,
            )
            assert done.returncode == 0, f"pip {words[0]}: {done.stderr}"
            (place / "complete").touch()
    return next(place.glob("mt5_sentinel-*.whl"))


def _state_of_sources() -> str:
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix not in (".so", ".pyd"):
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
