"""The installer's options: prefix, user, units beside the daemon, old releases, uninstall; and wrong usage."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.python.conftest import ROOT
from tests.python.install_fixtures import host, venv_template, wheels
from tests.python.installed_host import INSTALLER, Host, wheel
from tests.python.stand_in_wheel import EXTRA, library

__all__ = ["host", "venv_template", "wheels"]

Wheels = dict[str, Path]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--prefix", "relative"], "is no plain absolute path"),
        (["--prefix", "/opt/a b"], "is no plain absolute path"),
        (["--prefix", "/opt/../root"], "is no plain absolute path"),
        (["--prefix", "/home/me"], "is hidden from the service"),
        (["--prefix", "/root/x"], "is hidden from the service"),
        (["--user", "root"], "is no name of a user"),
        (["--user", "a b"], "is no name of a user"),
        (["--with", "dashbored"], "neither gateway nor dashboard nor alerts"),
        (["--keep", "many"], "whole numbers"),
        (["--wheel"], "--wheel needs a value"),
        (["--unknown"], "unknown option --unknown"),
    ],
)
def test_wrong_usage_is_told(host: Host, arguments: list[str], message: str) -> None:
    before = host.snapshot()
    ran = host.run(*arguments)
    assert (ran.returncode, message in ran.stderr) == (2, True), ran.stderr
    assert host.snapshot() == before


def test_another_prefix_and_user(host: Host, wheels: Wheels) -> None:
    host.done("--wheel", wheels["0.1.0"], "--prefix", "/srv/bot", "--user", "trader")
    unit = (host.root / "etc/systemd/system/mt5-sentinel.service").read_text()
    assert "ExecStart=/srv/bot/venv/bin/python /srv/bot/src/strategy/sentinel_daemon.py --dry-run" in unit
    assert "User=trader\nGroup=trader\n" in unit
    assert "/opt/mt5-crs" not in unit
    assert "\nu trader " in (host.root / "etc/sysusers.d/mt5-sentinel.conf").read_text()
    assert " 0700 trader trader -" in (host.root / "etc/tmpfiles.d/mt5-sentinel.conf").read_text()
    assert (
        "    su trader trader\n    create 0640 trader trader\n"
        in (host.root / "etc/logrotate.d/mt5-sentinel").read_text()
    )
    installed = host.root / "srv/bot/current/deploy/install_service.sh"
    told = subprocess.run([installed, "--root", host.root, "--status"], capture_output=True, text=True, check=False)
    assert "nothing is installed" not in told.stderr


def test_old_releases_are_pruned_but_not_those_that_links_name(host: Host, wheels: Wheels, tmp_path: Path) -> None:
    for number in range(4):
        host.done("--wheel", wheel(tmp_path / "w", f"0.{number}.0"), "--keep", "1")
    assert sorted(path.name for path in (host.prefix / "releases").iterdir()) == ["0.1.0", "0.2.0", "0.3.0"]
    assert "0.0.0" not in (host.prefix / "manifest").read_text()


def test_units_beside_the_daemon_are_asked_for(host: Host, wheels: Wheels) -> None:
    before = host.snapshot()
    ran = host.run("--wheel", wheels["0.1.0"], "--with", "dashboard")
    assert (ran.returncode, "has no command `dashboard`" in ran.stderr) == (1, True), ran.stderr
    assert host.snapshot() == before
    host.done("--wheel", wheels["0.1.0"], "--with", "gateway", with_systemd=True)
    assert "enable mt5-sentinel-gateway" in host.calls()
    host.done("--wheel", wheels["0.2.0"], with_systemd=True)
    assert (host.root / "etc/systemd/system/mt5-sentinel-gateway.service").exists(), "kept by later runs"
    host.done("--uninstall", with_systemd=True)
    assert not (host.root / "etc/systemd/system/mt5-sentinel-gateway.service").exists()


def test_a_unit_brings_the_extra_that_it_needs(host: Host, tmp_path: Path) -> None:
    made = wheel(tmp_path / "w", "0.5.0", dashboard=True)
    house = tmp_path / "house"
    for name in ("starlette", "uvicorn"):
        library(house, name)
    host.done("--wheel", made, "--wheelhouse", house)
    site = "releases/{}/venv/lib/*/site-packages/starlette"
    assert not list(host.prefix.glob(site.format("0.5.0")))
    before = host.snapshot()
    ran = host.run("--wheel", made, "--wheelhouse", tmp_path, "--with", "dashboard")
    assert ran.returncode == 1, "there is no starlette in that house"
    assert host.snapshot() == before
    host.done("--wheel", made, "--wheelhouse", house, "--with", "dashboard")
    release = (host.prefix / "current").readlink().name
    assert list(host.prefix.glob(site.format(release))), "the same wheel once more, with its extra"
    told = host.done("--wheel", made, "--wheelhouse", house)
    assert f"Nothing to do: release {release}" in told, "kept by later runs"


def test_an_extra_that_lacks_what_the_unit_needs_is_found_before_any_change(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.python.stand_in_wheel.EXTRA", EXTRA.replace("uvicorn", "starlette"))
    made = wheel(tmp_path / "w", "0.5.0", dashboard=True)
    library(tmp_path / "house", "starlette")
    before = host.snapshot()
    ran = host.run("--wheel", made, "--wheelhouse", tmp_path / "house", "--with", "dashboard")
    assert (ran.returncode, "lacks what `dashboard` needs: starlette, uvicorn" in ran.stderr) == (1, True), ran.stderr
    assert host.snapshot() == before


def test_two_installers_at_once(host: Host, wheels: Wheels) -> None:
    holder = subprocess.Popen(["flock", str(host.root), "-c", "echo held; read line"], stdin=-1, stdout=-1, text=True)
    assert holder.stdout is not None
    assert holder.stdin is not None
    holder.stdout.readline()
    ran = host.run("--wheel", wheels["0.1.0"])
    holder.communicate("\n")
    assert (ran.returncode, "another installer is at work" in ran.stderr) == (1, True)
    host.done("--wheel", wheels["0.1.0"])


def test_uninstall_leaves_data_and_purge_nothing(host: Host, wheels: Wheels) -> None:
    (host.root / "usr/local/bin/other").write_text("not ours")
    before = host.snapshot()
    host.done("--wheel", wheels["0.1.0"])
    (host.prefix / "notes.txt").write_text("of the user")
    (host.root / "etc/logrotate.d/mt5-sentinel").write_text("# altered\n")
    told = host.done("--uninstall")
    left = {name for name in host.snapshot() if (host.root / name).is_file()} - set(before)
    kept = {name for name in left if name.startswith("opt/mt5-crs/kept/")}
    assert [(host.root / name).read_text() for name in kept] == ["# altered\n"]
    data = {"opt/mt5-crs/.env", "opt/mt5-crs/manifest", "opt/mt5-crs/notes.txt", "etc/mt5-sentinel/config.toml"}
    accounts = {f"etc/{name}" for name in ("passwd", "group", "shadow", "gshadow", ".pwd.lock")}
    assert left - kept - accounts == data
    assert "  /etc/mt5-sentinel\n" in told
    ran = host.run("--uninstall", "--purge")
    assert (ran.returncode, "say so with --yes" in ran.stderr) == (1, True)
    host.done("--uninstall", "--purge", "--yes")
    assert (host.prefix / "notes.txt").read_text() == "of the user"
    (host.prefix / "notes.txt").unlink()
    host.prefix.rmdir()
    left = {name for name in host.snapshot() if (host.root / name).is_file()} - accounts
    assert left - {"etc/passwd-", "etc/group-", "etc/shadow-", "etc/gshadow-"} == {"usr/local/bin/other"}


def test_root_is_needed_without_root_option(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("setpriv is missing (apt-get install util-linux)")
        drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    else:
        drop = []
    copy = Path("/var/tmp") / f"installer-{os.getpid()}"  # noqa: S108 - nobody must be able to read it
    shutil.copytree(ROOT / "deploy", copy)
    try:
        ran = subprocess.run([*drop, copy / INSTALLER.name, "--uninstall"], capture_output=True, text=True, check=False)
    finally:
        shutil.rmtree(copy)
    assert (ran.returncode, "root is needed" in ran.stderr) == (1, True), ran.stderr
