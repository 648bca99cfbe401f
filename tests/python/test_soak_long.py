"""Ten thousand minutes of the daemon beside an API, a hub and a gateway, as `make soak`: held to the real limits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MINUTES = 10_000
TIMEOUT_S = 1_500

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="soak reads /proc"),
    pytest.mark.skipif(
        os.environ.get("SENTINEL_REQUIRE_ALL") != "1", reason="takes minutes: `make soak`, or SENTINEL_REQUIRE_ALL=1"
    ),
]


def test_a_week_of_minutes_grows_by_nothing_and_misses_nothing(
    environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, "-m", "mt5_sentinel", "soak", "--accelerated", "--minutes", str(MINUTES)]
    command += ["--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    with capsys.disabled():
        sys.stdout.write(f"\n{done.stdout}\n")
    assert done.returncode == 0, done.stdout + done.stderr
    data = json.loads((tmp_path / "out" / "soak.json").read_text())
    cycles = data["run"]["cycles"]
    assert cycles["count"] == MINUTES + 1
    assert cycles["missed"] == cycles["failed"] == []
    assert data["run"]["ledgers"]["opened"] > MINUTES / 100
    assert "MB per 10,000 cycles" in done.stdout, "it is the slope that was judged"
    assert "not shown" not in done.stdout
