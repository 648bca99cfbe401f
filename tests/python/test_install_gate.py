"""The health gate: what a release must say of itself, and what happens to one that does not."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.python.install_fixtures import host, venv_template, wheels
from tests.python.installed_host import Host

__all__ = ["host", "venv_template", "wheels"]

Wheels = dict[str, Path]

SETTLE = {"SETTLE_S": "1"}
NETWORK = "EURUSD failed: fetch_connection: no connection"

BAD = {
    "fails": "it did not start",
    "FAULT EURUSD internal_error: KeyError": "a cycle met a fault of the program: FAULT EURUSD internal_error",
    "late": "a cycle met a fault of the program: FAULT EURUSD internal_error",
    "silent": "no cycle of each symbol was finished within 1 s: ready",
    "one": "no cycle of each symbol was finished within 1 s: first cycles: 1 of 2",
    "EURUSD failed: bad_rows: row 1": "its first cycle failed, as those of the release before did not: EURUSD failed",
    "dies": "it died and was started again",
}


@pytest.fixture
def upgraded(host: Host, wheels: Wheels) -> Host:
    """A host with 0.1.0, which runs."""
    host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    return host


@pytest.mark.parametrize("does", BAD)
def test_a_bad_release_is_switched_back(upgraded: Host, wheels: Wheels, does: str) -> None:
    before = upgraded.snapshot(without=("opt/mt5-crs/releases", "opt/mt5-crs/manifest"))
    (upgraded.systemd / "behaviour/0.2.0").write_text(does)
    ran = upgraded.run("--wheel", wheels["0.2.0"], "--gate-seconds", "1", with_systemd=True, variables=SETTLE)
    assert ran.returncode == 1
    assert f"release 0.2.0 failed: {BAD[does]}" in ran.stderr
    assert "a line of the journal" in ran.stderr
    assert "release 0.1.0 runs again" in ran.stderr
    assert upgraded.snapshot(without=("opt/mt5-crs/releases", "opt/mt5-crs/manifest")) == before
    assert (upgraded.current(), upgraded.state()) == ("0.1.0", "active")


def test_a_network_that_is_down_is_no_reason_to_switch_back(upgraded: Host, wheels: Wheels) -> None:
    upgraded.behave("0.2.0", NETWORK)
    ran = upgraded.run("--wheel", wheels["0.2.0"], with_systemd=True)
    assert ran.returncode == 3
    assert "✗ First cycle failed: EURUSD failed: fetch_connection" in ran.stderr
    assert "mt5-sentinel doctor --service" in ran.stderr
    assert "First cycle finished" not in ran.stdout
    assert (upgraded.current(), upgraded.state()) == ("0.2.0", "active")
    assert "Nothing to do" in upgraded.done("--wheel", wheels["0.2.0"], with_systemd=True)


def test_failing_as_the_release_before_is_no_reason_to_switch_back(host: Host, wheels: Wheels) -> None:
    for release in ("0.1.0", "0.2.0"):
        host.behave(release, "EURUSD failed: fetch_401: EODHD refused the token")
        ran = host.run("--wheel", wheels[release], with_systemd=True)
        assert (ran.returncode, "✗ First cycle failed: EURUSD failed: fetch_401" in ran.stderr) == (3, True), ran.stderr
        assert (host.current(), host.state()) == (release, "active")


@pytest.mark.parametrize("does", [does for does in BAD if "failed:" not in does])
def test_a_first_release_that_fails_stays_down(host: Host, wheels: Wheels, does: str) -> None:
    (host.systemd / "behaviour/0.1.0").write_text(does)
    ran = host.run("--wheel", wheels["0.1.0"], "--gate-seconds", "1", with_systemd=True, variables=SETTLE)
    assert (ran.returncode, "the service is stopped and disabled" in ran.stderr) == (1, True), ran.stderr
    assert host.state() != "active"
    assert not (host.systemd / "enabled.mt5-sentinel").exists()
    (host.systemd / "behaviour/0.1.0").unlink()
    host.done("--wheel", wheels["0.1.0"], with_systemd=True)
    assert host.state() == "active"


def test_a_failed_way_back_is_not_switched_again(upgraded: Host, wheels: Wheels) -> None:
    upgraded.done("--wheel", wheels["0.2.0"], with_systemd=True)
    (upgraded.systemd / "behaviour/0.1.0").write_text("fails")
    ran = upgraded.run("--rollback", with_systemd=True)
    assert (ran.returncode, "release 0.1.0 stays" in ran.stderr) == (1, True), ran.stderr
    assert upgraded.current() == "0.1.0"
    upgraded.done("--rollback", with_systemd=True)
    assert (upgraded.current(), upgraded.state()) == ("0.2.0", "active")


def test_previous_is_what_it_was_after_a_failed_upgrade(upgraded: Host, wheels: Wheels) -> None:
    upgraded.done("--wheel", wheels["0.2.0"], with_systemd=True)
    digest = hashlib.sha256(wheels["other"].read_bytes()).hexdigest()
    (upgraded.systemd / f"behaviour/0.1.0-{digest[:8]}").write_text("fails")
    assert upgraded.run("--wheel", wheels["other"], with_systemd=True).returncode == 1
    assert upgraded.current() == "0.2.0"
    assert (upgraded.prefix / "previous").readlink() == Path("releases/0.1.0")


def test_no_start_installs_and_enables(host: Host, wheels: Wheels) -> None:
    host.done("--wheel", wheels["0.1.0"], "--no-start", with_systemd=True)
    assert host.state() == "inactive"
    assert (host.systemd / "enabled.mt5-sentinel").exists()
    host.done("--wheel", wheels["0.1.0"], "--start", with_systemd=True)
    assert host.state() == "active"
