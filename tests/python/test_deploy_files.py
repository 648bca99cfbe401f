"""The files of deploy/ beside the units: shell, logrotate, sysusers, tmpfiles, examples."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from mt5_sentinel import config, credentials, trail
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.ops import layout
from tests.python.conftest import ROOT

DEPLOY = ROOT / "deploy"
SCRIPTS = sorted(DEPLOY.rglob("*.sh"))


def needs(program: str, package: str) -> str:
    """Path of a program, or a skip by name."""
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if path is None:
        pytest.skip(f"{program} is missing (apt-get install {package})")
    return path


def test_there_are_scripts_and_they_are_short() -> None:
    assert len(SCRIPTS) >= 7
    long = {path.name: len(path.read_text().splitlines()) for path in SCRIPTS}
    assert {name: lines for name, lines in long.items() if lines > 300} == {}
    assert os.access(DEPLOY / "install_service.sh", os.X_OK)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_bash_reads_every_script(path: Path) -> None:
    done = subprocess.run(["bash", "-n", path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_shellcheck_has_nothing_to_say() -> None:
    command = [needs("shellcheck", "shellcheck"), "--external-sources", *map(str, SCRIPTS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.fixture
def rotation(tmp_path: Path) -> tuple[Path, Path]:
    """Its configuration for files of this user in a directory of the test, and that directory."""
    logs = tmp_path / "logs"
    logs.mkdir()
    text = (DEPLOY / "logrotate.d/mt5-sentinel").read_text()
    owner = f"{logs.owner()} {logs.group()}"
    text = text.replace("/var/log/mt5-sentinel", str(logs)).replace("mt5-sentinel mt5-sentinel", owner)
    path = tmp_path / "rotation"
    path.write_text(text)
    path.chmod(0o644)
    return path, logs


def rotate(path: Path) -> str:
    """Force a rotation; what logrotate said. Its exit code is 0 on some broken files, so its words count."""
    state = path.with_name("state")
    command = [needs("logrotate", "logrotate"), "-v", "-f", "-s", str(state), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_rotation_keeps_every_line_and_writing_goes_on(rotation: tuple[Path, Path]) -> None:
    path, logs = rotation
    for name in (trail.TRADES, trail.AUDIT, trail.ECS):
        trail.append(logs, name, {"line": 1})
    told = rotate(path)
    assert "error:" not in told
    trail.append(logs, trail.TRADES, {"line": 2})
    assert (logs / trail.TRADES).read_text() == '{"line":2}\n'
    assert (logs / trail.TRADES).stat().st_mode & 0o777 == 0o640
    turned = [one for one in logs.iterdir() if re.fullmatch(r"trades\.jsonl-\d{8}", one.name)]
    assert [one.read_text() for one in turned] == ['{"line":1}\n'], "not compressed before the next rotation"
    assert all((logs / name).read_text() == "" for name in (trail.AUDIT, trail.ECS))


def test_a_week_of_the_log_stays_readable_for_shippers(rotation: tuple[Path, Path]) -> None:
    path, logs = rotation
    today = f"{trail.ECS}-{time.strftime('%Y%m%d')}"
    for day in range(1, 10):
        trail.append(logs, trail.ECS, {"day": day})
        assert "error:" not in rotate(path)
        (logs / today).rename(logs / f"{trail.ECS}-202511{day:02d}")
    trail.append(logs, trail.ECS, {"day": 10})
    rotate(path)
    kept = sorted(one.name for one in logs.glob(f"{trail.ECS}-*"))
    assert kept == [*(f"{trail.ECS}-202511{day:02d}" for day in range(4, 10)), today]
    assert (logs / f"{trail.ECS}-20251104").read_text() == '{"day":4}\n'


def test_rotation_of_nothing_is_no_error(rotation: tuple[Path, Path]) -> None:
    path, logs = rotation
    assert "error:" not in rotate(path)
    logs.rmdir()
    assert "error:" not in rotate(path)


def test_a_broken_rotation_would_be_seen(rotation: tuple[Path, Path]) -> None:
    path, _ = rotation
    path.write_text(path.read_text().replace("delaycompress", "delaycompres"))
    assert "error:" in rotate(path)


def test_users_and_directories_are_understood(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("root is needed to make users below a directory")
    root = tmp_path / "root"
    for kind in ("sysusers.d", "tmpfiles.d"):
        (root / "etc" / kind).mkdir(parents=True)
        shutil.copy(DEPLOY / kind / "mt5-sentinel.conf", root / "etc" / kind)
    secret = root / "etc/mt5-sentinel/credentials/eodhd_api_token"
    secret.parent.mkdir(parents=True)
    secret.write_text("token")
    secret.chmod(0o644)
    for command in (["systemd-sysusers"], ["systemd-tmpfiles", "--create"]):
        program = needs(command[0], "systemd")
        done = subprocess.run(
            [program, f"--root={root}", *command[1:], "mt5-sentinel.conf"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "warning" not in done.stderr.lower()
    user = next(line for line in (root / "etc/passwd").read_text().splitlines() if line.startswith(layout.USER))
    number = int(user.split(":")[2])
    assert user.endswith(f":{layout.STATE}:/usr/sbin/nologin")
    modes = {
        place: (oct((root / place).stat().st_mode & 0o777), (root / place).stat().st_uid == number)
        for place in (str(one).lstrip("/") for one in (layout.STATE, layout.LOGS, layout.CONFIG.parent))
    }
    assert list(modes.values()) == [("0o700", True), ("0o750", True), ("0o755", False)]
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.parent.stat().st_mode & 0o777 == 0o700


def test_the_installer_and_the_package_agree_where_things_lie() -> None:
    text = (DEPLOY / "lib/layout.sh").read_text() + (DEPLOY / "lib/remove.sh").read_text()
    rotate_text = (DEPLOY / "logrotate.d/mt5-sentinel").read_text()
    assert f"prefix={layout.PREFIX}" in (DEPLOY / "install_service.sh").read_text()
    assert "/etc/mt5-sentinel/credentials" in text
    assert all(f"{layout.LOGS / name} " in rotate_text for name in (trail.TRADES, trail.AUDIT, trail.ECS))


def commented(path: Path) -> str:
    """The example with its examples turned on."""
    return re.sub(r"(?m)^# ?([a-z_]+ = )", r"\1", path.read_text())


def test_the_example_of_a_configuration_loads_with_and_without_its_comments(tmp_path: Path) -> None:
    example = DEPLOY / "config.example.toml"
    assert config.load({}, {}, example) == config.Settings()
    full = tmp_path / "config.toml"
    full.write_text(commented(example))
    assert full.read_text().count("\n") - full.read_text().count("\n#") > 5
    assert config.load({}, {}, full).model_bundle == "/var/lib/mt5-sentinel/model.zip"
    full.write_text(commented(example).replace("daily_loss_max", "daily_los_max"))
    with pytest.raises(Misconfigured, match="daily_los_max"):
        config.load({}, {}, full)


def test_the_example_of_variables_names_variables_that_are_read() -> None:
    names = re.findall(r"(?m)^#?([A-Z_]+)=", (DEPLOY / "env.example").read_text())
    known = {variable for row in config.TABLE.values() for variable in row.metadata["env"]}
    assert names
    assert set(names) <= known
    assert not re.findall(r"(?m)^[^#\n]", (DEPLOY / "env.example").read_text()), "it sets nothing"


def test_the_credentials_that_are_described_are_read(tmp_path: Path) -> None:
    text = (DEPLOY / "credentials/README.md").read_text()
    names = re.findall(r"(?m)^\| `([a-z_]+)` \|", text)
    assert set(names) <= set(config.SECRETS)
    place = tmp_path / "eodhd_api_token"
    line = next(line for line in text.splitlines() if "read -r secret" in line).split("'")[1]
    line = line.replace("/etc/mt5-sentinel/credentials/eodhd_api_token", str(place))
    subprocess.run(["sh", "-c", line], input="a secret 'with' $signs\n", text=True, check=True)
    assert place.stat().st_mode & 0o777 == 0o600
    mistakes: list[str] = []
    found = credentials.read({"CREDENTIALS_DIRECTORY": str(tmp_path)}, config.SECRETS, mistakes)
    assert (found, mistakes) == ([("eodhd_api_token", "a secret 'with' $signs")], [])
