"""Where messages go: one Apprise URL each, whose secrets show nowhere. The one import of apprise."""

from __future__ import annotations

import hashlib
import importlib
import logging
import re
import threading
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, unquote

from mt5_sentinel import config, logs
from mt5_sentinel.alerting.letters import Letter, Refusal
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.guard import Guard
from mt5_sentinel.secret import Secret
from mt5_sentinel.view.light import Level

TYPES: dict[Level, str] = {"ok": "success", "warn": "warning", "bad": "failure"}
"""What Apprise calls the levels."""

PAGERDUTY = "pagerduty"
"""A service that keeps incidents: one that is not told which of them is well again opens another instead."""

MAY_PASS = ("408", "425", "429")
"""Statuses of 4xx that say nothing of the letter: too late, too early, too many."""

log = logging.getLogger("mt5_sentinel")


class Channel:
    """One endpoint; used by one thread."""

    def __init__(self, number: int, url: str) -> None:
        """Read a URL.

        Args:
            number: its place in the setting, from 1.
            url: as Apprise has it.

        Raises:
            Misconfigured: Apprise does not know it, or is not installed; the URL is not told.
        """
        self._why = _Why()
        self.scheme = scheme(url)
        self.name = f"{number} ({self.scheme})"
        # Tells two endpoints apart in a file that must not hold their URLs: too short to guess a token by.
        self.key = f"{self.scheme}-{hashlib.sha256(url.encode()).hexdigest()[:6]}"
        self.keeps_incidents = self.scheme == PAGERDUTY
        self._url = Secret(url)
        self._service = _service(url, self._why)
        self._closes = self.keeps_incidents and _closes(_service(incident(url, "x"), None))
        if self._service is None:
            raise Misconfigured(
                f"alert_urls: number {self.name} is no URL that Apprise accepts; its documentation lists them",
                "bad_configuration",
            )
        if self.keeps_incidents and not self._closes:
            log.warning(
                "endpoint %s: this release of Apprise closes no incident; what is well again is not sent there, or it"
                " would open another: update Apprise, or close them by hand",
                self.name,
            )

    def send(self, letter: Letter) -> Refusal | None:
        """Send a letter; why it did not go, None where the endpoint took it."""
        taken: list[bool] = []
        self._why.begin()
        service = self._service
        if self.keeps_incidents and letter.topic:
            if letter.level == "ok" and not self._closes:
                return None
            service = _service(incident(self._url.reveal(), letter.topic), None)
        arguments = {"title": letter.title, "body": letter.body, "notify_type": TYPES[letter.level]}
        # Undeclared, Apprise takes it for what the service likes best: HTML, where a `<` is a mistake.
        arguments["body_format"] = "text"
        error = Guard().attempt(lambda: taken.append(bool(service.notify(**arguments))))
        if error is not None:
            return Refusal(type(error).__name__)  # its text may quote the URL
        return None if taken == [True] else self._why.refusal()


def open_all(urls: str) -> list[Channel]:
    """The endpoints of the setting ``alert_urls``, each once.

    Raises:
        Misconfigured: as ``Channel``.
    """
    listed = list(dict.fromkeys(urls.split()))
    learn(listed)
    return [Channel(number, url) for number, url in enumerate(listed, start=1)]


def learn(urls: Sequence[str]) -> None:
    """Hide these URLs from now on, and each part of them that may be a secret, wherever it would be printed."""
    for url in urls:
        logs.learn([url, *_parts(url)])


def scheme(url: str) -> str:
    """What stands before ``://``, where it is a word."""
    found = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]{0,19})://", url)
    return found.group(1).lower() if found else "unknown"


def incident(url: str, topic: str) -> str:
    """A URL of PagerDuty that opens and closes the incident of one matter: its severity says which of both."""
    # What stands last counts; so a `dedup` of the user's own, one incident for everything, cannot come before it.
    return f"{url}{'&' if '?' in url else '?'}action=map&dedup={quote(topic, safe='')}"


def _closes(service: Any) -> bool:  # noqa: ANN401 - as `_service`
    """Whether it understood which incident it is to close."""
    return service is not None and "dedup=" in service.url(privacy=True)


def _parts(url: str) -> list[str]:
    """Users, passwords, host, pieces of the path, values of the query: services put tokens into each of them."""
    rest = url.split("://", 1)[-1]
    # Whole stretches too: a password may hold any of these signs.
    stretches = [rest, *rest.split("/"), *rest.rsplit("@", 1)[0].split(":", 1), *re.split(r"[?&]", rest)]
    found = [*stretches, *re.split(r"[/@:?&=#,;]", rest)]
    # An address of this machine is no secret, and stands in many a line.
    return [part for one in found for part in (one, unquote(one)) if not _is_loopback(part)]


def _is_loopback(part: str) -> bool:
    return re.sub(r":\d*$", "", part) in config.LOOPBACK


class _Why(logging.Handler):
    """Hears what apprise logs, which may quote a URL, and keeps a status of HTTP alone."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._thread = 0
        self._status: str | None = None

    def begin(self) -> None:
        """Listen to this thread, with nothing heard yet: other endpoints have their own."""
        self._thread, self._status = threading.get_ident(), None

    def emit(self, record: logging.LogRecord) -> None:
        """Look for a status."""
        found = re.search(r"error\s*=\s*(\d{3})\b", record.getMessage())
        if found and record.thread == self._thread:
            self._status = found.group(1)

    def refusal(self) -> Refusal:
        """Why a message was not taken, as far as that can be told."""
        if self._status is None:
            return Refusal("not taken")
        is_answer = self._status.startswith("4") and self._status not in MAY_PASS
        return Refusal(f"not taken, HTTP status {self._status}", is_answer)


def _service(url: str, why: _Why | None) -> Any:  # noqa: ANN401 - apprise is an extra; here its service only notifies
    try:
        apprise = importlib.import_module("apprise")
    except ImportError:
        raise Misconfigured(
            "alerts are sent by Apprise, which is not installed: pip install 'mt5-sentinel[alerts]'", "no_apprise"
        ) from None
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    if why is not None:
        logger.addHandler(why)
    asset = apprise.AppriseAsset(app_id="mt5-sentinel", app_desc="mt5-sentinel alerts", storage_mode="memory")
    return apprise.Apprise.instantiate(Secret(url).reveal(), asset=asset)
