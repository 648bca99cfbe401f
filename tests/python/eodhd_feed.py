"""The market data API as it is when it is well: windows out of a list of rows, its limits, its quota, its clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Any

from tests.python import bodies
from tests.python.eodhd_server import Answer, Request

DAYS_MAX = {"1m": 120, "5m": 600, "1h": 7200}
INTERVAL_S = {"1m": 60, "5m": 300, "1h": 3600}


class Feed:
    """Answers like the API; play it on an ``EodhdServer``, and change its attributes at any time.

    ``rows`` are all there ever will be: one is shown from the moment it opens on.
    """

    def __init__(
        self,
        rows: list[dict[str, Any]],
        interval: str,
        *,
        now_s: Callable[[], float],
        token: str | None = None,
        quota: int | None = None,
    ) -> None:
        """With ``token`` every other one is refused; with ``quota`` units are counted and told."""
        self.rows, self.interval, self.now_s = rows, interval, now_s
        self.token, self.quota = token, quota
        self.skew_s = 0.0

    def __call__(self, request: Request) -> Answer:
        """The answer to one request."""
        query = {name: values[0] for name, values in request.query.items()}
        from_s, to_s = int(query["from"]), int(query["to"])
        headers = {"Date": self.date()}
        if self.token not in (None, query["api_token"]):
            return Answer(401, b"Unauthenticated", headers | {"Content-Type": "text/html"})
        if to_s - from_s > DAYS_MAX[query["interval"]] * 86_400:
            said = f'["Max period length is {DAYS_MAX[query["interval"]]} days"]'
            return Answer(422, f'{{"errors":{{"to":{said},"from":{said}}}}}'.encode(), headers)
        if self.quota is not None:
            if self.quota < 5:
                return Answer(402, b"You exceeded your daily API requests limit.", headers)
            self.quota -= 5
            headers |= {"X-RateLimit-Limit": "1200", "X-RateLimit-Remaining": str(self.quota)}
        return Answer(200, bodies.body(self.window(from_s, to_s, query["interval"])), headers)

    def window(self, from_s: int, to_s: int, interval: str) -> list[dict[str, Any]]:
        """Rows that open within the window, those in the future not; of the one still forming only its open."""
        assert interval == self.interval, f"{interval} was asked for, the rows are {self.interval}"
        newest_s = min(to_s, self.now_s())
        shown = [row for row in self.rows if from_s <= row["timestamp"] <= newest_s]
        return [row if row["timestamp"] + INTERVAL_S[interval] <= self.now_s() else _begun(row) for row in shown]

    def date(self) -> str:
        """The ``Date`` header: the time of this server, which may be skewed."""
        return format_datetime(datetime.fromtimestamp(self.now_s() + self.skew_s, timezone.utc), usegmt=True)


def _begun(row: dict[str, Any]) -> dict[str, Any]:
    """A bar of which one price is known."""
    return row | dict.fromkeys(("high", "low", "close"), row["open"]) | {"volume": 0}
