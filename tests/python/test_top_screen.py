"""What ``top`` leaves out of a small window, and what it never does: what is wrong, and how to end it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("rich")
from rich.console import Console

from mt5_sentinel.commands import top_screen
from mt5_sentinel.view import recent
from mt5_sentinel.view.lights import Light, lights
from tests.python.standing_place import NOW_S, Place, Places, places

__all__ = ["places"]

SEVEN = ("EURUSD", "GBPUSD", "USDJPY", "AUDUSD", "USDCAD", "USDCHF", "NZDUSD")
SIZES = [(40, 20), (80, 24), (120, 40)]

Draw = Callable[..., list[str]]


def desk(places: Places, count: int, *, is_dead: bool) -> Place:
    """So many symbols with a past; dead: nothing was heard of any for six minutes, after two failures."""
    one, late = places().desk(*SEVEN[:count]), 48 if is_dead else 0
    for number in range(20):
        for symbol in SEVEN[:count]:
            one.cycle(4000.0 - 60 * number, symbol, bar_open_s=int(NOW_S) - 3600 * (21 - number + late), confidence=0.5)
    for symbol in SEVEN[:count]:
        if is_dead:
            one.failed(400.0, symbol)
            one.failed(340.0, symbol)
        else:
            one.cycle(symbol=symbol)
    return one


def drawn(width: int, height: int, one: Place, found: list[Light] | None = None) -> list[str]:
    """The lines of a window; none is wider than that, and there are no more than it has."""
    now = one.look()
    before = recent.read(one.path, now, cycles=height, bars=top_screen.BARS)
    with Path(os.devnull).open("w", encoding="utf-8") as sink:
        console = Console(width=width, height=height, file=sink)
        screen = top_screen.draw(console, now, lights(now) if found is None else found, before)
        lines = ["".join(part.text for part in line).rstrip() for line in console.render_lines(screen, pad=False)]
    assert max(map(len, lines)) <= width
    assert len(lines) <= height
    return lines


def at(lines: list[str], start: str) -> int:
    """The number of the one line that begins so."""
    (found,) = [number for number, line in enumerate(lines) if line.startswith(start)]
    return found


def curves(lines: list[str]) -> int:
    return sum(line.endswith("▃") for line in lines)


@pytest.mark.parametrize("count", [1, 7])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_what_is_wrong_comes_first_and_the_rest_by_its_weight(
    places: Places, width: int, height: int, count: int
) -> None:
    lines = drawn(width, height, desk(places, count, is_dead=True))
    assert lines[1].startswith("NOT RUNNING")
    assert lines[2].startswith("BAD  loop")
    whose = "EURUSD: " if count == 1 else "all 7: "
    for name in ("loop", "data", "broker"):
        line = lines[at(lines, f"BAD  {name}")]
        assert line[12:].startswith(whose), "one line a matter"
    order = [at(lines, start) for start in ("BAD  broker", "equity 10,000.00", "symbol", "started")]
    assert order == sorted(order)
    assert sum("source_down" in line for line in lines[order[-1] :]) >= min(3, 2 * count), "cycles are seen"
    assert lines[-1].startswith("q ends")


@pytest.mark.parametrize("count", [1, 7])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_window_without_trouble_is_filled(places: Places, width: int, height: int, count: int) -> None:
    lines = drawn(width, height, desk(places, count, is_dead=False))
    assert lines[1] == "all is well"
    assert (lines[-1].startswith("q ends"), "started" in lines[-2]) == (True, False)
    cycles = lines[at(lines, "started") :]
    assert sum("model_hold" in line for line in cycles) >= (4 if (count, height) == (7, 20) else 8)
    assert len(lines) == height or len(cycles) > 20, "to its end, or to the first cycle"
    room = {(1, 20): 1, (1, 24): 1, (1, 40): 1, (7, 20): 0, (7, 24): 1, (7, 40): 7}
    assert curves(lines) == room[count, height], "curves take what is left"


def test_symbols_that_do_not_fit_are_counted(places: Places) -> None:
    lines = drawn(40, 20, desk(places, 7, is_dead=True))
    assert "and 2 more symbols" in lines
    assert "and 2 more symbols" not in drawn(80, 24, desk(places, 7, is_dead=True))


def test_a_matter_names_who_has_it_and_whose_words_it_shows(places: Places) -> None:
    one = desk(places, 7, is_dead=False)
    found = [
        Light("data", "warn", "no bar was brought yet", "NZDUSD"),
        Light("loop", "bad", "one failed", "GBPUSD"),
        Light("loop", "bad", "another failed", "USDJPY"),
        Light("model", "bad", "no score", "EURUSD"),
        Light("model", "bad", "no score", "GBPUSD"),
        Light("model", "ok", "rows are scored", "NZDUSD"),
        Light("halt", "bad", "by hand"),
        Light("clock", "ok", "the clocks agree"),
    ]
    lines = drawn(80, 24, one, found)
    assert lines[2:7] == [
        "BAD  loop  GBPUSD USDJPY; GBPUSD: one failed",
        "BAD  model EURUSD GBPUSD: no score",
        "BAD  halt  by hand",
        "WARN data  NZDUSD: no bar was brought yet",
        lines[at(lines, "equity")],
    ]
    assert "ok: clock" in lines


@pytest.mark.parametrize("height", range(1, 12))
def test_the_smallest_window_says_how_to_end_it(places: Places, height: int) -> None:
    one = desk(places, 7, is_dead=True)
    found = [Light(f"matter{number}", "bad", "a long text " * 20) for number in range(10)]
    lines = drawn(40, height, one, found)
    assert lines[-1].startswith("q ends")
    assert height < 4 or lines[-2].startswith("and "), "what is wrong and not shown is counted"


@pytest.mark.parametrize("height", [1, 5, 20])
def test_a_trouble_longer_than_the_window_leaves_how_to_end_it(height: int) -> None:
    with Path(os.devnull).open("w", encoding="utf-8") as sink:
        console = Console(width=40, height=height, file=sink)
        screen = top_screen.trouble(console, "it cannot be read " * 100)
        lines = ["".join(part.text for part in line) for line in console.render_lines(screen, pad=False)]
    assert len(lines) == height
    assert lines[-1].startswith("q ends")
