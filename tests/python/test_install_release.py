"""The installer on an empty host: what it lays down, what a second run and a failing one change."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.python.conftest import ROOT
from tests.python.install_fixtures import host, venv_template, wheels
from tests.python.installed_host import Host, program, wheel

__all__ = ["host", "venv_template", "wheels"]

Wheels = dict[str, Path]


def test_seven_steps_lay_down_what_the_manifest_lists(host: Host, wheels: Wheels) -> None:
    told = host.done("--wheel", wheels["0.1.0"])
    assert re.findall(r"\[Step (\d)/7\]", told) == list("1234567")
    assert "✓ Service file copied to /etc/systemd/system/mt5-sentinel.service" in told
    assert "Left out with --root: systemctl enable mt5-sentinel" in told
    manifest = [line.split(" ", 2) for line in (host.prefix / "manifest").read_text().splitlines()]
    places = {path for kind, _, path in manifest if kind == "file"}
    assert places == {
        "/etc/systemd/system/mt5-sentinel.service",
        "/opt/mt5-crs/src/strategy/sentinel_daemon.py",
        "/etc/sysusers.d/mt5-sentinel.conf",
        "/etc/tmpfiles.d/mt5-sentinel.conf",
        "/etc/logrotate.d/mt5-sentinel",
    }
    release = host.prefix / "releases" / "0.1.0"
    assert (release / "VERSION").read_text() == "0.1.0\n"
    assert (host.prefix / "current").readlink() == Path("releases/0.1.0")
    assert (host.prefix / "venv").readlink() == Path("current/venv")
    assert (host.prefix / ".env").stat().st_mode & 0o777 == 0o600
    assert not (host.prefix / "previous").exists()
    assert host.calls() in ([], ["--version"])


def test_the_venv_of_an_image_names_the_image_s_paths(host: Host, wheels: Wheels) -> None:
    host.done("--wheel", wheels["0.1.0"])
    script = host.prefix / "venv/bin/mt5-sentinel"
    assert script.read_text().splitlines()[0] == "#!/opt/mt5-crs/releases/0.1.0/venv/bin/python"
    link = host.root / "usr/local/bin/mt5-sentinel"
    assert link.readlink() == Path("/opt/mt5-crs/venv/bin/mt5-sentinel")


def test_a_real_venv_is_readable_by_all_whatever_the_umask(tmp_path: Path, wheels: Wheels) -> None:
    made = Host(tmp_path / "host")
    made.token()
    done = subprocess.run(
        ["bash", "-c", 'umask 077; exec "$@"', "sh", *made.command("--wheel", wheels["0.1.0"], with_systemd=False)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    release = made.prefix / "releases" / "0.1.0"
    paths = [path for path in release.rglob("*") if not path.is_symlink()]
    assert len(paths) > 100
    closed = [path for path in paths if path.stat().st_mode & (0o005 if path.is_dir() else 0o004) == 0]
    assert closed == []


def test_a_second_run_changes_nothing(host: Host, wheels: Wheels) -> None:
    host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    before, calls = host.snapshot(), len(host.calls())
    times = {path: path.lstat().st_mtime_ns for path in host.root.rglob("*")}
    told = host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    assert "Nothing to do: release 0.1.0 is installed, unchanged and running." in told
    assert host.snapshot() == before
    assert {path: path.lstat().st_mtime_ns for path in host.root.rglob("*")} == times
    assert {call.split()[0] for call in host.calls()[calls:]} <= {"--version", "is-active", "is-enabled"}


def test_a_unit_that_was_edited_is_kept_and_laid_down_again(host: Host, wheels: Wheels) -> None:
    host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    unit = host.root / "etc/systemd/system/mt5-sentinel.service"
    good = unit.read_text()
    unit.write_text(good + "# mine\n")
    dropin = unit.with_name("mt5-sentinel.service.d") / "mine.conf"
    dropin.parent.mkdir()
    dropin.write_text("[Service]\nNice=5\n")
    told = host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    assert unit.read_text() == good
    kept = list((host.prefix / "kept").iterdir())
    assert [path.read_text() for path in kept] == [good + "# mine\n"]
    assert (
        f"Kept what was altered in /etc/systemd/system/mt5-sentinel.service as /opt/mt5-crs/kept/{kept[0].name}" in told
    )
    assert dropin.read_text() == "[Service]\nNice=5\n"
    assert "start mt5-sentinel" in host.calls()


def test_what_does_not_concern_the_daemon_is_repaired_while_it_runs(host: Host, wheels: Wheels) -> None:
    host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    (host.root / "etc/logrotate.d/mt5-sentinel").unlink()
    calls = len(host.calls())
    host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    assert (host.root / "etc/logrotate.d/mt5-sentinel").exists()
    assert not [call for call in host.calls()[calls:] if call.split()[0] in ("stop", "start", "restart")]


def test_a_broken_venv_is_built_anew_beside(host: Host, wheels: Wheels) -> None:
    host.done("--wheel", wheels["0.1.0"])
    package = next((host.prefix / "releases/0.1.0/venv").rglob("mt5_sentinel/cli.py"))
    package.unlink()
    for cached in package.parent.rglob("cli*.pyc"):
        cached.unlink()
    host.done("--wheel", wheels["0.1.0"])
    assert re.fullmatch(r"0\.1\.0-[0-9a-f]{8}", host.current())
    assert host.done("--wheel", wheels["0.1.0"]).count("Nothing to do") == 1


def test_the_same_version_with_another_content_is_another_release(host: Host, wheels: Wheels) -> None:
    host.done("--wheel", wheels["0.1.0"])
    host.done("--wheel", wheels["other"])
    assert re.fullmatch(r"0\.1\.0-[0-9a-f]{8}", host.current())
    assert (host.prefix / "previous").readlink() == Path("releases/0.1.0")
    host.done("--rollback")
    assert host.current() == "0.1.0"
    host.done("--rollback")
    assert host.current() != "0.1.0"


def test_a_dry_run_changes_nothing(host: Host, wheels: Wheels) -> None:
    before = host.snapshot()
    told = host.done("--wheel", wheels["0.1.0"], "--dry-run")
    assert "would build release 0.1.0" in told
    assert host.snapshot() == before
    host.done("--wheel", wheels["0.1.0"])
    before = host.snapshot()
    host.done("--wheel", wheels["0.2.0"], "--dry-run")
    host.done("--uninstall", "--purge", "--yes", "--dry-run")
    assert host.snapshot() == before


def test_a_failed_preflight_leaves_every_byte(host: Host, wheels: Wheels, tmp_path: Path) -> None:
    before = host.snapshot()
    (tmp_path / "no.whl").write_text("no zip")
    cases = {
        ("--wheel", str(tmp_path / "no.whl")): "is no wheel: BadZipFile",
        ("--wheel", str(tmp_path / "away.whl")): "is no wheel: FileNotFoundError",
        ("--wheel", str(wheels["0.1.0"]), "--wheelhouse", str(tmp_path / "away")): "is no directory",
        ("--wheel", str(wheels["0.1.0"]), "--python", str(tmp_path / "away")): "is not there",
    }
    for arguments, message in cases.items():
        ran = host.run(*arguments)
        assert (ran.returncode, message in ran.stderr) == (1, True), ran.stdout + ran.stderr
        assert "→" in ran.stderr
        assert host.snapshot() == before


def test_disk_token_unit_and_interpreter_are_looked_at_first(host: Host, wheels: Wheels, tmp_path: Path) -> None:
    deploy = tmp_path / "checkout" / "deploy"
    shutil.copytree(ROOT / "deploy", deploy)
    unit = deploy / "mt5-sentinel.service"
    unit.write_text(unit.read_text().replace("MemoryMax=1G", "MemoryLimit=1G\nNoSuchKey=yes"))
    behind = tmp_path / "open"  # itself readable, in a directory that nobody else may enter
    behind.mkdir()
    behind.chmod(0o755)
    tmp_path.chmod(0o700)
    hidden = program(tmp_path / "python", f'#!/bin/sh\n[ "$1" = -IB ] && printf "3.11.2\\nTrue\\n{behind}\\n/\\n"\n')
    empty = host.copy(tmp_path / "without_token")
    (empty.root / "etc/mt5-sentinel/credentials/eodhd_api_token").unlink()
    full = host.copy(tmp_path / "full")
    program(full.bin / "df", "#!/bin/sh\nprintf 'head\\n/dev/x 1 1 499 1 /\\n'\n")
    package = ("--wheel", str(wheels["0.1.0"]))
    cases = [
        (empty, [*package], "no token of the market data API"),
        (full, [*package], "has 499 MB free, 500 are needed"),
        (host, [*package, "--python", str(hidden)], "the service user cannot read"),
    ]
    for one, arguments, message in cases:
        before = one.snapshot()
        ran = one.run(*arguments)
        assert (ran.returncode, message in ran.stderr) == (1, True), ran.stdout + ran.stderr
        assert one.snapshot() == before
    assert "✓ Release" in empty.done(*package, "--no-start")
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is missing (apt-get install systemd)")
    before = host.snapshot()
    command = host.command(*package, with_systemd=False)
    command[0] = str(deploy / "install_service.sh")
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "mt5-sentinel.service is not clean" in ran.stderr
    assert "NoSuchKey" in ran.stderr
    assert host.snapshot() == before


def test_a_build_that_fails_leaves_nothing_and_the_old_one_running(host: Host, wheels: Wheels) -> None:
    before = host.snapshot()
    ran = host.run("--wheel", wheels["broken"], with_systemd=True)
    assert (ran.returncode, "cannot be imported" in ran.stderr) == (1, True), ran.stderr
    assert host.snapshot() == before, "on an empty host"
    host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    before, calls = host.snapshot(), len(host.calls())
    assert host.run("--wheel", wheels["broken"], with_systemd=True).returncode == 1
    assert host.snapshot() == before, "beside a release"
    assert "stop mt5-sentinel" not in host.calls()[calls:]


def test_a_build_without_its_dependencies_fails_without_network(host: Host, tmp_path: Path) -> None:
    package = wheel(tmp_path / "w", requires="no-such-dependency-of-mt5-sentinel")
    (tmp_path / "house").mkdir()
    before = host.snapshot()
    ran = host.run("--wheel", package, "--wheelhouse", tmp_path / "house")
    assert (ran.returncode, "could not be installed into the new venv" in ran.stderr) == (1, True), ran.stderr
    assert host.snapshot() == before
