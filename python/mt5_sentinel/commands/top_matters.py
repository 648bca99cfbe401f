"""What is wrong, in few lines: one for each matter, with the symbols that have it."""

from __future__ import annotations

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from mt5_sentinel.commands.status_screen import STYLES, WORDS
from mt5_sentinel.commands.status_words import harmless
from mt5_sentinel.view.lights import LEVELS, Level, Light

Lines = list[list[Segment]]
"""Of a window, as they are drawn."""

SHARE = 1 / 3
"""Of the window, in which texts may go on in a second line."""


def lines(console: Console, found: list[Light], symbols: int, room: int) -> Lines:
    """The worst first, in so many lines at most; those left out are counted."""
    matters = _matters(found)
    if not matters:
        return []
    folded = console.render_lines(_grid(matters, symbols, is_cut=False), pad=False)
    if len(folded) <= SHARE * console.size.height:
        return folded
    cut = console.render_lines(_grid(matters, symbols, is_cut=True), pad=False)
    if len(cut) <= room:
        return cut
    kept = cut[: max(0, room - 1)]
    return [*kept, [Segment(f"and {len(cut) - len(kept)} more", Style(bold=True))]]


def well(found: list[Light]) -> Text:
    """The names of the lights that are green for every symbol, and of those that only tell what was."""
    wrong = {light.name for light in found if light.level != "ok"}
    names = list(dict.fromkeys(light.name for light in found if light.name not in wrong))
    told = Text(f"ok: {', '.join(names) or 'nothing'}", style="green" if names else "dim")
    if old := dict.fromkeys(light.name for light in found if _is_past(light)):
        told.append(f"; not known now: {', '.join(old)}", style="dim")
    return told


def _is_past(light: Light) -> bool:
    """Whether nothing is wrong with it but its age; what is silent is told by its ``loop``."""
    return light.is_old and light.level == "warn"


def _matters(found: list[Light]) -> list[list[Light]]:
    """Lights of one level and name together."""
    matters: dict[tuple[Level, str], list[Light]] = {}
    for light in found:
        if light.level != "ok" and not _is_past(light):
            matters.setdefault((light.level, light.name), []).append(light)
    return [matters[key] for key in sorted(matters, key=lambda key: -LEVELS.index(key[0]))]


def _grid(matters: list[list[Light]], symbols: int, *, is_cut: bool) -> Table:
    grid = Table.grid(padding=(0, 1), expand=True)
    for widest in (max(map(len, WORDS.values())), max(len(matter[0].name) for matter in matters)):
        grid.add_column(no_wrap=True, min_width=widest)  # else rich would take the room from here
    grid.add_column(ratio=1, no_wrap=is_cut, overflow="ellipsis" if is_cut else "fold")
    for matter in matters:
        first = matter[0]
        level = Text(WORDS[first.level], style=STYLES[first.level])
        grid.add_row(level, first.name, Text(harmless(_told(matter, symbols))))
    return grid


def _told(matter: list[Light], symbols: int) -> str:
    """Whose it is, and the text of the first; whose that is, where the others say something else."""
    first = matter[0]
    if first.symbol is None:
        return first.text
    if len(matter) == 1:
        return f"{first.symbol}: {first.text}"
    whose = f"all {symbols}" if len(matter) == symbols else " ".join(light.symbol or "" for light in matter)
    is_same = all(light.text == first.text for light in matter)
    return f"{whose}: {first.text}" if is_same else f"{whose}; {first.symbol}: {first.text}"
