"""``mt5-sentinel keys``: key pairs of the encrypted wire between daemon and gateway."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from mt5_sentinel import curve
from mt5_sentinel.errors import Misconfigured, Unusable

EXAMPLE = """example:
  mt5-sentinel keys new gateway      # on the gateway's machine: gateway.key, and its public key
  mt5-sentinel keys new daemon       # on the daemon's machine
  mt5-sentinel keys show daemon.key  # the public key again

A key file never leaves the machine it was made on; public keys are copied between them."""

WHAT_TO_DO = """the public key, which may be shown to anybody:
{public}
of a gateway: start it with `--key-file {path}`; its clients set `gtw_server_key` to this public key
of a daemon: set `gtw_key_file` to {path}; a line with this public key goes into the gateway's `--clients` file"""


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command and of what it can do."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "keys",
        help="make the keys of the wire to a gateway",
        description="Key pairs (CURVE) with which daemon and gateway know each other; docs/GATEWAY.md in the repository"
        " describes the whole way.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    new = actions.add_parser("new", help="draw a pair, write it to NAME.key, print the public key")
    new.add_argument("name", metavar="NAME", help="letters, digits, `-`, `_` and `.`")
    new.add_argument(
        "--dir", type=Path, default=Path(), metavar="DIR", help="where to (default: here); made if missing"
    )
    new.set_defaults(action=_new)
    show = actions.add_parser("show", help="print the public key of a key file")
    show.add_argument("path", type=Path, metavar="FILE", help="a key file")
    show.set_defaults(action=_show)
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Do what was asked for."""
    code: int = arguments.action(arguments)
    return code


def _new(arguments: argparse.Namespace) -> int:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", arguments.name):
        raise Misconfigured("NAME is of letters, digits, `-`, `_` and `.`, 64 at most", "bad_name")
    try:
        arguments.dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unusable(f"{arguments.dir}: cannot be made: {error.strerror}", "unwritable_file") from None
    path = arguments.dir / f"{arguments.name}.key"
    public = curve.create(path)
    print(f"wrote {path}: whoever reads it can speak in its owner's name")
    print(WHAT_TO_DO.format(public=public, path=path))
    return 0


def _show(arguments: argparse.Namespace) -> int:
    public, _ = curve.read_key_pair(arguments.path)
    print(public)
    return 0
