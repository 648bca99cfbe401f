"""The package as an installation: a bare venv at another prefix, and the older ExecStart line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import mt5_sentinel
from mt5_sentinel.research import reference_docs
from tests.python import bodies
from tests.python.conftest import ROOT
from tests.python.eodhd_server import EodhdServer


def test_versions_agree() -> None:
    cargo = re.search(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    assert cargo is not None
    assert mt5_sentinel.__version__ == cargo[1]
    assert f"[{cargo[1]}]" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("name", ["FEATURES.md", "CONFIGURATION.md", "METRICS.md"])
def test_generated_pages_are_fresh(name: str) -> None:
    assert (ROOT / "docs" / name).read_text() == reference_docs.pages()[name], "run `make docs`"


def test_the_daemon_imports_nothing_heavy() -> None:
    script = (
        "import sys, mt5_sentinel.cli;"
        "heavy = {'numpy', 'pandas', 'lightgbm', 'pyarrow', 'polars', 'onnxruntime', 'matplotlib', 'mlflow'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_pip_install_and_the_older_exec_start_line(tmp_path: Path, server: EodhdServer) -> None:
    prefix = tmp_path / "opt" / "mt5-crs"
    subprocess.run([sys.executable, "-m", "venv", str(prefix / "venv")], check=True)
    python = prefix / "venv" / "bin" / "python"
    build = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "CARGO_TARGET_DIR": str(ROOT / "target")}
    install = [str(python), "-m", "pip", "install", "--quiet", str(ROOT)]
    subprocess.run(install, check=True, env=os.environ | build, timeout=1200)
    launcher = prefix / "src" / "strategy" / "sentinel_daemon.py"
    launcher.parent.mkdir(parents=True)
    shutil.copy(ROOT / "deploy" / "sentinel_daemon.py", launcher)

    server.respond(200, bodies.body(bodies.with_duplicates(bodies.hourly(time.time()))))
    env = {
        "PATH": os.environ["PATH"],
        "EODHD_API_TOKEN": "demo",
        "MT5_SENTINEL_EODHD_URL": server.url,
        "STATE_DIRECTORY": str(tmp_path / "state"),
    }
    exec_start = [str(python), str(launcher), "--dry-run", "--threshold", "0.6"]
    done = subprocess.run([*exec_start, "--once"], env=env, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "✓ Fetched 599 bars" in done.stderr
    assert "Decision: " in done.stderr
    command = [str(prefix / "venv" / "bin" / "mt5-sentinel"), "demo", "--state-dir", str(tmp_path / "d")]
    shown = subprocess.run(
        command, env={"PATH": os.environ["PATH"]}, cwd="/", capture_output=True, text=True, check=True
    )
    assert "Equity" in shown.stdout
