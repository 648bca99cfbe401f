"""ecs.jsonl: what its lines say, that no secret stands in any, that they stay whole whatever becomes of the file."""

from __future__ import annotations

import errno
import json
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mt5_sentinel import logs
from mt5_sentinel.line_file import LineFile
from mt5_sentinel.types import CycleRecord
from tests.python.ecs_lines import lines, opened, whole_record

TOKEN = 's3cr3t/t0k&n+x"ü'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ecs.jsonl"


def test_a_line_says_who_where_when_and_in_which_cycle(path: Path) -> None:
    record = CycleRecord(symbol="EURUSD", mode="dry-run", started_s=0.0, cycle_id=3, trace_id="ab" * 16)
    with opened(path) as (log, _):
        with logs.tracing(record):
            log.warning("hello %s", "ü")
        log.info("no cycle")
    first, second = lines(path)
    assert list(first)[:2] == ["@timestamp", "message"]
    assert first["message"] == "hello ü"
    assert first["log"]["level"] == "warning"
    assert first["log"]["origin"]["file"]["name"] == "test_ecs.py"
    assert first["trace"] == {"id": "ab" * 16}
    assert first["sentinel"] == {"symbol": "EURUSD", "mode": "dry-run", "reason": "started", "cycle_id": 3}
    assert (first["event"]["dataset"], first["event"]["kind"]) == ("mt5_sentinel.log", "event")
    assert (first["service"]["name"], first["service"]["environment"]) == ("mt5-sentinel", "dry-run")
    assert first["ecs.version"]
    assert "trace" not in second
    assert first["event"]["id"] != second["event"]["id"]


def test_ids_are_never_the_same(path: Path) -> None:
    with opened(path) as (log, _):
        for number in range(500):
            log.info("line %d", number)
    assert len({line["event"]["id"] for line in lines(path)}) == 500


def test_the_same_line_has_the_same_id_in_both_logs(path: Path) -> None:
    seen: list[str] = []

    def note(line: logging.LogRecord) -> bool:
        seen.append(logs.event_id(line))
        return True

    with opened(path) as (log, _):
        log.addFilter(note)
        log.info("x")
    assert [line["event"]["id"] for line in lines(path)] == seen


def test_a_finished_cycle_is_one_line_with_all_its_facts(path: Path) -> None:
    record = whole_record()
    with opened(path) as (_, written), logs.tracing(record):
        written.observe(record)
    (line,) = lines(path)
    said, event = line["sentinel"], line["event"]
    assert (event["dataset"], event["reason"], event["outcome"]) == ("mt5_sentinel.cycle", "signal", "success")
    assert (event["duration"], event["start"]) == (1_250_000_000, "2023-11-14T22:13:20.250Z")
    assert line["trace"] == {"id": record.trace_id}
    assert said["scores"] == {"sell": 0.2, "hold": 0.3, "buy": 0.5}
    assert said["stages"] == {"fetch": 250_000_000}
    assert said["features"] == [1.0, None], "JSON has no word for what is no number"
    assert said["bar_open"] == "2023-11-14T22:00:00.000Z"
    renamed = {"started_s", "finished_s", "bar_open_s", "stages_s", "trace_id"}
    assert {field.name for field in msgspec.structs.fields(CycleRecord)} - renamed <= set(said), "every fact is there"


def test_a_failed_cycle_is_an_error_with_its_code(path: Path) -> None:
    record = CycleRecord(symbol="EURUSD", mode="demo", started_s=0.0, status="failed", reason="stale", detail="late")
    with opened(path) as (_, written):
        written.observe(record)
    (line,) = lines(path)
    assert line["error"] == {"code": "stale", "message": "late"}
    assert (line["event"]["outcome"], line["log"]["level"]) == ("failure", "error")
    assert "duration" not in line["event"]


def leaks(path: Path) -> bool:
    """Whether the part of the token that every spelling has stands in the file."""
    return "s3cr3t" in path.read_text(encoding="utf-8")


def say_everything(log: logging.Logger, observe: Any, spelled: str) -> None:
    """Lines and a cycle with the token in every place that can hold text."""
    record = whole_record(detail=spelled, reason=spelled, conditions=[spelled], calls={"eodhd": 1}, hub_error=spelled)
    with logs.tracing(record):
        log.info("text " + spelled)
        log.info(
            "argument %s %r", spelled, {"deep": [TOKEN, TOKEN.encode()]}, extra={"labels": spelled}, stack_info=True
        )
        try:
            try:
                raise OSError(spelled)
            except OSError as error:
                raise RuntimeError(f"because of {spelled}") from error
        except RuntimeError:
            log.exception("failed")
        observe(record)


@pytest.mark.parametrize("spelled", sorted(logs.spellings(TOKEN)))
def test_no_spelling_of_a_token_survives_in_any_field(path: Path, spelled: str) -> None:
    logs.learn([TOKEN])
    with opened(path) as (log, written):
        say_everything(log, written.observe, spelled)
    assert len(lines(path)) == 4
    assert not leaks(path)


def test_the_check_above_would_see_a_leak(path: Path) -> None:
    with opened(path) as (log, written):
        say_everything(log, written.observe, TOKEN)
    assert leaks(path)
    assert not any("labels" in line for line in lines(path)), "fields that libraries add are left out"


def test_a_traceback_shows_what_an_error_was_raised_from(path: Path) -> None:
    with opened(path) as (log, written):
        say_everything(log, written.observe, "plain")
    error = next(line["error"] for line in lines(path) if line["message"] == "failed")
    assert error["type"] == "RuntimeError"
    assert error["message"] == "because of plain"
    assert error["stack_trace"].index("OSError: plain") < error["stack_trace"].index("RuntimeError: because of plain")


def test_text_that_utf_8_cannot_hold_makes_a_line(path: Path) -> None:
    with opened(path) as (log, _):
        log.info("\udcff\n\u2028\x00")
    assert [line["message"] for line in map(json.loads, path.read_text().split("\n")[:-1])] == ["\\udcff\n\u2028\x00"]


def test_lines_of_threads_do_not_mix(path: Path) -> None:
    with opened(path) as (log, _):

        def talk() -> None:
            for _ in range(50):
                log.info("x" * 3000)

        threads = [threading.Thread(target=talk) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    assert [line["message"] for line in lines(path)] == ["x" * 3000] * 200


def test_after_a_rotation_the_new_file_is_written(path: Path) -> None:
    file = LineFile(path)
    file.append(b"1\n")
    path.rename(path.with_name("ecs.jsonl-20261126"))
    path.touch(0o640)  # as logrotate's `create`
    file.append(b"2\n")
    path.unlink()
    file.append(b"3\n")
    file.close()
    assert path.with_name("ecs.jsonl-20261126").read_text() == "1\n"
    assert path.read_text() == "3\n"


def test_a_rotation_in_the_middle_of_a_line_leaves_it_in_both_files(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shipper may have read the older file to its end just before the line came."""
    file, write = LineFile(path), os.write
    file.append(b"1\n")

    def rotated_meanwhile(descriptor: int, line: bytes) -> int:
        monkeypatch.setattr(os, "write", write)
        path.rename(path.with_name("older"))
        return write(descriptor, line)

    monkeypatch.setattr(os, "write", rotated_meanwhile)
    file.append(b"2\n")
    file.close()
    assert (path.with_name("older").read_text(), path.read_text()) == ("1\n2\n", "2\n")


def test_the_piece_that_a_crash_left_is_not_glued_to_the_next_line(path: Path) -> None:
    path.write_bytes(b'{"a":1}\n{"b":')
    file = LineFile(path)
    file.append(b'{"c":3}\n')
    file.close()
    assert path.read_bytes() == b'{"a":1}\n{"b":\n{"c":3}\n'


def test_a_disk_that_fills_within_a_line_is_told_once_and_the_next_line_is_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write, left = os.write, [10, 0, 0]

    def full(descriptor: int, line: bytes) -> int:
        if not left:
            return write(descriptor, line)
        room = left.pop(0)
        if room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, line[:room])

    monkeypatch.setattr(os, "write", full)
    with opened(path) as (log, _):
        for number in range(5):
            log.info("line %d", number)
    piece, *whole = path.read_text().splitlines()
    assert len(piece) == 10
    assert [json.loads(line)["message"] for line in whole] == ["line 3", "line 4"]
    told = [line for line in caplog.messages if "ecs.jsonl" in line]
    assert len(told) == 2
    assert "cannot be written, the log goes on elsewhere" in told[0]
    assert told[1].endswith("is written again; 3 lines are missing")


def test_links_pipes_and_places_that_are_not_there_harm_no_cycle(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    elsewhere = path.with_name("elsewhere")
    elsewhere.write_text("")
    path.symlink_to(elsewhere)
    os.mkfifo(path.with_name("pipe"))
    for place in (path, path.with_name("pipe"), path.with_name("none") / "ecs.jsonl"):
        caplog.clear()
        with opened(place) as (log, written):
            log.info("x")
            written.observe(whole_record())
        assert len([line for line in caplog.messages if "cannot be written" in line]) == 1
    assert elsewhere.read_text() == ""


def test_the_group_may_read_whatever_the_umask(path: Path) -> None:
    before = os.umask(0o077)
    try:
        with opened(path) as (log, _):
            log.info("x")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640


def test_who_does_not_ask_for_it_loads_none_of_it() -> None:
    script = "import sys; import mt5_sentinel.commands.run; print([m for m in sys.modules if 'ecs_logging' in m])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert "ecs_logging" in sys.modules, "what is sought is its name"
