"""Gate 1: each check, broken once on a host that is sound otherwise; a check that cannot fail is a defect."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mt5_sentinel import cli
from mt5_sentinel.ops import audit, audit_machine, findings
from mt5_sentinel.ops.layout import LOGS, PREFIX, STATE, UNIT, Layout
from tests.python.audit_cases import CASES as OF_FILES
from tests.python.audit_cases import EXPOSED, Case
from tests.python.audit_cases_trust import CASES as OF_TRUST
from tests.python.audited_host import PROPERTIES, TOKEN, UNIT_TEXT, AuditedHost

CASES = [*OF_FILES, *OF_TRUST]

ELSEWHERE = {
    "disk": "test_a_full_disk",
    "gateway": "test_audit_wires.py",
    "hub": "test_audit_wires.py",
}
"""Checks that are broken by other means than files and programs of the host."""


def by_name(found: list[findings.Finding]) -> dict[str, findings.Finding]:
    return {one.check: one for one in found}


def failed(found: list[findings.Finding]) -> set[str]:
    return {one.check for one in found if one.verdict == "failed"}


@pytest.fixture
def host(tmp_path: Path) -> AuditedHost:
    return AuditedHost(tmp_path)


def test_a_sound_host_passes_every_check(host: AuditedHost) -> None:
    found = audit.run(host.host, host.layout)
    assert [one.check for one in found] == list(audit.CHECKS)
    assert failed(found) == set(), findings.lines(found)
    assert {one.check for one in found if one.verdict == "skipped"} == {"gateway", "hub"}
    assert "eodhd_api_token (credential)" in by_name(found)["secrets"].found


def test_linked_variables_are_judged_by_what_the_link_names(host: AuditedHost) -> None:
    path, real = host.path(PREFIX / ".env"), host.path(PREFIX / "secrets/prod.env")
    real.parent.mkdir()
    path.rename(real)
    path.symlink_to("secrets/prod.env")
    assert "secrets" not in failed(audit.run(host.host, host.layout))
    real.chmod(0o640)
    found = by_name(audit.run(host.host, host.layout))["secrets"]
    assert (found.verdict, "mode 0640" in found.found) == ("failed", True), found


def test_every_check_is_broken_somewhere() -> None:
    assert {case.check for case in CASES} | set(ELSEWHERE) == set(audit.CHECKS)


@pytest.mark.parametrize("case", CASES, ids=[f"{number}-{case.check}" for number, case in enumerate(CASES)])
def test_the_check_sees_its_fault_and_no_other_does(host: AuditedHost, case: Case) -> None:
    case.breaks(host)
    found = audit.run(host.host, host.layout)
    shown = "\n".join(findings.lines(found))
    assert failed(found) == {case.check, *case.also}, shown
    assert case.found in by_name(found)[case.check].found, shown
    assert case.todo in by_name(found)[case.check].todo, shown
    assert TOKEN not in shown + json.dumps(findings.as_data(found))


def test_what_a_program_quotes_shows_no_secret(host: AuditedHost) -> None:
    host.program("systemd-analyze", f'echo "{UNIT}:9: Invalid assignment: {TOKEN}" >&2')
    shown = "\n".join(findings.lines(audit.run(host.host, host.layout)))
    assert "Invalid assignment: [hidden]" in shown and TOKEN not in shown


def test_a_full_disk(host: AuditedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_machine, "FREE_MB_MIN", 10**12)
    found = audit.run(host.host, host.layout)
    assert failed(found) == {"disk"}
    assert f"df -h {STATE}" in by_name(found)["disk"].todo
    monkeypatch.setattr(audit_machine, "FREE_MB_MIN", 0)
    monkeypatch.setattr(audit_machine, "INODES_MIN", 10**12)
    assert "df -i" in by_name(audit.run(host.host, host.layout))["disk"].todo


def test_chrony_is_believed_where_timedatectl_cannot_tell(host: AuditedHost) -> None:
    host.program("timedatectl", "exit 1")
    host.program("chronyc", "echo 'Leap status     : Normal'")
    assert failed(audit.run(host.host, host.layout)) == set()
    host.program("chronyc", "echo 'Leap status     : Not synchronised'")
    assert failed(audit.run(host.host, host.layout)) == {"clock"}


def test_a_service_that_runs_as_root_is_told(host: AuditedHost) -> None:
    host.write(UNIT, UNIT_TEXT.replace("User=mt5-sentinel", "User=root"))
    host.list_files()
    found = audit.run(host.host, host.layout)
    assert failed(found) == {"importable", "release unwritable", "directories", "sysusers", "tmpfiles", "logrotate"}
    assert "User=mt5-sentinel" in by_name(found)["directories"].todo


def test_another_prefix_is_looked_at_where_it_is(tmp_path: Path) -> None:
    host = AuditedHost(tmp_path, Path("/srv/trading"))
    found = audit.run(host.host, host.layout)
    assert failed(found) == set(), findings.lines(found)
    assert {"launcher", "release", "manifest"} <= failed(audit.run(host.host, Layout()))


def test_another_units_warning_is_not_this_ones(host: AuditedHost) -> None:
    warning = "/lib/systemd/system/another.service:3: Unit uses MemoryLimit="
    host.program("systemd-analyze", f'[ "$1" = verify ] && echo "{warning}" >&2 || {EXPOSED}')
    assert failed(audit.run(host.host, host.layout)) == set()
    host.program("systemd-analyze", f'[ "$1" = verify ] && echo "{UNIT}.d/a.conf:3: bad" >&2 || {EXPOSED}')
    assert failed(audit.run(host.host, host.layout)) == {"unit verified"}
    of_all = UNIT.parent / "service.d/a.conf"
    host.write(of_all, "[Service]\nNoSuchKey=1\n")
    host.program("systemctl", f"printf '{PROPERTIES}DropInPaths={of_all}\n'")
    host.program("systemd-analyze", f'[ "$1" = verify ] && echo "{host.path(of_all)}:2: Unknown key" >&2 || {EXPOSED}')
    assert failed(audit.run(host.host, host.layout)) == {"unit verified"}


def test_an_empty_machine_fails_and_nothing_dies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["audit", "--root", str(tmp_path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert not told["passed"] and told["skipped"] == 0
    assert not any("the check itself failed" in one["found"] for one in told["checks"])
    assert "is not there" in told["not_noted_because"]


def test_an_audit_is_noted_in_the_services_own_file(host: AuditedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{host.programs}:{os.environ['PATH']}:/usr/sbin")
    monkeypatch.delenv("LOGS_DIRECTORY", raising=False)
    assert cli.main(["audit", "--root", str(host.root)]) == 0
    host.path(PREFIX / ".env").chmod(0o644)
    assert cli.main(["audit", "--root", str(host.root)]) == 1
    path = host.path(LOGS / "audit.jsonl")
    first, second = map(json.loads, path.read_text().splitlines())
    assert (first["verdict"], second["verdict"]) == ("passed", "failed")
    assert second["failed_checks"] == ["secrets"] and second["failed"] == 1 and second["version"]
    assert path.stat().st_uid == host.path(LOGS).stat().st_uid


def test_what_cannot_be_noted_is_said(
    host: AuditedHost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", f"{host.programs}:{os.environ['PATH']}:/usr/sbin")
    monkeypatch.delenv("LOGS_DIRECTORY", raising=False)
    host.path(LOGS / "audit.jsonl").mkdir()
    assert cli.main(["audit", "--root", str(host.root)]) == 0
    assert f"not noted in audit.jsonl: {host.path(LOGS)}" in capsys.readouterr().out
