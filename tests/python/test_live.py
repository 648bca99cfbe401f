"""A daemon that trades live through a gateway, as processes, with keys: from a signal to the broker's book and back."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mt5_sentinel import bundled, journal, wire
from tests.python import bodies
from tests.python.conftest import Sentinel
from tests.python.eodhd_server import EodhdServer
from tests.python.test_gateway_command import ask, gateway

__all__ = ["gateway"]

THRESHOLD = "0.36"


class House:
    """Keys, a gateway on paper, a model of one's own, and the daemon's command line."""

    def __init__(self, sentinel: Sentinel, start: Callable[..., Any], server: EodhdServer, directory: Path) -> None:
        self.sentinel, self.server, self.state = sentinel, server, directory / "state"
        keys = directory / "keys"
        public = {}
        for name in ("gateway", "daemon"):
            sentinel("keys", "new", name, "--dir", keys)
            public[name] = sentinel("keys", "show", keys / f"{name}.key").stdout.strip()
        (directory / "clients").write_text(f"# this machine\n{public['daemon']}\n")
        self.running, self.port = start("--key-file", keys / "gateway.key", "--clients", directory / "clients")
        shutil.copytree(bundled.MODEL, directory / "model")
        self.keys = {"server_key": public["gateway"], "key_file": str(keys / "daemon.key")}
        self.variables = {
            "EODHD_API_TOKEN": "demo",
            "MT5_SENTINEL_GTW_SERVER_KEY": public["gateway"],
            "MT5_SENTINEL_GTW_KEY_FILE": str(keys / "daemon.key"),
            "MT5_SENTINEL_WEEKEND_FLAT_MINUTES": "0",
        }
        self.model, self.rounds = str(directory / "model"), 0

    def once(self, *flags: str, threshold: str = THRESHOLD, **variables: str) -> subprocess.CompletedProcess[str]:
        wire_flags = ["--gtw-host", "127.0.0.1", "--gtw-port", str(self.port), "--model", self.model]
        command = ["run", "--once", "--eodhd-url", self.server.url, "--threshold", threshold, *wire_flags, *flags]
        return self.sentinel(*command, **self.variables | variables)

    def trade(self, *flags: str) -> dict[str, Any]:
        """One cycle after another, each on other bars and a journal of its own, until one trades."""
        self.rounds += 1
        for seed in range(40):
            self.server.respond(200, bodies.body(bodies.hourly(time.time(), seed=seed)))
            self.state = self.state.with_name(f"state{self.rounds}-{seed}")
            done = self.once(*flags, STATE_DIRECTORY=str(self.state))
            assert done.returncode == 0, done.stderr
            (cycle,) = journal.read(self.state / "journal.db")
            if cycle["reason"] not in ("model_hold", "below_threshold"):
                return cycle
        raise AssertionError("no walk ended in a confident class")

    def positions(self) -> list[wire.PositionData]:
        """What the gateway's broker holds."""
        reply = ask(self.port, "POSITIONS", **self.keys)
        assert reply is not None
        return msgspec.json.decode(reply.data, type=wire.Positions).positions

    def cycles(self) -> list[dict[str, Any]]:
        return list(journal.read(self.state / "journal.db"))


@pytest.fixture
def house(sentinel: Sentinel, gateway: Callable[..., Any], server: EodhdServer, tmp_path: Path) -> Iterator[House]:
    return House(sentinel, gateway, server, tmp_path)  # type: ignore[return-value]


def test_a_live_order_reaches_the_broker_with_its_stop_and_a_person_can_end_it(house: House) -> None:
    cycle = house.trade("--live")
    assert (cycle["mode"], cycle["reason"], cycle["outcome"]) == ("live", "signal", "filled")
    (intent,) = cycle["intents"]
    (position,) = house.positions()
    assert (position.ticket, position.volume, position.sl) == (intent["ticket"], intent["opened_lots"], intent["sl"])
    assert position.sl is not None
    assert wire.req_id_of(position.comment) == cycle["req_id"]
    (kept,) = journal.read_positions(house.state / "journal.db")
    assert (kept["ticket"], kept["state"], kept["price"]) == (position.ticket, "open", position.price)

    halted = house.sentinel("halt", "--flatten", "--reason", "a test", "--state-dir", house.state)
    assert halted.returncode == 0, halted.stderr
    done = house.once("--live", STATE_DIRECTORY=str(house.state))
    assert done.returncode == 0, done.stderr
    assert house.positions() == []
    (_, second) = house.cycles()
    assert [(one["kind"], one["purpose"], one["state"]) for one in second["intents"]] == [
        ("close", "kill_switch", "filled")
    ]
    assert "halted" in second["conditions"]
    (kept,) = journal.read_positions(house.state / "journal.db")
    assert (kept["state"], kept["closed_by"]) == ("closed", "order")

    assert house.sentinel("resume", "--state-dir", house.state).returncode == 0
    house.once("--live", STATE_DIRECTORY=str(house.state))
    assert "halted" not in house.cycles()[-1]["conditions"]


def test_a_dry_run_has_its_orders_checked_there_and_sends_none(house: House) -> None:
    cycle = house.trade("--dry-run")
    assert (cycle["mode"], cycle["outcome"]) == ("dry-run", "filled")
    assert house.positions() == []
    checker = house.sentinel("gateway", "--halt", "a test", *_there(house))
    assert checker.returncode == 0, checker.stderr
    cycle = house.trade("--dry-run")
    assert (cycle["reason"], cycle["outcome"]) == ("retcode_-6", "refused"), (
        "what the gateway would refuse is not filled"
    )


def test_a_halted_gateway_takes_nothing_new(house: House) -> None:
    assert house.sentinel("gateway", "--halt", "a test", *_there(house)).returncode == 0
    cycle = house.trade("--live")
    assert (cycle["reason"], cycle["outcome"], cycle["intents"]) == ("refused_gateway_halted", "refused", [])
    assert house.positions() == []


def test_a_gateway_that_is_away_fails_the_cycle_and_nothing_else(house: House) -> None:
    house.running.process.kill()
    house.running.process.wait()
    house.server.respond(200, bodies.body(bodies.hourly(time.time())))
    done = house.once("--live", STATE_DIRECTORY=str(house.state), MT5_SENTINEL_GTW_TIMEOUT_S="0.5")
    assert (done.returncode, "did not answer within 0.5 s; is it running?" in done.stderr) == (75, True)


def test_a_stranger_gets_no_answer(house: House) -> None:
    house.server.respond(200, bodies.body(bodies.hourly(time.time())))
    made = house.sentinel("keys", "new", "stranger", "--dir", house.state.parent / "keys")
    assert made.returncode == 0
    stranger = str(house.state.parent / "keys" / "stranger.key")
    more = {"MT5_SENTINEL_GTW_KEY_FILE": stranger, "MT5_SENTINEL_GTW_TIMEOUT_S": "1"}
    done = house.once("--live", STATE_DIRECTORY=str(house.state), **more)
    assert (done.returncode, "did not answer" in done.stderr) == (75, True)


def _there(house: House) -> list[str]:
    """Flags of a command that asks the running gateway."""
    key, server = house.keys["key_file"], house.keys["server_key"]
    return ["--port", str(house.port), "--client-key-file", key, "--server-key", server]
