"""`audit` and `doctor` of a service that is really installed: well at first, then each fault seen and undone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.python.host.conftest import Measured
from tests.python.host.service import TOKEN, Service

CLOCK = {"clock"}
"""Nothing keeps the clock of the tests' machine, which the audit has to say."""

FOLDER = "/etc/systemd/system/mt5-sentinel.service.d"
UNIT = "/etc/systemd/system/mt5-sentinel.service"
SITE = "/opt/mt5-crs/venv/lib/python3*/site-packages/mt5_sentinel"
OF_ALL = "/etc/systemd/system/service.d"
STATE = "/var/lib/mt5-sentinel"
AS_USER = "setpriv --reuid=mt5-sentinel --regid=mt5-sentinel --clear-groups"
RELOAD = "systemctl daemon-reload"

FAULTS = {
    "unit": (f"chmod 666 {UNIT}", f"chmod 644 {UNIT}"),
    "unit loaded": (
        f"mkdir -p {FOLDER} && printf '[Service]\\nNice=1\\n' > {FOLDER}/a.conf",
        f"rm -r {FOLDER} && {RELOAD}",
    ),
    "unit verified": (
        f"mkdir -p {FOLDER} && printf '[Service]\\nMemoryLimit=1G\\n' > {FOLDER}/a.conf && {RELOAD}",
        f"rm -r {FOLDER} && {RELOAD}",
    ),
    "unit exposure": (
        f"mkdir -p {FOLDER} && printf '[Service]\\nPrivateUsers=no\\nPrivateTmp=no\\n' > {FOLDER}/a.conf && {RELOAD}",
        f"rm -r {FOLDER} && {RELOAD}",
    ),
    "unit promises": (
        f"mkdir -p {FOLDER} && printf '[Service]\\nMemoryMax=infinity\\n' > {FOLDER}/a.conf && {RELOAD}",
        f"rm -r {FOLDER} && {RELOAD}",
    ),
    "unit promises: at boot": ("systemctl disable mt5-sentinel", "systemctl enable mt5-sentinel"),
    "unit verified: of all services": (
        f"mkdir -p {OF_ALL} && printf '[Service]\\nNoSuchKey=1\\n' > {OF_ALL}/a.conf && {RELOAD}",
        f"rm -r {OF_ALL} && {RELOAD}",
    ),
    "unit: a folder of the user": (
        f"mkdir -p {FOLDER} && chown mt5-sentinel {FOLDER}",
        f"rm -r {FOLDER}",
    ),
    "databases": (
        f"cd {STATE} && mv bars.db b && {AS_USER} mkfifo bars.db",
        f"cd {STATE} && mv b bars.db",
    ),
    "package: a file that runs at every start": (f"cd {SITE}/.. && echo 'import os' > a.pth", f"rm {SITE}/../a.pth"),
    "secrets: in a drop-in": (
        f"mkdir -p {FOLDER} && printf '[Service]\\nEnvironment=EODHD_API_TOKEN=abcdefgh\\n' > {FOLDER}/a.conf"
        f" && {RELOAD}",
        f"rm -r {FOLDER} && {RELOAD}",
    ),
    "importable": ("chmod 700 /opt/mt5-crs/releases", "chmod 755 /opt/mt5-crs/releases"),
    "release unwritable": (f"chown mt5-sentinel {SITE}/cli.py", f"chown root {SITE}/cli.py"),
    "package": (f"echo | tee -a {SITE}/settings.py", f"truncate -s -1 {SITE}/settings.py"),
    "secrets": ("chmod 644 /opt/mt5-crs/.env", "chmod 600 /opt/mt5-crs/.env"),
    "directories": ("chmod 755 /var/lib/mt5-sentinel", "chmod 700 /var/lib/mt5-sentinel"),
    "manifest": (
        "echo '#' >> /opt/mt5-crs/src/strategy/sentinel_daemon.py",
        "truncate -s -2 /opt/mt5-crs/src/strategy/sentinel_daemon.py",
    ),
    "release": (
        "cp -p /opt/mt5-crs/current/VERSION /run/VERSION && echo 9 > /opt/mt5-crs/current/VERSION",
        "cp -p /run/VERSION /opt/mt5-crs/current/VERSION",
    ),
    "disk": ("mount -t tmpfs -o size=1m,uid=995 none /var/log/mt5-sentinel", "umount /var/log/mt5-sentinel"),
}
"""What is done to the host, and what undoes it; a check, or several faults of one."""

ALSO = {"unit": {"unit verified"}, "disk": {"directories"}}
"""Checks that see the same fault with other eyes."""


@pytest.fixture(scope="module")
def host(service: Service, wheel: Path, wheelhouse: str) -> Service:
    """The service, installed and running."""
    service.bring_market_data()
    service.configure()
    done = service.install(wheel.name, wheelhouse)
    assert done.returncode == 0, done.stdout + done.stderr
    return service


def asked(service: Service, *words: str) -> tuple[int, dict[str, dict[str, str]]]:
    done = service.machine.run("mt5-sentinel", *words, "--json")
    assert done.stderr == "", done.stderr
    assert TOKEN not in done.stdout
    told: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, {one["check"]: one for one in told["checks"]}


def bad(found: dict[str, dict[str, str]]) -> set[str]:
    return {name for name, one in found.items() if one["verdict"] == "failed"}


def test_a_fresh_installation_passes_gate_1(host: Service, measured: Measured) -> None:
    _, found = asked(host, "audit")
    assert bad(found) <= CLOCK, {name: found[name] for name in bad(found)}
    assert found["importable"]["found"].startswith("mt5-sentinel imports version")
    line = json.loads(host.machine.check("tail", "-n", "1", "/var/log/mt5-sentinel/audit.jsonl"))
    assert line["what"] == "audit" and set(line["failed_checks"]) <= CLOCK
    assert host.machine.check("stat", "-c", "%U", "/var/log/mt5-sentinel/audit.jsonl").strip() == "mt5-sentinel"
    measured(f"{sum(one['verdict'] == 'ok' for one in found.values())} checks hold")


@pytest.mark.parametrize("check", FAULTS)
def test_the_audit_sees(host: Service, check: str) -> None:
    breaks, mends = FAULTS[check]
    check = check.partition(":")[0]
    host.machine.check("sh", "-c", breaks)
    try:
        code, found = asked(host, "audit")
    finally:
        host.machine.check("sh", "-c", mends)
    assert code == 1 and {check} <= bad(found) <= {check} | ALSO.get(check, set()) | CLOCK, {
        name: found[name] for name in bad(found)
    }


def test_it_is_as_before(host: Service) -> None:
    assert bad(asked(host, "audit")[1]) <= CLOCK


def test_the_doctor_sees_what_the_unit_gives(host: Service, measured: Measured) -> None:
    code, found = asked(host, "doctor", "--service")
    assert (code, bad(found)) == (0, set()), found
    assert "is held by the daemon that runs here" in found["metrics port"]["found"]
    host.machine.check("mt5-sentinel", "halt", "--state-dir", "/var/lib/mt5-sentinel", "--reason", "a test")
    assert bad(asked(host, "doctor", "--service")[1]) == {"kill switch"}
    todo = asked(host, "doctor", "--service")[1]["kill switch"]["todo"]
    host.machine.check("sh", "-c", todo.removeprefix("sudo "))
    assert bad(asked(host, "doctor", "--service")[1]) == set()
    measured("the todo of the kill switch was run")


def test_looking_at_a_stopped_service_leaves_it_able_to_start(host: Service) -> None:
    host.systemctl("stop", "mt5-sentinel")
    assert bad(asked(host, "doctor", "--service")[1]) == {"daemon"}
    assert bad(asked(host, "audit")[1]) <= CLOCK
    owners = host.machine.check("find", "/var/lib/mt5-sentinel", "!", "-user", "mt5-sentinel")
    assert owners == ""
    mark = host.mark()
    host.systemctl("start", "mt5-sentinel")
    host.wait_for("Decision: ", mark)
