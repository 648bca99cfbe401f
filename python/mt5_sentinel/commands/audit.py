"""``mt5-sentinel audit``: Gate 1, a line for each check of the installed service."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from mt5_sentinel.ops import audit, findings
from mt5_sentinel.ops.findings import Finding
from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.layout import PREFIX, Layout
from mt5_sentinel.ops.place import Place

EXAMPLE = """examples:
  sudo mt5-sentinel audit
  mt5-sentinel audit --deploy ./deploy        the files of a checkout, before they are installed
  sudo mt5-sentinel audit --json | jq '.checks[] | select(.verdict == "failed")'

Exit code: 0 all hold, 1 some do not. Each audit of a host adds a line to audit.jsonl in the service's logs."""


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "audit",
        help="check the installed service: unit, release, rights, configuration, machine",
        description="Gate 1: is the installed service as it must be? Changes nothing.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="findings as JSON")
    parser.add_argument(
        "--root", type=Path, default=Path("/"), metavar="DIR", help="a directory that stands for the host (default: /)"
    )
    parser.add_argument(
        "--prefix", type=Path, default=PREFIX, metavar="DIR", help=f"where it is installed (default: {PREFIX})"
    )
    parser.add_argument(
        "--deploy", type=Path, metavar="DIR", help="look at the deploy folder of a checkout instead of a host"
    )
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Make the checks, show each as it is known, note the verdict."""
    host, layout = Host(arguments.root), Layout(arguments.prefix)
    place = Place(host, layout)
    if arguments.deploy is not None:
        place = audit.checkout(host, layout, arguments.deploy)
    found: list[Finding] = []
    for one in audit.each(place):
        found.append(one)
        if not arguments.json:
            print("\n".join(findings.lines([one])), flush=True)
    unnoted = None if arguments.deploy is not None else audit.note(found, host, os.environ)
    if arguments.json:
        print(json.dumps(findings.as_data(found) | {"noted": unnoted is None, "not_noted_because": unnoted}, indent=2))
    else:
        print(_verdict(found))
        if unnoted is not None:
            print(f"this audit is not noted in audit.jsonl: {unnoted}")
    return 0 if findings.passed(found) else findings.EXIT_FAILED


def _verdict(found: list[Finding]) -> str:
    counts = ", ".join(f"{findings.count(found, verdict)} {verdict}" for verdict in findings.MARKS)
    return f"{'Gate 1 passed' if findings.passed(found) else 'Gate 1 NOT passed'}: {counts}"
