"""What the gateway needs runs where Windows' Python lacks half of POSIX."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.python.windows import run_there


def test_every_module_of_the_package_can_be_imported(tmp_path: Path) -> None:
    done = run_there("print(len(import_all()), 'fcntl' in sys.modules and sys.modules['fcntl'])", tmp_path)
    assert done.stderr == b""
    count, blocked = done.stdout.split()
    assert int(count) > 60
    assert blocked == b"None"


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_every_verb_tells_what_it_takes(encoding: str, tmp_path: Path) -> None:
    text = """
from mt5_sentinel import cli
names = [verb.__name__.rsplit(".", 1)[1] for verb in cli.VERBS]
for words in [["--version"], ["--help"], *([name, "--help"] for name in names)]:
    assert main(words) == 0, words
"""
    done = run_there(text, tmp_path, encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"mt5-sentinel ")
    assert b"usage: mt5-sentinel run" in done.stdout


def test_signs_that_a_code_page_lacks_are_written_all_the_same(tmp_path: Path) -> None:
    text = "from mt5_sentinel import cli\ncli._write_any_character()\nprint('✓ µs →')\nprint('✗', file=sys.stderr)"
    done = run_there(text, tmp_path, encoding="cp1252")
    assert (done.returncode, done.stdout.split(), done.stderr.split()) == (
        0,
        ["✓".encode(), "µs".encode(), "→".encode()],
        ["✗".encode()],
    )


def test_state_lies_where_windows_keeps_it_and_is_locked(tmp_path: Path) -> None:
    text = """
from mt5_sentinel import file_lock, files
from mt5_sentinel.config import Settings
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.journal_file import JournalFile
place = Settings().state_path
print(place)
journal = JournalFile(place, "demo")
try:
    JournalFile(place, "demo")
except Misconfigured as error:
    print(error.reason)
journal.close()
JournalFile(place, "demo").close()
held = file_lock.acquire(place / "a.lock")
try:
    file_lock.acquire(place / "a.lock")
except BlockingIOError:
    print("held")
os.close(held)
os.close(file_lock.acquire(place / "a.lock"))
files.write(str(place / "a.txt"), ["a"])
print((place / "a.txt").read_text())
"""
    done = run_there(text, tmp_path)
    assert done.stderr == b""
    assert done.stdout.decode().split() == [str(tmp_path / "mt5-sentinel"), "journal_locked", "held", "a"]


def test_a_key_file_is_not_judged_by_a_mode_that_means_nothing_there(tmp_path: Path) -> None:
    text = """
from pathlib import Path
from mt5_sentinel import key_file
print(len(key_file.create(Path("a.key"))))
os.chmod("a.key", 0o666)
print(len(key_file.read(Path("a.key"))))
"""
    done = run_there(text, tmp_path)
    assert (done.stdout.split(), done.stderr) == ([b"64", b"32"], b"")


def test_the_broker_mt5_asks_for_its_package(tmp_path: Path) -> None:
    text = """
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.gateway.mt5_venue import connect
try:
    connect("", 0, "", "")
except Misconfigured as error:
    print(error)
"""
    done = run_there(text, tmp_path)
    assert b"python -m pip install MetaTrader5" in done.stdout, done.stderr
