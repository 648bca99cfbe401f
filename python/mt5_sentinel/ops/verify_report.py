"""COMPLETION_REPORT.md: the criteria with what was found, what was asked, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mt5_sentinel import _core
from mt5_sentinel.ops.verify import SEVEN, Criterion, sentence

SIGNS = {"holds": "✅ holds", "does not hold": "❌ does not hold", "not shown": "⏳ not shown"}
OUTPUT_CHARS_MAX = 1500
CYCLES_SHOWN = 10


def text(
    criteria: Sequence[Criterion],
    facts: Mapping[str, str],
    cycles: Sequence[Mapping[str, Any]],
    entries: Sequence[Mapping[str, Any]],
    when: tuple[str, str],
) -> str:
    """The report.

    Args:
        criteria: in their order.
        facts: told without a verdict.
        cycles: the newest ones of the database.
        entries: of the log, before its seal.
        when: host name and UTC time.
    """
    host, at = when
    parts = [
        f"# Completion report: mt5-sentinel {_core.__version__} on {host}",
        "",
        f"Collected {at} from the running system. **{sentence(criteria)}.**",
        "",
        "## Criteria",
        "",
        *_table([one for one in criteria if one.name in SEVEN]),
        "",
        "Beyond the seven of the first deployment:",
        "",
        *_table([one for one in criteria if one.name not in SEVEN]),
        "",
        "*Not shown* means: nothing speaks against it, but what it promises has not been put to the test yet.",
        "",
        *_todo(criteria),
        "## Facts",
        "",
        "| fact | found |",
        "|---|---|",
        *[f"| {name} | {_cell(found)} |" for name, found in facts.items()],
        "",
        f"## Newest {CYCLES_SHOWN} cycles",
        "",
        *_cycles(cycles),
        "",
        "## What was asked, and answered",
        "",
        "VERIFY_LOG holds every answer whole, its hash, and the chain; `mt5-sentinel verify --check VERIFY_LOG`"
        " computes them again.",
        "",
        *[line for entry in entries for line in _answer(entry)],
    ]
    return "\n".join(parts) + "\n"


def _table(criteria: Sequence[Criterion]) -> list[str]:
    rows = [f"| {one.name} | {SIGNS[one.verdict]} | {_cell(one.found)} |" for one in criteria]
    return ["| criterion | verdict | evidence |", "|---|---|---|", *rows]


def _todo(criteria: Sequence[Criterion]) -> list[str]:
    rows = [f"- {one.name}: {one.todo}" for one in criteria if one.verdict == "does not hold"]
    return ["## What to do", "", *rows, ""] if rows else []


def _cycles(cycles: Sequence[Mapping[str, Any]]) -> list[str]:
    if not cycles:
        return ["none could be read"]
    shown = [
        f"| {one['started_utc']} | {one['symbol']} | {one['status']} | {one['action'] or '-'} | {one['reason']} |"
        f" {_cell(str(one['detail'] or ''))} |"
        for one in cycles[-CYCLES_SHOWN:]
    ]
    return ["| started (UTC) | symbol | status | action | reason | detail |", "|---|---|---|---|---|---|", *shown]


def _answer(entry: Mapping[str, Any]) -> list[str]:
    output = str(entry.get("output", f"(in {entry.get('output_file')})")).replace("\0", " ").rstrip()
    if len(output) > OUTPUT_CHARS_MAX:
        output = f"{output[:OUTPUT_CHARS_MAX]}\n… (the rest stands in VERIFY_LOG)"
    body = [*output.splitlines(), *str(entry["error"]).splitlines()]
    code = f", exit code {entry['exit']}" if "exit" in entry else ""
    head = f"{entry['n']}. {entry['what']} `{_cell(str(entry['asked']))}`{code}, sha256 `{str(entry['sha256'])[:16]}…`"
    # Indented code: no text of an answer can end it, as it could end a fence.
    return [head, "", *[f"        {line}" for line in body], ""]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
