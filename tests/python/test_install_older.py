"""The older installation, taken over and brought back: nothing of the user's is lost."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.python import older_installation
from tests.python.install_fixtures import older_host, venv_template, wheels
from tests.python.installed_host import Host

__all__ = ["older_host", "venv_template", "wheels"]

Wheels = dict[str, Path]


def hashes(root: Path) -> set[str]:
    """Of every file, wherever it lies."""
    return {
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def test_upgrade_loses_nothing(older_host: Host, wheels: Wheels) -> None:
    before = hashes(older_host.root)
    told = older_host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    assert before <= hashes(older_host.root)
    older = older_host.prefix / "releases/older"
    assert (older / "deploy/mt5-sentinel.service").read_text() == older_installation.UNIT
    assert (older / "venv/bin/python").exists()
    env = older_host.prefix / ".env"
    assert env.read_text() == older_installation.FILES["opt/mt5-crs/.env"]
    assert env.stat().st_mode & 0o777 == 0o600
    assert "Mode of /opt/mt5-crs/.env was 644, is 600 now" in told
    changed = {
        name
        for name, text in older_installation.FILES.items()
        if not (older_host.root / name).exists() or (older_host.root / name).read_text() != text
    }
    assert changed == {
        "etc/systemd/system/mt5-sentinel.service",
        "etc/logrotate.d/mt5-sentinel",
        "opt/mt5-crs/src/strategy/sentinel_daemon.py",
        "opt/mt5-crs/venv/pyvenv.cfg",
        "opt/mt5-crs/venv/lib/python3.10/site-packages/pandas/__init__.py",
    }
    assert older_host.current() == "0.1.0"
    assert (older_host.prefix / "previous").readlink() == Path("releases/older")
    unit = (older_host.root / "etc/systemd/system/mt5-sentinel.service").read_text()
    assert older_installation.UNIT.splitlines()[8] in unit, "the same ExecStart"
    assert older_installation.UNIT.splitlines()[8].startswith("ExecStart=")


def test_rollback_brings_it_back_as_it_was(older_host: Host, wheels: Wheels) -> None:
    before = older_installation.files(older_host.root)
    older_host.done("--wheel", wheels["0.1.0"], "--with", "gateway", with_systemd=True)
    assert older_installation.files(older_host.root) != before
    told = older_host.done("--rollback", with_systemd=True)
    assert older_installation.files(older_host.root) == before
    assert older_host.current() == "older"
    assert older_host.state() == "active"
    assert "its unit tells nothing of cycles" in told
    assert not (older_host.root / "etc/sysusers.d/mt5-sentinel.conf").exists()
    assert "disable --now mt5-sentinel-gateway.service" in older_host.calls(), "it had no gateway"
    assert not (older_host.root / "etc/systemd/system/mt5-sentinel-gateway.service").exists()
    launcher = older_host.prefix / "src/strategy/sentinel_daemon.py"
    assert launcher.stat().st_mode & 0o777 == 0o755
    # And forward again, by the release that is there.
    older_host.done("--rollback", with_systemd=True)
    assert older_host.current() == "0.1.0"
    assert (older_host.root / "etc/sysusers.d/mt5-sentinel.conf").exists()
    assert older_host.calls().count("enable mt5-sentinel-gateway") == 2


def test_a_first_release_that_fails_brings_the_older_one_back(older_host: Host, wheels: Wheels) -> None:
    before = older_installation.files(older_host.root)
    (older_host.systemd / "behaviour/0.1.0").write_text("FAULT EURUSD internal_error: KeyError")
    ran = older_host.run("--wheel", wheels["0.1.0"], with_systemd=True)
    assert (ran.returncode, "release older runs again" in ran.stderr) == (1, True), ran.stderr
    assert older_installation.files(older_host.root) == before
    assert older_host.state() == "active"


def test_a_failed_preflight_leaves_it_byte_identical(older_host: Host, wheels: Wheels, tmp_path: Path) -> None:
    (older_host.root / "opt/mt5-crs/.env").write_text("EODHD_API_KEY=\n#EODHD_API_TOKEN=x\n")
    before = older_host.snapshot()
    ran = older_host.run("--wheel", wheels["0.1.0"], with_systemd=True)
    assert (ran.returncode, "no token of the market data API" in ran.stderr) == (1, True), ran.stderr
    assert older_host.run("--wheel", wheels["broken"], "--no-start", with_systemd=True).returncode == 1
    assert older_host.snapshot() == before


def test_uninstall_keeps_it_aside(older_host: Host, wheels: Wheels) -> None:
    before = hashes(older_host.root)
    older_host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    told = older_host.done("--uninstall", "--purge", "--yes", with_systemd=True)
    assert before <= hashes(older_host.root)
    assert "/opt/mt5-crs/releases/older" in told
    assert "is the installation that was here before" in told
    assert not (older_host.root / "etc/systemd/system/mt5-sentinel.service").exists()
    assert not (older_host.prefix / "manifest").exists()


def test_uninstall_after_a_rollback_gives_it_back_whole(older_host: Host, wheels: Wheels) -> None:
    (older_host.prefix / ".env").chmod(0o600)
    before = older_host.snapshot()
    older_host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    older_host.done("--rollback", with_systemd=True)
    calls = len(older_host.calls())
    older_host.done("--uninstall", "--purge", "--yes", with_systemd=True)
    accounts = ("etc/passwd", "etc/group", "etc/shadow", "etc/gshadow", "etc/.pwd.lock")
    assert older_host.snapshot(without=accounts) == before
    assert older_host.state() == "active", "it goes on running"
    assert "stop mt5-sentinel" not in older_host.calls()[calls:]


def test_what_the_user_changed_in_the_older_unit_since_is_kept(older_host: Host, wheels: Wheels) -> None:
    older_host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    older_host.done("--rollback", with_systemd=True)
    unit = older_host.root / "etc/systemd/system/mt5-sentinel.service"
    unit.write_text(older_installation.UNIT + "# changed\n")
    older_host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    kept = [path.read_text() for path in (older_host.prefix / "kept").iterdir()]
    assert kept == [older_installation.UNIT + "# changed\n"]
