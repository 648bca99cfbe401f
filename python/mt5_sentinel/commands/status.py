"""``mt5-sentinel status``: how it stands, on one screen."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from mt5_sentinel.commands import state_place
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.view import outline, standing
from mt5_sentinel.view.lights import lights, worst
from mt5_sentinel.view.standing import Standing

EXIT_LOOK = 1
"""A light is not green."""

EXAMPLE = """example:
  mt5-sentinel status
  mt5-sentinel status --json | python3 -m json.tool
  mt5-sentinel status >/dev/null || echo 'look at the daemon'

exit code: 0 all is well; 1 a light warns or is bad; 2 a wrong flag; 65 a damaged row; 78 no journal of this version"""


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "status",
        help="show on one screen how it stands",
        description="Show how trading stands, read from the journal: decisions, data, positions, account, lights."
        " Safe while a daemon runs; only reads.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    state_place.add_journal_flags(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object (docs/TERMINAL.md)")
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Print it; the exit code is that of the worst light."""
    now = known(state_place.journal(arguments), time.time())
    found = lights(now)
    if arguments.json:
        print(outline.text(outline.outline(now, found), indent=1))
    else:
        from mt5_sentinel.commands import status_screen  # noqa: PLC0415 - rich is loaded by who draws

        status_screen.show(status_screen.screen(now, found))
    return 0 if worst(found) == "ok" else EXIT_LOOK


def known(path: Path, now_s: float) -> Standing:
    """How it stands.

    Raises:
        Misconfigured: there is no journal, or no daemon of this version has written into it.
        Unusable: a row of it is damaged.
    """
    found = standing.look_at(path, now_s)
    if found is None:
        message = (
            f"{path}: no daemon of this version has written it yet, so nobody knows what is traded; start the daemon"
            " on it. `mt5-sentinel journal` shows the cycles it holds"
        )
        raise Misconfigured(message, "no_desk")
    return found
