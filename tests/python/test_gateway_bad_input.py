"""Bytes that are no request: all are answered by name, none is executed."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mt5_sentinel import wire
from mt5_sentinel.gateway.envelope import BODY_BYTES_MAX
from mt5_sentinel.gateway.venue import Outcome, VenueError
from tests.python.gateway_desk import BUY, Bench, new_id

BAD, MISSING, INVALID = wire.MALFORMED, wire.MISSING, wire.INVALID
ID = "0f1e2d3c-4b5a-4678-9abc-def012345678"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def body(bench: Bench, payload: str | None = None, **changes: str) -> bytes:
    """A sound opening as text, in which parts are exchanged for other JSON."""
    now_s = bench.clock.wall_s()
    parts = {"action": '"ORDER_SEND"', "req_id": f'"{ID}"', "timestamp": f"{now_s}", "not_after": f"{now_s + 20}"}
    parts |= {"payload": payload if payload is not None else json.dumps(BUY)} | changes
    return ("{" + ",".join(f'"{key}":{value}' for key, value in parts.items() if value) + "}").encode()


@pytest.mark.parametrize(
    ("text", "retcode"),
    [
        (b"", BAD),
        (b" ", BAD),
        (b"\x00", BAD),
        (b"\xff\xfe", BAD),
        (b"null", BAD),
        (b"[]", BAD),
        (b"7", BAD),
        (b'"ORDER_SEND"', BAD),
        (b"{", BAD),
        (b"{}", MISSING),
        (b"[" * 60_000, BAD),
        (b'{"a":' * 10_000, BAD),
        (b'{"a":1,"a":1}', BAD),
        (b'{"a":"\xff"}', BAD),
        (b'{"a":"\\ud800"}', BAD),
        (b"\xef\xbb\xbf{}", BAD),
        ('{"a":1}'.encode("utf-16"), BAD),
        (b'{"a":NaN}', INVALID),
        (b'{"a":-Infinity}', INVALID),
        (b'{"a":1e999}', INVALID),
        (b'{"a":' + b"9" * 5000 + b"}", INVALID),
        (b" " * (BODY_BYTES_MAX + 1), BAD),
    ],
)
def test_what_is_no_request_is_answered(bench: Bench, text: bytes, retcode: int) -> None:
    reply = bench.answer(text)
    assert (reply.retcode, reply.error, reply.req_id, reply.ticket) == (retcode, True, None, 0)
    assert reply.msg


@pytest.mark.parametrize(
    ("changes", "retcode"),
    [
        ({"action": ""}, MISSING),
        ({"action": '"ORDER_SENT"'}, MISSING),
        ({"action": '"order_send"'}, MISSING),
        ({"action": "1"}, INVALID),
        ({"action": '"' + "A" * 33 + '"'}, INVALID),
        ({"timestamp": ""}, MISSING),
        ({"timestamp": "null"}, INVALID),
        ({"timestamp": "true"}, INVALID),
        ({"timestamp": '"1700049758"'}, INVALID),
        ({"timestamp": "-1"}, INVALID),
        ({"not_after": ""}, MISSING),
        ({"not_after": "1e308"}, INVALID),
        ({"payload": ""}, MISSING),
        ({"payload": "null"}, INVALID),
        ({"payload": "[]"}, INVALID),
        ({"payload": '"{}"'}, INVALID),
        ({"payload": "{}"}, MISSING),
        ({"payload": "{}}"}, BAD),
        ({"payload": "{}", "more": '1}{"a":1'}, BAD),
        ({"payload": json.dumps(BUY) + ',"payload":' + json.dumps(BUY)}, BAD),
        ({"payload": json.dumps(BUY)[:-1] + ',"volume":0.5}'}, BAD),
        ({"payload": json.dumps(BUY).replace("0.1", "NaN")}, INVALID),
        ({"payload": json.dumps(BUY).replace("0.1", "1e400")}, INVALID),
        ({"payload": json.dumps(BUY).replace("0.1", "9" * 4000)}, INVALID),
    ],
)
def test_an_envelope_that_is_not_sound_executes_nothing(bench: Bench, changes: dict[str, str], retcode: int) -> None:
    reply = bench.answer(body(bench, **changes))
    assert (reply.retcode, reply.error) == (retcode, True)
    assert reply.req_id in ((None,) if retcode == BAD or "number" in reply.msg else (ID,))
    assert bench.venue.executions == []
    assert bench.memory.fate(ID) is None


@pytest.mark.parametrize(
    "req_id", ["", '""', '"x"', "7", "null", f'"{ID.upper()}"', f'"{ID}x"', f'"{ID}\\n"', '"' + "a" * 65 + '"']
)
def test_an_id_that_is_none_executes_nothing(bench: Bench, req_id: str) -> None:
    reply = bench.answer(body(bench, req_id=req_id))
    assert reply.retcode in (MISSING, INVALID)
    assert reply.req_id is None or len(reply.req_id) <= 64
    assert bench.venue.executions == []


@pytest.mark.parametrize(
    ("change", "retcode"),
    [
        ({"symbol": "../EURUSD"}, INVALID),
        ({"symbol": "E" * 33}, INVALID),
        ({"symbol": ""}, INVALID),
        ({"type": "BUY"}, INVALID),
        ({"type": None}, INVALID),
        ({"volume": 0}, INVALID),
        ({"volume": -0.1}, INVALID),
        ({"volume": 0.0099}, INVALID),
        ({"volume": 100.01}, INVALID),
        ({"volume": "0.1"}, INVALID),
        ({"volume": True}, INVALID),
        ({"volume": [0.1]}, INVALID),
        ({"magic": -1}, INVALID),
        ({"magic": 1.5}, INVALID),
        ({"magic": 1 << 64}, INVALID),
        ({"comment": "c" * 32}, INVALID),
        ({"sl": 0}, INVALID),
        ({"sl": -1.1}, INVALID),
        ({"tp": 1e300}, INVALID),
        ({"deviation": 1e9}, INVALID),
        ({"price": 1.1}, INVALID),
        ({"ticket": 1}, INVALID),
    ],
)
def test_a_payload_that_is_not_sound_executes_nothing(bench: Bench, change: dict[str, Any], retcode: int) -> None:
    reply = bench.ask("ORDER_SEND", BUY | change, ID)
    assert (reply.retcode, bench.venue.executions, bench.memory.fate(ID)) == (retcode, [], None)
    missing = {key: value for key, value in BUY.items() if key not in change}
    if set(change) & {"symbol", "type", "volume", "magic"}:
        assert bench.ask("ORDER_SEND", missing, ID).retcode == MISSING
    assert bench.ask("ORDER_SEND", BUY, ID).retcode == wire.DONE, "what was not an order has not used the id up"


@pytest.mark.parametrize(
    ("action", "payload", "retcode"),
    [
        ("SYMBOL_INFO", {}, MISSING),
        ("SYMBOL_INFO", {"symbol": "XXXXXX"}, INVALID),
        ("CLOSINGS", {"ticket": 0}, INVALID),
        ("ORDER_LOOKUP", {"req_id": "x"}, INVALID),
        ("ORDER_LOOKUP", {"req_id": new_id(), "more": 1}, INVALID),
        ("KILL_SWITCH", {"on": 1}, INVALID),
        ("KILL_SWITCH", {"on": True, "reason": "r" * 201}, INVALID),
        ("KILL_SWITCH", {}, MISSING),
        ("ORDER_CHECK", {}, MISSING),
        ("ORDER_CHECK", {"ticket": "x"}, INVALID),
        ("SYMBOL_INFO", {"symbol": "EURUSD\n"}, INVALID),
        ("ORDER_MODIFY", {"symbol": "EURUSD", "ticket": 1}, MISSING),
    ],
)
def test_questions_are_read_as_strictly(bench: Bench, action: str, payload: dict[str, Any], retcode: int) -> None:
    assert bench.ask(action, payload).retcode == retcode
    assert not bench.gateway.halt.on


def test_a_sound_order_in_a_long_body_is_none(bench: Bench) -> None:
    assert bench.answer(body(bench) + b" " * BODY_BYTES_MAX).retcode == BAD
    assert bench.venue.executions == []


@pytest.mark.parametrize("payload", ["null", "[]", '"ticket"', "7"])
@pytest.mark.parametrize("action", ["HEARTBEAT", "ORDER_CHECK", "RATES"])
def test_a_payload_is_an_object(bench: Bench, action: str, payload: str) -> None:
    assert bench.answer(body(bench, payload, action=f'"{action}"')).retcode == INVALID


def test_what_comes_is_never_said_back(bench: Bench) -> None:
    reply = bench.answer(body(bench, action='"PRINT_THIS_OUT"'))
    assert "PRINT_THIS_OUT" not in reply.msg
    reply = bench.ask("ORDER_SEND", BUY | {"symbol": "<script>"})
    assert "script" not in reply.msg


@pytest.mark.parametrize("error", [RuntimeError("a bug"), RecursionError(), MemoryError(), ZeroDivisionError("x")])
def test_a_bug_is_answered_and_the_next_request_too(
    bench: Bench, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    bench.venue.fails = {"account": error, "check": error}
    with caplog.at_level(logging.ERROR):
        assert bench.ask("ACCOUNT").retcode == wire.INTERNAL
    assert "please report it" in caplog.text
    assert bench.ask("ORDER_CHECK", BUY).retcode == wire.INTERNAL
    assert bench.ask("POSITIONS").retcode == wire.DONE


def test_a_venue_that_talks_nonsense_is_not_passed_on(bench: Bench) -> None:
    bench.venue.account_data = wire.AccountData(float("nan"), 1.0, 1.0, "USD")
    assert bench.ask("ACCOUNT").retcode == wire.INTERNAL
    bench.venue.fails = {"positions": VenueError("a code nobody knows", 4711)}
    assert bench.ask("POSITIONS").retcode == wire.INTERNAL
    bench.venue.said = [Outcome(4711, "a refusal nobody knows" * 100)]
    reply = bench.buy()
    assert (reply.retcode, reply.msg[:10]) == (10006, "4711: a re")
    for answer in ({}, {"error": 1}, {"data": object()}):
        bench.venue.rates = lambda request, answer=answer: answer  # type: ignore[method-assign, misc]
        assert bench.ask("RATES").retcode == wire.INTERNAL


def test_every_action_of_the_wire_is_answered(bench: Bench) -> None:
    payloads: dict[str, Any] = {
        "SYMBOL_INFO": {"symbol": "EURUSD"},
        "CLOSINGS": {"ticket": 1},
        "ORDER_CHECK": BUY,
        "ORDER_SEND": BUY,
        "ORDER_CLOSE": {"symbol": "EURUSD", "ticket": 1, "type": "OP_SELL", "volume": 0.1, "magic": 7},
        "ORDER_MODIFY": {"symbol": "EURUSD", "ticket": 1, "sl": None, "tp": None},
        "ORDER_LOOKUP": {"req_id": new_id()},
        "KILL_SWITCH": {"on": False},
    }
    kinds = {"HEARTBEAT": wire.Heartbeat, "ACCOUNT": wire.AccountData, "POSITIONS": wire.Positions}
    kinds |= {"SYMBOL_INFO": wire.SymbolData, "CLOSINGS": wire.Closings, "ORDER_SEND": wire.Executed}
    for action in wire.ACTIONS:
        reply = bench.ask(action, payloads.get(action))
        assert reply.retcode == (wire.INTERNAL if action == "RATES" else wire.DONE), action
        if action in kinds:
            msgspec.json.decode(reply.data, type=kinds[action])
    beat = msgspec.json.decode(bench.ask("HEARTBEAT").data, type=wire.Heartbeat)
    assert (beat.broker, beat.utc, beat.connected, beat.halted) == ("fake", bench.clock.wall_s(), True, False)
    assert beat.version


def test_anybody_can_cause_only_so_many_log_lines(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.venue.fails = {"account": RuntimeError("a bug")}
    for _ in range(500):
        bench.ask("ACCOUNT")
        bench.ask("ORDER_SEND", BUY, ID, not_after=1)
    assert len(caplog.records) <= 61
    bench.clock.pass_s(60)
    bench.ask("ACCOUNT")
    assert "further lines" in caplog.text
