"""Who may speak to the gateway: a list of public keys, asked at every connection and at every request."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import zmq
from zmq.utils import z85

from mt5_sentinel import curve
from mt5_sentinel.errors import Misconfigured, Unusable
from mt5_sentinel.files import read
from mt5_sentinel.gateway.sayings import Sayings
from mt5_sentinel.secret import Secret

ADDRESS = "inproc://zeromq.zap.01"
"""Where ZeroMQ asks about each connection (its RFC 27, ZAP)."""

DOMAIN = b"mt5-sentinel"

LIST_BYTES_MAX = 256 * 1024

FAULTS_MAX = 5
"""Faults of a list that are told."""

POLL_MS = 100

log = logging.getLogger("mt5_sentinel")


class AllowList:
    """Public keys of a file, one a line; what follows the key, and lines that begin with ``#``, are for people.

    The file is read again when it changes, and serves whoever stands in it then: nobody, where it is empty or gone, so
    that a key can always be taken off. A line that is no key is told, and keeps no other line from counting.
    """

    def __init__(self, path: Path) -> None:
        """Read it.

        Raises:
            Misconfigured: it cannot be read, has a line that is no key, or has no key at all.
        """
        self._path = path
        self._turn = threading.Lock()
        self._mark = self._marked()
        self._keys, faults = self._read()
        if not self._keys and not faults:
            faults = [f"{self._path}: no key in it; `mt5-sentinel keys show FILE` prints a client's"]
        if faults:
            raise Misconfigured(faults[0], "bad_clients")

    @property
    def keys(self) -> frozenset[str]:
        """All keys, as the file has them now."""
        with self._turn:
            mark = self._marked()
            if mark != self._mark:
                self._mark = mark
                self._read_again()
            return self._keys

    def _read_again(self) -> None:
        new, faults = self._read()
        for fault in faults[:FAULTS_MAX]:
            log.error("the list of clients has a fault: %s", fault)
        log.info("clients: %d keys now, %d more and %d fewer", len(new), len(new - self._keys), len(self._keys - new))
        if not new:
            log.warning("nobody is served: %s has no key in it", self._path)
        self._keys = new

    def _marked(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> tuple[frozenset[str], list[str]]:
        """The keys, and what is wrong with the file."""
        try:
            text = read(str(self._path))[:LIST_BYTES_MAX].decode()
        except Unusable as error:
            return frozenset(), [f"the list of clients cannot be read: {error}"]
        except UnicodeDecodeError:
            return frozenset(), [f"{self._path}: no text"]
        keys, faults = set(), []
        for number, line in enumerate(text.splitlines(), 1):
            word = line.split()[0] if line.split() else ""
            if curve.is_key(word):
                keys.add(word)
            elif word and not word.startswith("#"):
                faults.append(f"{self._path}:{number}: a line begins with a public key of 40 characters, or with `#`")
        return frozenset(keys), faults


class Authority:
    """Answers ZeroMQ's questions about connections, in a thread of its own, and counts those it turned away."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], clients: AllowList) -> None:
        """Begin to answer; sockets of this context that are bound later are asked about."""
        self.clients = clients
        self.refused = 0
        self._sayings = Sayings(time.monotonic, lines_max=5)
        self._socket = context.socket(zmq.REP)
        self._socket.set(zmq.LINGER, 0)
        self._socket.bind(ADDRESS)
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="authority", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering: from now on every new connection is turned away."""
        self._ends.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ends.is_set():
            if self._socket.poll(POLL_MS):
                self._socket.send_multipart(self._ruled(self._socket.recv_multipart()))
        self._socket.close(0)

    def _ruled(self, frames: list[bytes]) -> list[bytes]:
        # version, request, domain, address, identity, mechanism, then what the mechanism tells
        request = frames[1] if len(frames) > 1 else b""
        address = frames[3].decode("ascii", "replace")[:64] if len(frames) > 3 else "?"
        key = ""
        if len(frames) == 7 and frames[5] == b"CURVE" and len(frames[6]) == 32:
            key = z85.encode(frames[6]).decode()
        if key and key in self.clients.keys:
            return [b"1.0", request, b"200", b"OK", key.encode(), b""]
        self.refused += 1
        shown = f"the key {key}, which is not on the list of clients" if key else "no key"
        self._sayings.say(logging.WARNING, "a connection from %s was refused: it has %s", address, shown)
        return [b"1.0", request, b"400", b"not on the list of clients", b"", b""]


def secure(socket: zmq.Socket[bytes], secret: Secret) -> None:
    """Let a socket speak CURVE only; before it is bound."""
    socket.set(zmq.ZAP_DOMAIN, DOMAIN)
    socket.set(zmq.CURVE_SERVER, 1)
    socket.set(zmq.CURVE_SECRETKEY, secret.reveal().encode())
