"""``journal`` on large journals, and as a process."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path

from mt5_sentinel import files, journal
from mt5_sentinel.commands import journal_export
from mt5_sentinel.view.journal_rows import Wish
from tests.python.conftest import Sentinel
from tests.python.standing_place import many, places
from tests.python.test_journal_command import full

__all__ = ["full", "places"]


def test_an_export_holds_few_rows_in_memory(tmp_path: Path) -> None:
    path = many(tmp_path, 10_000)  # a row takes some 3 kB as an object, so all of them 30 MB
    peaks = []
    for form, last in (("csv", 2_000), ("csv", None), ("jsonl", None)):
        with journal.reading(path) as db:
            tracemalloc.start()
            files.write(str(tmp_path / "out"), journal_export.FORMS[form](db, Wish(last=last)))
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert max(peaks) < 1_000_000, peaks


def test_the_orders_of_a_cycle_are_found_by_an_index(full: Path) -> None:
    with journal.reading(full) as db:
        plan = db.execute("EXPLAIN QUERY PLAN SELECT * FROM intent WHERE cycle_id = 1 ORDER BY rowid").fetchall()
    assert [row["detail"] for row in plan] == ["SEARCH intent USING INDEX intent_cycle (cycle_id=?)"]


def test_as_a_process_into_a_pipe_and_a_file(full: Path, sentinel: Sentinel, tmp_path: Path) -> None:
    done = sentinel("journal", "--journal", full, "--table", "orders", "--format", "csv", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "ünïcode" in done.stdout
    done = sentinel("journal", "--journal", full, "--out", tmp_path / "x.csv")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = sentinel("journal", "--journal", full, "--table", "risk", "--symbol", "A")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--symbol means nothing for --table risk" in done.stderr


def test_the_daemon_reads_none_of_what_exports_need() -> None:
    code = (
        "import sys; from mt5_sentinel import cli; print([n for n in ('numpy', 'pyarrow', 'rich') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
