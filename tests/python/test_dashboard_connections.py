"""Strangers who connect and ask nothing, or too much: the dashboard stays there for the others."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from mt5_sentinel.dashboard import connections, serving
from tests.python import dashboard_month
from tests.python.dashboard_served import Client, Listening, served


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """Ten minutes."""
    dashboard_month.build(tmp_path / "state", 1_795_000_000, 10)
    return tmp_path / "state"


@pytest.fixture
def client(state_dir: Path) -> Iterator[Client]:
    """A dashboard."""
    with served(state_dir) as running:
        yield running


def dial(client: Client) -> socket.socket:
    """A connection that asks nothing."""
    return socket.create_connection(("127.0.0.1", client.port), timeout=20)


def test_as_many_silent_connections_as_one_likes_switch_nothing_off(client: Client) -> None:
    with ExitStack() as stack:
        stream = stack.enter_context(Listening(client))
        assert stream.next() is not None
        dialled = [stack.enter_context(closing(dial(client))) for _ in range(serving.CONNECTIONS_MAX + 20)]
        assert client.ask("/livez").status == 200
        assert client.api("overview")["mode"] == "demo"
        assert dialled[0].recv(1) == b"", "the oldest made room"
        dialled[-1].sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert dialled[-1].recv(12) == b"HTTP/1.1 200"
        assert stream.next() is not None, "who listens is not silent"


@pytest.mark.parametrize("sent", [b"", b"GET /livez HTTP/1.1\r\nHost: "])
def test_a_request_that_is_not_there_in_time_is_not_waited_for(
    client: Client, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "FIRST_WITHIN_S", 0.2)
    with closing(dial(client)) as one:
        one.sendall(sent)
        with pytest.raises(ConnectionResetError):
            assert not one.recv(1)
            raise ConnectionResetError  # one way of hanging up or the other


def test_nor_is_the_next_one(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "KEPT_S", 0.2)
    with closing(dial(client)) as one:
        one.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\nGET /live")
        answered = b""
        while part := one.recv(4096):
            answered += part
        assert answered.startswith(b"HTTP/1.1 200") and answered.count(b"HTTP/1.1") == 1


def test_what_a_stranger_causes_is_logged_once(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving.SELDOM, "_told_s", {})
    caplog.set_level(logging.WARNING)
    for _ in range(5):
        with closing(dial(client)) as one:
            one.sendall(b"nonsense\r\n\r\n")
            assert one.recv(12) == b"HTTP/1.1 400"
    assert caplog.messages == ["Invalid HTTP request received."]
    monkeypatch.setattr(connections, "TOLD_EVERY_S", 0.0)
    with closing(dial(client)) as one:
        one.sendall(b"nonsense\r\n\r\n")
        assert one.recv(12) == b"HTTP/1.1 400"
    assert len(caplog.messages) == 2
