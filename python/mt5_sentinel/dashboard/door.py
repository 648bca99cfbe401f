"""What every request passes and every answer carries: known host, same site, a session, and the headers of security."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mt5_sentinel import host_names
from mt5_sentinel.dashboard.answers import Json
from mt5_sentinel.dashboard.sessions import Sessions

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; worker-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

OPEN_PATHS = ("/login", "/livez")
OPEN_FOLDER = "/assets/"
"""What is the same for everybody, and says nothing of the trading."""


class Door:
    """Stands before the whole application, so that errors pass it too."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str], sessions: Sessions | None) -> None:
        """Let in who names one of ``hosts`` or an IP address; ``sessions`` is None where nobody logs in.

        A name of someone else's that leads here (DNS rebinding) would let their pages read ours; no address can.
        """
        self._app, self._sessions = app, sessions
        self._hosts = {"localhost", *(host.lower() for host in hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refused = self._refusal(Request(scope))
        await (refused or self._app)(scope, receive, send_guarded)

    def _refusal(self, request: Request) -> Response | None:
        if not self._is_known(request.headers):
            return PlainTextResponse("this name is not one of the dashboard's; see dashboard_hosts\n", 400)
        path = request.scope["path"]
        is_api, is_change = path.startswith("/api/"), request.method not in ("GET", "HEAD")
        if (is_api or is_change) and request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return Json({"error": "asked by a page of another site"}, 403)
        if self._sessions is None or path in OPEN_PATHS or path.startswith(OPEN_FOLDER):
            return None
        if self._sessions.use(request.cookies.get(self._sessions.cookie, "")):
            return None
        return Json({"error": "log in at /login"}, 401) if is_api else RedirectResponse("/login", 303)

    def _is_known(self, headers: Headers) -> bool:
        given = headers.getlist("host")
        host = host_names.of_header(given[0]) if len(given) == 1 else None
        return host is not None and (host in self._hosts or host_names.is_address(host))
