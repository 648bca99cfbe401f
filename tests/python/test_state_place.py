"""``halt``, ``resume`` and ``journal`` speak to the directory that the daemon looks at."""

from __future__ import annotations

from pathlib import Path

import pytest

from mt5_sentinel import cli, config
from mt5_sentinel.errors import Misconfigured

OLDER, OWN, FILE = "STATE_DIRECTORY", "MT5_SENTINEL_STATE_DIR", "MT5_SENTINEL_CONFIG"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing set, and all places of a person there."""
    for name in (OLDER, OWN, FILE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(config, "DEFAULT_FILE", tmp_path / "etc.toml")
    for name in ("flag", "own", "older", "file", "etc"):
        (tmp_path / name).mkdir()
    return tmp_path


def toml(path: Path, state_dir: Path) -> Path:
    path.write_text(f"state_dir = '{state_dir}'\n")
    return path


def test_each_source_yields_to_the_one_above_it_as_in_the_daemon(home: Path) -> None:
    file = toml(home / "c.toml", home / "file")
    environ = {OWN: str(home / "own"), OLDER: str(home / "older"), FILE: str(file)}
    toml(home / "etc.toml", home / "etc")
    flag: str | None = str(home / "flag")
    for wanted in ("flag", "own", "older", "file", "etc"):
        assert config.state_path(flag, environ) == home / wanted
        assert config.load({"state_dir": flag}, environ).state_path == home / wanted
        flag = None
        environ.pop({"own": OWN, "older": OLDER, "file": FILE}.get(wanted, ""), None)
    assert config.state_path(None, {}, file) == home / "file"
    (home / "etc.toml").unlink()
    assert config.state_path(None, {OWN: ""}) == config.Settings().state_path


def test_the_commands_reach_the_directory_of_the_daemon(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(OWN, str(home / "own"))
    assert cli.main(["halt", "--flatten"]) == 0
    assert (home / "own" / "HALT").read_text().startswith("flatten\n")
    assert cli.main(["resume"]) == 0
    assert [path.name for path in (home / "own").iterdir()] == ["RESUME"]
    monkeypatch.delenv(OWN)
    file = str(toml(home / "c.toml", home / "file"))
    assert cli.main(["halt", "--config", file]) == 0
    assert (home / "file" / "HALT").exists()
    assert cli.main(["resume", "--config", file]) == 0
    assert not (home / "file" / "HALT").exists()
    capsys.readouterr()
    assert cli.main(["journal", "--config", file]) != 0
    assert str(home / "file" / "journal.db") in capsys.readouterr().err


def test_a_directory_without_a_journal_is_told_and_halted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("halt", "resume"):
        assert cli.main([verb, "--state-dir", str(home / "flag")]) == 0
        said = f"{home / 'flag'} holds no journal; is this the daemon's state directory?"
        assert said in capsys.readouterr().err
    assert cli.main(["halt", "--state-dir", str(home / "flag")]) == 0
    assert (home / "flag" / "HALT").exists()


def test_other_mistakes_of_the_configuration_keep_nobody_from_halting(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = toml(home / "c.toml", home / "file")
    file.write_text(file.read_text() + 'daily_loss_max = "much"\nunknown = 1\n[[symbol]]\nvolume_lots = 0.1\n')
    with pytest.raises(Misconfigured):
        config.load_all({}, {}, file)
    monkeypatch.setenv("MT5_SENTINEL_NO_SUCH_SETTING", "1")
    assert cli.main(["halt", "--config", str(file)]) == 0
    assert (home / "file" / "HALT").exists()


@pytest.mark.parametrize("content", ["state_dir = [", "state_dir = 5\n", None])
def test_a_broken_file_is_told_unless_the_directory_is_named(
    home: Path, content: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    file = home / "c.toml"
    if content is not None:
        file.write_text(content)
    assert cli.main(["halt", "--config", str(file)]) == 78
    told = capsys.readouterr().err
    assert str(file) in told
    assert "--state-dir" in told
    assert not list(home.glob("*/HALT"))
    assert cli.main(["halt", "--config", str(file), "--state-dir", str(home / "flag")]) == 0
    assert (home / "flag" / "HALT").exists()
