"""Answers as JSON."""

from __future__ import annotations

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from mt5_sentinel.errors import SentinelError


class Json(Response):
    """A body that msgspec writes; what is not finite is null."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """The bytes."""
        return msgspec.json.encode(content)


def refused(request: Request, error: Exception) -> Response:
    """An error of the request: JSON to programs, a line to people."""
    code, told, headers = 500, "it failed", None
    if isinstance(error, HTTPException):
        code, told, headers = error.status_code, error.detail, error.headers
    if request.url.path.startswith("/api/"):
        return Json({"error": told}, code, headers)
    return PlainTextResponse(f"{told}\n", code, headers)


def unreadable(_request: Request, error: Exception) -> Response:
    """A journal that is not there, cannot be read now or is damaged."""
    told = str(error) if isinstance(error, SentinelError | OSError) else f"the journal is damaged: {error}"
    return Json({"error": told}, 503, {"Retry-After": "5"})
