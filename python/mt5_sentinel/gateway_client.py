"""Questions to a gateway: asked again when no answer comes, never mixed up, read strictly."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from mt5_sentinel import wire
from mt5_sentinel.errors import Misconfigured, SentinelError, Transient, Unusable
from mt5_sentinel.ports import Clock, Link

TRIES = 2
"""Requests within the budget: one that is lost with its connection is worth a second one."""

SAID_CHARS_MAX = 120

REFUSALS: dict[int, tuple[type[SentinelError], str, str]] = {
    wire.MALFORMED: (Transient, "gateway_malformed", "the gateway could not read the request"),
    wire.MISSING: (
        Misconfigured,
        "gateway_unknown_action",
        "the gateway does not know {action}; it needs a newer version",
    ),
    wire.INVALID: (Unusable, "gateway_invalid_value", "the gateway refused {action}; check symbol and interval"),
    wire.INTERNAL: (Transient, "gateway_internal", "the terminal behind the gateway failed"),
    wire.EXPIRED: (Transient, "gateway_expired", "the request came late; compare the clocks of both machines"),
    wire.HALTED: (Unusable, "gateway_halted", "the gateway is halted"),
    10018: (Unusable, "gateway_market_closed", "the terminal says that the market is closed"),
}
"""What the code of an error reply to a question means and who has to act; anything else may heal by itself."""

Data = TypeVar("Data")


class GatewayClient:
    """Asks one gateway; used by one thread at a time."""

    def __init__(self, link: Link, clock: Clock, *, where: str, timeout_s: float) -> None:
        """Nothing is sent yet.

        Args:
            link: the wire.
            clock: UTC.
            where: the gateway's address, for messages.
            timeout_s: how long an answer may take, repeats included.
        """
        self.link = link
        self.where = where
        self._clock = clock
        self._timeout_s = timeout_s

    def ask(
        self,
        action: str,
        payload: Any,  # noqa: ANN401 - each action has its own
        *,
        req_id: str | None = None,
        not_after_s: float | None = None,
        pay: Callable[[], None] | None = None,
    ) -> wire.Reply | None:
        """Send a request until its own answer comes; ``None`` where none did.

        Args:
            action: among ``wire.ACTIONS``.
            payload: what the action takes.
            req_id: of an order, the same on every repeat; a question gets one of its own.
            not_after_s: until when it may be served, UTC seconds; a question: until this end stops waiting.
            pay: called before each request, repeats included.

        Raises:
            Unusable: an answer came that cannot be read.
        """
        now_s = self._clock.wall_s()
        name = req_id or str(uuid.uuid4())
        until_s = now_s + self._timeout_s if not_after_s is None else not_after_s
        request = wire.request(action, name, now_s, until_s, payload)
        for _ in range(TRIES):
            if pay is not None:
                pay()
            body = self.link.exchange(request, self._timeout_s / TRIES)
            reply = None if body is None else self._read(body)
            if reply is not None and reply.req_id in (None, name):
                return reply
        return None

    def answer(self, action: str, payload: Any, kind: type[Data], **how: Any) -> Data:  # noqa: ANN401
        """The data of the answer to a question; the arguments are those of ``ask``.

        Raises:
            Transient: no answer within the budget, or a fault that may heal.
            Unusable: an answer that cannot be read, or a refusal.
            Misconfigured: the gateway is too old.
        """
        reply = self.ask(action, payload, **how)
        if reply is None:
            message = f"the gateway at {self.where} did not answer within {self._timeout_s:g} s; is it running?"
            raise Transient(message, "gateway_timeout")
        if reply.error:
            other = (Transient, "gateway_error", "the gateway did not serve the request")
            error, reason, meaning = REFUSALS.get(reply.retcode, other)
            said = f"{meaning.format(action=action)} ({reply.retcode}: {reply.msg[:SAID_CHARS_MAX]!r})"
            raise error(said, reason)
        if reply.retcode != wire.DONE:
            raise unreadable(f"no error, but retcode {reply.retcode} instead of {wire.DONE}")
        return self.data(reply, kind)

    def data(self, reply: wire.Reply, kind: type[Data]) -> Data:
        """The data of a reply.

        Raises:
            Unusable: they are not what the action answers with.
        """
        try:
            return msgspec.json.decode(reply.data, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise unreadable(str(error)) from None

    def _read(self, body: bytes) -> wire.Reply:
        try:
            return msgspec.json.decode(body, type=wire.Reply)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise unreadable(str(error)) from None


def unreadable(problem: str) -> Unusable:
    """The error of an answer that cannot be used."""
    return Unusable(f"the gateway's answer cannot be used: {problem[:SAID_CHARS_MAX]}", "gateway_answer")
