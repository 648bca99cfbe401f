"""Lines with fields for systemd's journal, in its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL)."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Mapping

SOCKET = "/run/systemd/journal/socket"

SEND_S = 0.1
"""How long a line may wait for a queue that is full."""

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


class Journald:
    """The door of the journal."""

    def __init__(self, path: str) -> None:
        """Nothing is opened yet."""
        self._path = path
        self._door: socket.socket | None = None

    def send(self, fields: Mapping[str, str | int | None]) -> None:
        """Hand over one entry.

        Raises:
            OSError: there is no journal at the socket, its queue stays full, or the entry is larger than a datagram
                may be. Nothing of the entry was taken then.
        """
        if self._door is None:
            self._door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._door.settimeout(SEND_S)
        # Not connected: a journal that was restarted has a new socket at the same place.
        self._door.sendto(frame(fields), self._path)

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
