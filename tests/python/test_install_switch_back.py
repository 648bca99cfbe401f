"""What ends a switch half-way, and what must stand again after it: links, files, units, the journal."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.python.install_fixtures import host, older_host, venv_template, wheels
from tests.python.installed_host import Host, program, wheel

__all__ = ["host", "older_host", "venv_template", "wheels"]

Wheels = dict[str, Path]
APART = ("opt/mt5-crs/releases", "opt/mt5-crs/manifest")

FAILING_COPY = """#!/bin/bash
case "$*" in *{there}*) if [[ "$*" == *releases/0.2.0/* ]]; then echo 'cp: no room' >&2; exit 1; fi ;; esac
exec /bin/cp "$@"
"""


@pytest.fixture
def upgraded(host: Host, wheels: Wheels) -> Host:
    """A host with 0.1.0, which runs."""
    host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    return host


def altered(host: Host, name: str, line: str) -> Path:
    """A copy of deploy/ with a line more in one of its files; its installer."""
    place = host.place / "deploy"
    subprocess.run(["cp", "-r", Path(__file__).parents[2] / "deploy", place], check=True)
    with (place / name).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    return place / "install_service.sh"


def is_enabled(host: Host, unit: str = "mt5-sentinel") -> bool:
    return (host.systemd / f"enabled.{unit}").exists()


def stopped(host: Host) -> Host:
    """The operator has stopped and disabled the service."""
    (host.systemd / "ActiveState").write_text("inactive\n")
    (host.systemd / "enabled.mt5-sentinel").unlink()
    return host


def test_an_error_in_step_6_goes_back(upgraded: Host, wheels: Wheels) -> None:
    before = upgraded.snapshot(without=APART)
    program(upgraded.bin / "cp", FAILING_COPY.format(there="logrotate.d/mt5-sentinel.new"))
    installer = altered(upgraded, "logrotate.d/mt5-sentinel", "# another")
    ran = upgraded.run("--wheel", wheels["0.2.0"], with_systemd=True, installer=installer)
    assert (ran.returncode, "release 0.1.0 runs again" in ran.stderr) == (1, True), ran.stdout + ran.stderr
    assert "cp: no room" in ran.stderr
    assert (upgraded.current(), upgraded.state()) == ("0.1.0", "active")
    assert upgraded.snapshot(without=APART) == before


def test_the_way_back_goes_on_when_a_step_of_it_fails(upgraded: Host, wheels: Wheels) -> None:
    upgraded.behave("0.2.0", "fails")
    program(
        upgraded.bin / "cp",
        '#!/bin/bash\n[[ "$*" != */releases/0.1.0/*logrotate* ]] || exit 1\nexec /bin/cp "$@"\n',
    )
    installer = altered(upgraded, "logrotate.d/mt5-sentinel", "# another")
    ran = upgraded.run("--wheel", wheels["0.2.0"], with_systemd=True, installer=installer)
    assert "this step failed: lay_file 0.1.0 logrotate.d/mt5-sentinel" in ran.stderr
    assert "was not taken back whole; release 0.1.0 runs again" in ran.stderr
    assert (upgraded.current(), upgraded.state()) == ("0.1.0", "active")
    (upgraded.bin / "cp").unlink()
    upgraded.behave("0.2.0", "")
    again = upgraded.run("--wheel", wheels["0.2.0"], with_systemd=True, installer=installer)
    assert (again.returncode, upgraded.current()) == (0, "0.2.0"), again.stderr
    assert not (upgraded.prefix / ".before").exists()


@pytest.mark.parametrize(
    ("number", "code", "current"),
    [(signal.SIGHUP, 0, "0.2.0"), (signal.SIGTERM, 130, "0.1.0"), (signal.SIGINT, 130, "0.1.0")],
)
def test_signals_during_the_gate(upgraded: Host, wheels: Wheels, number: int, code: int, current: str) -> None:
    """The first cycle takes until the signal was sent; nobody reads what the installer prints."""
    upgraded.behave("0.2.0", "silent")
    command = upgraded.command("--wheel", wheels["0.2.0"], with_systemd=True)
    with subprocess.Popen(
        command, env=upgraded.environ(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    ) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if b"Service started" in line:
                break
        run.stdout.close()
        os.kill(run.pid, number)
        if code == 0:
            time.sleep(0.3)
            (upgraded.systemd / "StatusText").write_text("EURUSD HOLD 0.4 below_threshold\n")
        assert run.wait(100) == code
    assert (upgraded.current(), upgraded.state()) == (current, "active")
    assert not [name for name in (".pending", ".before") if (upgraded.prefix / name).exists()]


def test_a_reader_that_is_gone_ends_nothing(upgraded: Host) -> None:
    read, written = os.pipe()
    os.close(read)
    command = upgraded.command("--uninstall", with_systemd=True)
    ran = subprocess.run(
        command, env=upgraded.environ(), stdout=written, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(written)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert not (upgraded.prefix / "current").exists()


def test_a_failed_upgrade_leaves_a_stopped_service_stopped(older_host: Host, wheels: Wheels) -> None:
    stopped(older_host).behave("0.1.0", "fails")
    ran = older_host.run("--wheel", wheels["0.1.0"], "--start", with_systemd=True)
    assert (ran.returncode, "it did not run before" in ran.stderr) == (1, True), ran.stdout + ran.stderr
    assert older_host.state() != "active"
    assert not is_enabled(older_host)
    assert older_host.current() == "older"


def test_an_upgrade_of_a_stopped_service_starts_nothing(upgraded: Host, wheels: Wheels) -> None:
    calls = len(stopped(upgraded).calls())
    told = upgraded.done("--wheel", wheels["0.2.0"], with_systemd=True)
    assert "mt5-sentinel was disabled and stays so" in told
    assert "Not started: it did not run before" in told
    assert (upgraded.current(), upgraded.state(), is_enabled(upgraded)) == ("0.2.0", "inactive", False)
    assert "not running (--start" in upgraded.done("--wheel", wheels["0.2.0"], with_systemd=True)
    assert not [call for call in upgraded.calls()[calls:] if call.split()[0] in ("enable", "start", "restart")]
    upgraded.done("--wheel", wheels["0.2.0"], "--start", with_systemd=True)
    assert (upgraded.state(), is_enabled(upgraded)) == ("active", True)


def beside(host: Host, name: str) -> str:
    return (host.systemd / "beside.mt5-sentinel-gateway" / name).read_text().strip()


def test_the_gateway_goes_back_with_the_daemon(host: Host, wheels: Wheels) -> None:
    host.done("--wheel", wheels["0.1.0"], "--with", "gateway", with_systemd=True)
    pid = beside(host, "MainPID")
    host.behave("0.2.0", "FAULT EURUSD internal_error: KeyError")
    assert host.run("--wheel", wheels["0.2.0"], with_systemd=True).returncode == 1
    assert (host.current(), beside(host, "release"), beside(host, "ActiveState")) == ("0.1.0", "0.1.0", "active")
    assert beside(host, "MainPID") != pid


@pytest.mark.parametrize("does", ["dies", "fails"])
def test_a_gateway_that_does_not_stay_up_is_switched_back(upgraded: Host, wheels: Wheels, does: str) -> None:
    upgraded.behave("mt5-sentinel-gateway", does)
    ran = upgraded.run("--wheel", wheels["0.2.0"], "--with", "gateway", with_systemd=True)
    assert (ran.returncode, "release 0.1.0 runs again" in ran.stderr) == (1, True), ran.stdout + ran.stderr
    assert (upgraded.current(), upgraded.state()) == ("0.1.0", "active")
    assert not is_enabled(upgraded, "mt5-sentinel-gateway")
    assert not (upgraded.root / "etc/systemd/system/mt5-sentinel-gateway.service").exists()
    assert not (upgraded.prefix / "with").exists()


def journal(host: Host, schema: int | None = None, row: str = "") -> tuple[int, list[str]]:
    """Bring the journal to a schema, and write a row; its schema and rows."""
    place = host.root / "var/lib/mt5-sentinel"
    place.mkdir(exist_ok=True)
    with closing(sqlite3.connect(place / "journal.db")) as db, db:
        db.execute("CREATE TABLE IF NOT EXISTS cycle (name)")
        if schema is not None:
            db.execute(f"PRAGMA user_version = {schema}")
            db.execute("INSERT INTO cycle VALUES (?)", (row,))
        found = [name for (name,) in db.execute("SELECT name FROM cycle")]
        return db.execute("PRAGMA user_version").fetchone()[0], found


@pytest.fixture
def migrating(host: Host, tmp_path: Path) -> Wheels:
    """0.1.0 writes schema 3 and has run; 0.2.0 writes schema 4."""
    made = {version: wheel(tmp_path / "w", version, schema=schema) for version, schema in (("0.1.0", 3), ("0.2.0", 4))}
    journal(host, 3, "old")
    host.done("--wheel", made["0.1.0"], with_systemd=True)
    host.behave("0.2.0.migrates", "4")
    return made


def test_a_migrated_journal_is_restored_on_the_way_back(host: Host, migrating: Wheels) -> None:
    host.behave("0.2.0", "FAULT EURUSD internal_error: KeyError")
    ran = host.run("--wheel", migrating["0.2.0"], with_systemd=True)
    assert ran.returncode == 1
    assert (
        "migrates the journal (schema 3 to 4): a copy is kept as /opt/mt5-crs/kept/state-of-schema-3.tar" in ran.stdout
    )
    assert "was put in its place: what was decided and traded since is not in it." in ran.stdout
    assert (host.current(), host.state(), journal(host)) == ("0.1.0", "active", (3, ["old"]))
    assert (host.prefix / "kept/state-of-schema-3.tar").stat().st_mode & 0o777 == 0o600
    (aside,) = (host.root / "var/lib/mt5-sentinel").glob("newer-*")
    with closing(sqlite3.connect(aside / "journal.db")) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == 4


def test_a_rollback_restores_the_journal(host: Host, migrating: Wheels) -> None:
    host.done("--wheel", migrating["0.2.0"], with_systemd=True)
    journal(host, 4, "new")
    told = host.done("--rollback", with_systemd=True)
    assert "The newer files are in /var/lib/mt5-sentinel/newer-" in told
    assert (host.current(), journal(host)) == ("0.1.0", (3, ["old"]))
    journal(host, 3, "again")
    host.done("--rollback", with_systemd=True)
    assert (host.current(), journal(host)) == ("0.2.0", (4, ["old", "again"])), "the newest copy was migrated"
    host.done("--rollback", with_systemd=True)
    assert journal(host) == (3, ["old", "again"])


def test_a_rollback_without_a_copy_is_refused_first(host: Host, migrating: Wheels) -> None:
    host.done("--wheel", migrating["0.2.0"], with_systemd=True)
    (host.prefix / "kept/state-of-schema-3.tar").unlink()
    calls, before = len(host.calls()), host.snapshot()
    ran = host.run("--rollback", with_systemd=True)
    assert (ran.returncode, "no copy of an older one is kept" in ran.stderr) == (1, True), ran.stdout + ran.stderr
    assert host.snapshot() == before
    assert not [call for call in host.calls()[calls:] if call.split()[0] in ("stop", "start")]


def test_the_same_schema_is_never_restored(host: Host, migrating: Wheels, tmp_path: Path) -> None:
    host.done("--wheel", migrating["0.2.0"], with_systemd=True)
    host.done("--wheel", wheel(tmp_path / "w", "0.3.0", schema=4), with_systemd=True)
    journal(host, 4, "new")
    host.done("--rollback", with_systemd=True)
    assert (host.current(), journal(host)) == ("0.2.0", (4, ["old", "new"]))
    assert not list((host.root / "var/lib/mt5-sentinel").glob("newer-*"))
