"""The guard: every failure becomes a verdict on the record, and none of them ends the daemon."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable

import pytest

from mt5_sentinel import _core, errors
from mt5_sentinel.guard import BUGS_IN_A_ROW_MAX, Guard
from mt5_sentinel.types import CycleRecord


def record() -> CycleRecord:
    return CycleRecord(symbol="EURUSD", mode="dry-run", started_s=1_700_000_000.0)


def raising(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


EXPECTED = [
    errors.Transient,
    errors.Unusable,
    errors.Refused,
    errors.Uncertain,
    errors.Unsafe,
    errors.Misconfigured,
]


@pytest.mark.parametrize("kind", EXPECTED)
def test_an_expected_error_is_one_line_without_traceback(
    kind: type[errors.SentinelError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    failed, error = record(), kind("the world is round", "round_world")
    assert Guard().run(failed, raising(error)) is error
    assert (failed.status, failed.reason, failed.detail) == ("failed", "round_world", "the world is round")
    lines = [line.getMessage() for line in caplog.records if not line.getMessage().startswith("HALTED")]
    assert lines == ["!!! CYCLE ERROR: the world is round", "Daemon continues running..."]
    assert not any(line.exc_info for line in caplog.records)


def test_the_list_above_names_every_class() -> None:
    # Those of the taxonomy; a program beside the daemon may have one of its own, which no cycle meets.
    known = {one for one in errors.SentinelError.__subclasses__() if one.__module__ == errors.__name__}
    assert known == {*EXPECTED, errors.CorePanic}


@pytest.mark.parametrize("error", [ValueError("odd"), KeyError("x"), MemoryError("full"), RecursionError("deep")])
def test_a_bug_leaves_its_traceback(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    failed = record()
    assert Guard().run(failed, raising(error)) is None
    assert (failed.status, failed.reason) == ("failed", "internal_error")
    assert str(error) in (failed.detail or "")
    assert f"!!! CYCLE ERROR: {error}" in caplog.text or f"!!! CYCLE ERROR: {type(error).__name__}" in caplog.text
    assert "Daemon continues running..." in caplog.text
    assert "Traceback" in caplog.text
    assert "in work" in caplog.text


def test_a_bug_without_text_still_names_itself() -> None:
    failed = record()
    Guard().run(failed, raising(AssertionError()))
    assert "AssertionError" in (failed.detail or ""), "the journal must say what happened"


def test_a_panic_of_the_core_is_survived(caplog: pytest.LogCaptureFixture) -> None:
    failed = record()
    error = Guard().run(failed, _core.panic_on_purpose)
    assert isinstance(error, errors.CorePanic)
    assert (failed.status, failed.reason, failed.detail) == ("failed", "core_panic", "a panic on purpose")
    assert "!!! CYCLE ERROR: a panic on purpose" in caplog.text


def test_a_panic_is_an_ordinary_exception() -> None:
    caught: list[Exception] = []
    try:
        _core.panic_on_purpose()
    except Exception as error:  # noqa: BLE001 - the question is whether `except Exception` is enough
        caught.append(error)
    assert [type(error) for error in caught] == [errors.CorePanic]
    assert all(kind.__name__ != "PanicException" for kind in type(caught[0]).__mro__)
    _core.needed_bars()  # the core still works afterwards


def test_success_leaves_the_record_alone() -> None:
    fine = record()
    assert Guard().run(fine, lambda: None) is None
    assert fine == record()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_what_must_end_the_program_passes(error: BaseException) -> None:
    failed = record()
    with pytest.raises(type(error)):
        Guard().run(failed, raising(error))
    assert failed.status == "running"


def test_a_failing_ledger_has_its_own_reason(caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard()
    for _ in range(BUGS_IN_A_ROW_MAX + 1):
        failed = record()
        assert guard.run(failed, lambda: sqlite3.connect("/nowhere/at/all.db").close()) is None
        guard.count(failed)
        assert (failed.status, failed.reason) == ("failed", "journal_failed")
    assert not guard.halted
    assert "!!! CYCLE ERROR: unable to open database file" in caplog.text


def cycle_of(guard: Guard, work: Callable[[], None]) -> None:
    one = record()
    guard.run(one, work)
    guard.count(one)


BUGS: list[Callable[[], None]] = [raising(ValueError("odd")), _core.panic_on_purpose]


@pytest.mark.parametrize("bug", BUGS)
def test_three_bugs_in_a_row_halt(bug: Callable[[], None], caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard()
    cycle_of(guard, bug)
    cycle_of(guard, bug)
    assert not guard.halted
    cycle_of(guard, bug)
    assert guard.halted
    assert "3 unexpected errors in a row" in (guard.halted_because or "")
    assert "HALTED" in caplog.text
    cycle_of(guard, lambda: None)
    assert guard.halted, "only a restart or a reload lifts it"


@pytest.mark.parametrize("between", [lambda: None, raising(errors.Transient("timeout", "fetch_timeout"))])
def test_anything_but_a_bug_ends_the_run_of_bugs(between: Callable[[], None]) -> None:
    guard = Guard()
    for bug in (*BUGS, between, *BUGS, between, *BUGS):
        cycle_of(guard, bug)
        assert not guard.halted


def test_expected_errors_never_halt() -> None:
    guard = Guard()
    for kind in EXPECTED:
        if kind is not errors.Unsafe:
            for _ in range(5):
                cycle_of(guard, raising(kind("no", "no")))
    assert not guard.halted


def test_a_broken_book_halts_at_once() -> None:
    """design.md: `Unsafe`, a limit or the ledger is broken → halt: exits only, heartbeat stays."""
    guard = Guard()
    cycle_of(guard, raising(errors.Unsafe("paper book: nothing is open that could be closed", "book_broken")))
    assert guard.halted


def test_a_thread_that_the_system_does_not_give_is_no_bug(caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard()
    for _ in range(BUGS_IN_A_ROW_MAX + 1):
        failed = record()
        error = guard.run(failed, raising(RuntimeError("can't start new thread")))
        guard.count(failed)
        assert isinstance(error, errors.Transient)
        assert (failed.status, failed.reason) == ("failed", "no_thread")
    assert not guard.halted
    assert "limit of tasks" in caplog.text
    assert "Traceback" not in caplog.text
