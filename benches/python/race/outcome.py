"""What a race gives, and how it ends: printed, written into the document, or refused because a result was wrong."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from race import picture, report


class Outcome(NamedTuple):
    """What a race gives: the lines of the section, the numbers of the picture, what was wrong."""

    section: list[str]
    groups: dict[str, list[tuple[str, float]]]
    wrong: list[str]


class Place(NamedTuple):
    """Where it is written: the named section of a document, and the picture with its title."""

    document: Path
    section: str
    picture: Path
    title: str


def tell(text: str) -> None:
    """Progress, apart from the tables."""
    print(text, file=sys.stderr, flush=True)


def said(error: Exception, folder: Path) -> str:
    """A line of what an error says; no reader needs this machine's folder."""
    return " ".join(str(error).replace(f"{folder}/", "").split())[:200]


def conclude(outcome: Outcome, place: Place, write: bool) -> int:
    """Print the section and write it where that is asked for; returns the exit code, 1 when something was wrong."""
    if outcome.section:
        print("\n".join(outcome.section))
    if outcome.wrong:
        tell("wrong, so the race says nothing:\n  " + "\n  ".join(outcome.wrong))
        return 1
    if write:
        text = report.replaced(place.document.read_text("utf-8"), place.section, outcome.section)
        place.document.write_text(text, "utf-8")
        place.picture.write_text("".join(picture.svg(place.title, outcome.groups)), "utf-8")
        tell(f"written: {place.document.name}, {place.picture.name}")
    return 0
