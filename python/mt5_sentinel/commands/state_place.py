"""Where the daemon keeps its state, for the commands that speak to it through files."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from mt5_sentinel import config


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of the daemon that say where its state is."""
    parser.add_argument("--state-dir", metavar="DIR", help="state directory of the daemon")
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"the daemon's TOML file, whose state_dir counts where none is given (default: {config.DEFAULT_FILE})",
    )


def find(arguments: argparse.Namespace) -> Path:
    """The state directory, found as the daemon finds it.

    Raises:
        Misconfigured: the TOML file cannot be read and nothing else names the directory.
    """
    return config.state_path(arguments.state_dir, os.environ, arguments.config)


def add_journal_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that say which journal is read."""
    parser.add_argument(
        "--journal", metavar="PATH", help="the journal file (default: journal.db in the state directory)"
    )
    add_flags(parser)


def journal(arguments: argparse.Namespace) -> Path:
    """The journal file that the flags name. Raises as ``find``."""
    return Path(arguments.journal) if arguments.journal else find(arguments) / "journal.db"


def warn_without_journal(state_dir: Path) -> None:
    """Say so where no daemon has written: the file may lie where nobody looks for it."""
    if not (state_dir / "journal.db").exists():
        print(f"warning: {state_dir} holds no journal; is this the daemon's state directory?", file=sys.stderr)
        print("`--state-dir` names another one, `--config` the daemon's TOML file.", file=sys.stderr)
