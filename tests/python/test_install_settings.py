"""Settings are judged before anything is stopped; .env by links; the user that is remembered; wheels that are stale."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mt5_sentinel.commands import release_check
from tests.python.conftest import ROOT
from tests.python.install_fixtures import host, older_host, venv_template, wheels
from tests.python.installed_host import Host

__all__ = ["host", "older_host", "venv_template", "wheels"]

Wheels = dict[str, Path]


def test_a_configuration_that_cannot_work_ends_the_run_before_the_stop(host: Host, wheels: Wheels) -> None:
    host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    (host.root / "etc/mt5-sentinel/config.toml").write_text("treshold = 0.7\n")
    before, calls = host.snapshot(), len(host.calls())
    for arguments in (["--dry-run"], []):
        ran = host.run("--wheel", wheels["0.2.0"], *arguments, with_systemd=True)
        assert (ran.returncode, "✗ the service would not work" in ran.stderr) == (1, True), ran.stdout + ran.stderr
        assert "configuration /etc/mt5-sentinel/config.toml: unknown setting treshold" in ran.stderr
        assert host.snapshot() == before
    assert not [call for call in host.calls()[calls:] if call.split()[0] in ("stop", "start", "restart")]
    assert "Nothing to do" in host.done("--wheel", wheels["0.1.0"], with_systemd=True), "what runs is left alone"


def test_a_way_back_is_judged_too(host: Host, wheels: Wheels) -> None:
    host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    host.done("--wheel", wheels["0.2.0"], with_systemd=True)
    (host.root / "etc/mt5-sentinel/config.toml").write_text("treshold = 0.7\n")
    before, calls = host.snapshot(), len(host.calls())
    assert host.run("--rollback", with_systemd=True).returncode == 1
    assert host.snapshot() == before
    assert "stop mt5-sentinel" not in host.calls()[calls:]


def test_a_dry_run_says_what_it_cannot_look_at(host: Host, wheels: Wheels) -> None:
    told = host.done("--wheel", wheels["0.1.0"], "--dry-run", with_systemd=True)
    assert "The settings are not looked at: no release is installed that could judge them" in told


def judged(root: Path, config: str, drop_in: str = "") -> str:
    """What a real release says of a machine's files."""
    system = root / "etc/systemd/system"
    (system / "mt5-sentinel.service.d").mkdir(parents=True)
    shutil.copy(ROOT / "deploy/mt5-sentinel.service", system)
    if drop_in:
        (system / "mt5-sentinel.service.d/mine.conf").write_text(f"[Service]\n{drop_in}\n")
    credentials = root / "etc/mt5-sentinel/credentials"
    credentials.mkdir(parents=True)
    (credentials / "eodhd_api_token").write_text("a-token-of-the-test")
    (credentials.parent / "config.toml").write_text(config)
    return "\n".join(f"{one.check}: {one.found}" for one in release_check.judge(root))


@pytest.mark.parametrize(
    ("config", "drop_in", "said"),
    [
        ("threshold = 0.7\n", "", ""),
        ("treshold = 0.7\n", "", "configuration: .*did you mean `threshold`"),
        ("", "Environment=MT5_SENTINEL_INTERVAL=2h", "configuration: .*INTERVAL"),
        ("", "ExecStart=\nExecStart=/a /b/sentinel_daemon.py --no-such-flag", "configuration: .*--no-such-flag"),
        ("", "ExecStart=\nExecStart=/a /b/sentinel_daemon.py --live", "configuration: .*live"),
        ('model_bundle = "/nowhere/model.zip"\n', "", "/nowhere/model.zip"),
    ],
)
def test_a_release_judges_what_the_service_would_be_given(tmp_path: Path, config: str, drop_in: str, said: str) -> None:
    told = judged(tmp_path, config, drop_in)
    assert re.search(said, told, re.DOTALL) if said else told == "", told


def test_directories_on_the_way_let_the_service_through(older_host: Host, wheels: Wheels) -> None:
    (older_host.prefix / "src").chmod(0o700)
    before = older_host.snapshot()
    for arguments in (["--dry-run"], []):
        ran = older_host.run("--wheel", wheels["0.1.0"], *arguments, with_systemd=True)
        assert (ran.returncode, "cannot go through /opt/mt5-crs/src (mode 700)" in ran.stderr) == (1, True), ran.stderr
        assert "chmod o+x /opt/mt5-crs/src" in ran.stderr
        assert older_host.snapshot() == before
    (older_host.prefix / "src").chmod(0o711)
    older_host.done("--wheel", wheels["0.1.0"], with_systemd=True)


def test_a_linked_env_is_judged_by_what_it_names(host: Host, wheels: Wheels) -> None:
    real = host.prefix / "secrets/prod.env"
    real.parent.mkdir(parents=True)
    real.write_text("EODHD_API_TOKEN=x\n")
    real.chmod(0o640)
    (host.prefix / ".env").symlink_to("secrets/prod.env")
    before = host.snapshot()
    ran = host.run("--wheel", wheels["0.1.0"], with_systemd=True)
    assert (ran.returncode, "/opt/mt5-crs/.env is a link to" in ran.stderr) == (1, True), ran.stdout + ran.stderr
    assert "chmod 600 " in ran.stderr
    assert host.snapshot() == before
    real.chmod(0o600)
    told = host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    assert "Mode of" not in told
    assert "Nothing to do" in host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    real.unlink()
    ran = host.run("--wheel", wheels["0.1.0"], with_systemd=True)
    assert (ran.returncode, "is a link to nothing" in ran.stderr) == (1, True), ran.stderr


def test_the_mode_of_the_older_env_comes_back_at_the_end(older_host: Host, wheels: Wheels) -> None:
    before = older_host.snapshot()
    told = older_host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    assert "It gets its mode back when" in told
    older_host.done("--rollback", with_systemd=True)
    assert (older_host.prefix / ".env").stat().st_mode & 0o777 == 0o600
    older_host.done("--uninstall", "--purge", "--yes", with_systemd=True)
    accounts = ("etc/passwd", "etc/group", "etc/shadow", "etc/gshadow", "etc/.pwd.lock")
    assert older_host.snapshot(without=accounts) == before


def test_the_user_is_remembered_told_and_changed_on_purpose(host: Host, wheels: Wheels) -> None:
    unit = host.root / "etc/systemd/system/mt5-sentinel.service"
    host.done("--wheel", wheels["0.1.0"], "--user", "trader", with_systemd=True)
    told = host.done("--wheel", wheels["0.2.0"], with_systemd=True)
    assert "Service user: trader, as installed" in told
    assert "User=trader\n" in unit.read_text()
    assert "Nothing to do" in host.done("--wheel", wheels["0.2.0"], with_systemd=True)
    told = host.done("--wheel", wheels["0.2.0"], "--user", "other", with_systemd=True)
    assert "The service's user changes from trader to other" in told
    assert "User=other\n" in unit.read_text()
    assert "Nothing to do" in host.done("--wheel", wheels["0.2.0"], with_systemd=True)
    host.done("--uninstall", with_systemd=True)


def test_settings_are_given_to_the_group_of_the_new_user(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("root is needed to give files to groups")
    path, manifest = tmp_path / "config.toml", tmp_path / "manifest"
    manifest.write_text("user - daemon\n")
    for group, mode, wanted in (
        ("root", 0o640, "games"),
        ("daemon", 0o640, "games"),
        ("mail", 0o640, "mail"),
        ("root", 0o600, "root"),
    ):
        path.write_text("")
        path.chmod(mode)
        shutil.chown(path, "root", group)
        script = f"source {ROOT}/deploy/install_service.sh; P={tmp_path} root=; own_settings games {path}"
        subprocess.run(["bash", "-c", script], check=True, capture_output=True)
        assert path.group() == wanted


def checkout(place: Path, wheels: Wheels) -> Path:
    """A checkout with a wheel, and a source file that is newer."""
    shutil.copytree(ROOT / "deploy", place / "deploy")
    (place / "dist").mkdir()
    (place / "python/mt5_sentinel").mkdir(parents=True)
    (place / "pyproject.toml").write_text("")
    (place / "python/mt5_sentinel/cycle.py").write_text("")
    shutil.copy(wheels["0.1.0"], place / "dist")
    for path in place.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    return place


def test_a_wheel_that_is_older_than_its_sources_is_refused(host: Host, wheels: Wheels, tmp_path: Path) -> None:
    place = checkout(tmp_path / "checkout", wheels)
    command = host.command("--dry-run", with_systemd=False)
    command[0] = str(place / "deploy/install_service.sh")

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *more], capture_output=True, text=True, check=False)

    assert run().returncode == 0
    source = place / "python/mt5_sentinel/cycle.py"
    os.utime(source, (1_000_000_001, 1_000_000_001))
    ran = run()
    assert (ran.returncode, "in dist/ is older than python/mt5_sentinel/cycle.py" in ran.stderr) == (1, True), ran
    assert "make wheel" in ran.stderr
    assert run("--wheel", str(wheels["0.1.0"])).returncode == 0
    shutil.rmtree(place / "dist")
    (tmp_path / "house").mkdir()
    ran = run("--wheelhouse", str(tmp_path / "house"))
    assert (ran.returncode, "there is no wheel to install, and with --wheelhouse" in ran.stderr) == (1, True), ran


def test_examples_name_the_prefix(host: Host, wheels: Wheels) -> None:
    host.done("--wheel", wheels["0.1.0"], "--prefix", "/srv/bot")
    deploy = host.root / "srv/bot/current/deploy"
    texts = [path.read_text() for path in (*deploy.glob("drop-ins/*.conf"), deploy / "config.example.toml")]
    assert len(texts) > 5
    assert not [text for text in texts if "/opt/mt5-crs" in text]
    assert sum("/srv/bot/" in text for text in texts) >= 3
