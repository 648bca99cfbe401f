"""The service on a real systemd, from its installation to its removal. Each test goes on where the one before ended."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.python.host import wheels
from tests.python.host.conftest import Measured
from tests.python.host.service import DELAY, PREFIX, TOKEN, Service

RESTART_S = 10.0
SLACK_S = 8.0
MEMORY_MB = 1024
HOG = """import os, socket, time
door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
door.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
held = []
while len(held) < 1500:
    held.append(b"x" * (1 << 20))
    if len(held) % 64 == 0:
        print("held", len(held), "MiB", flush=True)
time.sleep(600)
"""

pytestmark = pytest.mark.usefixtures("in_order")


def seconds_of_cycles(lines: str) -> list[str]:
    return re.findall(r"TRADING CYCLE START: \S+T\d\d:\d\d:(\d\d)", lines)


def test_install_from_a_wheel(service: Service, wheel: Path, wheelhouse: str, measured: Measured) -> None:
    service.prepare()
    done = service.install(wheel.name, wheelhouse)
    assert done.returncode == 0, done.stdout + done.stderr
    for number in range(1, 8):
        assert f"[Step {number}/7]" in done.stdout
    assert service.systemctl("is-active", "mt5-sentinel").strip() == "active", "READY=1 was received"
    assert service.systemctl("is-enabled", "mt5-sentinel").strip() == "enabled"
    assert service.show("Type") == "notify"
    assert service.show("StatusText").startswith("EURUSD ")
    owner = service.machine.check("ps", "-o", "user=", "-p", str(service.pid)).strip()
    assert owner == "mt5-sentinel"
    measured(f"active, enabled, READY received; {service.show('StatusText')}")


def test_the_token_is_seen_by_the_daemon_alone(service: Service) -> None:
    """It fetched with it (the stand-in refuses others); neither environment, properties nor journal show it."""
    assert "✓ Fetched 599 bars" in service.journal()
    environ = service.machine.check("cat", f"/proc/{service.pid}/environ")
    assert "NOTIFY_SOCKET" in environ
    shown = environ + service.systemctl("show", "mt5-sentinel") + service.systemctl("cat", "mt5-sentinel")
    assert TOKEN not in shown + service.journal()
    path = "/run/credentials/mt5-sentinel.service/eodhd_api_token"
    assert service.machine.check("cat", path).strip() == TOKEN
    assert service.machine.run("setpriv", "--reuid=65534", "--clear-groups", "cat", path).returncode != 0


def test_cycles_in_the_journal_at_second_58(service: Service, measured: Measured) -> None:
    service.wait_until("two cycles", lambda: len(seconds_of_cycles(service.journal())) >= 2, 75)
    service.wait_until("two decisions", lambda: service.journal().count("Decision: ") >= 2, 10)
    assert seconds_of_cycles(service.journal())[1] in ("58", "59")
    measured(f"seconds of their starts: {', '.join(seconds_of_cycles(service.journal()))}")


def test_kill_9_and_a_new_process(service: Service, measured: Measured) -> None:
    old = service.pid
    service.machine.check("kill", "-9", str(old))
    took_s = service.wait_for_new_pid(old)
    assert RESTART_S - 0.5 <= took_s < RESTART_S + SLACK_S
    assert service.show("NRestarts") == "1"
    measured(f"PID {old} → {service.pid} after {took_s:.1f} s")


def test_reload_keeps_the_process(service: Service, measured: Measured) -> None:
    old, mark = service.pid, service.mark()
    took_s = service.timed("reload", "mt5-sentinel")
    service.wait_for("Configuration reloaded", mark)
    service.wait_until("it is active again", service.is_active)
    assert service.pid == old
    measured(f"{took_s:.1f} s")


def test_a_hang_and_the_watchdog(service: Service, measured: Measured) -> None:
    """With a watchdog of 6 s instead of 120 s, so that the test need not wait; nothing else is changed."""
    service.drop_in("watchdog", "[Service]\nWatchdogSec=6\n")
    service.systemctl("restart", "mt5-sentinel")
    service.wait_for("Decision: ", mark := service.mark())
    old = service.pid
    service.machine.check("kill", "-STOP", str(old))
    took_s = service.wait_for_new_pid(old, 60)
    assert took_s >= RESTART_S + 4
    assert "Watchdog timeout" in service.journal(mark)
    measured(f"stopped at PID {old}, PID {service.pid} after {took_s:.1f} s (WatchdogSec=6 for this test)")
    service.drop_in("watchdog", "")
    service.systemctl("restart", "mt5-sentinel")
    assert service.show("WatchdogUSec") == "2min"


def test_more_memory_than_the_cap(service: Service, measured: Measured) -> None:
    """A program that takes 1.5 GB, under the unit as it is but for the command."""
    service.machine.write("/opt/hog.py", HOG)
    service.drop_in("hog", "[Service]\nExecStart=\nExecStart=/usr/bin/python3 /opt/hog.py\n")
    mark = service.mark()
    service.systemctl("restart", "mt5-sentinel")
    hog = service.pid
    service.wait_until("the hog is killed", lambda: service.pid != hog, 60)
    ended = service.journal(mark)
    assert "code=killed, status=9/KILL" in ended, ended
    held = max(int(number) for number in re.findall(r"held (\d+) MiB", ended))
    assert MEMORY_MB * 0.85 < held < MEMORY_MB, ended
    service.drop_in("hog", "")  # what is restarted after ten seconds is the daemon again
    took_s = service.wait_for_new_pid(hog)
    service.wait_for("Decision: ", mark)
    measured(f"killed after {held} MiB, the daemon was back {took_s:.1f} s later")


def test_sigterm_in_a_cycle_that_fetches(service: Service, measured: Measured) -> None:
    service.systemctl("stop", "mt5-sentinel")
    service.machine.check("rm", "-f", "/var/lib/mt5-sentinel/bars.db")  # or there is nothing to fetch
    service.machine.write(DELAY, "2")
    mark = service.mark()
    service.systemctl("start", "mt5-sentinel")
    service.wait_for("Fetching market data", mark)
    assert "Fetched" not in service.journal(mark), "it fetches for 2 s"
    took_s = service.timed("stop", "mt5-sentinel")
    lines = service.journal(mark)
    assert took_s < 5
    assert "Decision: " in lines, "the cycle was finished"
    assert "stopped, the last cycle was finished" in lines
    assert (service.show("Result"), service.show("ExecMainStatus")) == ("success", "0")
    service.machine.check("rm", DELAY)
    measured(f"{took_s:.1f} s, of a fetch of 2 s; exit code 0, the cycle was finished")


def test_a_token_in_env_goes_on_working(service: Service) -> None:
    """No credential file stops the start, as for whoever comes from the older installation."""
    path = "/etc/mt5-sentinel/credentials/eodhd_api_token"
    service.machine.check("mv", path, f"{path}.away")
    service.machine.check("sh", "-c", f"echo EODHD_API_TOKEN={TOKEN} >> {PREFIX}/.env")
    service.machine.check("rm", "-f", "/var/lib/mt5-sentinel/bars.db")
    mark = service.mark()
    service.systemctl("start", "mt5-sentinel")
    service.wait_for("✓ Fetched 599 bars", mark)
    assert TOKEN not in service.journal()
    service.machine.check("mv", f"{path}.away", path)
    service.machine.check("sed", "-i", "/^EODHD_API_TOKEN=/d", f"{PREFIX}/.env")


def test_exit_78_stays_down(service: Service, measured: Measured) -> None:
    config = "/etc/mt5-sentinel/config.toml"
    before = service.machine.run("cat", config).stdout
    service.machine.write(config, "threshold = 7\n")
    mark = service.mark()
    assert service.machine.run("systemctl", "restart", "mt5-sentinel").returncode != 0
    assert (service.show("ActiveState"), service.show("SubState")) == ("failed", "failed")
    assert (service.show("ExecMainStatus"), service.show("NRestarts")) == ("78", "0")
    assert "threshold" in service.journal(mark)
    measured("failed at once, status 78, no restart")
    service.machine.write(config, before)
    service.systemctl("restart", "mt5-sentinel")
    assert service.is_active()
