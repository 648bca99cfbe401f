"""Who is logged in, and how often someone may try."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import socket
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

SESSIONS_MAX = 200
"""Beyond them the oldest ends."""
IDLE_MAX_S, AGE_MAX_S = 12 * 3600.0, 30 * 86_400.0
"""A session ends when it was not used for so long, and at that age."""


def cookie_of(state_dir: Path, port: int) -> str:
    """The name of one dashboard's cookie.

    Browsers keep cookies by the host's name and not by its port: dashboards of several daemons on one host, or on
    several hosts that are reached through tunnels, would else end each other's sessions. The token is no part of it,
    for names are no secret.
    """
    place = f"{socket.gethostname()}\n{state_dir.absolute()}\n{port}"
    return f"mt5_sentinel_session_{hashlib.sha256(place.encode('utf-8', 'replace')).hexdigest()[:12]}"


class Sessions:
    """Sessions in memory: they end with the process."""

    def __init__(self, monotonic_s: Callable[[], float], cookie: str) -> None:
        """Begin with none; ``monotonic_s`` tells the time, ``cookie`` is the name of what a browser keeps."""
        self._monotonic_s, self.cookie = monotonic_s, cookie
        self._used: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def begin(self) -> str:
        """A new session's id, which nobody can guess."""
        while len(self._used) >= SESSIONS_MAX:
            self._used.popitem(last=False)
        now_s, name = self._monotonic_s(), secrets.token_urlsafe(32)
        self._used[name] = now_s, now_s
        return name

    def use(self, name: str) -> bool:
        """Whether the session lives; if so it was used now."""
        begun_s, used_s = self._used.get(name, (0.0, 0.0))
        now_s = self._monotonic_s()
        if name in self._used and now_s - used_s <= IDLE_MAX_S and now_s - begun_s <= AGE_MAX_S:
            self._used[name] = begun_s, now_s
            return True
        self.end(name)
        return False

    def end(self, name: str) -> None:
        """Log out."""
        self._used.pop(name, None)


def is_same(given: str, token: str) -> bool:
    """Whether it is the token, in a time that does not tell how much of it is right."""
    digests = (hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in (given, token))
    return hmac.compare_digest(*digests)
