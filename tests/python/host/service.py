"""The installed service within the machine, as an operator sees it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.python.host.machine import Done, Machine, wait_until

UNIT = "mt5-sentinel"
PREFIX = "/opt/mt5-crs"
EXEC_START = f"{PREFIX}/venv/bin/python {PREFIX}/src/strategy/sentinel_daemon.py --dry-run --threshold 0.6"
TOKEN = "token-of-the-stand-in"
PORT = 8181
DELAY = "/run/eodhd-delay"
SEED = "/run/eodhd-seed"
TRADES = "/var/log/mt5-sentinel/trades.jsonl"

STAND_IN = f"""[Unit]
Description=stand-in for the market data API
[Service]
WorkingDirectory=/mnt/checkout
Environment=PYTHONDONTWRITEBYTECODE=1
ExecStart=/usr/bin/python3 -m tests.python.host.stand_in {PORT} {TOKEN} {DELAY} {SEED}
[Install]
WantedBy=multi-user.target
"""

VARIABLES = f"""MT5_SENTINEL_EODHD_URL=http://127.0.0.1:{PORT}
MT5_SENTINEL_MARKET=always
MT5_SENTINEL_SIGNAL_AGE_MAX_S=7200
"""


@dataclass
class Service:
    """mt5-sentinel.service in a machine."""

    machine: Machine
    wheels: str = "/mnt/wheels"

    def bring_market_data(self) -> None:
        """The market data API as a service of its own, which a reboot brings back too."""
        self.machine.write("/etc/systemd/system/eodhd.service", STAND_IN)
        self.machine.check("systemctl", "daemon-reload")
        self.machine.check("systemctl", "enable", "--now", "eodhd")

    def configure(self) -> None:
        """What a user writes before the installation."""
        self.machine.write(f"{PREFIX}/.env", VARIABLES, mode=0o600)
        self.machine.write("/etc/mt5-sentinel/credentials/eodhd_api_token", f"{TOKEN}\n", mode=0o600)

    def installer(self, *options: str, timeout_s: float = 200) -> Done:
        """Run the installer of the checkout."""
        return self.machine.run("/mnt/checkout/deploy/install_service.sh", *options, timeout_s=timeout_s)

    def systemctl(self, *words: str) -> str:
        """One that has to succeed."""
        return self.machine.check("systemctl", *words)

    def show(self, name: str, unit: str = UNIT) -> str:
        """A property of the unit."""
        return self.machine.check("systemctl", "show", "--value", "--property", name, unit).strip()

    @property
    def pid(self) -> int:
        """Main process; 0 where there is none."""
        return int(self.show("MainPID"))

    def is_active(self) -> bool:
        """Active: the daemon has said READY=1."""
        return self.show("ActiveState") == "active"

    def mark(self) -> str:
        """Where the journal is now."""
        shown = self.machine.check("journalctl", "--lines=0", "--show-cursor")
        return shown.partition("cursor: ")[2].strip()

    def journal(self, mark: str = "") -> str:
        """What the service, and systemd about it, has written since."""
        since = [f"--after-cursor={mark}"] if mark else []
        return self.machine.check("journalctl", "--quiet", "--output=cat", "--unit", UNIT, *since)

    def wait_for(self, text: str, mark: str = "", timeout_s: float = 30) -> float:
        """Wait for a line of the journal; the seconds it took."""
        return self.wait_until(f"{text!r} in the journal", lambda: text in self.journal(mark), timeout_s)

    def wait_until(self, told: str, is_so: Callable[[], bool], timeout_s: float = 30) -> float:
        """Wait, and show the unit where it does not become so."""
        return wait_until(told, is_so, timeout_s, self.state)

    def wait_for_new_pid(self, old: int, timeout_s: float = 40) -> float:
        """Wait until another process is there and ready; the seconds it took."""
        return self.wait_until(
            f"another process than {old}", lambda: self.pid not in (0, old) and self.is_active(), timeout_s
        )

    def state(self) -> str:
        """For a failure: its state and its newest lines."""
        shown = self.machine.run("systemctl", "status", "--no-pager", "--full", "--lines=0", UNIT).stdout
        return f"{shown}\n{self.journal()[-4000:]}"

    def drop_in(self, name: str, text: str) -> None:
        """Add lines to the unit; empty: take them away again."""
        directory = f"/etc/systemd/system/{UNIT}.service.d"
        if text:
            self.machine.write(f"{directory}/{name}.conf", text)
        else:
            self.machine.check("rm", f"{directory}/{name}.conf")
            self.machine.check("rmdir", "--ignore-fail-on-non-empty", directory)
        self.systemctl("daemon-reload")

    def timed(self, *words: str) -> float:
        """Seconds a systemctl command takes."""
        began = time.monotonic()
        self.systemctl(*words)
        return time.monotonic() - began

    def install(self, wheel: str, wheelhouse: str, *options: str) -> Done:
        """Install, or upgrade to, a wheel of ``/mnt/wheels`` or ``/mnt/made``."""
        path = wheel if wheel.startswith("/") else f"{self.wheels}/{wheel}"
        return self.installer("--wheel", path, "--wheelhouse", wheelhouse, *options)

    def release(self, link: str = "current") -> str:
        """The release that a link of the installation names."""
        return self.machine.check("readlink", f"{PREFIX}/{link}").strip().removeprefix("releases/")

    def begin_anew(self, seed: int) -> None:
        """Start without journal, cache and paper book, on other bars."""
        self.systemctl("stop", UNIT)
        self.machine.check("find", "/var/lib/mt5-sentinel", "-type", "f", "-delete")
        self.machine.write(SEED, str(seed))
        mark = self.mark()
        self.systemctl("start", UNIT)
        self.wait_for("Decision: ", mark)

    def trades(self, path: str = TRADES) -> int:
        """Lines of the file of trades."""
        return self.machine.run("cat", path).stdout.count("\n")

    def trade(self) -> int:
        """Begin anew until bars make it trade on paper; the seed of these bars."""
        before = self.trades()
        for seed in range(60):
            self.begin_anew(seed)
            if "filled" in self.show("StatusText"):
                self.wait_until("the trade is in its file", lambda: self.trades() > before)
                return seed
        raise AssertionError(f"no bars made it trade\n{self.state()}")
