"""Failed tries to have a diff reviewed: three for what it changes, six in a row for a file, then nothing is sent."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from mt5_sentinel import file_lock, files
from mt5_sentinel.errors import Transient, Unsafe, Unusable
from mt5_sentinel.ops.endpoint import Blocked, now_utc

STRIKES_MAX = 3
ROW_MAX = 6
"""A few changes that fail are the usual work; a row of them is asking until one reviewer says PASS."""

FILE = "review-strikes.json"
UNANSWERED = "unanswered"
"""What a strike says from before the asking until its answer: a try that was killed counts too."""


class Subject(NamedTuple):
    """What a diff is about: a key of what it changes, and the files it touches."""

    key: str
    files: tuple[str, ...]


def subject(text: str) -> Subject:
    """Two diffs of one change have one key, whatever stands around it.

    The key is made of the names of the files and the lines that are added and removed, without blanks at their ends
    and without empty ones; object ids, times, context, line numbers and what stands before the diff are not in it. A
    diff without such lines, of modes or names alone, is its lines.
    """
    lines = [line.rstrip() for line in text.splitlines()]
    touched, changed = list[str](), list[str]()
    for number, line in enumerate(lines):
        before, after = lines[max(number - 1, 0)], lines[min(number + 1, len(lines) - 1)]
        if (line.startswith("--- ") and after.startswith("+++ ")) or (
            line.startswith("+++ ") and before.startswith("--- ")
        ):
            touched.append(_file(line))
            changed.append(f"{line[:3]} {_file(line)}")
        elif line.startswith("diff --git "):
            touched += [_file(f"    {word}") for word in line.removeprefix("diff --git ").split(" ")]
        elif line[:1] in ("+", "-") and line[1:].strip():
            changed.append(line)
    shown = changed or [line for line in lines if line and not line.startswith("index ")]
    key = hashlib.sha256("\n".join(shown).encode()).hexdigest()
    names = tuple(sorted({name for name in touched if name != "/dev/null"}))
    return Subject(key, names or ("(no name)",))


def _file(header: str) -> str:
    """A file's name in a line such as ``+++ b/name<TAB>time``."""
    name = header[4:].partition("\t")[0].strip().strip('"')
    return name[2:] if name[:2] in ("a/", "b/", "i/", "w/", "c/", "o/") else name


class Strikes:
    """The file of strikes, by the key of a diff; held by one review at a time."""

    def __init__(self, path: Path) -> None:
        """Read it.

        Raises:
            Unsafe: it is there and is not what this program writes; it is not taken for an empty one.
        """
        self._path = path
        try:
            content = json.loads(path.read_bytes())
        except FileNotFoundError:
            content = {}
        except ValueError:
            content = None
        except OSError as error:
            raise Unusable(f"{path}: {error.strerror}", "unreadable_file") from None
        if not isinstance(content, dict) or not all(_is_list(one) for one in content.values()):
            raise Unsafe(f"{path}: no file of strikes; move it away after you have looked at it", "strikes_damaged")
        self._by_diff: dict[str, list[dict[str, Any]]] = content

    def of(self, diff: Subject) -> list[dict[str, Any]]:
        """The strikes of a diff, each with its time and reason."""
        return list(self._by_diff.get(diff.key, []))

    def row(self, diff: Subject) -> tuple[str, int]:
        """The file of a diff with the longest row of failed tries, of whatever change, and how many those are."""
        counted = [_files_of(one) for strikes in self._by_diff.values() for one in strikes]
        rows = [(sum(name in names for names in counted), name) for name in diff.files]
        count, name = max(rows)
        return name, count

    def begin(self, diff: Subject, session: str) -> None:
        """Write a strike before the asking.

        Raises:
            Blocked: three are used up, or six in a row for one of its files.
        """
        decide = "record a decision of a person: mt5-sentinel review --override --authority NAME --reason TEXT"
        if len(self.of(diff)) >= STRIKES_MAX:
            reasons = ", ".join(str(one.get("reason")) for one in self.of(diff))
            message = f"{STRIKES_MAX} strikes for this diff ({reasons}); nothing was sent. Change the diff, or {decide}"
            raise Blocked(message, "strikes_used_up")
        name, count = self.row(diff)
        if count >= ROW_MAX:
            message = f"{count} failed tries in a row for changes of {name}; nothing was sent. Now {decide}"
            raise Blocked(message, "strikes_used_up")
        one = {"at": now_utc(), "session": session, "reason": UNANSWERED, "files": list(diff.files)}
        self._by_diff.setdefault(diff.key, []).append(one)
        self._write()

    def explain(self, diff: Subject, reason: str) -> None:
        """Say why the newest try failed."""
        self._by_diff[diff.key][-1]["reason"] = reason
        self._write()

    def clear(self, diff: Subject) -> None:
        """A PASS takes the strikes of its diff away and ends the row of its files; time does neither."""
        del self._by_diff[diff.key]
        self.end_row(diff)

    def end_row(self, diff: Subject) -> None:
        """Begin to count anew for these files; the strikes of each diff stay its strikes."""
        for strikes in self._by_diff.values():
            for one in strikes:
                one["files"] = [name for name in _files_of(one) if name not in diff.files]
        self._write()

    def _write(self) -> None:
        files.write(str(self._path), [json.dumps(self._by_diff, indent=1) + "\n"])


@contextmanager
def held(directory: Path) -> Iterator[Strikes]:
    """The strikes of an evidence directory, for this process alone.

    Raises:
        Transient: another review runs.
        Unusable: the directory cannot be written.
        Unsafe: the file is damaged.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = file_lock.acquire(directory / f"{FILE}.lock")
    except BlockingIOError:
        raise Transient(f"{directory}: another review runs; wait for it", "review_runs") from None
    except OSError as error:
        message = f"{directory}: cannot be written: {error.strerror}; run as root, or name another with --evidence"
        raise Unusable(message, "unwritable_file") from None
    try:
        yield Strikes(directory / FILE)
    finally:
        os.close(lock)


def _is_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _files_of(strike: dict[str, Any]) -> list[str]:
    """The files whose row a strike counts in; none for one of an earlier version."""
    names = strike.get("files")
    return [str(name) for name in names] if isinstance(names, list) else []
