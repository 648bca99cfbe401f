"""Logging in and out."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from mt5_sentinel.dashboard.sessions import AGE_MAX_S, Sessions, is_same

FORM_BYTES_MAX = 4096

FORM_WITHIN_S = 10.0

FAILED_S = 0.1
"""How long a wrong token holds up the next one, whoever sends it. By that ten a second can be tried from all addresses
together; one address that fails does not keep the right token out, and no header makes it another address."""

REFUSED = "/login?refused=token"
"""The form says by this why it is shown again."""


class Login:
    """The routes ``/login`` and ``/logout``."""

    def __init__(self, token: str, sessions: Sessions, form: Path) -> None:
        """Let in who knows the token; ``form`` is the page that asks for it."""
        self._token, self._sessions, self._form = token, sessions, form
        self._turn = asyncio.Lock()

    async def ask(self, request: Request) -> Response:
        """The form, or the page to who is logged in."""
        if self._sessions.use(request.cookies.get(self._sessions.cookie, "")):
            return RedirectResponse("/", 303)
        return FileResponse(self._form, headers={"Cache-Control": "no-store"})

    async def log_in(self, request: Request) -> Response:
        """Check the token; a session's id goes into a cookie that no script can read."""
        try:
            given = await asyncio.wait_for(_token(request), FORM_WITHIN_S)
        except asyncio.TimeoutError:
            given = None
        async with self._turn:
            if given is None or not is_same(given, self._token):
                await _hold_up()
                return RedirectResponse(REFUSED, 303)
        self._sessions.end(request.cookies.get(self._sessions.cookie, ""))
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            self._sessions.cookie,
            self._sessions.begin(),
            max_age=int(AGE_MAX_S),
            secure=request.url.scheme == "https",  # as the proxy before us says, and only one on this machine may
            httponly=True,
            samesite="strict",
        )
        return answer

    async def log_out(self, request: Request) -> Response:
        """End the session."""
        self._sessions.end(request.cookies.get(self._sessions.cookie, ""))
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(self._sessions.cookie, httponly=True, samesite="strict")
        return answer


async def _hold_up() -> None:
    await asyncio.sleep(FAILED_S)


async def _token(request: Request) -> str | None:
    """The field ``token`` of a form that is no longer than it has to be."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > FORM_BYTES_MAX:
            return None
    return dict(parse_qsl(body.decode("utf-8", "replace"))).get("token")
