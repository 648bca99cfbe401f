"""What a shell and a person at a terminal see of a command."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mt5_sentinel import bundled


def shell(command: str) -> subprocess.CompletedProcess[str]:
    sentinel = f"'{sys.executable}' -m mt5_sentinel"
    script = command.replace("SENTINEL", sentinel).replace("BARS", str(bundled.BARS))
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("command", ["features BARS", "bars BARS", "--version", "features --help"])
def test_a_closed_standard_output_is_one_line(command: str) -> None:
    done = shell(f"SENTINEL {command} >&-")
    assert done.returncode == 74
    assert done.stderr == "mt5-sentinel: the output cannot be written: Bad file descriptor\n"


def test_closed_streams_that_nobody_needs_do_no_harm(tmp_path: Path) -> None:
    out = tmp_path / "F.npy"
    done = shell(f"SENTINEL features BARS --out '{out}' <&- >&- 2>&-")
    assert done.returncode == 0
    assert len(np.load(out)) == 6225
    assert shell("SENTINEL features - <&-").stderr == "mt5-sentinel: -: Bad file descriptor\n"


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    done = shell("set -o pipefail; SENTINEL features BARS | head -1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("timestamp,return_1")


def at_a_terminal(arguments: list[str], after_s: float, stdout: Any = subprocess.DEVNULL) -> str:
    """What a person sees on stderr, the only terminal; the threshold of time stands for a long file."""
    script = (
        "import sys; from mt5_sentinel import cli, progress\n"
        f"progress.AFTER_S = {after_s}; progress.EVERY_S = 0; progress.LONG_INPUT_BYTES = {int(after_s * 1e9)}\n"
        f"sys.exit(cli.main({arguments!r}))"
    )
    ours, theirs = pty.openpty()
    child = subprocess.Popen([sys.executable, "-c", script], stdout=stdout, stderr=theirs)
    os.close(theirs)
    seen = b""
    try:
        while piece := os.read(ours, 4096):
            seen += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    assert child.wait(60) == 0
    return seen.decode()


def test_a_long_file_has_a_progress_bar_at_a_terminal(tmp_path: Path) -> None:
    arguments = ["features", str(bundled.BARS), "--out", str(tmp_path / "F.csv")]
    seen = at_a_terminal(arguments, after_s=0)
    assert f"reading {bundled.BARS} ..." in seen
    assert "100% ############################## 6,225 of 6,225 rows written" in seen
    assert " 80% ########################...... 5,000 of 6,225 rows written" in seen
    assert seen.endswith("\r\x1b[K"), "the line is erased at the end"
    assert at_a_terminal(arguments, after_s=60) == "", "a short file has none"
    assert at_a_terminal(arguments[:2], after_s=0) == "", "standard output may be the same terminal, or a pager's"
    with (tmp_path / "redirected.csv").open("wb") as redirected:
        assert at_a_terminal(arguments[:2], after_s=0, stdout=redirected) == seen
    assert (tmp_path / "redirected.csv").read_bytes() == (tmp_path / "F.csv").read_bytes()
