"""``mt5-sentinel verify``: evidence of the running service, collected from the machine itself."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from mt5_sentinel import config
from mt5_sentinel.commands import bars
from mt5_sentinel.errors import Misconfigured, SentinelError
from mt5_sentinel.guard import Guard
from mt5_sentinel.logs import hide
from mt5_sentinel.ops import committed, evidence, known_secrets, layout, notion, verify, verify_log, verify_report
from mt5_sentinel.ops.endpoint import Endpoint, now_utc
from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.layout import Layout
from mt5_sentinel.ops.scene import Scene
from mt5_sentinel.ops.witness import Witness
from mt5_sentinel.settings import Settings

SECONDS_OF_AN_HOUR = 3600.0
HOURS = 24

EXAMPLE = """exit codes: 0 all criteria hold; 1 some do not; 3 none is broken, but some are not shown yet (nothing has
failed so far, so nothing was survived); else the report stands and publishing it failed: 65, 75, 77 or 78.

example:
  sudo mt5-sentinel verify
  sudo mt5-sentinel verify --out /srv/reports/evidence/today --commit /srv/reports --notion
  mt5-sentinel verify --check /opt/mt5-crs/evidence/verify-20260110T210514Z/VERIFY_LOG"""


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "verify",
        help="collect evidence of the running service and write a completion report",
        description="Ask systemd, the kernel, the log and the journal database, judge each criterion by what they"
        " answer, and write COMPLETION_REPORT.md and VERIFY_LOG.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write (default: a new folder of the evidence)"
    )
    parser.add_argument("--hours", type=bars.count, default=HOURS, metavar="N", help="of log (default: %(default)s)")
    parser.add_argument("--commit", type=Path, metavar="REPO", help="commit the report to this git repository, no push")
    parser.add_argument("--notion", action="store_true", help="publish the report below the page notion_page")
    parser.add_argument("--json", action="store_true", help="print the criteria as one JSON object")
    parser.add_argument("--check", type=Path, metavar="VERIFY_LOG", help="only compute the hashes of a log again")
    parser.add_argument("--config", type=Path, metavar="FILE", help=f"TOML file (default: {config.DEFAULT_FILE})")
    parser.add_argument(
        "--root", type=Path, default=Path("/"), metavar="DIR", help="a directory that stands for the host (default: /)"
    )
    parser.add_argument("--prefix", type=Path, default=layout.PREFIX, metavar="DIR", help="where it is installed")
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Collect, judge, write, publish."""
    if arguments.check is not None:
        entries, head = verify_log.check(arguments.check)
        print(f"{arguments.check}: {entries} entries are whole, head {head}")
        return 0
    host, installed = Host(arguments.root), Layout(arguments.prefix)
    settings = _settings(arguments)
    known_secrets.learn(host, installed, settings)
    directory = _directory(arguments, host, installed, settings)
    api = notion.endpoint(settings) if arguments.notion and settings is not None else None
    if arguments.commit is not None:
        committed.check(host, arguments.commit, directory)
    log = verify_log.Log()
    scene = Scene(Witness(host, log), installed, window_s=arguments.hours * SECONDS_OF_AN_HOUR)
    criteria, facts = verify.run(scene)
    at = now_utc()
    cycles: list[dict[str, Any]] = []
    Guard().attempt(lambda: cycles.extend(scene.cycles))
    report = verify_report.text(criteria, facts, cycles, log.entries, (platform.node(), at))
    head = log.write(directory, report)
    told = _told(criteria, facts, directory, head) | {"at": at}
    line = {"at": at, "what": "verify", "verdict": verify.sentence(criteria), "head": head, "file": str(directory)}
    evidence.note(os.environ, directory, line)
    error = _published(arguments, host, log, directory, api, settings, (report, at, told))
    print(json.dumps(told, indent=1) if arguments.json else "\n".join(_lines(criteria, told)))
    if error is not None:
        raise error
    return verify.exit_code(criteria)


def _settings(arguments: argparse.Namespace) -> Settings | None:
    """Settings, for places and tokens only; evidence is collected where they are broken, too."""
    try:
        return config.load_all({}, os.environ, arguments.config)[0]
    except Misconfigured:
        if arguments.notion:
            raise
        return None


def _directory(arguments: argparse.Namespace, host: Host, installed: Layout, settings: Settings | None) -> Path:
    given: Path | None = arguments.out
    if given is not None:
        return given
    name = f"verify-{evidence.stamp()}"
    if arguments.commit is not None:
        return Path(arguments.commit) / "evidence" / name
    return evidence.place(None, host, installed, (settings or Settings()).state_path) / name


def _told(criteria: Sequence[verify.Criterion], facts: dict[str, str], directory: Path, head: str) -> dict[str, Any]:
    return {
        "verdict": verify.sentence(criteria),
        "exit_code": verify.exit_code(criteria),
        "criteria": msgspec.to_builtins(criteria),
        "facts": facts,
        "directory": str(directory),
        "head": head,
    }


def _published(
    arguments: argparse.Namespace,
    host: Host,
    log: verify_log.Log,
    directory: Path,
    api: Endpoint | None,
    settings: Settings | None,
    content: tuple[str, str, dict[str, Any]],
) -> SentinelError | None:
    """Commit and publish; one that fails keeps the other from nothing, and the report stands."""
    report, at, told = content
    failed: list[SentinelError] = []
    title = f"mt5-sentinel on {platform.node()}, verified {at}"
    if arguments.commit is not None:
        try:
            message = f"{title}\n\n{told['verdict']}\nVERIFY_LOG head {told['head']}"
            files = [directory / name for name in log.names()]
            told["commit"] = committed.commit(host, arguments.commit, files, message)
        except SentinelError as error:
            failed.append(error)
    if api is not None and settings is not None:
        try:
            ending = f"\n## VERIFY_LOG\n\nhead {told['head']}\n"
            told["notion_page"] = notion.publish(api, settings.notion_page, title, hide(report) + ending)
        except SentinelError as error:
            failed.append(error)
    told["not_published"] = [hide(str(error)) for error in failed]
    return failed[0] if failed else None


def _lines(criteria: Sequence[verify.Criterion], told: dict[str, Any]) -> list[str]:
    marks = {"holds": "✓", "does not hold": "✗", "not shown": "·"}
    shown = []
    for one in criteria:
        shown.append(f"{marks[one.verdict]} {one.name:<24} {one.found}")
        if one.verdict == "does not hold":
            shown.append(f"  {'':<24} → {one.todo}")
    shown += ["", told["verdict"], f"report: {told['directory']}/{verify_log.REPORT}", f"head:   {told['head']}"]
    shown += [f"commit: {told['commit']}"] if "commit" in told else []
    shown += [f"notion: {told['notion_page']}"] if "notion_page" in told else []
    return shown
