"""A newcomer's machine for ``mt5-sentinel doctor``: an API that answers, a state directory, and one fault at a time."""

from __future__ import annotations

import json
import socket
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import bar_store, cli, journal_schema
from tests.python import bodies
from tests.python.eodhd_feed import Feed
from tests.python.eodhd_server import EodhdServer

TOKEN = "tok3n/that+nobody&may=see"


class Floor:
    """Flags and variables of a doctor who finds nothing; a test changes one thing."""

    def __init__(self, folder: Path, server: EodhdServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.state, self.folder, self.server, self.monkeypatch = folder / "state", folder, server, monkeypatch
        self.state.mkdir(mode=0o700)
        self.undo = ExitStack()
        self.feed = Feed(bodies.hourly(time.time()), "1h", now_s=time.time, token=TOKEN, quota=1000)
        server.play(self.feed)
        self.flags: list[str | Path] = ["--state-dir", self.state, "--eodhd-url", server.url]
        self.flags += ["--metrics-port", str(free_port())]
        for name in (
            "EODHD_API_KEY",
            "STATE_DIRECTORY",
            "LOGS_DIRECTORY",
            "CREDENTIALS_DIRECTORY",
            "GTW_HOST",
            "HUB_HOST",
        ):
            monkeypatch.delenv(name, raising=False)
        self.set(EODHD_API_TOKEN=TOKEN, MT5_SENTINEL_MARKET="always", MT5_SENTINEL_CONFIG=str(self.config("")))
        self.capture: Callable[[], str] = str

    def set(self, **variables: str) -> None:
        """Variables of the environment."""
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)

    def config(self, text: str, mode: int = 0o600) -> Path:
        """The TOML file."""
        path = self.folder / "config.toml"
        path.write_text(text)
        path.chmod(mode)
        return path

    def journal(self, *statements: str) -> None:
        """A journal that holds this."""
        db = sqlite3.connect(self.state / "journal.db", isolation_level=None)
        journal_schema.migrate(db)
        for statement in statements:
            db.execute(statement)
        db.close()

    def spend(self, units: int) -> None:
        """Units on today's account, on those of the days beside it too, for a test may meet midnight."""
        store = bar_store.BarStore(self.state / "bars.db")
        for day in (-1, 0, 1):
            store.spend(
                "eodhd", time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86_400 * day)), units, lambda _: None
            )
        store.close()

    def examine(self, *flags: str | Path) -> tuple[int, dict[str, dict[str, str]], str]:
        """Exit code, findings by name, and all that was printed."""
        code = cli.main(["doctor", "--json", *map(str, [*self.flags, *flags])])
        text = self.capture()
        told: dict[str, Any] = json.loads(text)
        return code, {one["check"]: one for one in told["checks"]}, text


def free_port() -> int:
    """A port of the loopback on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return int(closed.getsockname()[1])


def bad(found: dict[str, dict[str, str]]) -> set[str]:
    """Names of the checks that failed."""
    return {name for name, one in found.items() if one["verdict"] == "failed"}
