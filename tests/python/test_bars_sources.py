"""``mt5-sentinel bars`` on a terminal's files, and with two sources side by side."""

from __future__ import annotations

import argparse
import gzip
import io
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from mt5_sentinel import _core
from mt5_sentinel.commands import bars, features
from mt5_sentinel.errors import Misconfigured
from tests.python import bodies
from tests.python.fake_mt5 import DTYPE

NOW_S = 1_700_000_000
ATHENS = ZoneInfo("Europe/Athens")


def run(*words: str | Path) -> None:
    """The command without the program around it."""
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers()
    bars.add_parser(verbs).set_defaults(execute=bars.execute)
    features.add_parser(verbs).set_defaults(execute=features.execute)
    arguments = parser.parse_args([*map(str, words), "--now", str(NOW_S)])
    assert arguments.execute(arguments) == 0


def exported(rows: bodies.Rows) -> str:
    """What a terminal in Athens exports of these rows."""
    lines = ["<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>"]
    for row in rows:
        shown = datetime.fromtimestamp(row["timestamp"], timezone.utc).astimezone(ATHENS)
        prices = "\t".join(str(row[name]) for name in ("open", "high", "low", "close", "volume"))
        lines.append(f"{shown:%Y.%m.%d\t%H:%M:%S}\t{prices}\t0\t9")
    return "\r\n".join(lines) + "\r\n"


@pytest.fixture
def rows() -> bodies.Rows:
    """A year and a half of hours, across three changes of clocks, in the market's open hours."""
    calendar = _core.Calendar("EURUSD")
    return [row for row in bodies.hourly(NOW_S, 13_000, forming=False) if calendar.is_open(row["timestamp"])]


def test_a_terminals_file_is_read_as_utc_and_that_is_said(
    tmp_path: Path, rows: bodies.Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "EURUSD_H1.csv"
    path.write_bytes(exported(rows).encode("utf-16"))
    run("bars", path)
    said = capsys.readouterr().out
    assert sum("read as UTC" in line and "--broker-time" in line for line in said.splitlines()) == 1
    run("bars", path, "--json")
    report = json.loads(capsys.readouterr().out)
    assert report["is_of_terminal"]
    assert report["broker_time"] is None
    assert report["closed_hours"] > 100, "the hours of another zone"


@pytest.mark.parametrize("zone", ["UTC+2/eu", "auto"])
def test_a_brokers_times_become_utc(
    tmp_path: Path, rows: bodies.Rows, capsys: pytest.CaptureFixture[str], zone: str
) -> None:
    path, out = tmp_path / "EURUSD_H1.csv.gz", tmp_path / "utc.csv"
    path.write_bytes(gzip.compress(exported(rows).encode("utf-16")))
    run("bars", path, "--broker-time", zone, "--json", "--out", out)
    report = json.loads(capsys.readouterr().out)
    assert (report["broker_time"], report["closed_hours"], report["bars"]) == ("UTC+2/eu", 0, len(rows))
    lines = out.read_text().splitlines()[1:]
    assert [int(line.split(",")[0]) for line in lines] == [row["timestamp"] for row in rows]
    run("features", path, "--broker-time", zone, "--last", "1", "--out", tmp_path / "f.csv")
    assert (tmp_path / "f.csv").read_text().splitlines()[1].startswith(f"{rows[-1]['timestamp']},")


def test_a_zone_that_is_none_or_cannot_be_told_is_refused(tmp_path: Path, rows: bodies.Rows) -> None:
    path = tmp_path / "few.csv"
    path.write_text(exported(rows[:10]))
    for zone in ["EET", "auto"]:
        with pytest.raises(Misconfigured, match=r"few\.csv.*UTC\+2/eu"):
            run("bars", path, "--broker-time", zone)


def test_numpys_file_of_copy_rates_is_read(
    tmp_path: Path, rows: bodies.Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    few = rows[:50]
    names = ("timestamp", "open", "high", "low", "close", "volume")
    array = np.array([(*(row[name] for name in names), 7, 0) for row in few], dtype=DTYPE)
    stored = io.BytesIO()
    np.save(stored, array)
    path, out = tmp_path / "rates.npy", tmp_path / "out.csv"
    path.write_bytes(stored.getvalue())
    run("bars", path, "--out", out)
    assert "read as UTC" in capsys.readouterr().out
    columns = np.loadtxt(out, delimiter=",", skiprows=1)
    assert np.array_equal(columns, np.array([[row[name] for name in names] for row in few], dtype=float))


def test_two_sources_side_by_side(tmp_path: Path, rows: bodies.Rows, capsys: pytest.CaptureFixture[str]) -> None:
    here, there = tmp_path / "export.csv", tmp_path / "api.json"
    here.write_text(exported(rows[:-3]))
    other: list[dict[str, Any]] = [dict(row) for row in rows]
    del other[100]
    other[200]["close"] = round(other[200]["close"] + 0.00021, 5)
    other[300]["close"] = round(other[300]["close"] + 0.0002, 5)
    there.write_bytes(bodies.body(other))
    run("bars", here, "--broker-time", "UTC+2/eu", "--against", there, "--json")
    found = json.loads(capsys.readouterr().out)["against"]
    assert (found["common"], found["only_a"], found["only_b"], found["differing"]) == (len(rows) - 4, 1, 0, 1)
    assert found["first_only_a"] == [rows[100]["timestamp"]]
    ((opened_s, field, a, b),) = found["first_differing"]
    assert (opened_s, field) == (other[200]["timestamp"], "close")
    assert b - a == pytest.approx(0.00021)
    assert found["close_offset"] == 0.0
    run(
        "bars",
        here,
        "--broker-time",
        "UTC+2/eu",
        "--against",
        there,
        "--tolerance-points",
        "19.5",
        "--point",
        "0.00001",
    )
    said = capsys.readouterr().out
    assert "differing  2 bars by more than 0.000195" in said
    assert f"here {a!r}, there {b!r}" in said


def test_files_that_do_not_meet_are_told_so(
    tmp_path: Path, rows: bodies.Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, part in [("a.json", rows[:50]), ("b.json", rows[100:150])]:
        (tmp_path / name).write_bytes(bodies.body(part))
    run("bars", tmp_path / "a.json", "--against", tmp_path / "b.json")
    assert "do not meet in time" in capsys.readouterr().out
