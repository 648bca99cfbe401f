"""The dashboard's application: what each address answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from mt5_sentinel.dashboard import candles, curves, parameters, timings, trades
from mt5_sentinel.dashboard.answers import Json, refused, unreadable
from mt5_sentinel.dashboard.assets import Assets
from mt5_sentinel.dashboard.door import Door
from mt5_sentinel.dashboard.events import Streams
from mt5_sentinel.dashboard.kept import Kept
from mt5_sentinel.dashboard.login import Login
from mt5_sentinel.dashboard.overview import overview
from mt5_sentinel.dashboard.parameters import Span
from mt5_sentinel.dashboard.reader import Book, book
from mt5_sentinel.dashboard.sessions import Sessions, cookie_of
from mt5_sentinel.dashboard.start import start
from mt5_sentinel.errors import SentinelError

UNREADABLE = (SentinelError, PermissionError, msgspec.DecodeError)
"""What reading a journal may end with."""

PAGE = Path(__file__).parent / "page"


class Dashboard(NamedTuple):
    """The application and what its server has to end."""

    app: Door
    streams: Streams


def create(
    state_dir: Path,
    token: str = "",
    hosts: tuple[str, ...] = (),
    page: Path = PAGE,
    port: int = 0,
    monotonic_s: Callable[[], float] = time.monotonic,
) -> Dashboard:
    """An application over a daemon's state directory.

    Args:
        state_dir: where journal and cache of bars are, or will be.
        token: what one logs in with; nobody has to where it is empty.
        hosts: names it is reached by, beside ``localhost`` and addresses.
        page: folder of the page's files.
        port: where it is served; with the state directory it tells its cookie from that of another dashboard.
        monotonic_s: the clock of sessions.
    """
    sessions, streams = Sessions(monotonic_s, cookie_of(state_dir, port)), Streams(state_dir)
    entrance: list[Route] = []
    if token:
        login = Login(token, sessions, page / "login.html")
        entrance = [
            Route("/login", login.ask, methods=["GET"]),
            Route("/login", login.log_in, methods=["POST"]),
            Route("/logout", login.log_out, methods=["POST"]),
        ]
    routes = [
        Route("/", lambda _request: FileResponse(page / "index.html", headers={"Cache-Control": "no-store"})),
        *(entrance or [Route("/login", lambda _request: RedirectResponse("/", 303))]),
        Route("/livez", lambda _request: Json({"status": "ok"})),
        *_api(state_dir, has_login=bool(token)),
        Route("/api/events", _events(streams, sessions if token else None)),
        Route("/assets/{path:path}", Assets(page).answer),
    ]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(GZipMiddleware, minimum_size=2000, compresslevel=4)],
        exception_handlers={HTTPException: refused, **dict.fromkeys(UNREADABLE, unreadable), 500: refused},
    )
    return Dashboard(Door(app, hosts, sessions if token else None), streams)


def _api(state_dir: Path, *, has_login: bool) -> list[Route]:
    """The questions; each runs in a thread, so that no read of a disk holds up the streams."""

    kept = Kept(state_dir / "journal.db")

    def standing(request: Request) -> Json:
        parameters.none(request)
        return Json(overview(state_dir, time.time()) | {"has_login": has_login})

    def begin(request: Request) -> Json:
        told = start(state_dir, parameters.beginning(request), time.time(), kept)
        told["overview"]["has_login"] = has_login
        return Json(told)

    def spanned(answer: Callable[[Book, Span], dict[str, Any]], *, pointed: bool = True) -> Callable[[Request], Json]:
        def endpoint(request: Request) -> Json:
            span = parameters.span(request, pointed=pointed)
            with book(state_dir) as found:
                _check(found, span.symbol)
                return Json(answer(found, span))

        return endpoint

    def cycles(request: Request) -> Json:
        window = parameters.window(request)
        with book(state_dir) as found:
            if window.symbol is not None:
                _check(found, window.symbol)
            return Json({"cycles": trades.cycles(found, window)})

    return [
        Route("/api/start", begin),
        Route("/api/overview", standing),
        Route("/api/series", spanned(lambda found, span: curves.series(found, span, kept))),
        Route("/api/stages", spanned(timings.stages)),
        Route("/api/bars", spanned(lambda found, span: candles.bars(state_dir, found, span))),
        Route("/api/trades", spanned(trades.trades, pointed=False)),
        Route("/api/cycles", cycles),
    ]


def _check(found: Book, symbol: str) -> None:
    if not found.knows(symbol):
        raise HTTPException(404, f"symbol {symbol} was never traded by this journal")


def _events(streams: Streams, sessions: Sessions | None) -> Callable[[Request], Any]:
    async def events(request: Request) -> Response:
        parameters.none(request)
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        if streams.is_full:
            return Json({"error": "too many pages listen already"}, 503, {"Retry-After": "30"})
        session = "" if sessions is None else request.cookies.get(sessions.cookie, "")
        last = request.headers.get("last-event-id", "")
        missed_from = int(last) if last.isascii() and last.isdigit() and len(last) < 16 else None
        text = streams.listen(missed_from, lambda: sessions is None or sessions.use(session))
        return StreamingResponse(text, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    return events
