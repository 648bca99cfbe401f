"""What waits: in order, for each endpoint by itself, bounded, and there again after a crash."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from mt5_sentinel import logs
from mt5_sentinel.alerting import outbox as rules
from mt5_sentinel.alerting import place
from mt5_sentinel.alerting.letters import CHARS_MAX, Kind, Message
from mt5_sentinel.alerting.outbox import Outbox
from mt5_sentinel.alerting.postman import PAUSE_MAX_S, PAUSE_S, Postman
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.view.light import Level
from tests.python.alert_floor import NOW_S, Ear, box


def message(key: str = "EURUSD data", kind: Kind = "raise", level: Level = "bad", text: str = "stale") -> Message:
    return Message(key, kind, level, text, NOW_S + 60, NOW_S)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    one = box(tmp_path)
    yield one
    one.close()


def send_all(outbox: Outbox, ear: Ear, at_s: float = 0.0) -> list[str]:
    postman = Postman(ear, outbox)
    while postman.step(at_s):
        pass
    return [letter.title.split(": ", 1)[1] for letter in ear.letters]


def test_messages_go_in_order_and_once(outbox: Outbox) -> None:
    outbox.queue([message("b"), message("a"), message("c", "repeat")], [], NOW_S)
    ear = Ear()
    assert send_all(outbox, ear) == ["b: BAD", "a: BAD", "c: still BAD"]
    assert outbox.count("ear") == 0
    assert len({letter.body.splitlines()[-1] for letter in ear.letters}) == 3, "each has an id of its own"
    assert send_all(outbox, ear) == ["b: BAD", "a: BAD", "c: still BAD"]


def test_an_endpoint_that_fails_is_asked_with_growing_pauses(outbox: Outbox) -> None:
    outbox.queue([message()], [], NOW_S)
    ear, at_s = Ear(), 0.0
    asked: list[float] = []
    ear.fails = True
    ear.hears = lambda: asked.append(at_s)
    postman = Postman(ear, outbox)
    while at_s < 3000:
        assert not postman.step(at_s)
        at_s += 1.0
    pauses = [after - before for before, after in itertools.pairwise(asked)]
    assert pauses[:4] == [PAUSE_S, 2 * PAUSE_S, 4 * PAUSE_S, 8 * PAUSE_S]
    assert pauses[-1] == max(pauses) == PAUSE_MAX_S
    ear.fails = False
    assert postman.step(at_s + PAUSE_MAX_S)
    assert len(ear.letters) == 1


def test_one_that_fails_holds_up_no_other_and_doubles_nothing_there(tmp_path: Path) -> None:
    outbox = box(tmp_path, "well", "ill")
    well, ill = Ear("well"), Ear("ill")
    ill.fails = True
    postmen = [Postman(well, outbox), Postman(ill, outbox)]
    for at in range(3):
        outbox.queue([message(f"m{at}")], [], NOW_S)
        for postman in postmen:
            postman.step(at * 1000.0)
    assert len(well.letters) == 3
    assert not ill.letters
    ill.fails = False
    for at in range(4, 9):
        for postman in postmen:
            postman.step(at * 1000.0)
    assert [one.title for one in ill.letters] == [one.title for one in well.letters]
    outbox.close()


def test_a_disk_that_is_full_does_not_send_it_again_and_again(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    outbox.queue([message("a"), message("b")], [], NOW_S)
    ear = Ear()
    postman = Postman(ear, outbox)
    with monkeypatch.context() as patched:
        patched.setattr(outbox, "mark", full)
        for at_s in range(5):
            with pytest.raises(sqlite3.OperationalError):
                postman.step(float(at_s))
    assert len(ear.letters) == 1
    assert postman.step(9.0)
    assert [letter.title.split(": ")[1] for letter in ear.letters] == ["a", "b"]


def test_what_was_well_again_before_it_could_go_is_one_line(outbox: Outbox) -> None:
    outbox.queue([message(), message("halt"), message(kind="repeat")], [], NOW_S)
    outbox.queue([message(kind="resolve", level="ok", text="fresh"), message(text="stale again")], [], NOW_S)
    ear = Ear()
    assert send_all(outbox, ear) == ["EURUSD data: was BAD, is well again", "halt: BAD", "EURUSD data: BAD"]
    first = ear.letters[0]
    assert first.level == "ok"
    assert first.body.startswith("stale\nFrom 2023-11-15 12:00:00 to 2023-11-15 12:01:00 UTC; now: fresh")
    assert outbox.count("ear") == 0


def test_repeats_that_waited_are_told_once(outbox: Outbox) -> None:
    outbox.queue([message(), message(kind="repeat"), message(kind="repeat", text="still stale")], [], NOW_S)
    ear = Ear()
    assert send_all(outbox, ear) == ["EURUSD data: still BAD"]
    assert ear.letters[0].body.startswith("still stale")


def test_too_many_drop_the_oldest_that_is_not_bad_and_that_is_told(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "WAITING_MAX", 5)
    outbox.queue([message("bad")], [], NOW_S)
    outbox.queue([message(f"w{at}", level="warn") for at in range(6)], [], NOW_S)
    assert outbox.count("ear") == 5
    ear = Ear()
    assert send_all(outbox, ear) == ["bad: BAD", "w2: warning", "w3: warning", "w4: warning", "w5: warning"]
    assert "2 older messages were dropped" in ear.letters[0].body
    assert "dropped" not in ear.letters[1].body


def test_it_is_all_there_after_a_crash(tmp_path: Path) -> None:
    first = box(tmp_path)
    first.queue([message("a"), message("b")], [], NOW_S)
    letter = first.next("ear")
    # No close, no checkpoint: the process is gone after the endpoint took it and before it was marked.
    second = box(tmp_path)
    again = second.next("ear")
    assert again == letter, "it goes a second time, with the same id"
    assert again is not None
    second.mark("ear", again)
    third = box(tmp_path)
    assert send_all(third, Ear()) == ["b: BAD"]
    for one in (first, second, third):
        one.close()


def test_what_waits_for_a_url_that_was_taken_out_is_given_up(tmp_path: Path) -> None:
    before = box(tmp_path, "old", "kept")
    before.queue([message()], [], NOW_S)
    before.close()
    after = box(tmp_path, "kept", "new")
    assert [after.count(key) for key in ("old", "kept", "new")] == [0, 1, 0]
    after.close()


def test_texts_are_one_bounded_line_without_secrets(outbox: Outbox) -> None:
    logs.learn(["hunter2secret"])
    outbox.queue([message(text="it says\nhunter2secret " + "x" * 2000)], [], NOW_S)
    letter = outbox.next("ear")
    assert letter is not None
    line = letter.body.splitlines()[0]
    assert line.startswith("it says [hidden] xxx")
    assert len(line) == CHARS_MAX


def test_old_messages_go_and_waiting_ones_stay(outbox: Outbox, tmp_path: Path) -> None:
    outbox.queue([message("waits")], [], NOW_S)
    outbox.queue([message("gone")], [], NOW_S)
    gone = outbox.next("ear")
    assert gone is not None
    outbox.mark("ear", gone)
    outbox.queue([message("new")], [], NOW_S + rules.KEPT_S + 100)
    with sqlite3.connect(tmp_path / "alerts.db") as db:
        assert [row[0] for row in db.execute("SELECT key FROM message")] == ["gone", "new"]
    db.close()


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    with (
        place.outbox(tmp_path, ["ear"], "host", NOW_S),
        pytest.raises(Misconfigured, match="another `mt5-sentinel alerts`"),
        place.outbox(tmp_path, ["ear"], "host", NOW_S),
    ):
        pass
    with place.outbox(tmp_path, ["ear"], "host", NOW_S):
        pass


def test_a_damaged_file_is_moved_aside_and_that_is_told(tmp_path: Path) -> None:
    directory = tmp_path / place.DIRECTORY
    directory.mkdir()
    (directory / place.FILE).write_bytes(b"no database at all, whatever its name says" * 100)
    with place.outbox(tmp_path, ["ear"], "host", NOW_S) as outbox:
        ear = Ear()
        assert send_all(outbox, ear) == ["alerts: note"]
        assert "was damaged" in ear.letters[0].body
    assert (directory / f"{place.FILE}.damaged").is_file()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / place.DIRECTORY).write_text("a file is in the way", encoding="utf-8")
    with pytest.raises(Misconfigured, match="alerts cannot be written"), place.outbox(tmp_path, [], "host", NOW_S):
        pass
