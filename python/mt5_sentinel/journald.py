"""The two ways into systemd's journal: its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL), a unit's stream."""

from __future__ import annotations

import os
import select
import socket
import stat
import struct
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TextIO

SOCKET = "/run/systemd/journal/socket"

SEND_S = 0.1
"""How long a line may wait for a queue that is full."""

REST_S = 5.0
"""How long no line waits after one that waited in vain: a journal that is stuck must not slow down each line."""

TAKEN_S = 0.5
"""How long a process that ends waits until its lines were read."""


def frame(fields: Mapping[str, str | int | None]) -> bytes:
    """One entry as a datagram: ``NAME=value``, or name, length and bytes for a value of several lines.

    Names are capital letters, digits and ``_``. A field without a value is left out.
    """
    parts = []
    for name, value in fields.items():
        if value is None:
            continue
        body = str(value).encode("utf-8", "backslashreplace")
        is_simple = b"\n" not in body
        parts.append(b"%s=%s\n" % (name.encode(), body) if is_simple else _binary(name, body))
    return b"".join(parts)


def _binary(name: str, body: bytes) -> bytes:
    return b"%s\n%s%s\n" % (name.encode(), struct.pack("<Q", len(body)), body)


class Patience:
    """How long a line may wait now: not at all for ``REST_S`` after one that waited in vain."""

    def __init__(self) -> None:
        """Nothing was waited for yet."""
        self._rests_until_s = time.monotonic()

    def wait_s(self) -> float:
        """Seconds, 0 or ``SEND_S``."""
        return SEND_S if time.monotonic() >= self._rests_until_s else 0.0

    def in_vain(self) -> None:
        """A line waited as long as it may."""
        self._rests_until_s = time.monotonic() + REST_S


class Journald:
    """The door of the journal."""

    def __init__(self, path: str) -> None:
        """Nothing is opened yet."""
        self._path = path
        self._door: socket.socket | None = None
        self._patience = Patience()

    def send(self, fields: Mapping[str, str | int | None]) -> None:
        """Hand over one entry.

        Raises:
            OSError: there is no journal at the socket, its queue stays full, or the entry is larger than a datagram
                may be. Nothing of the entry was taken then.
        """
        if self._door is None:
            self._door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            # The kernel's own limit: with Python's, a socket without a peer is always "ready", and it would spin.
            self._door.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, round(SEND_S * 1e6)))
        may_wait = self._patience.wait_s() > 0
        try:
            # Not connected: a journal that was restarted has a new socket at the same place.
            self._door.sendto(frame(fields), 0 if may_wait else socket.MSG_DONTWAIT, self._path)
        except BlockingIOError:
            if may_wait:
                self._patience.in_vain()
            raise

    def close(self) -> None:
        """Wait a little until the journal has read everything, then close.

        It looks up the unit of a process when it reads; the last line of one that is gone would stand under no unit.
        """
        if self._door is None:
            return
        deadline_s = time.monotonic() + TAKEN_S
        while _unread_bytes(self._door) and time.monotonic() < deadline_s:
            time.sleep(0.002)
        self._door.close()
        self._door = None


def _unread_bytes(door: socket.socket) -> int:
    """What was sent and is not read yet; 0 where the system does not tell."""
    import fcntl  # noqa: PLC0415 - Windows has neither
    import termios  # noqa: PLC0415

    answer = bytearray(struct.calcsize("i"))
    try:
        fcntl.ioctl(door, termios.TIOCOUTQ, answer)
    except OSError:
        return 0
    return int(struct.unpack("i", answer)[0])


class Stream:
    """A stream for plain lines. Where it is a socket, as stderr of a unit is, it holds up nobody either."""

    def __init__(self, stream: TextIO) -> None:
        """A socket is used beside the stream, which stays open and blocks as before for whoever else writes to it."""
        self._stream = stream
        self._socket = _socket_of(stream)
        self._begun = b""
        """What is left of a line of which a part was taken: it goes before anything else."""
        self._patience = Patience()

    def send(self, text: str) -> None:
        """Write text that ends with a line feed.

        Raises:
            OSError: it has no room, or the other end is gone. Nothing of the text was taken then.
        """
        if self._socket is None:
            self._stream.write(text)
            self._stream.flush()
            return
        self._begun = self._unsent(self._socket, self._begun)
        body = text.encode("utf-8", "backslashreplace")
        left = body if self._begun else self._unsent(self._socket, body)
        if len(left) == len(body):
            raise BlockingIOError("the stream has no room")
        self._begun = left

    def close(self) -> None:
        """Send the rest of a line that was begun, if there is room; the stream itself stays open."""
        if self._socket is None:
            return
        with suppress(OSError):
            self._unsent(self._socket, self._begun)
        self._socket.close()
        self._socket, self._begun = None, b""

    def _unsent(self, door: socket.socket, body: bytes) -> bytes:
        """What of it was not taken, after a wait that is bounded for all of it."""
        wait_s = self._patience.wait_s()
        deadline_s = time.monotonic() + wait_s
        while body:
            taken = _taken_bytes(door, body)
            body = body[taken:]
            left_s = deadline_s - time.monotonic()
            if not taken and left_s <= 0:
                if wait_s > 0:
                    self._patience.in_vain()
                break
            if not taken:
                asked = select.poll()
                asked.register(door, select.POLLOUT)
                asked.poll(left_s * 1000)
        return body


def _taken_bytes(door: socket.socket, body: bytes) -> int:
    """How much of it there is room for now."""
    try:
        return door.send(body, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return 0


def _socket_of(stream: TextIO) -> socket.socket | None:
    """The socket that the stream writes to, opened a second time; None where it is none."""
    try:
        descriptor = stream.fileno()
        is_socket = stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except (OSError, ValueError):
        return None
    return socket.socket(fileno=os.dup(descriptor)) if is_socket else None
