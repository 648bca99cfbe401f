"""docs/TERMINAL.md shows what the commands show: after the demonstration, at the moment it was written."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

pytest.importorskip("rich")
from rich.console import Console

from mt5_sentinel import cli
from mt5_sentinel.commands import status, top_screen
from mt5_sentinel.view import recent
from mt5_sentinel.view.lights import lights
from tests.python.conftest import Sentinel

GUIDE = (Path(__file__).parent.parent.parent / "docs" / "TERMINAL.md").read_text(encoding="utf-8")

MOMENT_S = 1_795_698_000.0
"""Thursday, 26 November 2026, 13:00 UTC."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("guide")


@pytest.fixture(autouse=True)
def there(place: Path, sentinel: Sentinel, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the directory of the guide's commands, with the clock of its outputs."""
    if not (place / "demo").exists():
        done = sentinel("demo", "--state-dir", place)
        assert (done.returncode, "mt5-sentinel demo --state-dir ." in GUIDE) == (0, True)
        assert re.search(rf"^  \S+ -m mt5_sentinel journal --last 20 --journal {place}/demo", done.stdout, re.MULTILINE)
    monkeypatch.chdir(place)
    monkeypatch.setattr("time.time", lambda: MOMENT_S)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


def same(text: str) -> list[str]:
    """Without the process, another each time, and the version; where a line goes on does not count."""
    return re.sub(r"process \d+|(?<=mt5-sentinel )\d+\.\d+\.\d+", "N", text).split()


def examples() -> list[tuple[str, str]]:
    """Commands and what the guide says they print, in its order: later ones read what earlier ones wrote."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", GUIDE, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def test_the_commands_print_what_the_guide_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(examples()) == 5
    for command, output in examples():
        name, *flags = shlex.split(command)
        if name == "head":
            lines = Path(flags[1]).read_text(encoding="utf-8").splitlines()[: int(flags[0].removeprefix("-"))]
            assert lines == output.splitlines()
            continue
        assert name == "mt5-sentinel"
        assert cli.main(flags) in (0, status.EXIT_LOOK), command
        printed = capsys.readouterr()
        assert (same(printed.out), printed.err) == (same(output), ""), command


def test_the_window_is_what_the_guide_says(place: Path) -> None:
    path = place / "demo" / "journal.db"
    now = status.known(path, MOMENT_S)
    before = recent.read(path, now, cycles=24, bars=top_screen.BARS)
    with Path(os.devnull).open("w", encoding="utf-8") as sink:
        console = Console(width=80, height=24, file=sink)
        screen = top_screen.draw(console, now, lights(now), before)
        drawn = "\n".join("".join(part.text for part in line) for line in console.render_lines(screen, pad=False))
    for lines in re.findall(r"```text\n(mt5-sentinel .*?)```", GUIDE, re.DOTALL)[0].split("...\n"):
        assert " ".join(same(lines)) in " ".join(same(drawn)), drawn
