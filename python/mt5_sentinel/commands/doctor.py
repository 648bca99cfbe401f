"""``mt5-sentinel doctor``."""

from __future__ import annotations

import argparse
from typing import Any

from mt5_sentinel.errors import Misconfigured


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser("doctor")
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Not yet."""
    raise Misconfigured("doctor: not built yet", "not_built")
