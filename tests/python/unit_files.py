"""The unit files of deploy/ as systemd's own tools see them, with programs in place of the installed ones."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.python.conftest import ROOT

DEPLOY = ROOT / "deploy"
UNITS = (
    *("mt5-sentinel.service", "mt5-sentinel-gateway.service", "mt5-sentinel-dashboard.service"),
    "mt5-sentinel-alerts.service",
)
DROP_INS = {
    **dict.fromkeys(("live.conf", "symbol.conf", "resources.conf", "gateway-keys.conf"), UNITS[0]),
    "link-local-dns.conf": UNITS[0],
    "gateway-encrypted.conf": UNITS[1],
}
EXPOSURE_MAX = 1.2

Lines = dict[str, list[str]]


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze; skips where there is none."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed (apt: systemd)")
    command = ["systemd-analyze", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def settings(unit: str) -> Lines:
    """Key → values in their order, continued lines joined."""
    found: Lines = {}
    for line in unit.replace("\\\n", " ").splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(" ".join(value.split()))
    return found


def lay_down(place: Path, name: str, unit: str, drop_in: str | None = None) -> Path:
    """Write a unit, and what it runs, below ``place``; its drop-in beside it."""
    prefix = place / "prefix"
    (prefix / "venv" / "bin").mkdir(parents=True, exist_ok=True)
    python = prefix / "venv" / "bin" / "python"
    python.write_text("#!/bin/sh\n", encoding="utf-8")
    python.chmod(0o755)
    path = place / name
    path.write_text(unit.replace("/opt/mt5-crs", str(prefix)), encoding="utf-8")
    if drop_in is not None:
        (place / f"{name}.d").mkdir()
        (place / f"{name}.d" / "example.conf").write_text(
            drop_in.replace("/opt/mt5-crs", str(prefix)), encoding="utf-8"
        )
    return path


def complaints(path: Path) -> str:
    """What ``systemd-analyze verify`` says; it ends with 0 after many a warning, so only silence is well."""
    done = analyze("verify", path)
    return done.stderr + ("" if done.returncode == 0 else f"exit code {done.returncode}")


def is_exposed(path: Path, limit: float = EXPOSURE_MAX) -> bool:
    """Whether systemd finds the unit more exposed than the limit, 0 to 10."""
    done = analyze("security", "--offline=true", f"--threshold={round(limit * 10)}", path)
    assert "Overall exposure level" in done.stdout, done.stderr
    return done.returncode != 0
