"""``top`` in a real terminal: drawn, drawn again, ended, and the terminal left as it was found."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals", allow_module_level=True)

from rich.console import Console

from mt5_sentinel import cli
from mt5_sentinel.commands import top_screen
from mt5_sentinel.view import recent
from mt5_sentinel.view.lights import lights
from tests.python.conftest import Sentinel
from tests.python.standing_place import NOW_S, Place, Places, place, places
from tests.python.typed_terminal import TypedTerminal

__all__ = ["place", "places"]

Start = Callable[..., TypedTerminal]


@pytest.fixture
def terminal() -> Iterator[Start]:
    """Open terminals; their programs are ended with the test."""
    made: list[TypedTerminal] = []

    def start(*arguments: str, rows: int = 24, columns: int = 80, **variables: str) -> TypedTerminal:
        made.append(TypedTerminal("top", *arguments, rows=rows, columns=columns, **variables))
        return made[-1]

    yield start
    for one in made:
        one.close()


@pytest.mark.parametrize(("how", "code"), [("q", 0), ("Q", 0), ("\x03", 0), ("\x04", 0), (signal.SIGTERM, 143)])
def test_it_draws_and_leaves_the_terminal_as_it_was(
    place: Place, terminal: Start, how: str | signal.Signals, code: int
) -> None:
    place.cycle()
    place.failed(detail="503")
    one = terminal("--journal", str(place.path))
    drawn = one.wait_for("q ends")
    for told in ("mt5-sentinel 9.9.9", "NOT RUNNING", "EURUSD", "equity 10,000.00 USD", "source_down", "503", "▃"):
        assert told in drawn, told
    assert one.attributes() != one.before, "keys come at once"
    if isinstance(how, str):
        one.type("\x1bOQ")  # F2, which does nothing, though there is a Q in it
        time.sleep(0.3)
        one.type(f"x{how}")
    else:
        one.process.send_signal(how)
    assert one.end() == code
    assert one.is_clean()
    assert "Traceback" not in one.drawn


def test_it_follows_the_journal_through_whatever_becomes_of_it(places: Places, terminal: Start, tmp_path: Path) -> None:
    first = places().desk()
    first.cycle(reason="tie")
    one = terminal("--every", "0.2", "--journal", str(first.path))
    one.wait_for("tie")
    first.failed(reason="hub_down")
    one.wait_for("hub_down")
    first.execute("UPDATE desk SET facts = '{'")
    one.wait_for("table desk, row 1")
    first.close()
    away = first.path.rename(tmp_path / "away.db")
    for name in ("journal.db-wal", "journal.db-shm"):
        (first.directory / name).unlink(missing_ok=True)
    one.wait_for("no journal there")
    assert away.exists()
    again = places().desk(at_s=time.time() - 10)  # a daemon that starts anew
    one.wait_for("the first cycle has not ended yet")
    again.cycle(
        NOW_S - time.time() + 1, reason="model_hold", equity=77.0, bar_open_s=int(time.time()) // 3600 * 3600 - 3600
    )
    one.wait_for("equity 77.00 USD")
    one.type("q")
    assert (one.end(), one.is_clean()) == (0, True)


def test_another_size_of_the_window_is_drawn_at_once(place: Place, terminal: Start) -> None:
    for number in range(30):
        place.cycle(3000.0 - 60 * number)
    one = terminal("--every", "3600", "--journal", str(place.path))
    assert one.wait_for("q ends").count("model_hold") < 20
    one.size(60, 120)
    assert one.wait_for("q ends").count("model_hold") >= 30
    one.type("q")
    assert one.end() == 0


def test_it_wants_a_terminal_and_a_journal(place: Place, sentinel: Sentinel, terminal: Start, tmp_path: Path) -> None:
    done = sentinel("top", "--journal", place.path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "mt5-sentinel: top draws in a terminal; `mt5-sentinel status` prints the same once\n"
    one = terminal("--journal", str(tmp_path / "none.db"))
    assert one.end() == 78
    assert "no journal there" in one.drawn
    assert "\x1b[?1049h" not in one.drawn


@pytest.mark.parametrize("kind", ["dumb", "unknown"])
def test_a_terminal_it_cannot_draw_in_is_told(place: Place, terminal: Start, kind: str) -> None:
    place.cycle()
    one = terminal("--journal", str(place.path), TERM=kind)
    assert one.end() == 2
    told = f"top cannot draw in this terminal (TERM={kind}); `mt5-sentinel status` prints the same once"
    assert one.drawn == f"mt5-sentinel: {told}\r\n"


@pytest.mark.parametrize("every", ["0", "-1", "nan", "inf", "soon", "3601"])
def test_how_often_is_a_sensible_number(every: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["top", "--every", every]) == 2
    assert "is not of 0.2 to 3600 seconds" in capsys.readouterr().err


@pytest.mark.parametrize(("width", "height"), [(40, 10), (40, 24), (80, 24), (200, 60)])
def test_it_fits_and_fills_the_window(places: Places, width: int, height: int) -> None:
    one = places("live").desk("EURUSD", "GBPUSD")
    for number in range(80):
        one.cycle(9000.0 - 60 * number, "EURUSD" if number % 2 else "GBPUSD", confidence=0.34 + number / 200)
    now = one.look()
    before = recent.read(one.path, now, cycles=60, bars=top_screen.BARS)
    with Path(os.devnull).open("w", encoding="utf-8") as sink:
        console = Console(width=width, height=height, file=sink)
        lines = console.render_lines(top_screen.draw(console, now, lights(now), before), pad=False)
    if height >= 24:  # in a smaller one the end is cut off
        assert height - 1 <= len(lines) <= height
    assert max(sum(segment.cell_length for segment in line) for line in lines) <= width


def test_the_newest_of_all_symbols(places: Places) -> None:
    one = places().desk("EURUSD", "GBPUSD")
    for number in range(6):
        one.cycle(
            600.0 - 60 * number, "GBPUSD" if number % 3 == 0 else "EURUSD", bar_open_s=number, confidence=number / 10
        )
    one.cycle(30.0, "USDJPY")
    found = recent.read(one.path, one.look(), cycles=4, bars=3)
    assert [cycle.cycle_id for cycle in found.cycles] == [6, 5, 4, 3], "of the symbols that are traded"
    assert found.confidences == {"EURUSD": [0.2, 0.4, 0.5], "GBPUSD": [0.0, 0.3]}


def test_a_block_is_as_high_as_the_model_was_sure() -> None:
    assert [top_screen.block(value) for value in (0.0, 1 / 3, 0.6, 1.0, 2.0)] == ["▁", "▁", "▄", "█", "█"]
