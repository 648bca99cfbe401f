"""ecs.jsonl: lines whose text cannot be made say so, and none is too long for who ships it."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from mt5_sentinel import logs
from mt5_sentinel.ecs import LINE_BYTES_MAX
from tests.python.conftest import ROOT
from tests.python.ecs_lines import lines, opened, whole_record

TOKEN = "s3cr3t-t0ken"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ecs.jsonl"


class Mute(Exception):
    def __str__(self) -> str:
        raise KeyError("no text")


def noted(log: logging.Logger) -> list[logging.LogRecord]:
    """Every record that goes through the logger from now on."""
    seen: list[logging.LogRecord] = []

    def note(record: logging.LogRecord) -> bool:
        seen.append(record)
        return True

    log.addFilter(note)
    return seen


@pytest.mark.parametrize(
    ("form", "arguments", "told"),
    [
        ("bad args %d %d", (1,), "(TypeError), its format is 'bad args %d %d'"),
        ("of %s", (Mute(),), "(KeyError), its format is 'of %s'"),
        (Mute(), (), "(KeyError), its format is a Mute"),
    ],
)
def test_a_line_that_cannot_be_formatted_says_so_and_is_no_fault_of_the_file(
    path: Path, caplog: pytest.LogCaptureFixture, form: object, arguments: tuple[object, ...], told: str
) -> None:
    with opened(path) as (log, _):
        seen = noted(log)
        log.warning(form, *arguments)
        log.info("and on")
    line, after = lines(path)
    assert re.match(r"a line of test_ecs_text\.py:\d+ cannot be formatted ", line["message"])
    assert line["message"].endswith(told)
    assert (line["log"]["level"], line["event"]["id"]) == ("warning", logs.event_id(seen[0]))
    assert after["message"] == "and on"
    assert caplog.messages == []


def test_its_traceback_is_there(path: Path) -> None:
    with opened(path) as (log, _):
        try:
            raise OSError("why")
        except OSError:
            log.exception("%d", "x")
    (line,) = lines(path)
    assert "cannot be formatted (TypeError)" in line["message"]
    assert (line["error"]["type"], line["error"]["message"]) == ("OSError", "why")


def test_an_error_or_a_cycle_that_has_no_text_says_so(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with opened(path) as (log, written):
        seen = noted(log)
        try:
            raise Mute
        except Mute:
            log.exception("said")
        written.observe(whole_record(calls=Mute()))
        log.info("and on")
    first, second, after = lines(path)
    assert first["message"].endswith("cannot be formatted (KeyError), its format is 'said'")
    assert first["event"]["id"] == logs.event_id(seen[0]), "as the journal has it"
    assert "ecs.py:0 cannot be formatted (TypeError)" in second["message"]
    assert after["message"] == "and on"
    assert caplog.messages == []


def test_a_long_text_is_cut_in_its_middle_with_a_mark(path: Path) -> None:
    logs.learn([TOKEN])
    with opened(path) as (log, _):
        try:
            raise ValueError("B" * 5_000_000 + " the end")
        except ValueError:
            log.exception("begin " + "A" * 5_000_000 + TOKEN)
        log.info("C" * 32_000)
    line, whole = lines(path)
    assert re.fullmatch(
        r"begin A{15994} \[\.\.\. 4968014 characters cut out \.\.\.\] A{15992}\[hidden\]", line["message"]
    )
    trace = line["error"]["stack_trace"]
    assert trace.startswith("Traceback (most recent call last)")
    assert trace.endswith("B the end")
    assert len(trace) < 32_100
    assert whole["message"] == "C" * 32_000


@pytest.mark.parametrize("text", ["A", "\x00", "ü", "\ud800", "\U0001f600"])
def test_no_line_is_nearly_as_long_as_syslog_ng_reads(path: Path, text: str) -> None:
    long = text * 2_000_000
    with opened(path) as (log, written):
        with logs.tracing(whole_record(reason=long, action=long, symbol=long)):
            try:
                raise ValueError(long)
            except ValueError:
                log.exception(long)
        written.observe(whole_record(detail=long, risk_because=long, conditions=[long] * 5, status="failed"))
    assert len(lines(path)) == 2
    longest = max(map(len, path.read_bytes().splitlines()))
    assert 10_000 < longest <= LINE_BYTES_MAX
    (limit,) = set(re.findall(r"log-msg-size\((\d+)\)", (ROOT / "deploy/elk/syslog-ng.conf").read_text()))
    assert int(limit) >= 4 * LINE_BYTES_MAX
