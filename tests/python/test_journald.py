"""Lines for systemd's journal: the native protocol on a socket of the test's own, and what happens without one."""

from __future__ import annotations

import io
import logging
import os
import re
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mt5_sentinel import journald, logs
from mt5_sentinel.journald import Journald, frame
from mt5_sentinel.logs import JournalHandler, speaking_for, tracing
from mt5_sentinel.types import CycleRecord

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd's journal is there on Linux only")

TOKEN = "s3cr3t-t0ken"


def parsed(datagram: bytes) -> dict[str, str]:
    """What journald reads out of a datagram: written here a second time, from the documentation."""
    fields, rest = {}, datagram
    while rest:
        line, _, rest = rest.partition(b"\n")
        name, is_simple, value = line.partition(b"=")
        if not is_simple:
            (length,) = struct.unpack("<Q", rest[:8])
            value, end, rest = rest[8 : 8 + length], rest[8 + length : 9 + length], rest[9 + length :]
            assert (len(value), end) == (length, b"\n")
        fields[name.decode()] = value.decode()
    return fields


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(str(tmp_path / "socket"))
        door.settimeout(5)
        yield door


Logger = Callable[..., logging.Logger]


@pytest.fixture
def heard(listening: socket.socket) -> Callable[[], dict[str, str]]:
    return lambda: parsed(listening.recv(1 << 20))


@pytest.fixture
def plain() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def log(tmp_path: Path, plain: io.StringIO) -> Iterator[logging.Logger]:
    handler = JournalHandler(plain, "mt5-sentinel", Journald(str(tmp_path / "socket")))
    logger = logging.Logger("mt5_sentinel", logging.DEBUG)
    logger.addHandler(handler)
    yield logger
    handler.close()


@pytest.mark.parametrize("value", ["a", "", "a=b", "zwei\nZeilen", "\n", "✓ \x00 \x1b", "=\n=", "a\n" * 1000])
def test_a_value_arrives_as_it_is(value: str) -> None:
    assert parsed(frame({"BEFORE": "1", "MESSAGE": value, "AFTER": 2, "NONE": None})) == {
        **{"BEFORE": "1", "MESSAGE": value, "AFTER": "2"}
    }


def test_text_that_utf_8_cannot_hold_is_spelled_out() -> None:
    assert parsed(frame({"MESSAGE": "\udcff"})) == {"MESSAGE": "\\udcff"}


def test_a_line_has_fields_and_the_text_that_it_had(
    log: logging.Logger, heard: Callable[[], dict[str, str]], plain: io.StringIO
) -> None:
    record = CycleRecord(symbol="EURUSD", mode="dry-run", started_s=0.0, trace_id="ab" * 16, reason="signal")
    with speaking_for("EURUSD"), tracing(record):
        log.warning("Decision: %s", "BUY")
    line = heard()
    assert line.pop("EVENT_ID").count("-") == 4
    assert line.pop("CODE_FILE").endswith("test_journald.py")
    assert line.pop("CODE_LINE").isdecimal()
    assert line == {
        **{"MESSAGE": "EURUSD Decision: BUY", "PRIORITY": "4", "SYSLOG_IDENTIFIER": "mt5-sentinel"},
        **{"LOGGER": "mt5_sentinel", "THREAD_NAME": "MainThread"},
        "CODE_FUNC": "test_a_line_has_fields_and_the_text_that_it_had",
        **{"TRACE_ID": "ab" * 16, "SENTINEL_SYMBOL": "EURUSD", "SENTINEL_MODE": "dry-run", "SENTINEL_REASON": "signal"},
    }
    log.info("between cycles")
    assert not {name for name in heard() if name.startswith(("TRACE", "SENTINEL"))}
    assert plain.getvalue() == ""


def test_a_traceback_is_one_entry_without_secrets(log: logging.Logger, heard: Callable[[], dict[str, str]]) -> None:
    logs.learn([TOKEN])
    record = CycleRecord(symbol="EURUSD", mode="dry-run", started_s=0.0, reason=TOKEN)
    try:
        raise RuntimeError(TOKEN)
    except RuntimeError:
        with tracing(record):
            log.exception("failed with %s", TOKEN)
    line = heard()
    assert line["MESSAGE"].startswith("failed with [hidden]\nTraceback (most recent call last):\n")
    assert line["MESSAGE"].endswith("RuntimeError: [hidden]")
    assert (line["PRIORITY"], line["ERROR_TYPE"], line["SENTINEL_REASON"]) == ("3", "RuntimeError", "[hidden]")
    assert TOKEN not in str(line)


def test_without_a_journal_the_line_is_printed_with_its_priority(tmp_path: Path, plain: io.StringIO) -> None:
    handler = JournalHandler(plain, "mt5-sentinel", Journald(str(tmp_path / "nobody")))
    log = logging.Logger("x")
    log.addHandler(handler)
    log.error("two\nlines")
    assert plain.getvalue() == "<3>two\n<3>lines\n"
    handler.close()


def test_an_entry_that_is_too_large_is_printed(
    log: logging.Logger, heard: Callable[[], dict[str, str]], plain: io.StringIO
) -> None:
    log.info("x" * (8 << 20))
    assert len(plain.getvalue()) == (8 << 20) + 4
    log.info("and on")
    assert heard()["MESSAGE"] == "and on"


def test_a_full_queue_holds_up_no_cycle_and_loses_no_line(
    log: logging.Logger, listening: socket.socket, plain: io.StringIO
) -> None:
    count = 0
    while not plain.getvalue():
        log.info("line %d", count)
        count += 1
    listening.setblocking(False)
    heard = [parsed(listening.recv(1 << 20))["MESSAGE"] for _ in range(count - 1)]
    assert [*heard, plain.getvalue()] == [*(f"line {number}" for number in range(count - 1)), f"<6>line {count - 1}\n"]


def test_a_journal_that_was_restarted_is_found_again(
    tmp_path: Path, log: logging.Logger, listening: socket.socket, plain: io.StringIO
) -> None:
    log.info("before")
    assert parsed(listening.recv(1 << 20))["MESSAGE"] == "before"
    listening.close()
    log.info("between")
    assert plain.getvalue() == "<6>between\n"
    (tmp_path / "socket").unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as again:
        again.bind(str(tmp_path / "socket"))
        again.settimeout(5)
        log.info("after")
        assert parsed(again.recv(1 << 20))["MESSAGE"] == "after"


def test_the_end_waits_until_the_lines_were_read(
    tmp_path: Path, listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Journald(str(tmp_path / "socket"))
    door.send({"MESSAGE": "last"})
    slept: list[float] = []

    def read_meanwhile(duration_s: float) -> None:
        slept.append(duration_s)
        if len(slept) == 3:
            listening.recv(1 << 20)

    monkeypatch.setattr(time, "sleep", read_meanwhile)
    door.close()
    assert len(slept) == 3


def test_a_line_that_cannot_be_formatted_says_so(
    log: logging.Logger, heard: Callable[[], dict[str, str]], capfd: pytest.CaptureFixture[str]
) -> None:
    log.error("%d", "no number")
    line = heard()
    assert re.fullmatch(
        r"a line of test_journald\.py:\d+ cannot be formatted \(TypeError\), its format is '%d'", line["MESSAGE"]
    )
    assert line["PRIORITY"] == "3"
    assert capfd.readouterr().err == "", "stderr of a unit may block"


def test_lines_go_there_when_stderr_is_the_journal(
    tmp_path: Path, heard: Callable[[], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journald, "SOCKET", str(tmp_path / "socket"))
    with (tmp_path / "stream").open("w") as stream:
        facts = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{facts.st_dev}:{facts.st_ino}")
        for name in ("mt5-sentinel", "mt5-sentinel-gateway"):
            logs.set_up("info", (), stream, identifier=name)
            logging.getLogger("mt5_sentinel").info("once")
            line = heard()
            assert (line["MESSAGE"], line["SYSLOG_IDENTIFIER"]) == ("once", name)
        monkeypatch.delenv("JOURNAL_STREAM")
        logs.set_up("info", (), stream)  # closes what was made for the journal
    assert (tmp_path / "stream").read_text() == ""
