"""The service on a real systemd, from its installation to its removal. Each test goes on where the one before ended."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.python.host import wheels
from tests.python.host.conftest import Measured
from tests.python.host.service import DELAY, EXEC_START, PREFIX, TOKEN, TRADES, Service

RESTART_S = 10.0
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

BEFORE: set[str] = set()
"""Files of the machine that were there before anything of ours was."""

LAID = tuple(f"/etc/{name}" for name in ("logrotate.d/mt5-sentinel", "sysusers.d/mt5-sentinel.conf"))
"""Two of the files that are laid down elsewhere."""

ACCOUNTS = {
    f"/etc/{name}{end}" for name in ("passwd", "group", "shadow", "gshadow", "subuid", "subgid") for end in ("", "-")
}
"""Changed by whatever makes or removes a user; what they hold is looked at."""

pytestmark = pytest.mark.usefixtures("in_order")


def seconds_of_cycles(lines: str) -> list[str]:
    return re.findall(r"TRADING CYCLE START: \S+T\d\d:\d\d:(\d\d)", lines)


def release(wheel: Path, made: Path, version: str, added: dict[str, str]) -> str:
    """A wheel of another version, where the machine sees it."""
    told = {"mt5_sentinel/__init__.py": f'__version__ = "{version}"'}
    return f"/mnt/made/{wheels.altered(wheel, made, version, told | added).name}"


def test_install_from_a_wheel(service: Service, wheel: Path, wheelhouse: str, measured: Measured) -> None:
    service.bring_market_data()
    BEFORE.update(service.machine.changed_files())
    service.configure()
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
    assert took_s >= RESTART_S - 0.5
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
    mark = service.mark()
    service.systemctl("restart", "mt5-sentinel")
    service.wait_for("Decision: ", mark)
    old = service.pid
    service.machine.check("kill", "-STOP", str(old))
    took_s = service.wait_for_new_pid(old, 60)
    assert took_s >= RESTART_S + 4
    told = service.journal(mark)
    assert "Watchdog timeout" in told
    assert "Fatal Python error: Aborted" in told, "the journal shows where it hung"
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
    service.machine.check("rm", "/opt/hog.py")
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
    service.machine.check("cp", "-p", config, f"{config}.good")
    service.machine.check("sh", "-c", f"echo 'interval = \"2h\"' >> {config}")
    mark = service.mark()
    assert service.machine.run("systemctl", "restart", "mt5-sentinel").returncode != 0
    assert (service.show("ActiveState"), service.show("SubState")) == ("failed", "failed")
    assert (service.show("ExecMainStatus"), service.show("NRestarts")) == ("78", "0")
    assert "interval" in service.journal(mark)
    measured("failed at once, status 78, no restart")
    service.machine.check("mv", f"{config}.good", config)
    service.systemctl("restart", "mt5-sentinel")
    assert service.is_active()


def test_a_second_run_changes_nothing(service: Service, wheel: Path, wheelhouse: str) -> None:
    places = (PREFIX, "/etc/systemd/system", "/etc/mt5-sentinel", *LAID)
    before, contents, pid = service.machine.changed_files(), service.machine.contents(*places), service.pid
    assert {f"{PREFIX}/manifest", f"{PREFIX}/current", *LAID} <= set(contents)
    done = service.install(wheel.name, wheelhouse)
    assert done.returncode == 0, done.stdout + done.stderr
    assert service.pid == pid
    assert service.machine.changed_files() == before
    assert service.machine.contents(*places) == contents


def test_upgrade_to_a_release_that_fails_each_cycle(
    service: Service, wheel: Path, wheelhouse: str, made: Path, measured: Measured
) -> None:
    fault = "def cycle(*_, **__): raise RuntimeError('of a broken release')"
    broken = release(wheel, made, "0.1.1", {"mt5_sentinel/cycle.py": fault})
    good, mark = service.release(), service.mark()
    done = service.install(broken, wheelhouse)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAULT EURUSD internal_error" in done.stderr
    assert service.release() == good
    assert service.is_active()
    service.wait_for("Decision: ", mark)
    stood = "of a broken release" in service.journal(mark)
    assert stood, "the broken release was really started"
    measured(f"{broken.split('-')[1]} was judged, {service.release()} runs again")


def test_upgrade_to_a_release_that_does_not_import(
    service: Service, wheel: Path, wheelhouse: str, made: Path, measured: Measured
) -> None:
    broken = release(wheel, made, "0.1.2", {"mt5_sentinel/daemon.py": "import no_such_module"})
    good, pid = service.release(), service.pid
    done = service.install(broken, wheelhouse)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "no_such_module" in done.stderr
    assert (service.release(), service.pid) == (good, pid)
    measured("refused before anything was stopped")


def test_upgrade_and_rollback(service: Service, wheel: Path, wheelhouse: str, made: Path, measured: Measured) -> None:
    first, pid = service.release(), service.pid
    done = service.install(release(wheel, made, "0.1.3", {}), wheelhouse)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (service.release(), service.release("previous")) == ("0.1.3", first)
    assert service.pid not in (0, pid)
    assert service.machine.check("mt5-sentinel", "--version").strip() == "mt5-sentinel 0.1.3"
    done = service.installer("--rollback")
    assert done.returncode == 0, done.stdout + done.stderr
    assert service.release() == first
    assert service.is_active()
    measured(f"{first} → 0.1.3 → {service.release()}")


def test_reboot(service: Service, measured: Measured) -> None:
    old, mark, began = service.machine.leader, service.mark(), time.monotonic()
    service.machine.reboot()
    assert service.machine.leader != old
    service.wait_until("it is back", service.is_active, 60)
    took_s = time.monotonic() - began
    service.wait_for("Decision: ", mark)
    assert service.show("NRestarts") == "0"
    measured(f"active by itself {took_s:.1f} s after the command; {service.show('StatusText')}")


def test_logrotate_and_writing_goes_on(service: Service, measured: Measured) -> None:
    service.drop_in("eager", f"[Service]\nExecStart=\nExecStart={EXEC_START.replace('0.6', '0.34')}\n")
    seed = service.trade()
    before = service.trades()
    force = ["logrotate", "-v", "-f", "-s", "/var/lib/logrotate/status", "/etc/logrotate.d/mt5-sentinel"]
    done = service.machine.run(*force)
    assert "error:" not in done.stdout + done.stderr, done.stderr
    assert done.returncode == 0
    (rotated,) = service.machine.check("sh", "-c", f"ls {TRADES}-*").split()
    assert (service.trades(), service.trades(rotated)) == (0, before)
    assert service.machine.check("stat", "-c", "%a %U", TRADES).strip() == "640 mt5-sentinel"
    service.begin_anew(seed)
    service.wait_until("a trade in the new file", lambda: service.trades() > 0)
    assert service.trades(rotated) == before
    service.drop_in("eager", "")
    measured(f"{before} lines in {rotated.rpartition('/')[2]}, {service.trades()} in the new file")


def test_uninstall_leaves_only_user_data(service: Service, measured: Measured) -> None:
    done = service.installer("--uninstall")
    assert done.returncode == 0, done.stdout + done.stderr
    assert service.machine.run("pgrep", "-f", "sentinel_daemon").stdout == ""
    assert service.show("LoadState") == "not-found"
    left = service.machine.changed_files() - BEFORE - ACCOUNTS
    kept = {path for path in left if not path.startswith(("/var/lib/mt5-sentinel/", "/var/log/mt5-sentinel/"))}
    assert kept == {
        *(f"{PREFIX}/.env", f"{PREFIX}/manifest", "/etc/mt5-sentinel/config.toml"),
        "/etc/mt5-sentinel/credentials/eodhd_api_token",
    }
    assert {"/var/lib/mt5-sentinel/journal.db", TRADES} <= left
    measured(f"{len(left)} files: settings, secrets, journal, trades")


def test_purge_leaves_nothing(service: Service, measured: Measured) -> None:
    done = service.installer("--uninstall", "--purge", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert service.machine.changed_files() - BEFORE - ACCOUNTS == set()
    for path in ("/etc/passwd", "/etc/group"):
        assert "mt5-sentinel" not in service.machine.check("cat", path)
    for path in (PREFIX, "/etc/mt5-sentinel", "/var/lib/mt5-sentinel", "/var/log/mt5-sentinel"):
        assert service.machine.run("test", "-e", path).returncode == 1, path
    measured("no file, no user")
