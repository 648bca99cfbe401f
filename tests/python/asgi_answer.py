"""One question to an ASGI application, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any, NamedTuple

from starlette.types import ASGIApp


class Answered(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


def answered(app: ASGIApp, path: str, headers: dict[str, str]) -> Answered:
    """The answer to a GET."""
    told: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        told.append(message)

    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "query_string": b"", "headers": pairs}
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type] # an application's call is a coroutine
    sent = {name.decode(): value.decode() for name, value in told[0]["headers"]}
    return Answered(told[0]["status"], sent, b"".join(part.get("body", b"") for part in told[1:]))
