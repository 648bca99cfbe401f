"""The dashboard's server: its socket, its start and its end."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable

import uvicorn

from mt5_sentinel.dashboard.app import Dashboard
from mt5_sentinel.dashboard.connections import KEPT_S, Punctual, Seldom
from mt5_sentinel.errors import Misconfigured

CONNECTIONS_MAX = 300
"""More than the streams and the silent ones, for pages ask beside them."""
END_S = 3
"""For answers that are under way when the end is asked for."""
SELDOM = Seldom()


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    Raises:
        Misconfigured: the address is none of this machine's, or taken.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family)
    except (OSError, UnicodeError) as error:
        told = f"dashboard_host {host}, dashboard_port {port}: {error}; set another --host or --port"
        raise Misconfigured(told, "dashboard_port") from None
    # Connections take it over. Without it a short answer, sent as head and body, waits 40 ms for the browser to confirm
    # its head; asyncio itself sets it only on sockets that were made with the protocol's number.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def serve(dashboard: Dashboard, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; ``ready`` is called when it answers."""
    # The server sends itself the signal again when it has ended; it has done its work by then.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    server(dashboard, ready).run(sockets=[listener])


def server(dashboard: Dashboard, ready: Callable[[], None]) -> uvicorn.Server:
    """A server that ends streams at once when it ends, and gives other answers ``END_S`` seconds."""
    logging.getLogger("uvicorn.error").addFilter(SELDOM)
    config = uvicorn.Config(
        dashboard.app,
        loop="asyncio",
        http=Punctual,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=["127.0.0.1", "::1"],
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=KEPT_S,
        timeout_graceful_shutdown=END_S,
    )
    return _Server(config, dashboard, ready)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, dashboard: Dashboard, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._streams, self._ready = dashboard.streams, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._streams.close()
        await super().shutdown(sockets=sockets)
