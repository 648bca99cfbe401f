"""VERIFY_LOG: what was asked of the machine and what it answered, each line bound to the one before by its hash.

An edit shows, for every later hash would have to be made anew; who does that changes the head, which stands in the
report, in audit.jsonl and wherever the report was published.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mt5_sentinel import files
from mt5_sentinel.errors import Unusable
from mt5_sentinel.logs import hide
from mt5_sentinel.ops.endpoint import now_utc

NAME = "VERIFY_LOG"
REPORT = "COMPLETION_REPORT.md"
START = "0" * 64
INLINE_CHARS_MAX = 16_384
"""Longer outputs are files of their own beside the log."""


class Log:
    """Grows by one entry for each question; written at the end, whole."""

    def __init__(self) -> None:
        """Begin the chain."""
        self.entries: list[dict[str, Any]] = []
        self.outputs: dict[str, str] = {}
        self.head = START

    def add(self, what: str, asked: str, output: str, error: str = "", code: int | None = None) -> dict[str, Any]:
        """Note one answer, without secrets; hashes are of what is stored."""
        output = hide(output)
        entry: dict[str, Any] = {"n": len(self.entries) + 1, "at": now_utc(), "what": what, "asked": hide(asked)}
        if code is not None:
            entry["exit"] = code
        if len(output) > INLINE_CHARS_MAX:
            entry["output_file"] = f"OUTPUT-{entry['n']:02}.txt"
            self.outputs[entry["output_file"]] = output
        else:
            entry["output"] = output
        entry |= {"error": hide(error), "sha256": _sha256(output)}
        self.head = entry["chain"] = link(self.head, entry)
        self.entries.append(entry)
        return entry

    def write(self, directory: Path, report: str) -> str:
        """Seal the log with the report's hash and write both, and the long outputs.

        Returns:
            The head: the hash that stands for all of it.

        Raises:
            Unusable: the directory cannot be written.
        """
        self.add("seal", REPORT, _sha256(hide(report)))
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unusable(
                f"{directory}: cannot be made: {error.strerror}; choose another --out", "unwritable"
            ) from None
        for name, output in self.outputs.items():
            files.write(str(directory / name), [output])
        files.write(str(directory / REPORT), [hide(report)])
        files.write(str(directory / NAME), [json.dumps(one, ensure_ascii=False) + "\n" for one in self.entries])
        return self.head

    def names(self) -> list[str]:
        """The files that ``write`` writes."""
        return [REPORT, NAME, *self.outputs]


def link(before: str, entry: Mapping[str, Any]) -> str:
    """The hash of an entry and of all before it."""
    content = {name: value for name, value in entry.items() if name != "chain"}
    return _sha256(before + json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")))


def check(path: Path) -> tuple[int, str]:
    """Compute the chain again, with the outputs and the report beside it.

    Returns:
        How many entries it has, and its head.

    Raises:
        Unusable: it was changed or cut, and where.
    """
    head, sealed = START, ""
    # Texts in it may hold other signs that end a line, as U+2028 does.
    text = files.read(str(path)).decode("utf-8", "replace").removesuffix("\n")
    lines = text.split("\n") if text else []
    for number, line in enumerate(lines, start=1):
        entry = _entry(path, number, line)
        if entry.get("n") != number:
            raise _changed(path, number, f"it is numbered {entry.get('n')}: lines are missing, or were moved")
        output = _beside(path, str(entry["output_file"])) if "output_file" in entry else entry.get("output")
        if not isinstance(output, str) or _sha256(output) != entry.get("sha256"):
            where = f"; the file is {entry['output_file']}" if "output_file" in entry else ""
            raise _changed(path, number, f"the output is not what was hashed{where}")
        head = link(head, entry)
        if head != entry.get("chain"):
            raise _changed(path, number, "this line, or one before, was changed")
        sealed = output if entry.get("what") == "seal" and number == len(lines) else ""
    if not sealed:
        raise _changed(path, len(lines), "the seal is missing: the end was cut off")
    if _sha256(_beside(path, REPORT)) != sealed:
        raise _changed(path, len(lines), f"{REPORT} is not the one that was sealed")
    return len(lines), head


def _entry(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    if not isinstance(entry, dict):
        raise _changed(path, number, "it is no entry")
    return entry


def _beside(path: Path, name: str) -> str:
    if "/" in name or "\\" in name:
        raise Unusable(f"{path}: it names a file elsewhere: {name[:100]!r}", "log_changed")
    return files.read(str(path.parent / name)).decode("utf-8", "replace")


def _changed(path: Path, number: int, why: str) -> Unusable:
    return Unusable(f"{path}: line {number}: {why}", "log_changed")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
