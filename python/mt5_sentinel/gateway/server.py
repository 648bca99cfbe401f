"""The gateway's sockets: requests in, replies out, ticks in between, all in one thread.

The socket is a ROUTER that speaks to REQ clients: unlike a REP socket it owes nobody an answer before the next request,
so one client's broken message, or its death, stalls no other.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable

import zmq

from mt5_sentinel import host_names
from mt5_sentinel.errors import Misconfigured, SentinelError, Transient
from mt5_sentinel.gateway.authority import Authority, secure
from mt5_sentinel.gateway.dispatch import Dispatcher, refusal
from mt5_sentinel.gateway.sayings import Sayings
from mt5_sentinel.gateway.ticks import Ticks
from mt5_sentinel.ports import Clock
from mt5_sentinel.secret import Secret
from mt5_sentinel.wire import MALFORMED

MESSAGE_BYTES_MAX = 16 << 20
"""ZeroMQ drops a peer that sends more."""

WAITING_MAX = 16
"""Requests of one client that wait here; further ones wait at the client."""

ANSWER_MS_MAX = 20
"""How long an answer may wait for a client that does not read; the others wait meanwhile."""

PARTS_MAX = 16
"""Parts of a message that are kept; an honest one has two."""

WAIT_S_MAX = 0.25
"""How soon a stop that was asked for is seen."""

HANDSHAKE_MS, KEEP_ALIVE_MS = 5_000, 30_000


class Server:
    """One gateway's sockets, bound."""

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        dispatcher: Dispatcher,
        clock: Clock,
        *,
        host: str,
        port: int,
        ticks: Ticks | None = None,
        ticks_port: int = 0,
        secret: Secret | None = None,
        authority: Authority | None = None,
    ) -> None:
        """Bind.

        Args:
            context: of ZeroMQ; the authority's too.
            dispatcher: answers requests.
            clock: steady time.
            host: address to bind to.
            port: of requests; 0: any that is free.
            ticks: what is published, if anything.
            ticks_port: of ticks; 0: any that is free.
            secret: the gateway's secret key; None: plain text.
            authority: who may connect; goes with the key.

        Raises:
            Misconfigured: an address cannot be bound.
            Transient: a port is in use.
        """
        self._dispatcher, self._ticks, self._authority = dispatcher, ticks, authority
        self._secret = secret
        self._sayings = Sayings(clock.monotonic_s, lines_max=10)
        self.served = 0
        self.dropped = 0
        """Messages that nobody could be answered for: without an empty part before the body, or of a key removed."""
        self._requests = self._bind(context, zmq.ROUTER, host, port)
        self.port = _port(self._requests)
        self._prices: zmq.Socket[bytes] | None = None
        self.ticks_port = 0
        if ticks is not None:
            try:
                self._prices = self._bind(context, zmq.PUB, host, ticks_port)
            except SentinelError:
                self._requests.close(0)
                raise
            self.ticks_port = _port(self._prices)

    def run(self, is_over: Callable[[], bool]) -> None:
        """Serve until told to stop; the request that runs then is answered."""
        while not is_over():
            self.step(WAIT_S_MAX)

    def step(self, wait_s: float) -> None:
        """Publish what is due; answer one request, if one comes."""
        if self._ticks is not None and self._prices is not None:
            self._ticks.publish(self._prices)
            wait_s = min(wait_s, self._ticks.wait_s())
        if self._requests.poll(max(1, int(wait_s * 1000))):
            self._serve()

    def close(self) -> None:
        """Let go of the sockets; replies on their way have a moment to leave."""
        for socket in (self._requests, self._prices):
            if socket is not None:
                socket.close(500)

    def _serve(self) -> None:
        parts, count, user = self._receive()
        address, body = _split(parts)
        if address is None:
            self._drop("it has no empty part before the request, as a REQ socket sends it")
        elif self._authority is not None and user not in self._authority.clients.keys:
            self._drop(f"the key {user or '(none)'} is not on the list of clients any more")
        else:
            is_whole = len(body) == 1 and count == len(parts)
            words = f"the request has {count - len(address)} parts; it must have one"
            reply = self._dispatcher.answer(body[0].bytes) if is_whole else refusal(MALFORMED, words)
            self.served += 1
            try:
                self._requests.send_multipart([*address, reply])
            except zmq.ZMQError as error:  # it went away, or reads nothing
                self._drop(f"its client takes no answer: {error.strerror}")

    def _receive(self) -> tuple[list[zmq.Frame], int, str]:
        """The first parts of a message, how many it has, and the key of who sent it."""
        parts: list[zmq.Frame] = []
        count, more = 0, True
        while more:
            part = self._requests.recv(zmq.NOBLOCK, copy=False)
            more, count = part.more, count + 1
            if len(parts) < PARTS_MAX:
                parts.append(part)
        user = parts[-1].get("User-Id") if self._authority is not None else ""
        return parts, count, str(user)

    def _drop(self, why: str) -> None:
        self.dropped += 1
        self._sayings.say(logging.WARNING, "a message was dropped: %s", why)

    def _bind(self, context: zmq.Context[zmq.Socket[bytes]], kind: int, host: str, port: int) -> zmq.Socket[bytes]:
        socket = context.socket(kind)
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.IPV6, int(":" in host))
        socket.set(zmq.MAXMSGSIZE, MESSAGE_BYTES_MAX)
        socket.set(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
        socket.set(zmq.HEARTBEAT_IVL, KEEP_ALIVE_MS)
        if kind == zmq.ROUTER:
            socket.set(zmq.RCVHWM, WAITING_MAX)
            socket.set(zmq.SNDHWM, WAITING_MAX)
            # A full pipe is told, and waited for a moment: without this an answer to a busy client is dropped silently.
            socket.set(zmq.ROUTER_MANDATORY, 1)
            socket.set(zmq.SNDTIMEO, ANSWER_MS_MAX)
        if self._secret is not None:
            secure(socket, self._secret)
        url = f"tcp://{host_names.in_url(host)}:{port}"
        try:
            socket.bind(url if port else url[: url.rindex(":")] + ":*")
        except zmq.ZMQError as error:
            socket.close(0)
            if error.errno == zmq.EADDRINUSE:
                message = f"{url} cannot be bound: the port is in use; is another gateway running?"
                raise Transient(message, "bind") from None
            message = f"{url} cannot be bound: {error.strerror}; is --host an address of this machine?"
            raise Misconfigured(message, "bind") from None
        return socket


def check_plaintext(host: str, *, has_key: bool, allow_plaintext: bool) -> None:
    """Whether a gateway may listen there in this way.

    Raises:
        Misconfigured: in plain text, where other machines can reach it, without saying so.
    """
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise Misconfigured(f"--host {host[:64]!r} is no address; 127.0.0.1 is this machine", "bad_host") from None
    if not (has_key or is_loopback or allow_plaintext):
        message = (
            f"--host {host} can be reached by other machines, and without --key-file whoever reaches it can trade:"
            " make keys (`mt5-sentinel keys new gateway`), or say --allow-plaintext in a network you trust"
        )
        raise Misconfigured(message, "plaintext_gateway")


def _split(parts: list[zmq.Frame]) -> tuple[list[bytes] | None, list[zmq.Frame]]:
    """Where an answer goes, up to the first empty part, and what comes after it."""
    for at, part in enumerate(parts[1:], 1):
        if len(part) == 0:
            return [each.bytes for each in parts[: at + 1]], parts[at + 1 :]
    return None, []


def _port(socket: zmq.Socket[bytes]) -> int:
    return int(socket.get_string(zmq.LAST_ENDPOINT).rsplit(":", 1)[1])
