"""What a unit gives its service, by systemd's own rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from mt5_sentinel import logs
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.ops import service_settings
from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.questions import Broken
from mt5_sentinel.ops.unit_file import Unit, variables

UNIT = """[Unit]
Description=a
# User=commented
[Service]
User=root
User=mt5-sentinel
StateDirectory=mt5-sentinel
Environment="A=one two" B=%n
Environment=C=3 \\
  D=4
EnvironmentFile=-/opt/mt5-crs/.env
LoadCredential=eodhd_api_token:/etc/mt5-sentinel/credentials/eodhd_api_token
ExecStart=-/opt/mt5-crs/venv/bin/python /opt/mt5-crs/src/strategy/sentinel_daemon.py --log-level debug
"""


def lay_down(root: Path, **files: str) -> Host:
    for name, text in {"/etc/systemd/system/mt5-sentinel.service": UNIT, **files}.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Host(root)


def test_assignments_lists_and_specifiers(tmp_path: Path) -> None:
    unit = Unit(lay_down(tmp_path))
    assert unit.value("Service.User") == "mt5-sentinel"
    assert unit.command()[2:] == ["--log-level", "debug"]
    environment = unit.environment(Host(tmp_path))
    assert environment == {
        "STATE_DIRECTORY": "/var/lib/mt5-sentinel",
        "A": "one two",
        "B": "mt5-sentinel.service",
        "C": "3",
        "D": "4",
    }


def test_drop_ins_come_after_it_in_order_and_may_take_back(tmp_path: Path) -> None:
    folder = "/etc/systemd/system/mt5-sentinel.service.d"
    files = {
        f"{folder}/20-b.conf": "[Service]\nExecStart=\nExecStart=/usr/bin/b\n",
        f"{folder}/10-a.conf": "[Service]\nExecStart=\nExecStart=/usr/bin/a\nEnvironment=\n",
        "/run/systemd/system/mt5-sentinel.service.d/20-b.conf": "[Service]\nExecStart=/usr/bin/hidden\n",
    }
    unit = Unit(lay_down(tmp_path, **files))
    assert unit.command() == ["/usr/bin/b"]
    assert "A" not in unit.environment(Host(tmp_path))
    assert [path.name for path in unit.paths[1:]] == ["10-a.conf", "20-b.conf"]


def test_drop_ins_of_all_services_and_of_a_family_come_before_its_own(tmp_path: Path) -> None:
    top = "/etc/systemd/system"
    files = {
        f"{top}/service.d/a.conf": "[Service]\nNice=1\n",
        f"{top}/mt5-.service.d/b.conf": "[Service]\nNice=2\n",
        "/run/systemd/system/mt5-sentinel.service.d/a.conf": "[Service]\nNice=3\n",
        "/etc/systemd/system.control/mt5-sentinel.service.d/50-x.conf": "[Service]\nMemoryMax=infinity\n",
    }
    unit = Unit(lay_down(tmp_path, **files))
    assert unit.values("Service.Nice") == ["3", "2"]
    assert unit.value("Service.MemoryMax") == "infinity"


def test_files_of_variables_by_a_pattern(tmp_path: Path) -> None:
    host = lay_down(tmp_path, **{"/etc/default/a": "X=1\n", "/etc/default/b": "X=2\n"})
    path = tmp_path / "etc/systemd/system/mt5-sentinel.service"
    path.write_text(UNIT + "EnvironmentFile=/etc/default/*\n")
    assert Unit(host).environment(host)["X"] == "2"


def test_a_file_of_variables() -> None:
    text = """# a comment
; another
A=plain text
B="in quotes "
 C = 'single # kept'
D=
E=a#b
"""
    assert variables(text, Path("f")) == {
        "A": "plain text",
        "B": "in quotes ",
        "C": "single # kept",
        "D": "",
        "E": "a#b",
    }


@pytest.mark.parametrize(("text", "problem"), [("export A=1", "line 1"), ('A=1\nB="x', "line 2"), ("hello", "line 1")])
def test_lines_that_systemd_leaves_out_are_told_without_their_text(text: str, problem: str) -> None:
    with pytest.raises(Broken, match=problem) as told:
        variables(text.replace("1", "s3cret-value"), Path("/opt/.env"))
    assert "s3cret" not in str(told.value) + told.value.todo


def test_a_file_that_must_be_there(tmp_path: Path) -> None:
    host = lay_down(tmp_path)
    path = tmp_path / "etc/systemd/system/mt5-sentinel.service"
    path.write_text(UNIT.replace("=-/opt/mt5-crs/.env", "=/opt/mt5-crs/.env"))
    with pytest.raises(FileNotFoundError):
        Unit(host).environment(host)


def test_the_services_settings_and_their_secrets(tmp_path: Path) -> None:
    files = {
        "/opt/mt5-crs/.env": "EODHD_API_KEY=older-token-1\nGTW_HOST=127.0.0.1\n",
        "/etc/mt5-sentinel/credentials/eodhd_api_token": "newer-token-2\n",
        "/etc/mt5-sentinel/config.toml": "threshold = 0.7\n",
    }
    (settings,) = service_settings.load(lay_down(tmp_path, **files))
    assert (settings.log_level, settings.threshold, settings.gtw_host) == ("debug", 0.7, "127.0.0.1")
    assert settings.eodhd_api_token == "newer-token-2"
    assert logs.hide("older-token-1 newer-token-2") == "[hidden] [hidden]"


def test_a_flag_that_run_has_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    host = lay_down(tmp_path)
    path = tmp_path / "etc/systemd/system/mt5-sentinel.service"
    path.write_text(UNIT.replace("--log-level", "--symbl"))
    with pytest.raises(Misconfigured, match="ExecStart: unrecognized arguments: --symbl"):
        service_settings.load(host)
    assert capsys.readouterr().err == ""


CREDS = """#!/bin/sh
# decrypt --name=NAME FILE -: a file that begins with its name in capitals is sealed for this machine
case "$1 $2 $4" in "decrypt --name=eodhd_api_token -") ;; *) echo "what is $*" >&2; exit 1 ;; esac
sed -n "s/^sealed here: //p" "$3" | grep . || { echo "Failed to decrypt: Bad message" >&2; exit 1; }
"""

SEALED = "/etc/mt5-sentinel/credentials/eodhd_api_token.cred"


def sealed_host(root: Path, text: str) -> Host:
    """A unit whose token lies encrypted, as deploy/credentials/README.md writes it."""
    drop_in = f"[Service]\nLoadCredential=\nLoadCredentialEncrypted=eodhd_api_token:{SEALED}\n"
    lay_down(root, **{"/etc/systemd/system/mt5-sentinel.service.d/o.conf": drop_in, SEALED: text})
    program = root / "bin" / "systemd-creds"
    program.parent.mkdir()
    program.write_text(CREDS)
    program.chmod(0o755)
    return Host(root, {"PATH": f"{program.parent}:/usr/bin:/bin"})


def test_an_encrypted_credential_is_read_and_hidden(tmp_path: Path) -> None:
    host = sealed_host(tmp_path, "sealed here: a-token-that-lay-sealed\n")
    (settings,) = service_settings.load(host)
    assert settings.eodhd_api_token == "a-token-that-lay-sealed"
    assert "lay-sealed" not in logs.hide("GET /api?api_token=a-token-that-lay-sealed")


def test_an_encrypted_credential_of_another_machine_is_named(tmp_path: Path) -> None:
    host = sealed_host(tmp_path, "sealed elsewhere\n")
    with pytest.raises(Broken, match=r"eodhd_api_token .*cannot be decrypted: Failed to decrypt: Bad message"):
        service_settings.load(host)
