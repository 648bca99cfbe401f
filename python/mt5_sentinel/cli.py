"""The command line: which verb, and what its failure means to the shell."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from mt5_sentinel import __version__
from mt5_sentinel.commands import (
    alerts,
    audit,
    bars,
    dashboard,
    demo,
    doctor,
    features,
    gateway,
    halt,
    journal,
    keys,
    model,
    resume,
    review,
    run,
    score,
    soak,
    status,
    top,
    verify,
)
from mt5_sentinel.errors import SentinelError

EXIT_IO = 74

VERBS = (
    *(run, demo, doctor, halt, resume),
    *(status, top, journal, dashboard, alerts),
    *(gateway, keys, audit, review, verify, soak),
    *(bars, features, score, model),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; every expected failure is one clear message on stderr."""
    parser = argparse.ArgumentParser(
        prog="mt5-sentinel",
        description="Machine-learning trading on MetaTrader 5 from Linux.",
        epilog="Begin with `mt5-sentinel demo`: real bars, a bundled model, a paper broker, no network.",
    )
    parser.add_argument("--version", action="version", version=f"mt5-sentinel {__version__}")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for verb in VERBS:
        verb.add_parser(verbs).set_defaults(command=verb.execute)
    _open_closed_streams()
    _write_any_character()
    try:
        code = _run(parser, argv)
        sys.stdout.flush()
    except SentinelError as error:
        print(f"mt5-sentinel: {error}", file=sys.stderr)  # noqa: T201 - the one place that tells the user
        return error.exit_code
    except OSError as error:
        _discard_stdout()
        if isinstance(error, BrokenPipeError):
            return 0  # the reader of a pipe has seen enough
        print(f"mt5-sentinel: the output cannot be written: {error.strerror}", file=sys.stderr)  # noqa: T201
        return EXIT_IO
    except KeyboardInterrupt:
        return 130
    return code


def _run(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> int:
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as told:  # help, the version, or a wrong flag
        return int(told.code or 0)
    code: int = arguments.command(arguments)
    return code


def _open_closed_streams() -> None:
    """Give a closed standard stream (``>&-``) a place where it fails as on a closed descriptor, not with None."""
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_WRONLY), "r")
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:  # nobody is left to be told
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def _write_any_character() -> None:
    """Let no sign of a report fail in the code page of a Windows console, or of a log that it is sent to."""
    if sys.platform == "win32":
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(encoding="utf-8", errors="replace")


def _discard_stdout() -> None:
    """Keep the interpreter from complaining at exit about what it cannot flush."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
