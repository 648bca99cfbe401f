"""By which names the daemon may be asked: pages of others must not read it through a name of theirs (DNS rebinding)."""

from __future__ import annotations

from mt5_sentinel import host_names


class Hosts:
    """On loopback, the setting's own name, ``localhost`` and any address; elsewhere every name: a network has names for
    this machine that are not known here.
    """

    def __init__(self, host: str, address: str) -> None:
        """Take what the setting has, and the address that was bound for it."""
        self._names = {"localhost", host.lower()}
        self._is_loopback = host_names.is_loopback(address)

    def know(self, given: str | None) -> bool:
        """Whether a request with this ``Host`` is answered; browsers always send one, old probes may not."""
        if given is None or not self._is_loopback:
            return True
        named = host_names.of_header(given)
        if named is None:
            return False
        host = named.rstrip(".")
        return host in self._names or host_names.is_address(host)
