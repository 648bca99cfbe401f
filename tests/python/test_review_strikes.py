"""Three failed tries stop a review; a person may override it, but only while Gate 1 passes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mt5_sentinel import file_lock
from mt5_sentinel.errors import Misconfigured, Transient, Unsafe
from mt5_sentinel.ops import audit, findings, override, strikes
from mt5_sentinel.ops.diff_source import Diff
from mt5_sentinel.ops.endpoint import Blocked
from mt5_sentinel.ops.findings import Finding
from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.layout import Layout
from tests.python.chat_server import CHALLENGE, ChatServer, always, verdict
from tests.python.conftest import Sentinel
from tests.python.review_place import DIFF, Place

SUBJECT = strikes.subject(DIFF)
FOUND = Diff("a file", DIFF, hashlib.sha256(DIFF.encode()).hexdigest())
SAID = ("Jane Doe", "the API is blocked")


@pytest.fixture
def api() -> Iterator[ChatServer]:
    with ChatServer(always(403, CHALLENGE)) as running:
        yield running


@pytest.fixture
def place(tmp_path: Path, sentinel: Sentinel, api: ChatServer) -> Place:
    return Place(tmp_path, sentinel, api.url)


def test_the_fourth_try_is_not_sent(place: Place, api: ChatServer) -> None:
    codes = [place.review().returncode]
    api.script = verdict("FAIL", "no")
    codes.append(place.review().returncode)
    api.script = always(500)
    codes.append(place.review().returncode)
    api.script = verdict("PASS")
    done = place.review()
    assert [*codes, done.returncode] == [77, 1, 75, 77]
    assert len(api.asked) == 3
    assert "3 strikes for this diff (challenge, FAIL, server_error)" in done.stderr
    assert "--override" in done.stderr
    last = place.records()[-1]
    assert (last["failure"], last["sent_sha256"], len(last["strikes"])) == ("strikes_used_up", None, 3)


def test_another_diff_has_strikes_of_its_own(place: Place, api: ChatServer) -> None:
    for _ in range(3):
        place.review()
    place.diff.write_text(DIFF + "+y = 3\n", encoding="utf-8")
    api.script = verdict("PASS")
    assert place.review().returncode == 0


def test_blanks_do_not_make_another_diff(place: Place, api: ChatServer) -> None:
    for more in ("", "\n", " \n\n"):
        place.diff.write_text(DIFF + more, encoding="utf-8")
        place.review()
    place.diff.write_text(DIFF.replace("x = 2\n", "x = 2 \n"), encoding="utf-8")
    assert place.review().returncode == 77
    assert len(api.asked) == 3
    assert "3 strikes" in place.records()[-1]["detail"]


SAME = {
    "empty lines": DIFF + "\n\n",
    "blanks at line ends": DIFF.replace("\n", " \t\r\n"),
    "object ids": DIFF.replace("--- a", "index 0123456..789abcd 100644\n--- a"),
    "times": DIFF.replace("a/a.py\n+++ b/a.py", "a/a.py\t2026-01-01 10:00\n+++ b/a.py\t2026-01-02 11:00"),
    "line numbers and context": DIFF.replace("@@ -1 +1 @@\n", "@@ -7,2 +7,2 @@ def f():\n y = 1\n"),
    "a mail before it": "From: Joe\nDate: today\n\n" + DIFF,
    "an empty line added": DIFF + "+\n",
    "without git": DIFF.removeprefix("diff --git a/a.py b/a.py\n"),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_change_has_the_same_strikes(name: str) -> None:
    assert strikes.subject(SAME[name]) == SUBJECT


def test_another_change_has_another_key() -> None:
    others = [DIFF.replace("x = 2", "x = 3"), DIFF.replace("a.py", "b.py"), DIFF.replace("+x", "+  x"), DIFF + "+y\n"]
    modes = [f"diff --git a/a b/a\nold mode 100644\nnew mode 100{mode}\n" for mode in ("755", "600")]
    assert len({strikes.subject(text).key for text in (DIFF, *others, *modes)}) == 7
    assert strikes.subject(modes[0]).files == ("a",)
    assert strikes.subject("what is this\n").files == ("(no name)",)


def tried(folder: Path, count: int, file: str = "a.py", *, ended: str = "") -> None:
    """Different changes of a file, each tried once."""
    for number in range(count):
        text = DIFF.replace("x = 2", f"x = {number}{ended}").replace("a.py", file)
        with strikes.held(folder) as held:
            held.begin(strikes.subject(text), "a session")


def test_six_failed_changes_of_a_file_in_a_row_stop_it(tmp_path: Path) -> None:
    tried(tmp_path, 6)
    both = strikes.subject(DIFF + DIFF.replace("a.py", "b.py"))
    with strikes.held(tmp_path) as held:
        with pytest.raises(Blocked, match=r"6 failed tries in a row for changes of a\.py; nothing was sent"):
            held.begin(both, "a session")
        held.begin(strikes.subject(DIFF.replace("a.py", "b.py")), "a session")


def test_a_pass_ends_the_row_and_leaves_the_strikes_of_other_diffs(tmp_path: Path) -> None:
    tried(tmp_path, 5)
    with strikes.held(tmp_path) as held:
        held.begin(SUBJECT, "a session")
        held.clear(SUBJECT)
        assert held.row(SUBJECT) == ("a.py", 0)
        assert len(held.of(strikes.subject(DIFF.replace("x = 2", "x = 4")))) == 1
    tried(tmp_path, 6, ended="00")
    with pytest.raises(Blocked):
        tried(tmp_path, 1, ended="1")


def test_strikes_of_an_earlier_version_are_read(tmp_path: Path) -> None:
    (tmp_path / strikes.FILE).write_text(json.dumps({"0" * 64: [{"reason": "FAIL"}]}), encoding="utf-8")
    tried(tmp_path, 1)


def test_a_pass_takes_the_strikes_away(place: Place, api: ChatServer) -> None:
    place.review()
    place.review()
    api.script = verdict("PASS")
    assert place.review().returncode == 0
    assert place.strikes() == []


def test_a_try_that_is_killed_counts(tmp_path: Path) -> None:
    with strikes.held(tmp_path) as held:
        held.begin(SUBJECT, "a session")
    with strikes.held(tmp_path) as again:
        assert [one["reason"] for one in again.of(SUBJECT)] == ["unanswered"]


def test_two_reviews_at_once_are_one_too_many(tmp_path: Path) -> None:
    with strikes.held(tmp_path), pytest.raises(Transient, match="another review runs"), strikes.held(tmp_path):
        pass
    with strikes.held(tmp_path):
        lock = tmp_path / "review-strikes.json.lock"
        with pytest.raises(BlockingIOError):
            file_lock.acquire(lock)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 3}', '{"a": [1]}'])
def test_a_damaged_file_of_strikes_is_not_an_empty_one(tmp_path: Path, text: str) -> None:
    (tmp_path / strikes.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(Unsafe, match="no file of strikes"), strikes.held(tmp_path):
        pass


GATE = [findings.ok("unit", "verified"), findings.skipped("gateway", "not configured")]


def gate_1(monkeypatch: pytest.MonkeyPatch, *found: Finding) -> list[Layout]:
    """Let Gate 1 find this; gives the layouts it was run on."""
    ran: list[Layout] = []

    def run(host: Host, installed: Layout) -> list[Finding]:
        ran.append(installed)
        return list(found)

    monkeypatch.setattr(audit, "run", run)
    return ran


def overridden(folder: Path, said: tuple[str, str] = SAID) -> dict[str, object]:
    host = Host(folder)
    record, path = override.run(host, Layout(), FOUND, said, folder, {"LOGS_DIRECTORY": str(folder)})
    told = "\n".join(override.lines(record))
    assert "PASS" not in told
    assert "OVERRIDDEN by Jane Doe, not reviewed" in told
    content: dict[str, object] = json.loads(path.read_bytes())
    return content


def test_an_override_is_recorded_and_is_no_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = gate_1(monkeypatch, *GATE)
    with strikes.held(tmp_path) as held:
        held.begin(SUBJECT, "a session")
        held.explain(SUBJECT, "challenge")
    record = overridden(tmp_path)
    assert ran == [Layout()], "Gate 1 runs now"
    assert (record["override"], record["verdict"], record["authority"]) == (True, None, "Jane Doe")
    told = findings.as_data(GATE)
    assert record["audit"] == told
    assert record["audit_sha256"] == hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    assert [one["reason"] for one in record["strikes"]] == ["challenge"]  # type: ignore[attr-defined] # a list
    with strikes.held(tmp_path) as after:
        assert (after.row(SUBJECT)[1], len(after.of(SUBJECT))) == (0, 1), "a person has decided: the row ends"
    line = json.loads((tmp_path / "audit.jsonl").read_text(encoding="utf-8"))
    assert (line["what"], line["override"], line["override_reason"]) == ("override", True, SAID[1])


def test_no_override_where_gate_1_has_not_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate_1(monkeypatch, *GATE, findings.failed("secrets", "mode 0644", "chmod 600"))
    with pytest.raises(Blocked, match=r"Gate 1 has not passed \(secrets\)"):
        overridden(tmp_path)
    kept = [json.loads(path.read_bytes()) for path in tmp_path.glob("review-2*.json")]
    assert [(one["override"], one["failure"]) for one in kept] == [(False, "override_refused")]


def test_no_override_where_gate_1_looked_at_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate_1(monkeypatch)
    with pytest.raises(Blocked, match="it made no check"):
        overridden(tmp_path)


@pytest.mark.parametrize("said", [("", "why"), ("who", ""), (" \n", "why"), ("who", "\t")])
def test_no_override_without_a_name_and_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: tuple[str, str]
) -> None:
    ran = gate_1(monkeypatch, *GATE)
    with pytest.raises(Misconfigured, match="neither empty"):
        overridden(tmp_path, said)
    assert ran == []


def test_the_flags_of_an_override_need_it(place: Place) -> None:
    assert place.review("--authority", "x").returncode == 78
    assert place.review("--base", "main").returncode == 78


def test_a_host_without_the_service_gets_no_override(place: Place, api: ChatServer) -> None:
    done = place.review("--override", "--authority", "Jane", "--reason", "why")
    assert done.returncode == 77, done.stderr
    assert "Gate 1 has not passed" in done.stderr
    assert api.asked == []
