"""A dead man's switch: a URL is asked each minute while all lives; whoever is behind it tells when that ends."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from mt5_sentinel import bounded_http, config
from mt5_sentinel.alerting import channels
from mt5_sentinel.bounded_http import FetchError
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.secret import Secret

PERIOD_S = 60.0
FRESH_S = 45.0
"""How long a look that found all alive speaks for it: a watcher that hangs must fall silent too."""

BUDGET_S = 10.0
ANSWER_BYTES_MAX = 65536

log = logging.getLogger("mt5_sentinel")


class Heartbeat:
    """Asks the URL; used by one thread, and told by another that all lives."""

    def __init__(self, url: str) -> None:
        """Keep the URL.

        Raises:
            Misconfigured: it is none, or would show its secret to the network.
        """
        channels.learn([url])
        try:
            split = urlsplit(url)
            is_web = split.scheme in ("http", "https") and bool(split.hostname) and split.port != 0
            is_open = split.scheme == "http" and split.hostname not in config.LOOPBACK
        except ValueError:
            is_web, is_open = False, False
        if not is_web or is_open:
            raise Misconfigured(
                "alert_heartbeat_url: the value has to be an https URL (http is for loopback only)", "bad_configuration"
            )
        self._url = Secret(url)
        self._lives_s: float | None = None
        self._asked_s: float | None = None
        self._is_failing = False

    def lives(self, monotonic_s: float) -> None:
        """Watcher and daemon live at this moment."""
        self._lives_s = monotonic_s

    def step(self, monotonic_s: float) -> bool:
        """Ask where it is time and all lives; whether the URL was asked."""
        lives_s, asked_s = self._lives_s, self._asked_s
        if lives_s is None or monotonic_s - lives_s > FRESH_S:
            return False
        if asked_s is not None and monotonic_s - asked_s < PERIOD_S:
            return False
        self._asked_s = monotonic_s
        why = self._ask()
        if why is not None and not self._is_failing:
            log.warning("the heartbeat was not taken: %s", why)
        if why is None and self._is_failing:
            log.info("the heartbeat is taken again")
        self._is_failing = why is not None
        return True

    def _ask(self) -> str | None:
        try:
            answer = bounded_http.get(self._url, {}, budget_s=BUDGET_S, body_bytes_max=ANSWER_BYTES_MAX)
        except FetchError as error:
            return str(error)
        # A redirect is not followed: where it leads is not what was configured.
        return None if 200 <= answer.status < 300 else f"HTTP status {answer.status}"
