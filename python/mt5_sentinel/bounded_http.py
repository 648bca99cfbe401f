"""HTTP with a hard deadline: from connecting to the last byte, however slowly a server drips."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import zlib
from collections.abc import Mapping
from typing import NamedTuple

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from mt5_sentinel.secret import Secret

CHUNK_BYTES = 1 << 16

CONNECT_S_MAX = 5.0
"""A server that does not even accept within this time is away, whatever the budget."""

GZIP_WBITS = 31
"""What zlib calls a deflated stream with a gzip head and a checksum at its end."""


class FetchError(Exception):
    """Why nothing came: ``timeout``, ``too_large``, ``no_thread`` (nothing was sent, for the system gave no thread to
    watch the time), or ``connection`` with its kind; never the URL.
    """

    def __init__(self, reason: str, text: str, cause: str = "") -> None:
        """Keep the code, the sentence, and the name of the library's error where there was one."""
        super().__init__(text)
        self.reason, self.cause = reason, cause


class Answer(NamedTuple):
    """Status, whole body, decompressed, and headers, whose names may be asked for in any case."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def get(
    url: str | Secret,
    headers: Mapping[str, str | Secret],
    *,
    budget_s: float,
    body_bytes_max: int,
    silence_s: float | None = None,
    method: str = "GET",
    body: bytes | None = None,
) -> Answer:
    """Fetch one URL, or send a body to one, over a connection of its own; redirects are not followed.

    Args:
        url: a ``Secret`` where it holds a token: frames that an error passes keep their variables.
        headers: sent as they are, a ``Secret`` by what it holds; ``gzip`` is the one encoding that is unpacked.
        budget_s: from connecting to the last byte.
        body_bytes_max: packed and unpacked.
        silence_s: longest time without a single byte; the budget when None.
        method: what is asked for.
        body: what is sent.

    Raises:
        FetchError: without a trace of the URL, which may hold a token: urllib3's own errors quote it, so none is
            chained.
    """
    # The error is raised outside of the except block, so that urllib3's is not even its context.
    outcome = _get((method, url, body), headers, budget_s, min(budget_s, silence_s or budget_s), body_bytes_max)
    if isinstance(outcome, FetchError):
        raise outcome
    return outcome


def _get(
    asked: tuple[str, str | Secret, bytes | None],
    headers: Mapping[str, str | Secret],
    budget_s: float,
    silence_s: float,
    body_bytes_max: int,
) -> Answer | FetchError:
    method, url, sent = asked
    late = FetchError("timeout", f"no whole answer within {budget_s:.1f} s")
    with _Watchdog(budget_s) as watchdog:
        try:
            with watchdog.pool() as pool:
                timeout = urllib3.Timeout(connect=min(CONNECT_S_MAX, budget_s), read=silence_s)
                response = pool.request(
                    method,
                    _plain(url),
                    body=sent,
                    headers={name: _plain(value) for name, value in headers.items()} | {"Connection": "close"},
                    timeout=timeout,
                    redirect=False,
                    retries=False,
                    preload_content=False,
                )
                body = bytearray()
                while chunk := response.read1(CHUNK_BYTES, decode_content=False):
                    body += chunk
                    if len(body) > body_bytes_max:
                        return FetchError("too_large", f"more than {body_bytes_max} bytes came")
                # A connection that was cut looks like a finished body where no length was announced.
                return late if watchdog.barked else _unpacked(response, body, body_bytes_max)
        except urllib3.exceptions.NewConnectionError as error:
            return FetchError("connection", f"no connection: {type(error).__name__}", type(error).__name__)
        except urllib3.exceptions.TimeoutError:
            silent = FetchError("timeout", f"no byte came for {silence_s:.1f} s")
            return late if watchdog.barked else silent
        except (urllib3.exceptions.HTTPError, OSError) as error:
            kind = type(error).__name__
            return late if watchdog.barked else FetchError("connection", f"the connection broke: {kind}", kind)


def _plain(text: str | Secret) -> str:
    return text.reveal() if isinstance(text, Secret) else text


def _unpacked(response: urllib3.BaseHTTPResponse, body: bytearray, bytes_max: int) -> Answer | FetchError:
    """The answer with its body unpacked, whole by its own checksum, or why it is none."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "identity" or not body:
        return Answer(response.status, bytes(body), response.headers)
    if encoding not in ("gzip", "x-gzip"):
        return FetchError("connection", "the body has an encoding that was not asked for")
    reader = zlib.decompressobj(GZIP_WBITS)
    try:
        plain = reader.decompress(body, bytes_max + 1)
    except zlib.error:
        return FetchError("connection", "the gzip body is damaged")
    if len(plain) > bytes_max:
        return FetchError("too_large", f"more than {bytes_max} bytes came")
    if not reader.eof or reader.unused_data:
        return FetchError("connection", "the gzip body is cut short, or more follows it")
    return Answer(response.status, plain, response.headers)


class _Watchdog:
    """Shuts its connections down when the budget is spent; a socket timeout alone starts anew with every byte."""

    def __init__(self, budget_s: float) -> None:
        self.barked = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(budget_s, self._bark)
        self._timer.daemon = True

    def __enter__(self) -> _Watchdog:
        try:
            self._timer.start()
        except RuntimeError:
            text = "the system lets this program start no thread now; it has a limit of tasks"
            raise FetchError("no_thread", text) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()
        for held in self._sockets:
            held.close()

    def pool(self) -> urllib3.PoolManager:
        """A pool whose connections are watched."""
        watchdog = self

        class Http(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return watchdog.watch(super()._new_conn())

        class Https(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return watchdog.watch(super()._new_conn())

        class HttpPool(HTTPConnectionPool):
            ConnectionCls = Http

        class HttpsPool(HTTPSConnectionPool):
            ConnectionCls = Https

        pool = urllib3.PoolManager(num_pools=1, maxsize=1)
        pool.pool_classes_by_scheme = {"http": HttpPool, "https": HttpsPool}
        return pool

    def watch(self, connected: socket.socket) -> socket.socket:
        """Hold a second descriptor: TLS takes the first one over, a shutdown through the second reaches both."""
        self._sockets.append(socket.socket(fileno=os.dup(connected.fileno())))
        return connected

    def _bark(self) -> None:
        self.barked = True
        for held in self._sockets:
            with contextlib.suppress(OSError):  # it may have been closed by the other side this very moment
                held.shutdown(socket.SHUT_RDWR)
