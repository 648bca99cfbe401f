"""Upgrades that fail on a real systemd, and what stands again after them; each test goes on where the last ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.python.host import wheels
from tests.python.host.conftest import Measured
from tests.python.host.service import PREFIX, Service

GATEWAY = "mt5-sentinel-gateway"
STATE = "/var/lib/mt5-sentinel"
FAULT = "def cycle(*_, **__): raise RuntimeError('of a broken release')"
MIGRATES = "STEPS = (*STEPS, 'ALTER TABLE cycle ADD COLUMN later TEXT;')\nVERSION = len(STEPS)"
SLOW_FAULT = """
_well = cycle
def cycle(desk, *words, **named):
    if desk.settings.symbol == 'GBPUSD':
        import time; time.sleep(3)
        raise RuntimeError('broken for the slower symbol')
    return _well(desk, *words, **named)
"""
SYMBOLS = """[[symbol]]
name = "EURUSD"
[[symbol]]
name = "GBPUSD"
model_bundle = "/etc/mt5-sentinel/model.txt"
allow_bare_model = true
"""

pytestmark = pytest.mark.usefixtures("in_order")


def release(wheel: Path, made: Path, version: str, added: dict[str, str]) -> str:
    """A wheel of another version, where the machine sees it."""
    told = {"mt5_sentinel/__init__.py": f'__version__ = "{version}"'}
    return f"/mnt/made/{wheels.altered(wheel, made, version, told | added).name}"


def fails(service: Service, wheel: str, wheelhouse: str, *options: str) -> str:
    """An upgrade that is taken back; what it said of it."""
    good, schema = service.release(), journal_schema(service)
    done = service.install(wheel, wheelhouse, *options)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"release {good} runs again" in done.stderr, done.stdout + done.stderr
    assert (service.release(), service.is_active(), journal_schema(service)) == (good, True, schema)
    return done.stdout + done.stderr


def journal_schema(service: Service) -> int:
    script = (
        f"import sqlite3; print(sqlite3.connect('{STATE}/journal.db').execute('PRAGMA user_version').fetchone()[0])"
    )
    return int(service.machine.check("python3", "-c", script))


def gateway_release(service: Service) -> str:
    """The release whose files the gateway runs."""
    maps = service.machine.check("cat", f"/proc/{service.show('MainPID', GATEWAY)}/maps")
    (found,) = {line.split("/releases/")[1].split("/")[0] for line in maps.splitlines() if "/releases/" in line}
    return found


def test_a_first_release(service: Service, wheel: Path, wheelhouse: str) -> None:
    service.bring_market_data()
    service.configure()
    done = service.install(wheel.name, wheelhouse, "--with", "gateway")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{GATEWAY} runs as process" in done.stdout


def test_a_journal_that_the_failed_release_migrated(
    service: Service, wheel: Path, wheelhouse: str, made: Path, measured: Measured
) -> None:
    added = {"mt5_sentinel/cycle.py": FAULT, "mt5_sentinel/journal_schema.py": MIGRATES}
    schema, good, mark = journal_schema(service), service.release(), service.mark()
    told = fails(service, release(wheel, made, "0.2.0", added), wheelhouse)
    assert f"migrates the journal (schema {schema} to {schema + 1})" in told
    assert "was put in its place" in told
    service.wait_for("Decision: ", mark)
    owners = service.machine.check("find", STATE, "!", "-user", "mt5-sentinel")
    assert owners == "", "root wrote nothing there"
    kept = f"{PREFIX}/kept/state-of-schema-{schema}.tar"
    assert service.machine.check("stat", "-c", "%U %a", kept).strip() == "root 600"
    assert gateway_release(service) == good, "it went back, too"
    measured(f"schema {schema} again, the gateway runs {good} again")


def test_the_slower_of_two_symbols_has_a_fault(
    service: Service, wheel: Path, wheelhouse: str, made: Path, measured: Measured
) -> None:
    bundled = f"{PREFIX}/venv/lib/python3*/site-packages/mt5_sentinel/bundled/model/model.txt"
    service.machine.check("sh", "-c", f"install -m 644 {bundled} /etc/mt5-sentinel/model.txt")
    service.machine.check("cp", "-p", "/etc/mt5-sentinel/config.toml", "/root/config.toml")
    service.machine.check("sh", "-c", 'echo "$1" >> /etc/mt5-sentinel/config.toml', "sh", SYMBOLS)
    service.systemctl("restart", "mt5-sentinel")
    told = fails(service, release(wheel, made, "0.3.0", {"mt5_sentinel/cycle.py": SLOW_FAULT}), wheelhouse)
    assert "a cycle met a fault of the program: FAULT GBPUSD" in told
    service.machine.check("cp", "-p", "/root/config.toml", "/etc/mt5-sentinel/config.toml")
    service.systemctl("restart", "mt5-sentinel")
    measured("waited for both, and taken back")


def test_what_cannot_be_written_is_told_before_the_stop(
    service: Service, wheel: Path, wheelhouse: str, made: Path
) -> None:
    pid, place = service.pid, "/etc/logrotate.d"
    service.machine.check("mount", "--bind", place, place)
    service.machine.check("mount", "-o", "remount,bind,ro", place)
    done = service.install(release(wheel, made, "0.5.0", {}), wheelhouse)
    assert (done.returncode, f"{place} cannot be written" in done.stderr) == (1, True), done.stdout + done.stderr
    assert service.pid == pid
    service.machine.check("umount", place)


def test_an_error_in_step_6(service: Service, wheel: Path, wheelhouse: str, made: Path, measured: Measured) -> None:
    """A file that is a mount point is writable, and cannot be replaced."""
    file = "/etc/logrotate.d/mt5-sentinel"
    service.machine.check("cp", "-r", "/mnt/checkout/deploy", "/root/deploy")
    service.machine.check("sh", "-c", "echo '# another' >> /root/deploy/logrotate.d/mt5-sentinel")
    service.machine.check("mount", "--bind", file, file)
    good = service.release()
    wanted = ["--wheel", release(wheel, made, "0.6.0", {}), "--wheelhouse", wheelhouse]
    done = service.machine.run("/root/deploy/install_service.sh", *wanted, timeout_s=200)
    assert (done.returncode, f"release {good} runs again" in done.stderr) == (1, True), done.stdout + done.stderr
    assert (service.release(), service.is_active()) == (good, True)
    assert gateway_release(service) == good
    service.machine.check("umount", file)
    measured("the service was started again")
