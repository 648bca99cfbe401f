"""What the older unit traded goes on being traded: its flags and variables become a drop-in, or the run is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.python import older_installation
from tests.python.install_fixtures import older_host, venv_template, wheels
from tests.python.installed_host import Host

__all__ = ["older_host", "venv_template", "wheels"]

Wheels = dict[str, Path]

SYSTEM = "etc/systemd/system"
DROP_IN = f"{SYSTEM}/mt5-sentinel.service.d/older.conf"
FLAGS = "--dry-run --threshold 0.6"
SECRET = "a-secret-in-the-unit"
LINES = f"""Environment=GTW_HOST=172.19.141.251 HUB_HOST=172.19.141.250
Environment="REVIEW_KEY={SECRET}"
EnvironmentFile=/opt/mt5-crs/.env
EnvironmentFile=-/etc/default/sentinel"""


@pytest.fixture
def differing(older_host: Host) -> Host:
    """An older installation that trades something else."""
    set_unit(older_host, "--dry-run --threshold 0.75 --symbol GBPUSD", LINES)
    (older_host.prefix / ".env").chmod(0o600)
    return older_host


def set_unit(host: Host, flags: str, lines: str = "EnvironmentFile=/opt/mt5-crs/.env") -> None:
    """The older unit with other flags, and other lines for its variables."""
    text = older_installation.UNIT.replace(FLAGS, flags)
    (host.root / SYSTEM / "mt5-sentinel.service").write_text(text.replace("EnvironmentFile=/opt/mt5-crs/.env", lines))


def test_flags_and_variables_are_carried_over_and_told(differing: Host, wheels: Wheels) -> None:
    told = differing.done("--wheel", wheels["0.1.0"], with_systemd=True)
    drop_in = differing.root / DROP_IN
    text = drop_in.read_text()
    start = "/opt/mt5-crs/venv/bin/python /opt/mt5-crs/src/strategy/sentinel_daemon.py"
    assert f"ExecStart=\nExecStart={start} --dry-run --threshold 0.75 --symbol GBPUSD\n" in text
    assert 'Environment="GTW_HOST=172.19.141.251" "HUB_HOST=172.19.141.250"\n' in text
    assert "EnvironmentFile=-/etc/default/sentinel\n" in text
    assert "EnvironmentFile=/opt/mt5-crs/.env" not in text
    assert drop_in.stat().st_mode & 0o777 == 0o600
    for line in (
        "Carried over from the older unit: flags --dry-run --threshold 0.75 --symbol GBPUSD",
        "Carried over from the older unit: variables GTW_HOST HUB_HOST",
        "Carried over from the older unit: variables of the file /etc/default/sentinel",
        "It will stand in /etc/systemd/system/mt5-sentinel.service.d/older.conf",
    ):
        assert line in told
    (left,) = [line for line in told.splitlines() if "Not carried over: " in line]
    assert "User" in left
    assert "MemoryLimit" in left
    assert "PrivateTmp" not in left, "the same in both"
    assert SECRET in text
    assert SECRET not in told
    assert "--symbol GBPUSD" in (differing.place / "judged").read_text(), "the new release has judged it"


def test_a_dry_run_tells_it_and_changes_nothing(differing: Host, wheels: Wheels) -> None:
    before = differing.snapshot()
    told = differing.done("--wheel", wheels["0.1.0"], "--dry-run", with_systemd=True)
    assert "Carried over from the older unit: flags --dry-run --threshold 0.75 --symbol GBPUSD" in told
    assert "would lay down /etc/systemd/system/mt5-sentinel.service.d/older.conf" in told
    assert differing.snapshot() == before


def test_a_unit_like_ours_needs_no_drop_in(older_host: Host, wheels: Wheels) -> None:
    told = older_host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    assert "Carried over" not in told
    assert not (older_host.root / DROP_IN).exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--dry-run --thresh 0.6", "the older unit's flag --thresh is not known to release 0.1.0"),
        ("--dry-run --use-news=yes", "the older unit's flag --use-news is not known to release 0.1.0"),
        ("--live --threshold 0.6", "live takes a model of your own"),
        ("--dry-run\nExecStart=/bin/true", "its ExecStart is not one command"),
    ],
)
def test_what_cannot_be_carried_over_is_refused_first(
    older_host: Host, wheels: Wheels, flags: str, message: str
) -> None:
    set_unit(older_host, flags)
    before, calls = older_host.snapshot(), len(older_host.calls())
    ran = older_host.run("--wheel", wheels["0.1.0"], with_systemd=True)
    assert (ran.returncode, message in ran.stderr) == (1, True), ran.stdout + ran.stderr
    assert older_host.snapshot() == before
    assert "stop mt5-sentinel" not in older_host.calls()[calls:]
    (older_host.root / DROP_IN).write_text("[Service]\nEnvironment=A=1\n")  # as the refusal says
    older_host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    assert (older_host.root / DROP_IN).read_text() == "[Service]\nEnvironment=A=1\n"
    older_host.done("--rollback", with_systemd=True)
    assert (older_host.root / DROP_IN).exists(), "it was the user's from the start"


def test_a_drop_in_of_the_user_comes_before_the_unit(differing: Host, wheels: Wheels) -> None:
    mine = differing.root / SYSTEM / "mt5-sentinel.service.d/mine.conf"
    mine.write_text("[Service]\nExecStart=\nExecStart=/opt/mine\nEnvironment=GTW_HOST=10.0.0.1\nEnvironmentFile=\n")
    told = differing.done("--wheel", wheels["0.1.0"], with_systemd=True)
    text = (differing.root / DROP_IN).read_text()
    assert "Not carried over: ExecStart: a drop-in of yours sets it" in told
    assert "ExecStart" not in text
    assert "EnvironmentFile" not in text
    assert "GTW_HOST" not in text
    assert "HUB_HOST=172.19.141.250" in text


def test_it_goes_with_a_rollback_and_comes_back_as_the_user_left_it(differing: Host, wheels: Wheels) -> None:
    (differing.root / SYSTEM / "mt5-sentinel.service.d/mine.conf").unlink()
    (differing.root / SYSTEM / "mt5-sentinel.service.d").rmdir()
    before = differing.snapshot()
    differing.done("--wheel", wheels["0.1.0"], with_systemd=True)
    drop_in = differing.root / DROP_IN
    changed = drop_in.read_text().replace("0.75", "0.8")
    drop_in.write_text(changed)
    differing.done("--rollback", with_systemd=True)
    assert not drop_in.parent.exists()
    differing.done("--rollback", with_systemd=True)
    assert drop_in.read_text() == changed
    differing.done("--rollback", with_systemd=True)
    told = differing.done("--wheel", wheels["0.2.0"], with_systemd=True)
    assert "older.conf comes back as it was" in told
    assert drop_in.read_text() == changed
    drop_in.unlink()  # it is the user's
    differing.done("--wheel", wheels["other"], with_systemd=True)
    assert not drop_in.exists()
    differing.done("--rollback", "older", with_systemd=True)
    differing.done("--uninstall", "--purge", "--yes", with_systemd=True)
    accounts = ("etc/passwd", "etc/group", "etc/shadow", "etc/gshadow", "etc/.pwd.lock")
    assert differing.snapshot(without=accounts) == before


def test_a_release_that_fails_takes_it_away_again(differing: Host, wheels: Wheels) -> None:
    (differing.systemd / "behaviour/0.1.0").write_text("fails")
    before = older_installation.files(differing.root)
    assert differing.run("--wheel", wheels["0.1.0"], with_systemd=True).returncode == 1
    assert older_installation.files(differing.root) == before
    assert not (differing.root / DROP_IN).exists()


def test_purge_removes_it(differing: Host, wheels: Wheels) -> None:
    differing.done("--wheel", wheels["0.1.0"], with_systemd=True)
    told = differing.done("--uninstall", with_systemd=True)
    assert (differing.root / DROP_IN).exists()
    assert "  /etc/systemd/system/mt5-sentinel.service.d\n" in told
    differing.done("--uninstall", "--purge", "--yes", with_systemd=True)
    assert not (differing.root / DROP_IN).exists()
