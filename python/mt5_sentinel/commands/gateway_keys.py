"""What the flags of a gateway say about its wire: encrypted, with a list of clients, or plain and for this machine."""

from __future__ import annotations

import argparse

from mt5_sentinel import curve
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.gateway.authority import AllowList
from mt5_sentinel.gateway.server import check_plaintext
from mt5_sentinel.secret import Secret

Pair = tuple[str, Secret]
"""Public and secret key."""


def read(arguments: argparse.Namespace) -> tuple[Pair | None, AllowList | None]:
    """The key pair and the list of clients; both or neither.

    Raises:
        Misconfigured: one without the other, one that cannot be read, or plain text where other machines can reach it.
    """
    check_plaintext(arguments.host, has_key=arguments.key_file is not None, allow_plaintext=arguments.allow_plaintext)
    if (arguments.key_file is None) != (arguments.clients is None):
        given, missing = ("--key-file", "--clients") if arguments.clients is None else ("--clients", "--key-file")
        raise Misconfigured(f"{given} is given and {missing} is not; encryption takes both", "bad_configuration")
    if arguments.key_file is None:
        return None, None
    return curve.read_key_pair(arguments.key_file), AllowList(arguments.clients)
