"""Daemon and gateway as real processes, over ZeroMQ with CURVE, killed at random points two hundred times.

In the end three accounts of what happened are compared: the broker's deals, the witness at its door, the journal.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from mt5_sentinel import curve
from tests.python.kills.fast_clock import FACTOR
from tests.python.storm.watch import rows

KILLS = 200
ORDERS_MIN = 100
SEED = 20_260

ROOT = Path(__file__).parent.parent.parent

ORDERS = "SELECT req_id, state, not_after_s, kind FROM intent"
DEALS = "SELECT req_id, count(*) FROM deal WHERE by = 'order' AND entry IN ('in', 'out') GROUP BY req_id"


class Nursery:
    """One program; the process of it that lives now."""

    def __init__(self, module: str, log: Path, *arguments: object) -> None:
        """Import it; nothing runs yet."""
        self.log = log
        with log.open("ab") as sink:
            self._parent = subprocess.Popen(
                [sys.executable, "-m", module, *map(str, arguments)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sink,
                text=True,
            )
        self.child = 0

    def start(self) -> None:
        """Start a process of it."""
        assert self._parent.stdin is not None and self._parent.stdout is not None
        self._parent.stdin.write("start\n")
        self._parent.stdin.flush()
        self.child = int(self._parent.stdout.readline())

    def kill(self) -> None:
        """End the process as nothing can prevent, and wait until it is gone, as a supervisor does."""
        os.kill(self.child, signal.SIGKILL)
        while self.lives():
            time.sleep(0.001)

    def lives(self) -> bool:
        """Whether the process is there."""
        try:
            os.kill(self.child, 0)
        except ProcessLookupError:
            return False
        return True

    def close(self) -> None:
        """End all of it."""
        if self.child and self.lives():
            self.kill()
        assert self._parent.stdin is not None and self._parent.stdout is not None
        self._parent.stdin.close()
        self._parent.stdout.close()
        self._parent.wait(10)


class Pair:
    """A daemon and a gateway that know each other's keys."""

    def __init__(self, place: Path) -> None:
        """Make keys and directories, and start both."""
        self.daemon_state, self.gateway_state = place / "daemon", place / "gateway"
        self.daemon_state.mkdir()
        self.gateway_state.mkdir()
        server_key = curve.create(self.gateway_state / "gateway.key")
        client_key = curve.create(self.daemon_state / "daemon.key")
        (self.gateway_state / "clients.txt").write_text(f"{client_key} daemon\n", encoding="utf-8")
        port, base_s = free_port(), time.monotonic()
        package = "tests.python.kills"
        self.gateway = Nursery(f"{package}.gateway", place / "gateway.log", self.gateway_state, port, base_s)
        self.daemon = Nursery(f"{package}.daemon", place / "daemon.log", self.daemon_state, port, server_key, base_s)
        self.gateway.start()
        self.daemon.start()

    def wait_for_a_moment(self, dice: random.Random) -> None:
        """Any moment, or one at which an order is under way: just written down, or just handed to the broker."""
        kind = dice.choice(["any", "written", "asked", "asked"])
        deadline_s = time.monotonic() + dice.uniform(0.0, 2.0)
        before = self._written(), self._asked()
        while time.monotonic() < deadline_s:
            if (kind == "written" and self._written() > before[0]) or (kind == "asked" and self._asked() > before[1]):
                break
            time.sleep(0.0005)
        time.sleep(dice.uniform(0.0, 0.004))

    def _asked(self) -> int:
        """Bytes of the witness's lines."""
        path = self.gateway_state / "witness.txt"
        return path.stat().st_size if path.exists() else 0

    def _written(self) -> int:
        """Orders in the journal."""
        return int(rows(self.journal, "SELECT count(*) FROM intent")[0][0]) if self.journal.exists() else 0

    def trade_on(self, most_s: float) -> None:
        """On a busy machine kills leave little time for orders: some more, undisturbed, until there are enough."""
        deadline_s = time.monotonic() + most_s
        while len(rows(self.gateway_state / "paper.db", DEALS)) <= ORDERS_MIN and time.monotonic() < deadline_s:
            time.sleep(0.2)

    def quiet(self) -> None:
        """No more signals."""
        (self.daemon_state / "QUIET").touch()

    def unresolved(self) -> int:
        """Orders whose fate the journal does not know."""
        found = rows(self.journal, f"{ORDERS} WHERE state IN ('intended', 'unknown')")
        return len(found)

    @property
    def journal(self) -> Path:
        """Of the daemon."""
        return self.daemon_state / "journal.db"

    def close(self) -> None:
        """End both."""
        self.daemon.close()
        self.gateway.close()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both after two hundred kills, alive and at rest."""
    made = Pair(tmp_path_factory.mktemp("kills"))
    dice = random.Random(SEED)  # noqa: S311 - moments, not secrets
    try:
        for _ in range(KILLS):
            made.wait_for_a_moment(dice)
            victims = dice.choice([[made.daemon], [made.gateway], [made.gateway], [made.gateway, made.daemon]])
            for victim in victims:
                assert victim.lives(), f"it ended by itself:\n{victim.log.read_text(encoding='utf-8')[-3000:]}"
                victim.kill()
            for victim in victims:
                victim.start()
        made.trade_on(60.0)
        made.quiet()
        deadline_s = time.monotonic() + 60
        time.sleep(300 / FACTOR)
        while made.unresolved() and time.monotonic() < deadline_s:
            time.sleep(60 / FACTOR)
        time.sleep(180 / FACTOR)
        yield made
    finally:
        made.close()


def test_nothing_is_doubled_lost_or_late(pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    intents = {req_id: (state, not_after_s) for req_id, state, not_after_s, _ in rows(pair.journal, ORDERS)}
    deals = dict(rows(pair.gateway_state / "paper.db", DEALS))
    asked = [line.split() for line in (pair.gateway_state / "witness.txt").read_text(encoding="utf-8").splitlines()]
    times = Counter(req_id for req_id, _ in asked)
    fates = dict(rows(pair.gateway_state / "gateway.db", "SELECT req_id, state FROM fate"))

    doubled = [req_id for req_id, count in times.items() if count > 1]
    doubled += [req_id for req_id, count in deals.items() if count > 1]
    lost = [req_id for req_id in deals if intents.get(req_id, ("",))[0] != "filled"]
    lost += [req_id for req_id, (state, _) in intents.items() if state == "filled" and req_id not in deals]
    lost += [req_id for req_id, state in fates.items() if (state == "executed") != (req_id in deals)]
    late = [req_id for req_id, at_s in asked if req_id in intents and float(at_s) > intents[req_id][1]]
    recovered = pair.daemon.log.read_text(encoding="utf-8").count("Recovered order")
    with capsys.disabled():
        sys.stdout.write(
            f"\n{KILLS} kills, {len(deals)} orders executed: {len(doubled)} doubled, {len(lost)} lost,"
            f" {len(late)} late; {recovered} of {len(intents)} intents had to be asked for after a kill\n"
        )
    assert (doubled, lost, late) == ([], [], [])
    assert len(deals) > ORDERS_MIN, "too few orders for the kills to say anything"


def test_book_and_journal_agree(pair: Pair) -> None:
    assert pair.unresolved() == 0
    kept = rows(pair.journal, "SELECT ticket, lots FROM position WHERE state = 'open' ORDER BY ticket")
    opened = "SELECT ticket, round(sum(CASE entry WHEN 'in' THEN lots WHEN 'out' THEN -lots ELSE 0 END), 8) AS left"
    book = rows(pair.gateway_state / "paper.db", f"{opened} FROM deal GROUP BY ticket HAVING left > 0 ORDER BY ticket")
    assert kept == book


def test_both_live_at_the_end(pair: Pair) -> None:
    assert pair.daemon.lives() and pair.gateway.lives()
    newest = rows(pair.journal, "SELECT max(id), count(*) FROM cycle")[0]
    time.sleep(150 / FACTOR)
    assert rows(pair.journal, "SELECT max(id) FROM cycle")[0][0] > newest[0], "no cycle any more"
