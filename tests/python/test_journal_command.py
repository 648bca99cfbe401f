"""``journal``: the filters, the forms, and that what leaves the journal is what it holds."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import arrow, cli, journal, journal_schema
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.types import Execution
from mt5_sentinel.view import journal_rows
from mt5_sentinel.view.journal_rows import TABLES
from tests.python.memories import request
from tests.python.standing_place import BAR_S, NOW_S, Place, Places, damaged, place, places

__all__ = ["place", "places"]

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def full(places: Places, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Cycles of two symbols and modes, orders, positions, changes of risk, differences; noon by the clock."""
    monkeypatch.setattr("time.time", lambda: NOW_S)
    one = places("demo")
    one.cycle(90_000.0, "EURUSD", reason="tie")
    one = places()
    one.cycle(7_300.0, "GBPUSD", action="SELL", confidence=0.1 + 0.2, reason="signal")
    cycle = one.cycle(200.0, action="BUY", confidence=2.0 / 3, reason="signal", dropped={"null": 1}, conditions=["x"])
    for number, (state, fill) in enumerate({"filled": Execution(7, 1.23456, 0.1), "refused": None}.items()):
        order = request(f"r{number}", BAR_S + number, NOW_S - 190 + number)
        one.memory.intend(order, cycle)
        one.memory.settle(order, state, fill=fill, detail=None if fill else "no money, 'sorry', \"bye\"\nünïcode")
    one.failed(20.0, detail="503")
    for change in (("HALTED", "drawdown"), ("ACTIVE", None)):
        one.execute("INSERT INTO risk_change (at_utc, mode, state, because) VALUES (?, 'dry-run', ?, ?)",
            "2023-11-15T11:00:00.000Z", *change)  # fmt: skip
    one.execute(
        "INSERT INTO difference (at_utc, mode, symbol, ticket, kind, rule, detail) VALUES"
        " ('2023-11-15T11:00:00.000Z', 'dry-run', 'EURUSD', 7, 'position_missing', 'adopted', 'gone')"
    )
    path = one.path
    one.close()
    return path


def ids(full: Path, capsys: Captured, *flags: str) -> list[int]:
    assert cli.main(["journal", "--journal", str(full), "--format", "csv", *flags]) == 0
    return [int(row["id"]) for row in csv.DictReader(io.StringIO(capsys.readouterr().out))]


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        ("", [1, 2, 3, 4]),
        ("--symbol EURUSD", [1, 3, 4]),
        ("--mode demo", [1]),
        ("--status failed", [4]),
        ("--reason signal", [2, 3]),
        ("--action sell", [2]),
        ("--with-orders", [3]),
        ("--since 1h", [3, 4]),
        ("--since 2h --until 1m", [3]),
        ("--since 2023-11-15", [2, 3, 4]),
        ("--until 2023-11-15T09:58:19Z", [1]),
        ("--until 2023-11-15T10:58:20+01:00", [1, 2]),
        ("--since 2023-11-15T09:58:19", [2, 3, 4]),
        ("--since 2023-11-15T09:58:20", [3, 4]),
        ("--last 2", [3, 4]),
        ("--symbol EURUSD --last 2 --status done", [1, 3]),
        ("--symbol NONE", []),
    ],
)
def test_the_filters(full: Path, capsys: Captured, flags: str, wanted: list[int]) -> None:
    assert ids(full, capsys, *flags.split()) == wanted
    cli.main(["journal", "--journal", str(full), "--json", *flags.split()])
    assert [one["id"] for one in json.loads(capsys.readouterr().out)] == wanted


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        ("--table orders", ["r0", "r1"]),
        ("--table orders --status refused", ["r1"]),
        ("--table orders --symbol GBPUSD", []),
        ("--table positions --status open", ["r0"]),
        ("--table positions --reason by_hand", []),
    ],
)
def test_the_filters_of_other_tables(full: Path, capsys: Captured, flags: str, wanted: list[str]) -> None:
    assert cli.main(["journal", "--journal", str(full), "--format", "jsonl", *flags.split()]) == 0
    assert [json.loads(line)["req_id"] for line in capsys.readouterr().out.splitlines()] == wanted


def test_risk_and_differences(full: Path, capsys: Captured) -> None:
    cli.main(["journal", "--journal", str(full), "--table", "risk", "--status", "HALTED"])
    assert capsys.readouterr().out.splitlines()[1:] == ["2023-11-15T11:00:00 dry-run HALTED   drawdown"]
    cli.main(["journal", "--journal", str(full), "--table", "differences", "--reason", "position_missing"])
    assert capsys.readouterr().out.splitlines()[1].split()[-2:] == ["adopted", "gone"]


def test_the_tables_for_the_eye(full: Path, capsys: Captured) -> None:
    cli.main(["journal", "--journal", str(full), "--last", "2"])
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split() == ["started", "(UTC)", "mode", "symbol", "action", "conf.", "reason", "outcome", "detail"]
    assert lines[0].split() == ["2023-11-15T11:56:39", "dry-run", "EURUSD", "BUY", "0.6667", "signal", "-", "[x]", "BUY", "at", "1.23456"]  # fmt: skip # noqa: E501
    assert lines[1].split()[1:] == ["dry-run", "EURUSD", "-", "source_down", "-", "503"]
    cli.main(["journal", "--journal", str(full), "--table", "orders"])
    assert "0.1       0          filled   1.23456   0         signal     -" in capsys.readouterr().out
    cli.main(["journal", "--journal", str(full), "--table", "positions"])
    assert capsys.readouterr().out.count("\n") == 2


def test_paper_and_live_are_told_apart(full: Path, capsys: Captured) -> None:
    damaged(full, "UPDATE position SET opened_lots = 0.3, lots = 0.05")
    for table, mode in (("positions", 1), ("cycles", 2), ("orders", 1)):
        cli.main(["journal", "--journal", str(full), "--table", table])
        heading, first, *rest = capsys.readouterr().out.splitlines()
        assert (heading.split()[mode], {line.split()[1] for line in rest} <= {"dry-run"}) == ("mode", True)
        assert first.split()[1] == ("demo" if table == "cycles" else "dry-run")
        assert heading.index("detail" if table == "cycles" else "price") <= 80
    cli.main(["journal", "--journal", str(full), "--table", "positions"])
    heading, row = capsys.readouterr().out.splitlines()
    cells = dict(zip(heading.split(), row.split(), strict=True))
    assert (cells["opened_lots"], cells["lots"], cells["state"]) == ("0.3", "0.05", "open")


@pytest.mark.parametrize(
    "flags",
    [
        ["--table", "risk", "--symbol", "EURUSD"],
        ["--table", "orders", "--action", "BUY"],
        ["--table", "orders", "--with-orders"],
        ["--since", "yesterday"],
        ["--since", "9999999h9"],
        ["--last", "0"],
        ["--mode", "paper"],
        ["--table", "nothing"],
        ["--format", "parquet"],
        ["--json", "--format", "csv"],
    ],
)
def test_what_means_nothing_is_refused(full: Path, flags: list[str], capsys: Captured) -> None:
    try:
        code: object = cli.main(["journal", "--journal", str(full), *flags])
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert "mt5-sentinel journal: error:" in capsys.readouterr().err


def rows_of(path: Path, table: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(path) as db:
        found = db.execute(f"SELECT * FROM {TABLES[table].name} ORDER BY {TABLES[table].order}").fetchall()
    db.close()
    return found


@pytest.mark.parametrize("table", TABLES)
def test_csv_gives_back_every_row(full: Path, tmp_path: Path, table: str) -> None:
    out = tmp_path / "rows.csv"
    assert cli.main(["journal", "--journal", str(full), "--table", table, "--out", str(out)]) == 0
    with journal.reading(full) as db:
        columns = journal_rows.columns(db, table)
    with out.open(encoding="utf-8", newline="") as file:
        names, *rows = list(csv.reader(file))
    assert names == [name for name, _ in columns]
    read: dict[str, Any] = {"integer": int, "number": float, "text": lambda text: text.removeprefix("'"), "time": str}
    found = [
        tuple(None if text == "" else read[kind](text) for text, (_, kind) in zip(row, columns, strict=True))
        for row in rows
    ]
    assert found == rows_of(full, table)
    assert found


@pytest.mark.parametrize("table", TABLES)
def test_parquet_gives_back_every_row(full: Path, tmp_path: Path, table: str) -> None:
    from pyarrow import parquet

    out = tmp_path / "rows.parquet"
    assert cli.main(["journal", "--journal", str(full), "--table", table, "--out", str(out)]) == 0
    read = parquet.read_table(out)
    text = "%Y-%m-%dT%H:%M:%S."

    def plain(value: Any) -> Any:
        if not isinstance(value, datetime):
            return value
        assert value.tzinfo is not None
        return f"{value.astimezone(timezone.utc).strftime(text)}{value.microsecond // 1000:03}Z"

    found = [tuple(plain(value) for value in row.values()) for row in read.to_pylist()]
    assert found == rows_of(full, table)
    assert {str(read.schema.field(name).type) for name in read.column_names if name.endswith("_utc")} == {
        "timestamp[ms, tz=UTC]"
    }


def test_json_lines_hold_what_the_array_holds(full: Path, capsys: Captured) -> None:
    cli.main(["journal", "--journal", str(full), "--format", "jsonl"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    cli.main(["journal", "--journal", str(full), "--json"])
    array = capsys.readouterr().out
    assert lines == json.loads(array) == list(journal.read(full))
    assert array == json.dumps(lines, indent=1) + "\n"
    cli.main(["journal", "--journal", str(full), "--json", "--symbol", "NONE"])
    assert capsys.readouterr().out == "[]\n"


def test_a_spreadsheet_is_given_no_formula(place: Place, capsys: Captured) -> None:
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'quoted", "plain = 1", "10"]
    for text in texts:
        place.failed(detail=text)
    cli.main(["journal", "--journal", str(place.path), "--format", "csv"])
    found = [row["detail"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))]
    assert found == [*(f"'{text}" for text in texts[:6]), *texts[6:]]
    assert [text.removeprefix("'") for text in found] == texts, "it can be taken back"


@pytest.mark.parametrize("text", ["refused\r=cmd", "a\nb", "a\r\nb", 'say "x"\r', "a, b"])
def test_a_text_with_line_ends_is_one_cell(place: Place, capsys: Captured, text: str) -> None:
    for detail in ("before", text, "after"):
        place.failed(detail=detail)
    cli.main(["journal", "--journal", str(place.path), "--format", "csv"])
    out = capsys.readouterr().out
    rows = list(csv.DictReader(io.StringIO(out, newline="")))
    assert [row["detail"] for row in rows] == ["before", text, "after"]
    assert out.count("\r") == text.count("\r"), "lines end as they always did"


def test_a_file_is_whole_or_not_there(full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("older")
    damaged(full, "UPDATE cycle SET stages_s = '{' WHERE id = 3")
    assert cli.main(["journal", "--journal", str(full), "--out", str(out)]) == 65
    assert out.read_text() == "older"
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == ["out.jsonl"]
    assert cli.main(["journal", "--journal", str(full), "--out", str(out), "--last", "1"]) == 0
    assert json.loads(out.read_text())["id"] == 4
    before = full.read_bytes()
    with pytest.raises(SystemExit):
        cli.main(["journal", "--journal", str(full), "--out", str(full)])
    assert full.read_bytes() == before
    damaged(full, "UPDATE cycle SET started_utc = 'noon' WHERE id = 3")
    assert cli.main(["journal", "--journal", str(full), "--out", str(tmp_path / "out.parquet")]) == 65
    assert not (tmp_path / "out.parquet").exists()


def test_damaged_json_is_one_clear_line(full: Path, capsys: Captured) -> None:
    damaged(full, "UPDATE cycle SET calls = 'x' WHERE id = 3")
    assert cli.main(["journal", "--journal", str(full)]) == 65
    assert "journal: cycle 3, calls: " in capsys.readouterr().err
    assert len(ids(full, capsys)) == 4, "CSV exports it as it is"


def test_parquet_without_its_extra_is_told(
    full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def missing(purpose: str) -> None:
        raise Misconfigured(f"{purpose} needs pyarrow: pip install 'mt5-sentinel[scale]'", "missing_extra")

    monkeypatch.setattr(arrow, "load", missing)
    assert cli.main(["journal", "--journal", str(full), "--out", str(tmp_path / "rows.parquet")]) == 78
    assert "pip install 'mt5-sentinel[scale]'" in capsys.readouterr().err
    assert not (tmp_path / "rows.parquet").exists()


def test_a_journal_of_version_1_is_exported_as_far_as_it_goes(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as db:
        db.executescript(journal_schema.STEPS[0])
        db.execute(
            "INSERT INTO cycle (id, started_utc, symbol, mode, status, reason) VALUES (1, '2023-11-15T11:58:58.000Z',"
            " 'EURUSD', 'demo', 'done', 'tie')"
        )
    db.close()
    assert ids(path, capsys) == [1]
    for table in TABLES:
        assert cli.main(["journal", "--journal", str(path), "--table", table]) == 0
        assert capsys.readouterr().out.count("\n") == (2 if table == "cycles" else 1)
