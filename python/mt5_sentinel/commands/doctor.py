"""``mt5-sentinel doctor``: would the daemon work here, and if not, what is to be done?"""

from __future__ import annotations

import argparse
import functools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

from mt5_sentinel.commands import doctor_bars, doctor_model, doctor_place, doctor_subject, doctor_wires, run
from mt5_sentinel.commands.doctor_subject import Subject
from mt5_sentinel.ops import findings
from mt5_sentinel.ops.findings import Finding
from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.questions import INSTALL, ask, within

EXAMPLE = """examples:
  EODHD_API_TOKEN=demo mt5-sentinel doctor
  mt5-sentinel doctor --symbol GBPUSD --model gbp.zip
  mt5-sentinel doctor --offline --json
  sudo mt5-sentinel doctor --service       as the installed unit would see it

Asks EODHD once (5 units), the hub once, the gateway a few questions; sends no order and changes nothing.
Exit code: 0 all is well, 1 something is not."""

AS_ROOT = "sudo mt5-sentinel doctor --service looks at the installed service; --state-dir DIR names a place of your own"

LIMIT_S = 20.0
"""What a check may take, whatever holds it; more than any wire it asks is given."""

CHECKS: Mapping[str, Callable[[Subject], str]] = {
    "configuration": doctor_subject.configuration,
    "model": doctor_model.model,
    "preflight": doctor_model.comes_to_scores,
    "calendar": doctor_bars.calendar,
    "disk": doctor_place.disk,
    "directories": doctor_place.directories,
    "secret files": doctor_place.secret_files,
    "daemon": doctor_place.daemon,
    "metrics port": doctor_place.metrics_port,
    "kill switch": doctor_place.switch,
    "risk": doctor_place.risk,
    "token": doctor_bars.token,
    "quota": doctor_bars.quota,
    "market data": doctor_bars.market_data,
    "clock": doctor_bars.clock,
    "hub": doctor_wires.hub,
}
"""One finding each, in this order; those of the gateway come after them."""


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command, and those of ``run``."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "doctor",
        help="find out whether the daemon would work here, and what to do where not",
        description="Preflight: configuration, model, market data, quota, clock, calendar, hub, gateway, files.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="findings as JSON")
    parser.add_argument("--offline", action="store_true", help="leave out what needs a network, by name")
    parser.add_argument(
        "--service", action="store_true", help="with what the installed unit gives: its files, credentials and flags"
    )
    run.add_flags(parser)
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Make the checks, show each as it is known."""
    found: list[Finding] = []
    with ExitStack() as undo:
        for one in _each(arguments, undo):
            found.append(one)
            if not arguments.json:
                print("\n".join(findings.lines([one])), flush=True)
    if arguments.json:
        print(json.dumps(findings.as_data(found), indent=2))
    else:
        counts = ", ".join(f"{findings.count(found, verdict)} {verdict}" for verdict in findings.MARKS)
        print(f"{'all is well' if findings.passed(found) else 'something is to be done'}: {counts}")
    return 0 if findings.passed(found) else findings.EXIT_FAILED


def _each(arguments: argparse.Namespace, undo: ExitStack) -> Iterator[Finding]:
    subjects: list[Subject] = []

    def examined() -> str:
        subjects.append(doctor_subject.examine(arguments, Host(), undo))
        return ""

    todo = f"{INSTALL}; without --service the settings of this shell count"
    unseen = ask("configuration", lambda: within(LIMIT_S, "the settings", todo, examined), todo, as_root=AS_ROOT)
    if not subjects:
        yield unseen
        return
    again = subjects[0].command("doctor")
    for name, check in CHECKS.items():
        bounded = functools.partial(within, LIMIT_S, f"`{name}`", again, functools.partial(check, subjects[0]))
        yield ask(name, bounded, again, as_root=AS_ROOT)
    yield from doctor_wires.gateway(subjects[0])
