"""Messages of somebody who means harm, or of a program with a fault: drawn from one seed."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from mt5_sentinel import wire
from tests.python.gateway_desk import BUY

QUESTIONS = "sound questions"
"""The kind that may be answered with a yes."""

HUGE = (1e308, -1e308, 1 << 63, 1 << 64, 10**40, -(10**40))
ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    "",
    "0.1",
    [],
    {},
    [[]],
    "NaN",
    "\u0000",
    "é" * 40,
    "a" * 300,
    {"a": {"b": []}},
)
RAW = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "9" * 5000,
    "01",
    "0x1",
    "1.",
    "+1",
    "'a'",
    "\\u0000",
    "}",
    "]",
    "",
    '"\\ud800"',
)

PAYLOADS: dict[str, dict[str, Any]] = {
    "HEARTBEAT": {},
    "ACCOUNT": {},
    "POSITIONS": {},
    "BOOK": {},
    "SYMBOL_INFO": {"symbol": "EURUSD"},
    "RATES": {"symbol": "EURUSD", "timeframe": "M1", "start_pos": 0, "count": 10},
    "CLOSINGS": {"ticket": 1},
    "ORDER_CHECK": BUY,
    "ORDER_SEND": BUY,
    "ORDER_CLOSE": {"symbol": "EURUSD", "ticket": 1, "type": "OP_SELL", "volume": 0.1, "magic": 7},
    "ORDER_MODIFY": {"symbol": "EURUSD", "ticket": 1, "sl": 1.0, "tp": None},
    "ORDER_LOOKUP": {"req_id": str(uuid.UUID(int=1))},
    "KILL_SWITCH": {"on": False, "reason": ""},
}


class Hostile:
    """Draws messages; none of them is an order that may be executed.

    ``replayed`` are ids of orders that were executed: they come again with other payloads.
    """

    def __init__(self, seed: int, now_s: float, replayed: list[str]) -> None:
        self.draw = random.Random(seed)  # noqa: S311 - it must be the same each time
        self.now_s = now_s
        self.replayed = replayed
        self.kinds: dict[str, Callable[[], bytes]] = {
            "noise": self._noise,
            "broken JSON": self._broken,
            "cut off": self._cut,
            "wrong types": self._wrong_types,
            "huge numbers": self._huge,
            "no numbers": self._no_numbers,
            "unknown actions": self._unknown,
            "fields missing or more": self._fields,
            "keys twice": self._twice,
            "out of time": self._out_of_time,
            "ids again": self._again,
            "deep": self._deep,
            QUESTIONS: self._question,
        }

    def messages(self, count: int) -> Iterator[tuple[str, bytes]]:
        """So many messages, each with the name of its kind."""
        names = list(self.kinds)
        for _ in range(count):
            name = self.draw.choice(names)
            yield name, self.kinds[name]()

    def sound(self, action: str | None = None) -> dict[str, Any]:
        """A request without a fault; an order's id is of nobody."""
        action = action or self.draw.choice(wire.ACTIONS)
        req_id = str(uuid.UUID(int=self.draw.getrandbits(128), version=4))
        times = {"timestamp": self.now_s, "not_after": self.now_s + 20}
        return {"action": action, "req_id": req_id, **times, "payload": dict(PAYLOADS[action])}

    def _question(self) -> bytes:
        names = [name for name in wire.ACTIONS if not name.startswith(("ORDER_", "KILL"))]
        return json.dumps(self.sound(self.draw.choice((*names, "ORDER_LOOKUP", "ORDER_CHECK")))).encode()

    def order(self) -> dict[str, Any]:
        return self.sound(self.draw.choice(("ORDER_SEND", "ORDER_CLOSE", "ORDER_MODIFY")))

    def _noise(self) -> bytes:
        return self.draw.randbytes(
            self.draw.choice((0, 1, 7, 300, 70_000) if self.draw.random() < 0.01 else (0, 1, 9, 99))
        )

    def _broken(self) -> bytes:
        body = bytearray(json.dumps(self.order()).encode())
        for _ in range(self.draw.randint(1, 4)):
            # Only signs that JSON is built of: a changed digit might make another sound order.
            at = self.draw.choice([place for place, sign in enumerate(body) if sign in b'{}:"'])
            body[at] = self.draw.choice(b"\x00\x1f\xff(<|~")
        return bytes(body)

    def _cut(self) -> bytes:
        body = json.dumps(self.order()).encode()
        end = self.draw.randrange(len(body))
        return self.draw.choice((body[:end], body[end + 1 :], body + body[: end + 1], body + b"}"))

    def _wrong_types(self) -> bytes:
        asked = self.order()
        part = self.draw.choice((asked, asked["payload"]))
        key = self.draw.choice([name for name in part if name not in ("sl", "tp")])
        part[key] = self.draw.choice([odd for odd in ODD if not (key == "payload" and isinstance(odd, dict) and odd)])
        return json.dumps(asked).encode()

    def _huge(self) -> bytes:
        asked = self.order()
        part = self.draw.choice((asked, asked["payload"]))
        numbers = [name for name in part if name in ("timestamp", "not_after", "volume", "ticket")]
        part[self.draw.choice(numbers or ["magic"])] = self.draw.choice(HUGE)
        return json.dumps(asked).encode()

    def _no_numbers(self) -> bytes:
        asked = self.order()
        part = self.draw.choice((asked, asked["payload"]))
        part[self.draw.choice([name for name in part if name != "payload"])] = "@"
        return json.dumps(asked).replace('"@"', self.draw.choice(RAW)).encode()

    def _unknown(self) -> bytes:
        asked = self.order()
        asked["action"] = self.draw.choice(
            ("", "order_send", "ORDER_SEND ", "__class__", "../x", "A" * 40, "ORDER_SEND\n")
        )
        return json.dumps(asked).encode()

    def _fields(self) -> bytes:
        asked = self.order()
        if self.draw.random() < 0.5:
            asked["payload"][self.draw.choice(("price", "__proto__", "more", "action"))] = 1
        else:
            part = self.draw.choice((asked, asked["payload"]))
            del part[
                self.draw.choice(
                    [name for name in part if name not in ("sl", "tp") or asked["action"] == "ORDER_MODIFY"]
                )
            ]
        return json.dumps(asked).encode()

    def _twice(self) -> bytes:
        text = json.dumps(self.order())
        key = self.draw.choice(("action", "req_id", "payload", "symbol"))
        return text.replace(f'"{key}":', f'"{key}": 1, "{key}":').encode()

    def _out_of_time(self) -> bytes:
        asked = self.order()
        sent_s, until_s = self.draw.choice(
            ((-30, -1), (-99, 0.001 - 99), (60, 80), (6, 7), (0, 61), (-1e6, 1e6), (1e9, 2e9))
        )
        return json.dumps(asked | {"timestamp": self.now_s + sent_s, "not_after": self.now_s + until_s}).encode()

    def _again(self) -> bytes:
        asked = self.order()
        asked["req_id"] = self.draw.choice(self.replayed)
        if asked["action"] == "ORDER_SEND":
            asked["payload"]["volume"] = self.draw.choice((0.01, 0.2, 99.0))
        return json.dumps(asked).encode()

    def _deep(self) -> bytes:
        if self.draw.random() < 0.98:
            return b'{"payload":' * self.draw.randint(1, 60)
        return self.draw.choice((b"[", b'{"a":', b'[{"a":')) * self.draw.choice((500, 5000, 10_000))
