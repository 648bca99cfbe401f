"""What is not ours is not touched: directories in releases/, evidence and copies that were there before."""

from __future__ import annotations

import os
from pathlib import Path

from tests.python.install_fixtures import host, older_host, venv_template, wheels
from tests.python.installed_host import Host, wheel

__all__ = ["host", "older_host", "venv_template", "wheels"]

Wheels = dict[str, Path]
MARK = ".mt5-sentinel-release"


def of_the_user(host: Host, name: str) -> Path:
    """A directory among the releases that somebody else made."""
    path = host.prefix / "releases" / name / "model.bin"
    path.parent.mkdir(parents=True)
    path.write_text("precious")
    return path


def test_a_directory_of_the_user_among_the_releases_stays(host: Host, wheels: Wheels, tmp_path: Path) -> None:
    before, named = of_the_user(host, "2025-models"), of_the_user(host, "0.1.0")
    with_version = of_the_user(host, "0.0.9")
    (with_version.parent / "VERSION").write_text("0.0.9\n")
    os.utime(with_version.parent / "VERSION", (0, 0))
    host.done("--wheel", wheels["0.1.0"])
    assert host.current().startswith("0.1.0-"), "the name is taken"
    since = of_the_user(host, "since")
    for number in range(2, 5):
        host.done("--wheel", wheel(tmp_path / "w", f"0.{number}.0"), "--keep", "0")
        host.done("--wheel", wheel(tmp_path / "w", f"0.{number}.0"), "--keep", "0")
    manifest = (host.prefix / "manifest").read_text()
    told = host.done("--status")
    for path in (before, since, with_version, named):
        assert f"releases/{path.parent.name}\n" not in manifest
        assert path.parent.name not in told.replace("0.1.0-", "")
    ran = host.run("--rollback", "0.0.9")
    assert (ran.returncode, "is not there, or not whole" in ran.stderr) == (1, True), ran.stderr
    host.done("--uninstall", "--purge", "--yes")
    assert [path.read_text() for path in (before, since, with_version, named)] == ["precious"] * 4
    assert sorted(path.name for path in (host.prefix / "releases").iterdir()) == [
        "0.0.9",
        "0.1.0",
        "2025-models",
        "since",
    ]


def test_a_manifest_that_names_it_is_not_enough(host: Host, wheels: Wheels) -> None:
    host.done("--wheel", wheels["0.1.0"])
    path = of_the_user(host, "2025-models")
    with (host.prefix / "manifest").open("a") as manifest:
        manifest.write("tree - /opt/mt5-crs/releases/2025-models\ntree - /opt\ntree - /opt/mt5-crs/releases/..\n")
    told = host.done("--uninstall", "--purge", "--yes")
    assert path.read_text() == "precious"
    assert "/opt/mt5-crs/releases/2025-models stays: no release of ours" in told


def test_a_mark_that_is_a_link_is_none(host: Host, wheels: Wheels) -> None:
    host.done("--wheel", wheels["0.1.0"])
    path = of_the_user(host, "2025-models")
    (path.parent / MARK).symlink_to(host.prefix / "releases/0.1.0" / MARK)
    for _ in range(2):
        host.done("--wheel", wheels["0.2.0"])
        assert path.read_text() == "precious"


def test_an_unfinished_release_of_ours_is_removed(host: Host, wheels: Wheels) -> None:
    host.done("--wheel", wheels["0.1.0"])
    left = host.prefix / "releases" / "0.1.5"
    (left / "venv").mkdir(parents=True)
    (left / MARK).write_text("0.1.5\n")
    told = host.done("--wheel", wheels["0.2.0"])
    assert "Removed the unfinished release 0.1.5" in told
    assert not left.exists()


def test_a_directory_named_older_is_no_place_for_the_older_installation(older_host: Host, wheels: Wheels) -> None:
    path = of_the_user(older_host, "older")
    before = older_host.snapshot()
    ran = older_host.run("--wheel", wheels["0.1.0"], with_systemd=True)
    assert (ran.returncode, "releases/older is there, and was not made by this installer" in ran.stderr) == (1, True)
    assert older_host.snapshot() == before
    assert path.read_text() == "precious"


def test_purge_keeps_evidence_and_copies_that_were_there_before(host: Host, wheels: Wheels) -> None:
    for name in ("evidence", "kept"):
        (host.prefix / name).mkdir(parents=True)
        (host.prefix / name / "mine.txt").write_text("precious")
    host.done("--wheel", wheels["0.1.0"])
    told = host.done("--uninstall", "--purge", "--yes")
    for name in ("evidence", "kept"):
        assert (host.prefix / name / "mine.txt").read_text() == "precious"
        assert f"  /opt/mt5-crs/{name}\n" in told


def test_purge_removes_empty_directories_of_drop_ins(host: Host, wheels: Wheels) -> None:
    host.done("--wheel", wheels["0.1.0"], "--with", "gateway")
    system = host.root / "etc/systemd/system"
    for unit in ("mt5-sentinel.service.d", "mt5-sentinel-gateway.service.d", "mt5-sentinel-dashboard.service.d"):
        (system / unit).mkdir()
    (system / "mt5-sentinel-dashboard.service.d/mine.conf").write_text("[Service]\nNice=5\n")
    host.done("--uninstall", "--purge", "--yes")
    assert [path.name for path in system.iterdir()] == ["mt5-sentinel-dashboard.service.d"]
