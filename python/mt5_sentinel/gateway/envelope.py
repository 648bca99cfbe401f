"""Bytes from anybody → a request, or the reason why they are none. Nothing here raises anything but ``Fault``."""

from __future__ import annotations

import json
from typing import Any, NoReturn, TypeVar

import msgspec

from mt5_sentinel.wire import ACTIONS, INVALID, MALFORMED, MISSING, Request

BODY_BYTES_MAX = 64 * 1024
"""Longer bodies are not looked at: the longest honest request has some hundred bytes."""

SAID_CHARS_MAX = 200

Payload = TypeVar("Payload")


class Fault(Exception):
    """Why a request is not served: the reply's code and words, and the request's id where it could be read."""

    def __init__(self, retcode: int, words: str, req_id: str | None = None) -> None:
        """Keep them, the words cut to what a log line holds."""
        super().__init__(words[:SAID_CHARS_MAX])
        self.retcode = retcode
        self.req_id = req_id


class Asked(msgspec.Struct, frozen=True):
    """A request whose envelope is sound."""

    request: Request
    document: dict[str, Any]
    """The whole request, decoded."""

    @property
    def has_ticket(self) -> bool:
        """Whether the payload is about a position."""
        return "ticket" in self.document.get("payload", {})

    def payload(self, kind: type[Payload]) -> Payload:
        """The payload as this kind.

        Raises:
            Fault: it is not one.
        """
        try:
            return msgspec.convert(self.document.get("payload", {}), kind)
        except msgspec.ValidationError as error:
            raise _invalid(error, "payload", self.request.req_id) from None


def read(body: bytes) -> Asked:
    """A request from its bytes.

    Raises:
        Fault: they are too many, no JSON, not an object, or its envelope is not sound.
    """
    document = _document(body)
    req_id = document.get("req_id")
    named = req_id if isinstance(req_id, str) and len(req_id) <= 64 else None
    try:
        # The payload stays behind: its kind hangs on the action.
        request = msgspec.convert({key: value for key, value in document.items() if key != "payload"}, Request)
    except msgspec.ValidationError as error:
        raise _invalid(error, "envelope", named) from None
    if request.action not in ACTIONS:
        raise Fault(MISSING, f"unknown action; there are {', '.join(ACTIONS)}", named)
    if not isinstance(document.get("payload", {}), dict):
        raise Fault(INVALID, "payload: no object", named)
    return Asked(request, document)


def _document(body: bytes) -> dict[str, Any]:
    if len(body) > BODY_BYTES_MAX:
        raise Fault(MALFORMED, f"a request of {len(body)} bytes; {BODY_BYTES_MAX} are the most")
    try:
        text = body.decode()
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite)
        json.dumps(document, ensure_ascii=False).encode()  # half a character is no text
    except Fault:
        raise
    except UnicodeError:
        raise Fault(MALFORMED, "the request is not UTF-8 text") from None
    except RecursionError:
        raise Fault(MALFORMED, "the request is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise Fault(MALFORMED, f"the request is no JSON: {error.msg} at character {error.pos}") from None
    except ValueError:  # a whole number of thousands of digits
        raise Fault(INVALID, "a number is too long") from None
    if not isinstance(document, dict):
        raise Fault(MALFORMED, "the request is no JSON object")
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Readers differ in which of the two they take.
        raise Fault(MALFORMED, "a key stands twice in an object")
    return found


def _no_number(name: str) -> NoReturn:
    raise Fault(INVALID, f"{name} is no number")


def _finite(digits: str) -> float:
    value = float(digits)
    if value - value != 0:
        raise Fault(INVALID, "a number is out of range")
    return value


def _invalid(error: msgspec.ValidationError, place: str, req_id: str | None) -> Fault:
    # The path in the message begins with `$`; values are never quoted in it.
    retcode = MISSING if "missing required field" in str(error) else INVALID
    return Fault(retcode, f"{place}: {error}", req_id)
