"""The wire to a gateway: a ZeroMQ REQ socket that is thrown away when an answer does not come, encrypted by CURVE."""

from __future__ import annotations

import threading
from pathlib import Path

import zmq

from mt5_sentinel import curve, host_names
from mt5_sentinel.errors import Misconfigured

ANSWER_BYTES_MAX = 32 << 20
"""No answer comes near this; ZeroMQ drops a peer that sends more."""

SHOWN_CHARS_MAX = 120


class ZmqLink:
    """One connection to one gateway.

    A request that got no answer is dropped with its socket, so that nothing is delivered late by this end and no answer
    is given to a later request (the Lazy Pirate pattern).
    """

    def __init__(self, host: str, port: int, *, server_key: str = "", key_file: str = "", is_kept: bool = True) -> None:
        """Nothing is connected yet.

        Args:
            host: name or address of the gateway.
            port: of the gateway.
            server_key: its public key, 40 characters; empty: plain text.
            key_file: this end's own key pair, as ``mt5-sentinel keys`` made it.
            is_kept: keep the connection between exchanges; whoever made such a link closes it.

        Raises:
            Misconfigured: a key cannot be read.
        """
        self.url = f"tcp://{host_names.in_url(host)}:{port}"
        self._server_key = server_key
        self._keys = curve.read_key_pair(Path(key_file)) if server_key else None
        self._is_kept = is_kept
        self._socket: zmq.Socket[bytes] | None = None
        self._turn = threading.Lock()

    def exchange(self, request: bytes, patience_s: float) -> bytes | None:
        """Send, and wait for the answer; ``None`` after ``patience_s``."""
        with self._turn:
            answer = self._exchange(request, patience_s)
            if answer is None or not self._is_kept:
                self._drop()
            return answer

    def close(self) -> None:
        """Drop the connection, unless another thread waits on it: that one ends with the process."""
        if self._turn.acquire(blocking=False):
            try:
                self._drop()
            finally:
                self._turn.release()

    def _exchange(self, request: bytes, patience_s: float) -> bytes | None:
        socket = self._socket or self._connect()
        try:
            socket.send(request, zmq.NOBLOCK)
            if socket.poll(max(1, int(patience_s * 1000))):
                return socket.recv(zmq.NOBLOCK)
        except zmq.ZMQError:
            pass  # as good as silence: whether the request went out is not known
        return None

    def _connect(self) -> zmq.Socket[bytes]:
        # The process's own context, never terminated: that is where a process would hang for ever.
        socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.REQ)
        socket.set(zmq.LINGER, 0)  # nothing keeps the process, and nothing is sent after the socket is given up
        socket.set(zmq.IPV6, 1)
        socket.set(zmq.MAXMSGSIZE, ANSWER_BYTES_MAX)
        if self._keys is not None:
            public, secret = self._keys
            socket.set(zmq.CURVE_SERVERKEY, self._server_key.encode())
            socket.set(zmq.CURVE_PUBLICKEY, public.encode())
            socket.set(zmq.CURVE_SECRETKEY, secret.reveal().encode())
        socket.connect(self.url)
        self._socket = socket
        return socket

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close(0)
            self._socket = None


def check(host: str, *, server_key: str, key_file: str, allow_plaintext: bool) -> None:
    """Whether a gateway may be talked to in this way.

    Raises:
        Misconfigured: in plain text to another machine without saying so, or with half a set of keys.
    """
    if bool(server_key) != bool(key_file):
        given, missing = ("gtw_server_key", "gtw_key_file") if server_key else ("gtw_key_file", "gtw_server_key")
        raise Misconfigured(f"{given} is set and {missing} is not; encryption takes both", "bad_configuration")
    if server_key:
        if not curve.is_key(server_key):
            message = "gtw_server_key is no public key: 40 characters, as `mt5-sentinel keys show` prints it"
            raise Misconfigured(message, "bad_configuration")
        curve.read_key_pair(Path(key_file))
    elif not (host_names.is_loopback(host) or allow_plaintext):
        message = (
            f"gtw_host {host[:SHOWN_CHARS_MAX]!r} is another machine, and this wire is plain text: set gtw_server_key"
            " and gtw_key_file (mt5-sentinel keys makes them), or allow_plaintext in a network you trust"
        )
        raise Misconfigured(message, "plaintext_gateway")
