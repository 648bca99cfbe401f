"""Gate 1 over the deploy folder of a checkout, and what real programs say of units."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mt5_sentinel import cli
from mt5_sentinel.ops import audit, audit_files, audit_promises, audit_unit
from mt5_sentinel.ops.findings import lines, passed
from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.layout import Layout
from mt5_sentinel.ops.place import Place
from mt5_sentinel.ops.questions import Broken

DEPLOY = Path(__file__).parent.parent.parent / "deploy"


@pytest.fixture
def checkout(tmp_path: Path) -> Place:
    """A copy of the deploy folder, looked at with the programs of this machine."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    return audit.checkout(Host(), Layout(), tmp_path / "deploy")


def test_the_unit_of_this_release_is_accepted_without_a_word(checkout: Place) -> None:
    assert "nothing to say" in audit_unit.verified(checkout)


@pytest.mark.parametrize(
    ("line", "told"),
    [("MemoryLimit=1G", "MemoryLimit"), ("Restrt=always", "Unknown key"), ("MemoryMax=x", "Invalid memory limit")],
)
def test_a_line_that_systemd_only_warns_of(checkout: Place, line: str, told: str) -> None:
    unit = checkout.unit
    unit.write_text(unit.read_text().replace("[Service]\n", f"[Service]\n{line}\n"))
    with pytest.raises(Broken, match=told) as found:
        audit_unit.verified(checkout)
    assert str(unit) in found.value.todo and "systemd-analyze verify" in found.value.todo


def test_a_unit_without_hardening_is_exposed(checkout: Place) -> None:
    checkout.unit.write_text("[Service]\nExecStart=/bin/true\nMemoryMax=1G\n")
    with pytest.raises(Broken, match=r"9\.\d, more than 1\.2"):
        audit_unit.exposure(checkout)


def test_a_drop_in_that_takes_hardening_back_counts(checkout: Place) -> None:
    before = audit_unit.systemds_figure(checkout)
    folder = checkout.unit.with_name(f"{checkout.unit.name}.d")
    folder.mkdir()
    (folder / "a.conf").write_text("[Service]\nNoNewPrivileges=no\nPrivateTmp=no\n")
    assert audit_unit.systemds_figure(checkout) > before


def test_this_checkout_passes(checkout: Place) -> None:
    found = list(audit.each(checkout))
    assert passed(found), lines(found)
    assert {one.check for one in found if one.verdict == "ok"} == set(audit.OF_A_CHECKOUT)
    promises = next(one.found for one in found if one.check == "unit promises")
    assert promises == (
        "notify, restarted always after 10 s, watchdog 120 s, 1073 MB at most, as mt5-sentinel, enabled"
    )


def test_the_launcher_is_as_the_package_expects_it() -> None:
    text = (DEPLOY / "sentinel_daemon.py").read_text(encoding="utf-8")
    assert [line for line in audit_files.LINES if line not in text.splitlines()] == []


CANNOT_WORK: dict[str, tuple[str, Callable[[str], str], str]] = {
    "a launcher of nothing": (
        "sentinel_daemon.py",
        lambda _: "from mt5_sentinel.nothing import main\nraise SystemExit(1)\n",
        "launcher",
    ),
    "a gateway of garbage": ("mt5-sentinel-gateway.service", lambda _: "garbage\n", "unit verified"),
    "a dashboard with an unknown key": (
        "mt5-sentinel-dashboard.service",
        lambda text: text.replace("[Service]", "[Service]\nNoSuchKey=1"),
        "unit verified",
    ),
    "users of garbage": ("sysusers.d/mt5-sentinel.conf", lambda _: "garbage\n", "sysusers"),
    "directories of garbage": ("tmpfiles.d/mt5-sentinel.conf", lambda _: "garbage\n", "tmpfiles"),
    "no restart": ("mt5-sentinel.service", lambda text: text.replace("Restart=always", "Restart=no"), "unit promises"),
    "no watchdog": (
        "mt5-sentinel.service",
        lambda text: text.replace("WatchdogSec=120", "WatchdogSec=0"),
        "unit promises",
    ),
    "no cap": ("mt5-sentinel.service", lambda text: text.replace("MemoryMax=1G\n", ""), "unit promises"),
    "not at boot": ("mt5-sentinel.service", lambda text: text.replace("WantedBy=", "# WantedBy="), "unit promises"),
    "another script": (
        "mt5-sentinel.service",
        lambda text: text.replace("python /opt/mt5-crs/src/strategy/sentinel_daemon.py", "python /opt/other.py"),
        "launcher",
    ),
    "an unknown flag": ("mt5-sentinel.service", lambda text: text.replace("--dry-run", "--dry-rum"), "launcher"),
}


@pytest.mark.parametrize("fault", CANNOT_WORK)
def test_a_checkout_that_cannot_work(checkout: Place, fault: str) -> None:
    name, change, check = CANNOT_WORK[fault]
    assert checkout.deploy is not None
    path = checkout.deploy / name
    before = path.read_text(encoding="utf-8")
    path.write_text(change(before), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != before
    found = list(audit.each(checkout))
    assert {one.check for one in found if one.verdict == "failed"} == {check}, lines(found)


def test_spans_and_sizes_as_systemd_writes_them() -> None:
    texts = ("120", "10s", "1min 30s", "2min", "infinity", "", "500ms", "0", "5parsecs")
    assert [audit_promises.span_s(text) for text in texts] == [120, 10, 90, 120, None, None, 0.5, 0, None]
    sizes = ("1G", "1073741824", "512M", "infinity", "50%", "")
    assert [audit_promises.size(text) for text in sizes] == [1 << 30, 1 << 30, 512 << 20, None, None, None]


def test_the_subset_is_made_and_the_rest_is_named(checkout: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert checkout.deploy is not None
    (checkout.deploy / "sentinel_daemon.py").write_text("import schedule\n")
    assert cli.main(["audit", "--deploy", str(checkout.deploy)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("-") for line in lines) == len(audit.CHECKS) - len(audit.OF_A_CHECKOUT)
    assert any(line.startswith("✗ launcher") and "does not import mt5_sentinel" in line for line in lines)
    assert any(line.startswith("✓ unit verified") for line in lines)
