"""``mt5-sentinel review``: Gate 2, a diff before a reviewing model."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from pathlib import Path
from typing import Any

from mt5_sentinel import config
from mt5_sentinel.commands import bars
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.logs import hide
from mt5_sentinel.ops import diff_source, evidence, known_secrets, layout, override, review
from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.layout import Layout

EXIT_FAIL = 1

EXAMPLE = """exit codes: 0 PASS, or a recorded override; 1 FAIL; 65 the answer does not count, or the diff
cannot be shown whole; 75 try again later; 77 blocked, by a challenge page, used-up strikes or a Gate 1 that did not
pass; 78 misconfigured.

What the reviewer does not see, it cannot pass. Of a secret only the value is taken out, and the reviewer is told where
and how much. Refused is a diff that names a binary change without showing it, in which a secret cannot be told from
code, or in which a hunk would lose more than a fifth of the lines it adds (and more than five).

strikes: three failed tries for what a diff changes, however its context, object ids, times or blanks at line ends
differ, and six in a row for changes of one file, however they differ: a few changes that fail are the usual work, a
long row is asking until one answer is PASS. A PASS takes away its diff's strikes and ends the row of its files; an
override ends the row. Time does neither.

example:
  mt5-sentinel review --git . --base origin/main
  git diff main...HEAD -- src | mt5-sentinel review --diff -
  mt5-sentinel review --git . --override --authority "Jane Doe" --reason "the API is blocked, reviewed by hand"

review_url, review_model and review_api_key come from the configuration."""


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "review",
        help="Gate 2: have a diff reviewed by a model, or record who decided without",
        description="Send a diff, without secrets, to an OpenAI-compatible API and follow its verdict. Three failed"
        " tries for a diff stop it, six in a row for a file.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--diff", metavar="FILE", help="the diff; - for standard input")
    source.add_argument("--git", type=Path, metavar="DIR", help="what HEAD changes in this repository (default: .)")
    parser.add_argument("--base", metavar="REF", help="since when (default: upstream, origin/HEAD, main or master)")
    parser.add_argument(
        "--max-bytes",
        type=bars.count,
        default=diff_source.BYTES_MAX,
        metavar="N",
        help="refuse a larger diff (default: %(default)s)",
    )
    parser.add_argument("--override", action="store_true", help="let it through without a verdict, once Gate 1 passes")
    parser.add_argument("--authority", default="", metavar="NAME", help="who decided that")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why")
    parser.add_argument("--evidence", metavar="DIR", help="where evidence and strikes are kept")
    parser.add_argument("--config", type=Path, metavar="FILE", help=f"TOML file (default: {config.DEFAULT_FILE})")
    parser.add_argument(
        "--prefix", type=Path, default=layout.PREFIX, metavar="DIR", help="where the service is installed"
    )
    parser.add_argument("--json", action="store_true", help="print the evidence as one JSON object")
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Review, or override."""
    if arguments.diff is not None and arguments.base is not None:
        raise Misconfigured("--base goes with --git; a diff from a file has its base already", "bad_flags")
    if not arguments.override and (arguments.authority or arguments.reason):
        raise Misconfigured("--authority and --reason go with --override", "bad_flags")
    settings = config.load_all({}, os.environ, arguments.config)[0]
    host, installed = Host(), Layout(arguments.prefix)
    known_secrets.learn(host, installed, settings)
    diff = (
        diff_source.from_file(arguments.diff, arguments.max_bytes)
        if arguments.diff is not None
        else diff_source.from_git(host, arguments.git or Path(), arguments.base, arguments.max_bytes)
    )
    directory = evidence.place(arguments.evidence, host, installed, settings.state_path)
    if arguments.override:
        said = (arguments.authority, arguments.reason)
        record, path = override.run(host, installed, diff, said, directory, os.environ)
        told = override.lines(record)
    else:
        record, path = review.run(settings, diff, directory, os.environ)
        told = review.lines(record)
    if arguments.json:
        print(hide(json.dumps(dataclasses.asdict(record) | {"file": str(path)}, indent=1)))
    else:
        print(hide("\n".join([*told, f"  evidence: {path}"])))
    return 0 if record.override or record.verdict == "PASS" else EXIT_FAIL
