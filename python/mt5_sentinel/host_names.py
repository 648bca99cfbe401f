"""Names and addresses of machines, as settings, URLs and the header ``Host`` have them."""

from __future__ import annotations

import ipaddress
import re

HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")

ASKED_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what it listens on is no address to ask at
"""Where somebody on this machine asks who listens on every address."""


def is_address(host: str) -> bool:
    """Whether it is an IP address, without brackets."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether the name or address is this machine."""
    return ipaddress.ip_address(host).is_loopback if is_address(host) else host == "localhost"


def in_url(host: str) -> str:
    """The host as it stands in a URL: addresses of IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def of_header(given: str) -> str | None:
    """The host that a header ``Host`` names: in small letters, without brackets and port; None where it is none."""
    match = HOST.fullmatch(given)
    return None if match is None else match[1].strip("[]").lower()
