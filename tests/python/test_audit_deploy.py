"""Gate 1 over the deploy folder of a checkout, and what real programs say of units."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mt5_sentinel import cli
from mt5_sentinel.ops import audit, audit_unit
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


def test_the_subset_is_made_and_the_rest_is_named(checkout: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert checkout.deploy is not None
    (checkout.deploy / "sentinel_daemon.py").write_text("import schedule\n")
    assert cli.main(["audit", "--deploy", str(checkout.deploy)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("-") for line in lines) == len(audit.CHECKS) - len(audit.OF_A_CHECKOUT)
    assert any(line.startswith("✗ launcher") and "does not import mt5_sentinel" in line for line in lines)
    assert any(line.startswith("✓ unit verified") for line in lines)
