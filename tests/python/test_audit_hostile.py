"""Gates that root runs, against what the service's user can put into its own directory."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mt5_sentinel.commands import doctor_place
from mt5_sentinel.ops import audit, audit_machine, questions, state_files
from mt5_sentinel.ops.findings import Finding
from mt5_sentinel.ops.layout import STATE
from mt5_sentinel.ops.questions import Broken
from tests.python.audited_host import AuditedHost

PATIENCE_S = 30.0


def in_time(question: Callable[[], object]) -> None:
    """See that it ends: a reader of a FIFO that nobody writes never does."""
    done: list[BaseException | None] = []

    def work() -> None:
        try:
            question()
        except Broken as error:
            done.append(error)
        else:
            done.append(None)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    assert done, "it hangs"
    if done[0] is not None:
        raise done[0]


@pytest.mark.parametrize("name", ["bars.db", "journal.db", "journal.db-wal", "journal.db-journal"])
@pytest.mark.parametrize("kind", ["fifo", "link"])
def test_an_audit_opens_no_fifo_and_follows_no_link(tmp_path: Path, name: str, kind: str) -> None:
    host = AuditedHost(tmp_path)
    path = host.path(STATE / name)
    path.unlink(missing_ok=True)
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(host.path("/etc/passwd"))
    found: list[Finding] = []
    in_time(lambda: found.extend(audit.run(host.host, host.layout)))
    (broken,) = [one for one in found if one.verdict == "failed"]
    assert broken.check == "databases" and str(path) in broken.found and "not opened" in broken.found
    assert f"rm {path}" in broken.todo


@pytest.mark.parametrize("name", ["bars.db", "bars.db-wal"])
def test_a_query_opens_no_fifo(tmp_path: Path, name: str) -> None:
    (tmp_path / "bars.db").touch()
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    with pytest.raises(Broken, match=f"{name} is no regular file"):
        in_time(lambda: state_files.rows(tmp_path / "bars.db", "SELECT 1"))


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "journal.lock").symlink_to(tmp_path / "made-by-root")
    with pytest.raises(Broken, match="is a link"):
        state_files.is_held(tmp_path / "journal.lock")
    assert not (tmp_path / "made-by-root").exists()


@pytest.mark.parametrize("kind", ["fifo", "link"])
def test_what_is_no_file_halts_and_is_not_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "HALT"
    if kind == "fifo":
        os.mkfifo(path)
    else:
        (tmp_path / "secret").write_text("flatten")
        path.symlink_to(tmp_path / "secret")
    said: list[str] = []
    in_time(lambda: said.append(doctor_place._halts(path)))
    assert said == ["halt"]


def test_a_check_that_waits_for_ever_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = AuditedHost(tmp_path)
    os.mkfifo(host.path("/etc/fifo"))
    monkeypatch.setattr(audit, "LIMIT_S", 0.5)
    slow = {"disk": lambda _: host.path("/etc/fifo").read_text(), "clock": audit_machine.clock}
    monkeypatch.setattr(audit, "CHECKS", slow)
    found = audit.run(host.host, host.layout)
    assert [one.verdict for one in found] == ["failed", "ok"]
    assert "did not answer within 0.5 s" in found[0].found and found[0].todo


def test_a_query_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.db").touch()
    released = threading.Event()
    with pytest.raises(Broken, match="did not answer within"):
        state_files.database(tmp_path / "a.db", lambda _: released.wait(PATIENCE_S), 0.2)
    released.set()
    assert questions.within(1, "", "", str) == ""
