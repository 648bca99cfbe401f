"""The other end of a gateway, as seen from its own command: to test it, and to switch it on and off."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path

from mt5_sentinel import curve, host_names, wire
from mt5_sentinel.errors import Misconfigured, Refused, Transient
from mt5_sentinel.gateway_client import GatewayClient
from mt5_sentinel.gateway_link import ZmqLink
from mt5_sentinel.ports import Clock

PATIENCE_S = 3.0
"""How long a running gateway may take for an answer, repeats included."""


def connected(arguments: argparse.Namespace, clock: Clock, undo: ExitStack) -> GatewayClient:
    """A client of the gateway that these flags start, or that they name; nothing is sent yet.

    Raises:
        Misconfigured: a key cannot be read, or half a set of them is given.
    """
    key_file: Path | None = arguments.client_key_file or arguments.key_file
    server_key = arguments.server_key
    if server_key:
        curve.check_public_key(server_key, "--server-key")
    elif arguments.key_file is not None:
        server_key = curve.read_key_pair(arguments.key_file)[0]
    if bool(server_key) != bool(key_file):
        message = "encryption takes two keys: --server-key or --key-file, and --client-key-file or --key-file"
        raise Misconfigured(message, "bad_configuration")
    host = host_names.ASKED_AT.get(arguments.host, arguments.host)
    link = ZmqLink(host, arguments.port, server_key=server_key, key_file=str(key_file or ""))
    undo.callback(link.close)
    return GatewayClient(link, clock, where=link.url, timeout_s=PATIENCE_S)


def switch(arguments: argparse.Namespace, clock: Clock) -> int:
    """Switch the kill switch of a running gateway on or off, and say so.

    Raises:
        Transient: no answer.
        Refused: the gateway did not do it.
    """
    on = arguments.halt is not None
    with ExitStack() as undo:
        client = connected(arguments, clock, undo)
        reply = client.ask("KILL_SWITCH", {"on": on, "reason": (arguments.halt or "")[:200]})
    if reply is None:
        raise Transient(f"the gateway at {client.where} did not answer; is it running?", "gateway_timeout")
    if reply.retcode != wire.DONE:
        raise Refused(f"the gateway at {client.where} refused ({reply.retcode}): {reply.msg}", "kill_switch")
    print(f"{client.where}: {'nothing is opened any more; exits pass' if on else 'openings pass again'}")
    return 0
