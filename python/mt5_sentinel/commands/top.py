"""``mt5-sentinel top``."""

from __future__ import annotations

import argparse
from typing import Any


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser("top")
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Not built yet."""
    raise NotImplementedError
