"""The gateway's unit beside the daemon's: on paper for this machine, then with keys, both as credentials."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.python.host.conftest import Measured
from tests.python.host.service import Service
from tests.python.unit_files import text

GATEWAY = "mt5-sentinel-gateway"
KEYS = "/etc/mt5-sentinel/credentials"

pytestmark = pytest.mark.usefixtures("in_order")


def restart(service: Service, unit: str, until: str) -> str:
    """Restart a unit and wait for a line of its journal; what it has written since."""
    mark = service.mark()
    service.systemctl("restart", unit)
    read = ["journalctl", "--quiet", "--output=cat", f"--after-cursor={mark}", "--unit", unit]
    service.wait_until(f"{until!r} of {unit}", lambda: until in service.machine.check(*read))
    return service.machine.check(*read)


def add(service: Service, line: str) -> None:
    service.machine.check("sh", "-c", 'echo "$1" >> /etc/mt5-sentinel/config.toml', "sh", line)


def check(service: Service, *flags: str) -> str:
    """What the gateway's self-test says, each line without an error."""
    told = service.machine.check("mt5-sentinel", "gateway", "--check", *flags)
    assert "✗" not in told
    return told


def test_the_gateway_is_installed_beside_the_daemon(
    service: Service, wheel: Path, wheelhouse: str, measured: Measured
) -> None:
    service.bring_market_data()
    service.configure()
    done = service.install(wheel.name, wheelhouse, "--with", "gateway")
    assert done.returncode == 0, done.stdout + done.stderr
    assert service.show("ActiveState", GATEWAY) == "active"
    assert service.show("UnitFileState", GATEWAY) == "enabled"
    owner = service.machine.check("ps", "-o", "user=", "-p", service.show("MainPID", GATEWAY)).strip()
    assert owner not in ("root", "mt5-sentinel")
    service.wait_until("it answers", lambda: service.machine.run("mt5-sentinel", "gateway", "--check").returncode == 0)
    assert "plain text, for this machine only" in check(service)
    measured(f"active and enabled, user {owner}, all checks of `gateway --check` pass")


def test_the_daemon_checks_its_orders_there(service: Service) -> None:
    add(service, 'gtw_host = "127.0.0.1"')
    lines = restart(service, "mt5-sentinel", "Decision: ")
    assert "orders checked by the gateway at 127.0.0.1:5555" in lines
    assert "unreachable" not in lines


def test_keys_of_both_come_as_credentials(service: Service, measured: Measured) -> None:
    for name in ("gateway", "daemon"):
        service.machine.check("mt5-sentinel", "keys", "new", name, "--dir", KEYS)
    public = {
        name: service.machine.check("mt5-sentinel", "keys", "show", f"{KEYS}/{name}.key").strip()
        for name in ("gateway", "daemon")
    }
    service.machine.write("/etc/mt5-sentinel/clients.txt", f"{public['daemon']}\n")
    for unit, name in ((GATEWAY, "gateway-encrypted.conf"), ("mt5-sentinel", "gateway-keys.conf")):
        service.machine.write(f"/etc/systemd/system/{unit}.service.d/{name}", text(f"drop-ins/{name}"))
    service.systemctl("daemon-reload")
    add(service, f'gtw_server_key = "{public["gateway"]}"')
    assert "encrypted; public key" in restart(service, GATEWAY, "clients in ")
    lines = restart(service, "mt5-sentinel", "Decision: ")
    assert "orders checked by the gateway" in lines
    keys = ("--server-key", public["gateway"], "--client-key-file", f"{KEYS}/daemon.key")
    assert "encrypted" in check(service, "--key-file", f"{KEYS}/gateway.key", *keys)
    measured("both ends read their keys from $CREDENTIALS_DIRECTORY")


def test_a_key_that_is_missing_stops_the_start(service: Service) -> None:
    """Unlike a token, which may stand elsewhere."""
    service.machine.check("rm", f"{KEYS}/daemon.key")
    assert service.machine.run("systemctl", "restart", "mt5-sentinel").returncode != 0
    assert service.show("ActiveState") != "active"


def test_without_the_family_for_interfaces_it_would_abort(service: Service, measured: Measured) -> None:
    """Why the gateway's unit allows AF_NETLINK, which the daemon's does not."""
    families = "RestrictAddressFamilies=\nRestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX"
    service.machine.write(f"/etc/systemd/system/{GATEWAY}.service.d/z.conf", f"[Service]\n{families}\n")
    service.systemctl("daemon-reload")
    mark = service.mark()
    service.systemctl("restart", GATEWAY)
    read = ["journalctl", "--quiet", "--output=cat", f"--after-cursor={mark}", "--unit", GATEWAY]
    service.wait_until("it aborts", lambda: "status=6/ABRT" in service.machine.check(*read))
    measured("status 6/ABRT")
