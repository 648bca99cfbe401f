"""``mt5-sentinel features``: every format holds the same bits, whole or not at all."""

from __future__ import annotations

import csv
import errno
import gzip
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from mt5_sentinel import Bars, _core, arrow, bundled, catalogue, cli, features, files, sheet
from mt5_sentinel.commands.features import CATALOGUES
from tests.python.conftest import Sentinel

NAMES = [spec.name for spec in catalogue()]


@pytest.fixture(scope="module")
def bars() -> Bars:
    rows = _core.parse(bundled.BARS.read_bytes())
    return _core.clean(rows, interval_s=3600, now_s=2_000_000_000).bars


def run(*arguments: str | Path) -> int:
    """The command in this process."""
    return cli.main(["features", *map(str, arguments)])


Read = Callable[[Path], "tuple[list[str], NDArray[Any], NDArray[Any]]"]


def read_csv(path: Path) -> tuple[list[str], NDArray[Any], NDArray[Any]]:
    body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    header, *lines = csv.reader(body.decode().splitlines())
    assert b"nan" not in body
    matrix = np.array([[float(cell or "nan") for cell in line[1:]] for line in lines])
    return header, np.array([int(line[0]) for line in lines]), matrix


def read_npy(path: Path) -> tuple[list[str], NDArray[Any], NDArray[Any]]:
    rows = np.load(path, allow_pickle=False)
    assert rows.dtype.names is not None
    assert [rows.dtype[name].str for name in rows.dtype.names] == ["<i8"] + ["<f8"] * (len(rows.dtype) - 1)
    names = list(rows.dtype.names)
    return names, rows["timestamp"], np.column_stack([rows[name] for name in names[1:]])


def read_parquet(path: Path) -> tuple[list[str], NDArray[Any], NDArray[Any]]:
    table = pq.read_table(path)
    assert table.schema.types == [pa.int64()] + [pa.float64()] * (table.num_columns - 1)
    columns = [column.to_numpy() for column in table.columns]
    assert not any(np.isnan(column.drop_null()).any() for column in table.columns[1:]), "NaN is null"
    return table.column_names, columns[0], np.column_stack(columns[1:])


FORMATS: dict[str, Read] = {
    "F.csv": read_csv,
    "F.csv.gz": read_csv,
    "F.npy": read_npy,
    "F.parquet": read_parquet,
    "upper.CSV": read_csv,
}

every_format = pytest.mark.parametrize(("name", "read"), FORMATS.items(), ids=FORMATS.keys())


def bits(matrix: NDArray[Any]) -> bytes:
    """All bits but those of NaN, whose sign and payload mean nothing."""
    return np.where(np.isnan(matrix), np.nan, matrix).tobytes()


@every_format
def test_every_format_reads_back_to_the_same_bits(name: str, read: Read, tmp_path: Path, bars: Bars) -> None:
    out = tmp_path / name
    assert run(bundled.BARS, "--out", out) == 0
    header, times, matrix = read(out)
    assert header == ["timestamp", *NAMES]
    assert times.tolist() == bars.timestamp.tolist()
    assert bits(matrix) == bits(features(bars))
    assert np.isnan(matrix[0]).any()
    assert list(tmp_path.iterdir()) == [out]


@every_format
def test_the_same_features_give_the_same_bytes(name: str, read: Read, tmp_path: Path) -> None:
    del read
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        assert run(bundled.BARS, "--out", tmp_path / folder / name) == 0
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize("rows", [1, 7])
def test_blocks_join_without_a_seam(rows: int, tmp_path: Path, bars: Bars, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((sheet, "CSV_ROWS_AT_ONCE"), (sheet, "NPY_ROWS_AT_ONCE"), (arrow, "ROWS_AT_ONCE")):
        monkeypatch.setattr(module, name, rows)
    for name, read in FORMATS.items():
        assert run(bundled.BARS, "--out", tmp_path / name, "--last", "50") == 0
        _, times, matrix = read(tmp_path / name)
        assert times.tolist() == bars.timestamp.tolist()[-50:]
        assert bits(matrix) == bits(features(bars)[-50:])


@pytest.mark.parametrize("last", [1, 3, 6225, 10**12])
def test_last_gives_the_newest_rows_of_the_whole_history(last: int, tmp_path: Path, bars: Bars) -> None:
    out = tmp_path / "F.npy"
    assert run(bundled.BARS, "--out", out, "--last", str(last)) == 0
    _, times, matrix = read_npy(out)
    assert times.tolist() == bars.timestamp.tolist()[-last:]
    assert bits(matrix) == bits(features(bars)[-last:])


@every_format
def test_legacy23_is_the_22_by_position_and_a_zero(name: str, read: Read, tmp_path: Path, bars: Bars) -> None:
    assert run(bundled.BARS, "--out", tmp_path / name, "--layout", "legacy23", "--last", "60") == 0
    header, _, matrix = read(tmp_path / name)
    assert header == ["timestamp", *(f"feature_{i}" for i in range(23))]
    assert bits(matrix[:, :22]) == bits(features(bars)[-60:])
    assert matrix[:, 22].tolist() == [0.0] * 60


@every_format
def test_columns_are_written_in_the_order_asked_for(name: str, read: Read, tmp_path: Path, bars: Bars) -> None:
    out = tmp_path / name
    assert run(bundled.BARS, "--out", out, "--columns", "macd, rsi_14", "--last", "9") == 0
    header, _, matrix = read(out)
    assert header == ["timestamp", "macd", "rsi_14"]
    assert bits(matrix) == bits(features(bars, columns=["macd", "rsi_14"])[-9:])
    for which in CATALOGUES:
        assert run(bundled.BARS, "--out", out, "--columns", which, "--last", "9") == 0
        header, _, matrix = read(out)
        assert header == ["timestamp", *(spec.name for spec in catalogue(which))]
        assert bits(matrix) == bits(features(bars, columns=which)[-9:])


def test_an_unknown_column_is_told_its_neighbours(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("not-there.csv", "--columns", "macd_sigal") == 2
    assert "macd_signal" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        run("not-there.csv", "--layout", "legacy23", "--columns", "all")
    assert "--layout legacy23 has its own 23 columns" in capsys.readouterr().err


def test_infinities_and_extremes_survive_as_text(tmp_path: Path) -> None:
    row = [np.inf, -np.inf, np.nan, -0.0, 5e-324, 1.7976931348623157e308, 0.1, 1e16, 1e-5]
    made = sheet.Sheet([f"c{i}" for i in range(len(row))], np.array([-5]), np.array([row]))
    with files.replacing(str(tmp_path / "F.csv")) as file:
        sheet.write_csv(made, file, lambda rows: None)
    text = (tmp_path / "F.csv").read_text()
    assert (
        text
        == "timestamp,c0,c1,c2,c3,c4,c5,c6,c7,c8\n-5,inf,-inf,,-0.0,5e-324,1.7976931348623157e+308,0.1,1e+16,1e-05\n"
    )


@pytest.mark.parametrize("place", [None, "-"])
def test_standard_output_is_csv(place: str | None, sentinel: Sentinel, tmp_path: Path) -> None:
    assert run(bundled.BARS, "--out", tmp_path / "F.csv") == 0
    done = sentinel("features", bundled.BARS, *(["--out", place] if place else []))
    assert done.returncode == 0
    assert done.stdout == (tmp_path / "F.csv").read_text()
    assert done.stderr == "", "no progress bar where nobody sees it"


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--out", "F.txt"], "'F.txt' names no known format; end it in .csv, .csv.gz, .npy, .parquet"),
        (["--out", "csv"], "'csv' names no known format"),
        (["--out", ""], "'' names no known format"),
        (["--last", "0"], "'0' is not a positive number"),
        (["--last", "-3"], "'-3' is not a positive number"),
        (["--last", "x"], "'x' is not a positive number"),
        (["--layout", "sideways"], "invalid choice: 'sideways'"),
        (["--columns", "rsi_41"], "--columns: no column is called"),
        (["--columns", "rsi_14,rsi_14"], "`rsi_14` is given twice"),
        (["--columns", ""], "--columns: no column is called"),
    ],
)
def test_wrong_flags_are_told_before_anything_is_read(
    flags: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("not-there.csv", *flags) == 2
    assert told in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_bars_file_itself_is_never_the_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "bars.csv.gz"
    own.write_bytes(bundled.BARS.read_bytes())
    link = tmp_path / "link.csv"
    link.symlink_to(own)
    for out in (own, link):
        with pytest.raises(SystemExit, match="2"):
            run(own, "--out", out)
        assert "is the bars file itself" in capsys.readouterr().err
    assert own.read_bytes() == bundled.BARS.read_bytes()


class FullDisk:
    """A file that takes some bytes, then none."""

    def __init__(self, file: Any, room: int) -> None:
        self._file, self._room = file, room

    def write(self, data: bytes) -> int:
        self._room -= len(data)
        if self._room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return int(self._file.write(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@every_format
@pytest.mark.parametrize("room", [0, 20_000])
def test_a_full_disk_leaves_the_old_file(
    name: str,
    read: Read,
    room: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    del read
    out = tmp_path / name
    out.write_bytes(b"mine")
    replacing = tempfile.NamedTemporaryFile

    class Part:
        def __init__(self, *arguments: Any, **named: Any) -> None:
            self._part = replacing(*arguments, **named)

        def __enter__(self) -> Any:
            return FullDisk(self._part.__enter__(), room)

        def __exit__(self, *error: Any) -> Any:
            return self._part.__exit__(*error)

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", Part)
    assert run(bundled.BARS, "--out", out) == 65
    assert capsys.readouterr().err == f"mt5-sentinel: {out}: cannot be written: No space left on device\n"
    assert out.read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [out]


def test_parquet_without_pyarrow_is_one_line_before_anything_is_read(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from mt5_sentinel import cli\n"
        f"sys.exit(cli.main(['features', 'not-there.csv', '--out', {str(tmp_path / 'F.parquet')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 78
    assert done.stderr == "mt5-sentinel: writing Parquet needs pyarrow: pip install 'mt5-sentinel[scale]'\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seconds", [True, False])
def test_a_parquet_file_of_bars_passes_the_same_gate(seconds: bool, tmp_path: Path, bars: Bars) -> None:
    rows = pd.DataFrame(bars.rows(), columns=["timestamp", "open", "high", "low", "close", "volume"])
    rows = pd.concat([rows, rows.tail(3)], ignore_index=True)  # duplicates are dropped on reading
    if not seconds:
        rows["timestamp"] = pd.to_datetime(rows["timestamp"], unit="s", utc=True)
    rows.to_parquet(tmp_path / "bars.parquet")
    assert run(tmp_path / "bars.parquet", "--out", tmp_path / "F.npy") == 0
    _, times, matrix = read_npy(tmp_path / "F.npy")
    assert times.tolist() == bars.timestamp.tolist()
    assert bits(matrix) == bits(features(bars))


def test_a_damaged_parquet_file_is_one_clear_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bars.parquet").write_bytes(b"PAR1 and nothing else")
    assert run(tmp_path / "bars.parquet") == 65
    told = capsys.readouterr().err
    assert told.startswith(f"mt5-sentinel: {tmp_path / 'bars.parquet'}: the Parquet file cannot be read: ")
    assert told.count("\n") == 1
