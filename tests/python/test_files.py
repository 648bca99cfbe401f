"""Files of a person's own: whole or not at all, and nothing of theirs is lost."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from mt5_sentinel import files
from mt5_sentinel.errors import Refused, Transient, Unusable


def test_lines_are_written_and_read_back(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    files.write(str(target), ["a,b\n", "1,é\n"])
    assert files.read(str(target)) == "a,b\n1,é\n".encode()
    assert list(tmp_path.iterdir()) == [target]


def test_standard_output_without_a_path(capsys: pytest.CaptureFixture[str]) -> None:
    files.write(None, ["a\n", "b\n"])
    assert capsys.readouterr().out == "a\nb\n"


class _Ended(BaseException):
    pass


@pytest.mark.parametrize("error", [ValueError("bad cell"), KeyboardInterrupt(), _Ended()])
def test_failing_midway_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: BaseException) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old\n")

    def lines() -> Iterator[str]:
        yield "new\n" * 10_000
        raise error

    with pytest.raises(type(error)):
        files.write(str(target), lines())
    assert target.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [target]


def test_a_full_disk_is_one_clear_error(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old\n")

    def lines() -> Iterator[str]:
        yield "new\n"
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(Unusable, match=r"out\.csv: cannot be written: No space left on device") as caught:
        files.write(str(target), lines())
    assert caught.value.reason == "unwritable_file"
    assert target.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [target]


def test_the_new_file_is_complete_before_it_takes_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes are on disk (fsync) when the name changes: a power cut shows the old file or the new one."""
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(descriptor: int) -> None:
        is_directory = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        steps.append("fsync directory" if is_directory else f"fsync {os.fstat(descriptor).st_size} bytes")
        fsync(descriptor)

    def noted_replace(self: Path, target: str | Path) -> Path:
        steps.append("replace")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    files.write(str(tmp_path / "out.csv"), ["12345\n"])
    assert steps == ["fsync 6 bytes", "replace", "fsync directory"]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o027, 0o640)])
def test_permissions_follow_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    target = tmp_path / "out.csv"
    before = os.umask(umask)
    try:
        files.write(str(target), ["x\n"])
        after = os.umask(umask)
    finally:
        os.umask(before)
    assert stat.S_IMODE(target.stat().st_mode) == mode
    assert after == umask, "the process's umask is as it was"


@pytest.mark.parametrize("place", ["missing/out.csv", "file/out.csv", "directory"])
def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("mine\n")
    (tmp_path / "directory").mkdir()
    target = tmp_path / place
    with pytest.raises(Unusable) as caught:
        files.write(str(target), ["x\n"])
    assert str(caught.value).startswith(f"{target}: cannot be written: ")
    assert "\n" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["directory", "file"]
    assert (tmp_path / "file").read_text() == "mine\n"


def test_a_special_file_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    """`--out /dev/null` as root must not turn /dev/null into a regular file; a FIFO stands for it here."""
    target = tmp_path / "pipe"
    os.mkfifo(target)
    reader = os.open(target, os.O_RDONLY | os.O_NONBLOCK)
    try:
        files.write(str(target), ["x\n"])
        assert stat.S_ISFIFO(target.stat().st_mode), "the special file was replaced"
        assert os.read(reader, 100) == b"x\n"
    finally:
        os.close(reader)


@pytest.mark.parametrize("place", ["missing.csv", "."])
def test_an_unreadable_file_is_one_clear_error(tmp_path: Path, place: str) -> None:
    with pytest.raises(Unusable) as caught:
        files.read(str(tmp_path / place))
    assert str(caught.value).startswith(f"{tmp_path / place}: ")
    assert caught.value.reason == "unreadable_file"


@pytest.mark.parametrize("kind", [Unusable, Transient, Refused])
def test_naming_keeps_class_and_reason(kind: type[Unusable]) -> None:
    named = files.naming("bars.csv", kind("row 3 is odd", "bad_row"))
    assert (type(named), str(named), named.reason) == (kind, "bars.csv: row 3 is odd", "bad_row")
