"""deploy/*.service and their drop-ins: valid, hardened, and what the older installation promised."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.python import unit_files
from tests.python.unit_files import DROP_INS, UNITS, complaints, is_exposed, lay_down, settings, text

DAEMON = UNITS[0]
LOOSE = (
    "[Service]\nType=simple\nUser=root\nExecStart=/opt/mt5-crs/venv/bin/python\nNoNewPrivileges=true\nPrivateTmp=true\n"
)
HARDENING = (
    *("NoNewPrivileges", "CapabilityBoundingSet", "AmbientCapabilities", "PrivateUsers", "ProtectSystem"),
    *("ProtectHome", "PrivateTmp", "PrivateDevices", "DevicePolicy", "PrivateMounts", "PrivateIPC", "RemoveIPC"),
    *("ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs", "ProtectClock", "ProtectControlGroups"),
    *("ProtectHostname", "ProtectProc", "RestrictNamespaces", "RestrictRealtime", "LockPersonality"),
    *("RestrictSUIDSGID", "MemoryDenyWriteExecute", "IPAddressDeny", "SystemCallArchitectures", "SystemCallFilter"),
    *("SystemCallErrorNumber", "UMask", "LimitCORE", "LimitNOFILE", "MemorySwapMax", "OOMPolicy"),
    *("Restart", "RestartSec", "StartLimitIntervalSec"),
)


@pytest.mark.parametrize("name", UNITS)
def test_systemd_has_nothing_to_say_about_a_unit(tmp_path: Path, name: str) -> None:
    assert complaints(lay_down(tmp_path, name, text(name))) == ""


@pytest.mark.parametrize("name", UNITS)
def test_no_unit_is_exposed(tmp_path: Path, name: str) -> None:
    assert not is_exposed(lay_down(tmp_path, name, text(name)))


@pytest.mark.parametrize(("drop_in", "name"), DROP_INS.items())
def test_a_drop_in_merges_and_loosens_nothing(tmp_path: Path, drop_in: str, name: str) -> None:
    path = lay_down(tmp_path, name, text(name), text(f"drop-ins/{drop_in}"))
    assert complaints(path) == ""
    assert not is_exposed(path)


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("MemoryLimit=1G\n", "MemoryLimit"),
        ("MemoryMaximum=1G\n", "MemoryMaximum"),
        ("Restart=allways\n", "allways"),
        ("ExecStart=\nExecStart=/opt/mt5-crs/venv/bin/missing\n", "missing"),
    ],
)
def test_a_wrong_line_is_found_in_unit_and_drop_in(tmp_path: Path, added: str, said: str) -> None:
    wrong = text(DAEMON).replace("[Install]", f"{added}[Install]")
    assert said in complaints(lay_down(tmp_path, DAEMON, wrong))
    (tmp_path / "beside").mkdir()
    assert said in complaints(lay_down(tmp_path / "beside", DAEMON, text(DAEMON), f"[Service]\n{added}"))


@pytest.mark.parametrize("lost", ["PrivateUsers=yes", "SystemCallFilter=~@privileged", "ProtectHome=yes"])
def test_less_hardening_is_found(tmp_path: Path, lost: str) -> None:
    assert lost in text(DAEMON)
    assert is_exposed(lay_down(tmp_path, DAEMON, text(DAEMON).replace(lost, "")))


def test_the_older_unit_would_be_exposed(tmp_path: Path) -> None:
    assert is_exposed(lay_down(tmp_path, DAEMON, LOOSE))
    assert is_exposed(lay_down(tmp_path, DAEMON, LOOSE), limit=9.0)


def test_what_the_older_unit_promised_is_kept() -> None:
    unit = settings(text(DAEMON))
    command = "/opt/mt5-crs/venv/bin/python /opt/mt5-crs/src/strategy/sentinel_daemon.py --dry-run --threshold 0.6"
    assert unit["ExecStart"] == [command]
    promised = {
        **{"WorkingDirectory": "/opt/mt5-crs", "EnvironmentFile": "-/opt/mt5-crs/.env", "Restart": "always"},
        **{"RestartSec": "10", "MemoryMax": "1G", "LimitNOFILE": "4096", "SyslogIdentifier": "mt5-sentinel"},
        **{"NoNewPrivileges": "yes", "PrivateTmp": "yes", "WantedBy": "multi-user.target"},
        **{"Wants": "network-online.target", "After": "network-online.target"},
    }
    assert {key: unit[key] for key in promised} == {key: [value] for key, value in promised.items()}


def test_what_hangs_or_cannot_work_is_told_apart() -> None:
    unit = settings(text(DAEMON))
    assert unit["Type"] == ["notify"]
    assert unit["NotifyAccess"] == ["main"]
    assert int(unit["WatchdogSec"][0]) > 2 * 50, "longer than a minute's cycles may take, twice"
    assert int(unit["TimeoutStopSec"][0]) > 50 + 20, "longer than a cycle and the wait for one that takes too long"
    assert unit["RestartPreventExitStatus"] == ["78"]
    assert unit["StartLimitIntervalSec"] == ["0"]


@pytest.mark.parametrize("name", UNITS[1:])
def test_the_units_are_hardened_alike(name: str) -> None:
    daemon, other = settings(text(DAEMON)), settings(text(name))
    assert {key: other.get(key) for key in HARDENING} == {key: daemon[key] for key in HARDENING}


def test_each_drop_in_is_checked() -> None:
    assert {path.name for path in (unit_files.DEPLOY / "drop-ins").iterdir()} == set(DROP_INS)


def unexplained(unit: str) -> list[str]:
    """Directives with no comment above them, or above the six at most that one comment is about."""
    found, since = [], 99
    for line in unit.splitlines():
        if line.startswith("#"):
            since = 0
        elif not line or line.startswith("["):
            since = 99
        else:
            since += 1
            found += [line] if since > 6 else []
    return found


def test_each_directive_of_the_daemon_has_its_why() -> None:
    told = {"Description", "Documentation", "WantedBy", "ExecStart"}
    assert {line.split("=")[0] for line in unexplained(text(DAEMON))} <= told
    assert unexplained(text(DAEMON).replace("# A core dump would hold the tokens.\n", "\n")) != unexplained(
        text(DAEMON)
    )
