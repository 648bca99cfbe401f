"""By which names the daemon may be asked: pages of others must not read it through a name of theirs (DNS rebinding)."""

from __future__ import annotations

import ipaddress
import re

HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")


class Hosts:
    """On loopback, the setting's own name, ``localhost`` and any address; elsewhere every name: a network has names for
    this machine that are not known here.
    """

    def __init__(self, host: str, address: str) -> None:
        """Take what the setting has, and the address that was bound for it."""
        self._names = {"localhost", host.lower()}
        self._is_loopback = ipaddress.ip_address(address).is_loopback

    def know(self, given: str | None) -> bool:
        """Whether a request with this ``Host`` is answered; browsers always send one, old probes may not."""
        if given is None or not self._is_loopback:
            return True
        match = HOST.fullmatch(given)
        if match is None:
            return False
        host = match[1].strip("[]").lower().rstrip(".")
        return host in self._names or _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
