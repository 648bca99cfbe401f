"""The dashboard and the direct alerts as installed units beside the daemon: each sees it, and neither can hurt it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.python.conftest import ROOT
from tests.python.host.conftest import Measured
from tests.python.host.service import VARIABLES, Service

GUIDE = ROOT / "docs" / "DIRECT_ALERTS.md"
DASHBOARD, ALERTS = "mt5-sentinel-dashboard", "mt5-sentinel-alerts"
EAR_PORT, HEARD = 8282, "/run/heard"
EAR = f"""
import http.server, pathlib

class Ear(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with pathlib.Path("{HEARD}").open("ab") as file:
            file.write(body + b"\\n")
        self.send_response(200)
        self.end_headers()

http.server.HTTPServer(("127.0.0.1", {EAR_PORT}), Ear).serve_forever()
"""
"""A chat that takes messages, in place of Slack."""

LOOK_UNIT, LOOK_PLACE = "look", "/run/look.py"
LOOK = """
import json, pathlib, time
from mt5_sentinel.alerting.eyes import Eyes

lights = Eyes(pathlib.Path("/var/lib/mt5-sentinel")).look(time.time(), time.monotonic())
print(json.dumps({light.name: [light.level, light.text] for light in lights}))
"""
OTHERWISE = (
    *(("Type", "oneshot"), ("WatchdogSec", "0"), ("Restart", "no"), ("SyslogIdentifier", LOOK_UNIT)),
    ("ExecStart", f"/opt/mt5-crs/venv/bin/python {LOOK_PLACE}"),
)

pytestmark = pytest.mark.usefixtures("in_order")


def page(service: Service, path: str, *flags: str) -> str:
    return service.machine.check("curl", "-sS", "--max-time", "10", *flags, f"http://127.0.0.1:8001{path}")


def heard(service: Service) -> list[str]:
    """Matter and first line of the messages so far."""
    lines = service.machine.run("cat", HEARD).stdout.splitlines()
    told = [(one["title"].partition(": ")[2], one["message"].splitlines()[0]) for one in map(json.loads, lines)]
    return [": ".join(one) for one in told]


def looks(service: Service) -> list[str]:
    return service.machine.run("journalctl", "--quiet", "--output=cat", "--identifier", LOOK_UNIT).stdout.splitlines()


def seen(service: Service) -> dict[str, list[str]]:
    """Level and text of each light, by a look from where the alerts' unit is: all its lines but what it starts."""
    lines = [line for line in service.machine.check("systemctl", "cat", ALERTS).splitlines() if line[:1] != "#"]
    lines = [next((f"{key}={value}" for key, value in OTHERWISE if line.startswith(f"{key}=")), line) for line in lines]
    service.machine.write(LOOK_PLACE, LOOK)
    service.machine.write(f"/run/systemd/system/{LOOK_UNIT}.service", "\n".join(lines) + "\n")
    service.systemctl("daemon-reload")
    before = len(looks(service))
    service.systemctl("start", LOOK_UNIT)
    service.wait_until("the look is told", lambda: len(looks(service)) > before)
    found: dict[str, list[str]] = json.loads(looks(service)[-1])
    return found


def user_of(service: Service, unit: str) -> str:
    return service.machine.check("ps", "-o", "user=", "-p", service.show("MainPID", unit)).strip()


def test_both_are_installed_with_what_they_need(
    service: Service, wheel: Path, wheelhouse: str, measured: Measured
) -> None:
    service.bring_market_data()
    service.configure()
    service.machine.write("/run/ear.py", EAR)
    service.machine.check("systemd-run", "--unit", "ear", "/usr/bin/python3", "/run/ear.py")
    service.machine.write(
        "/etc/mt5-sentinel/credentials/alert_urls", f"json://127.0.0.1:{EAR_PORT}/token-of-the-chat/\n", mode=0o600
    )
    done = service.install(wheel.name, wheelhouse, "--with", "dashboard", "--with", "alerts")
    assert done.returncode == 0, done.stdout + done.stderr
    for unit in (DASHBOARD, ALERTS):
        assert (service.show("ActiveState", unit), service.show("UnitFileState", unit)) == ("active", "enabled")
    measured(f"active and enabled, users {user_of(service, DASHBOARD)} and {user_of(service, ALERTS)}")


def test_a_test_message_goes_by_the_command_of_the_guide(service: Service, measured: Measured) -> None:
    (command,) = re.findall(r"^    # (systemd-run .*)$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    told = service.machine.check("bash", "-c", command)
    assert told == "1 (json): sent\n"
    assert [line for line in heard(service) if line.startswith("test: ")] == ["test: This is a test; nothing is wrong."]
    service.machine.check("rm", HEARD)
    measured(told.strip())


def test_the_dashboard_shows_what_the_journal_holds(service: Service, measured: Measured) -> None:
    service.wait_for("Decision: ")
    told = json.loads(page(service, "/api/overview"))
    assert (told["mode"], [one["symbol"] for one in told["symbols"]]) == ("dry-run", ["EURUSD"])
    status = service.machine.run("mt5-sentinel", "status", "--json")
    assert json.loads(status.stdout)["mode"] == "dry-run", status.stderr
    assert "default-src 'none'" in page(service, "/", "-D", "-", "-o", "/dev/null")
    measured(f"level {told['level']}, equity {told['account']['equity']}")


def test_a_killed_dashboard_comes_back_and_the_daemon_goes_on(service: Service) -> None:
    daemon, old = service.pid, service.show("MainPID", DASHBOARD)
    service.machine.check("kill", "-9", old)
    service.wait_until("another dashboard", lambda: service.show("MainPID", DASHBOARD) not in ("0", old), timeout_s=40)
    service.wait_until(
        "it answers", lambda: service.machine.run("curl", "-sf", "http://127.0.0.1:8001/livez").returncode == 0
    )
    assert service.pid == daemon


def test_the_alerts_see_the_daemon_from_within_their_unit(service: Service, measured: Measured) -> None:
    found = seen(service)
    assert found["daemon"] == ["ok", "it answers"]
    assert found["memory"][1].startswith("the daemon holds "), found["memory"]
    measured(found["memory"][1])


def test_without_metrics_they_know_that_it_is_there(service: Service, measured: Measured) -> None:
    service.machine.write("/opt/mt5-crs/.env", f"{VARIABLES}MT5_SENTINEL_METRICS_PORT=0\n", mode=0o600)
    mark = service.mark()
    service.systemctl("restart", "mt5-sentinel")
    service.wait_for("Decision: ", mark)
    found = seen(service)
    assert found["daemon"] == ["ok", f"process {service.pid} runs"]
    assert found["memory"][1].startswith("not known"), found["memory"]
    measured(f"{found['daemon'][1]}; memory {found['memory'][1]}")


def test_a_stopped_daemon_is_told_and_its_return_too(service: Service, measured: Measured) -> None:
    """Without metrics still: the number of its process is all there is to tell by."""
    assert heard(service) == [], "nothing was wrong so far"
    pid = service.pid
    service.systemctl("stop", "mt5-sentinel")
    try:
        took_s = service.wait_until("a message", lambda: len(heard(service)) > 0, timeout_s=120)
    except AssertionError:
        log = service.machine.check("journalctl", "--quiet", "--output=cat", "--unit", ALERTS)
        pytest.fail(f"no message came; the alerts say:\n{log[-4000:]}", pytrace=False)
    told = heard(service)
    assert told == [f"daemon: BAD: the daemon does not run as it should: process {pid} is gone"]
    service.systemctl("start", "mt5-sentinel")
    service.wait_until("it is well again", lambda: len(heard(service)) > 1, timeout_s=180)
    assert heard(service)[1:] == [f"daemon: well again: process {service.pid} runs"]
    log = service.machine.check("journalctl", "--quiet", "--output=cat", "--unit", ALERTS)
    assert "token-of-the-chat" not in log
    measured(f"told {took_s:.0f} s after the stop: {told[0]}")


def test_neither_can_write_the_daemon_s_files(service: Service) -> None:
    for unit in (DASHBOARD, ALERTS):
        pid = service.show("MainPID", unit)
        tried = service.machine.run("nsenter", "--target", pid, "--mount", "touch", "/var/lib/mt5-sentinel/planted")
        assert tried.returncode != 0, unit
