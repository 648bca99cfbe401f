"""``journal`` where there is nothing to show, where the question is none, and where the file cannot be read."""

from __future__ import annotations

import json
import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from mt5_sentinel import cli
from mt5_sentinel.commands import journal_nothing
from tests.python.powerless import as_any_user
from tests.python.standing_place import NOW_S, Place, damaged, place, places
from tests.python.test_dashboard_process import KILLED
from tests.python.test_journal_command import full

__all__ = ["full", "place", "places"]

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ("--status nonsense", "nothing matches; the cycles of this journal have --status done, failed"),
        ("--symbol eurusd --reason tie", "have --symbol EURUSD, GBPUSD; --reason signal, source_down, tie"),
        ("--mode live", "have --mode demo, dry-run"),
        ("--since 1s", "have times from 2023-11-14T10:59:59.000Z to 2023-11-15T11:59:39.000Z"),
        ("--with-orders --symbol GBPUSD", "have --symbol EURUSD, GBPUSD; orders in 1 of them"),
        ("--table positions --reason sl", "the positions of this journal have --reason nothing"),
        ("--table orders --status done", "the orders of this journal have --status filled, refused"),
        ("--last 1", None),
        ("--with-orders", None),
    ],
)
@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_it_says_that_nothing_matches_and_what_there_is(
    full: Path, capsys: Captured, flags: str, told: str | None, form: str
) -> None:
    assert cli.main(["journal", "--journal", str(full), *flags.split(), "--format", form]) == 0
    found = capsys.readouterr()
    assert (told is None and found.err == "") or (told is not None and found.err.endswith(f"{told}\n")), found.err
    if form == "json":
        assert (json.loads(found.out) == []) == (told is not None)


def test_an_empty_table_and_many_values(place: Place, capsys: Captured) -> None:
    cli.main(["journal", "--journal", str(place.path), "--table", "risk"])
    assert capsys.readouterr().err == "mt5-sentinel: the journal holds nothing of risk\n"
    for at in range(journal_nothing.VALUES_MAX + 5):
        place.failed(reason=f"r{at:02}\x1b[2J")
    cli.main(["journal", "--journal", str(place.path), "--reason", "tie"])
    err = capsys.readouterr().err
    assert "--reason r00?[2J, r01?[2J, " in err and err.endswith(", r11?[2J, ...\n")


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ("--since 3d --until 5d", "--since 2023-11-12T12:00:00.000Z is not before --until 2023-11-10T12:00:00.000Z"),
        ("--since 2023-11-12 --until 2023-11-12", "is not before --until 2023-11-12T00:00:00.000Z"),
        ("--since 999999w", "'999999w' ago was before the year 1; shorter ages are allowed"),
        ("--until 999999w", "'999999w' ago was before the year 1; shorter ages are allowed"),
    ],
)
def test_times_that_mean_nothing_are_refused(full: Path, capsys: Captured, flags: str, told: str) -> None:
    try:
        code: object = cli.main(["journal", "--journal", str(full), *flags.split()])
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert capsys.readouterr().err.endswith(f"{told}\n")


@pytest.mark.parametrize("content", ["", "CREATE TABLE other (id INTEGER)"])
def test_a_database_without_cycles_is_no_journal(tmp_path: Path, capsys: Captured, content: str) -> None:
    path = tmp_path / "journal.db"
    path.touch()
    with sqlite3.connect(path) as db:
        db.executescript(content)
    db.close()
    for form in ("table", "csv"):
        assert cli.main(["journal", "--journal", str(path), "--format", form]) == 78
        assert capsys.readouterr() == (
            "",
            f"mt5-sentinel: {path}: no journal of this program: it has no table of cycles\n",
        )


def test_an_infinite_number_is_null_in_json(full: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged(full, "UPDATE cycle SET equity = 9e999, drawdown_max = -9e999")
    damaged(full, "UPDATE intent SET profit = 9e999")

    def refused(text: str) -> None:
        raise AssertionError(f"{text} is no JSON")

    for form in ("json", "jsonl"):
        cli.main(["journal", "--journal", str(full), "--format", form, "--with-orders"])
        text = capsys.readouterr().out
        (cycle,) = json.loads(text if form == "json" else f"[{text}]", parse_constant=refused)
        assert (cycle["equity"], cycle["drawdown_max"], cycle["intents"][0]["profit"]) == (None, None, None)
        assert (cycle["confidence"], cycle["trace_id"], cycle["dropped"]) == (2.0 / 3, cycle["trace_id"], {"null": 1})


def test_status_knows_no_infinite_numbers_either(
    place: Place, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: NOW_S)
    place.cycle(equity=float("inf"))
    cli.main(["status", "--json", "--journal", str(place.path)])
    text = capsys.readouterr().out
    assert json.loads(text)["account"]["equity"] is None and "Infinity" not in text


def test_a_log_without_its_index_is_told_with_what_to_do(place: Place) -> None:
    before = as_any_user()
    place.close()
    subprocess.run([sys.executable, "-c", KILLED, place.path], check=False)
    place.path.with_name("journal.db-shm").unlink()
    assert place.path.with_name("journal.db-wal").stat().st_size > 0
    place.directory.chmod(0o555)
    try:
        command = [*before, sys.executable, "-m", "mt5_sentinel", "journal", "--journal", str(place.path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    finally:
        place.directory.chmod(0o755)
    assert (done.returncode, done.stdout) == (78, "")
    assert "its daemon was killed and journal.db-shm is gone" in done.stderr
    assert "copy journal.db together with journal.db-wal to a directory of your own" in done.stderr
    copy = f"cd {shlex.quote(str(place.directory))} && mkdir own && cp journal.db journal.db-wal own"
    subprocess.run(["sh", "-c", copy], check=True)
    command = [
        *before,
        sys.executable,
        "-m",
        "mt5_sentinel",
        "journal",
        "--journal",
        f"{place.directory}/own/journal.db",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1][:19]) == (0, "2036-11-18T00:00:58")
