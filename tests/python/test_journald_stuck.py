"""A journal that takes nothing: its socket and the unit's stream are full. It holds up nobody, and gaps are told."""

from __future__ import annotations

import logging
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

import pytest

from mt5_sentinel import journald, logs
from mt5_sentinel.journald import Journald, Stream
from mt5_sentinel.logs import JournalHandler

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd's journal is there on Linux only")

GAP = "the journal takes lines again; (.*) lines are missing here"
WIDE = "x" * 50_000


@pytest.fixture
def socket_place(tmp_path: Path) -> Path:
    return tmp_path / "socket"


@pytest.fixture
def listening(socket_place: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(str(socket_place))
        door.setblocking(False)
        yield door


@pytest.fixture
def stream_ends() -> Iterator[tuple[TextIO, socket.socket]]:
    """Stderr of a unit, and what the journal reads of it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with ours, theirs, open(os.dup(ours.fileno()), "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor
        ours.shutdown(socket.SHUT_RD)  # as systemd makes it
        theirs.setblocking(False)
        yield stream, theirs


@pytest.fixture
def stuck(socket_place: Path, stream_ends: tuple[TextIO, socket.socket]) -> Iterator[logging.Logger]:
    """A logger of a unit whose journal has no socket: what there is is the stream."""
    log = logging.Logger("mt5_sentinel", logging.DEBUG)
    handler = JournalHandler(stream_ends[0], "mt5-sentinel", Journald(str(socket_place)))
    log.addHandler(handler)
    yield log
    handler.close()


def received(door: socket.socket) -> bytes:
    """What is there now; empty if nothing is."""
    try:
        return door.recv(1 << 20)
    except BlockingIOError:
        return b""


def read_pieces(theirs: socket.socket) -> str:
    """What was taken so far, which may end within a line."""
    return b"".join(iter(lambda: received(theirs), b"")).decode()


def read_all(theirs: socket.socket) -> list[str]:
    """Every line that was taken so far; the last is whole."""
    text = read_pieces(theirs)
    assert text.endswith("\n") or not text
    return text.splitlines()


def say_wide(log: logging.Logger) -> None:
    for _ in range(20):
        log.info(WIDE)


def within_bounds(work: Callable[[], Any], theirs: socket.socket) -> None:
    """Do it in a thread: what blocks for ever fails the test and does not hang it."""
    doing = threading.Thread(target=work, daemon=True)
    doing.start()
    doing.join(60)
    is_blocked = doing.is_alive()
    if is_blocked:
        theirs.close()
    assert not is_blocked, "a line waits for ever"


def test_after_one_line_that_waited_in_vain_none_waits_for_some_seconds(
    socket_place: Path, listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [100.0]
    waits: list[bool] = []
    """Of each line that was refused."""

    class Noting(socket.socket):
        def sendto(self, body: bytes, flags: int, path: str) -> int:  # type: ignore[override]
            try:
                return super().sendto(body, flags, path)
            except BlockingIOError:
                waits.append(not flags & socket.MSG_DONTWAIT)
                raise

    monkeypatch.setattr(socket, "socket", Noting)
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])
    monkeypatch.setattr(journald, "SEND_S", 0.001)
    monkeypatch.setattr(journald, "TAKEN_S", 0.0)
    door = Journald(str(socket_place))

    def refused() -> list[bool]:
        waits.clear()
        for _ in range(3):
            with pytest.raises(BlockingIOError):
                door.send({"MESSAGE": "x"})
        return list(waits)

    with pytest.raises(BlockingIOError):
        while True:
            door.send({"MESSAGE": "x"})
    assert waits == [True]
    assert refused() == [False, False, False]
    now_s[0] += journald.REST_S - 0.1
    assert refused() == [False, False, False]
    now_s[0] += 0.2
    assert refused() == [True, False, False]
    listening.recv(1 << 20)
    door.send({"MESSAGE": "room again, and it is found at once"})
    assert refused() == [False, False, False], "a slow journal is no better than a stuck one"
    door.close()


def test_who_waits_sleeps(socket_place: Path, listening: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journald, "SEND_S", 0.5)
    monkeypatch.setattr(journald, "TAKEN_S", 0.0)
    door = Journald(str(socket_place))
    begun_s = time.thread_time()
    with pytest.raises(BlockingIOError):
        while True:
            door.send({"MESSAGE": "x"})
    assert time.thread_time() - begun_s < 0.25
    door.close()


@pytest.mark.parametrize("text", ["short", WIDE])
def test_a_full_stream_holds_up_nobody_and_the_gap_is_told(
    text: str, stuck: logging.Logger, stream_ends: tuple[TextIO, socket.socket]
) -> None:
    theirs, count = stream_ends[1], 3000

    def talk() -> None:
        for number in range(count):
            stuck.info("%d %s", number, text)

    within_bounds(talk, theirs)
    stuck.info("drop this too")
    before = read_pieces(theirs)
    stuck.info("after")
    *rest, gap, after = read_all(theirs)
    taken = (before + "\n".join([*rest, ""])).splitlines()
    assert taken == [f"<6>{number} {text}" for number in range(len(taken))], "whole lines, none out of its place"
    assert 0 < len(taken) < count
    assert (found := re.fullmatch("<4>" + GAP, gap)), gap
    assert int(found[1]) == count + 1 - len(taken)
    assert after == "<6>after"
    stuck.info("told once")
    assert read_all(theirs) == ["<6>told once"]


def test_lines_that_a_full_socket_refuses_come_through_the_stream_and_the_gap_through_the_socket(
    listening: socket.socket, stuck: logging.Logger, stream_ends: tuple[TextIO, socket.socket]
) -> None:
    theirs = stream_ends[1]

    def talk() -> None:
        for number in range(3000):
            stuck.info("%d", number)

    within_bounds(talk, theirs)
    taken = len(list(iter(lambda: received(listening), b"")))
    through_stream = read_all(theirs)
    assert through_stream[0] == f"<6>{taken}"
    stuck.info("after")
    said = listening.recv(1 << 20).decode()
    assert (found := re.search(f"MESSAGE={GAP}\n", said))
    assert int(found[1]) == 3000 - taken - len(through_stream)
    assert "PRIORITY=4\n" in said
    assert "MESSAGE=after\n" in listening.recv(1 << 20).decode()


def test_a_reload_keeps_the_count(
    socket_place: Path, stream_ends: tuple[TextIO, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, theirs = stream_ends
    facts = os.fstat(stream.fileno())
    monkeypatch.setenv("JOURNAL_STREAM", f"{facts.st_dev}:{facts.st_ino}")
    monkeypatch.setattr(journald, "SOCKET", str(socket_place))
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", root.handlers[:])
    monkeypatch.setattr(root, "level", root.level)
    log = logging.getLogger("mt5_sentinel")
    logs.set_up("info", (), stream)
    within_bounds(lambda: say_wide(log), theirs)
    logs.set_up("info", (), stream)
    read_pieces(theirs)
    log.info("after")
    assert re.fullmatch("<4>" + GAP, read_all(theirs)[-2])
    monkeypatch.delenv("JOURNAL_STREAM")
    logs.set_up("info", (), stream)  # closes what was made for the journal


def test_the_end_tells_the_gap_too(
    socket_place: Path, stuck: logging.Logger, stream_ends: tuple[TextIO, socket.socket]
) -> None:
    theirs = stream_ends[1]
    within_bounds(lambda: say_wide(stuck), theirs)
    read_pieces(theirs)
    stuck.handlers[0].close()
    assert re.fullmatch("<4>" + GAP, read_all(theirs)[-1])


def test_the_stream_blocks_as_before_for_whoever_else_writes_to_it(
    stream_ends: tuple[TextIO, socket.socket],
) -> None:
    stream, theirs = stream_ends
    plain = Stream(stream)
    plain.send("a\n")
    assert os.get_blocking(stream.fileno())
    plain.close()
    stream.write("b\n")
    stream.flush()
    assert read_all(theirs) == ["a", "b"]


def test_a_stream_whose_other_end_is_gone_harms_nothing(
    stuck: logging.Logger, stream_ends: tuple[TextIO, socket.socket]
) -> None:
    stream_ends[1].close()
    stuck.info("x")
