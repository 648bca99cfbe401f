"""A start on a full disk: it may be tried again, unlike one at a place that can never be written."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mt5_sentinel import database
from mt5_sentinel.alerting import place
from mt5_sentinel.bar_store import BarStore
from mt5_sentinel.errors import Misconfigured, Transient
from mt5_sentinel.journal_file import JournalFile
from mt5_sentinel.paper_file import PaperFile
from tests.python.alert_floor import NOW_S

FAULTS = ("database or disk is full", "disk I/O error")


def _alerts(directory: Path) -> None:
    with place.outbox(directory, ["ear"], "host", NOW_S):
        pass


STARTS: dict[str, Callable[[Path], object]] = {
    "journal": lambda directory: JournalFile(directory, "dry-run"),
    "bar cache": lambda directory: BarStore(directory / "bars.db"),
    "paper book": lambda directory: PaperFile(directory / "paper.db", durable=True),
    "what waits": _alerts,
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("what", STARTS)
def test_a_full_disk_may_be_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, fault: str) -> None:
    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError(fault)

    monkeypatch.setattr(database, "connect", full)
    monkeypatch.setattr(sqlite3, "connect", full)
    with pytest.raises(Transient, match=rf"{what}.* cannot be written now: {fault}; make room on its disk") as told:
        STARTS[what](tmp_path)
    assert told.value.exit_code == 75


@pytest.mark.parametrize("what", STARTS)
def test_a_wrong_place_is_a_mistake(tmp_path: Path, what: str) -> None:
    for name in ("journal.db", "bars.db", "paper.db", "alerts/alerts.db"):
        (tmp_path / name).mkdir(parents=True)
    with pytest.raises(Misconfigured, match=rf"{what}.* cannot be written: ") as told:
        STARTS[what](tmp_path)
    assert told.value.exit_code == 78


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root and unshare (apt: util-linux)"
)
@pytest.mark.parametrize("verb", ["alerts", "run"])
def test_on_a_disk_that_is_really_full(environment: dict[str, str], tmp_path: Path, verb: str) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = f"mount -t tmpfs -o size=64k tmpfs {small} && mkdir {small}/state"
    fill = f"{{ head -c 1M /dev/zero >{small}/fill 2>/dev/null || true; }}"
    command = [sys.executable, "-m", "mt5_sentinel", verb, "--state-dir", str(small / "state")]
    variables = {"EODHD_API_TOKEN": "demo", "MT5_SENTINEL_ALERT_URLS": "json://127.0.0.1:9/"}
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", f'{mount} && {fill} && exec "$@"', "sh", *command],
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 75, done.stderr
    assert "cannot be written now: " in done.stderr
    assert "make room on its disk" in done.stderr
