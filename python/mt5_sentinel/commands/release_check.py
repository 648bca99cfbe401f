"""``python -m mt5_sentinel.commands.release_check ROOT``: would the service work with this release?

The installer asks it of a new release before the running one is stopped. ROOT has the machine's files below it, the
new unit and its drop-ins among them. Failed checks are printed; no network is asked, nothing is changed.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from mt5_sentinel.commands import doctor, doctor_subject
from mt5_sentinel.commands.doctor_subject import Subject
from mt5_sentinel.ops import findings
from mt5_sentinel.ops.findings import Finding
from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.questions import ask

CHECKS = ("configuration", "model", "preflight")
"""Those of the doctor whose failure the daemon would end with."""


def judge(root: Path) -> list[Finding]:
    """What would stop the daemon; empty where nothing would."""
    parser = argparse.ArgumentParser()
    doctor.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["doctor", "--service", "--offline"])
    subjects: list[Subject] = []
    with ExitStack() as undo:

        def examined() -> str:
            subjects.append(doctor_subject.examine(arguments, Host(root), undo))
            return ""

        found = [ask("configuration", examined)]
        for one in subjects:
            found += [ask(name, functools.partial(doctor.CHECKS[name], one)) for name in CHECKS]
    broken = [one for one in found if one.verdict == "failed"]
    return broken[:1] if broken and broken[0].check == "configuration" else broken  # the others follow from it


def main(words: Sequence[str]) -> int:
    """Print what would stop it; exit code 1 where something would."""
    broken = judge(Path(words[0]))
    print("\n".join(findings.lines(broken)))
    return findings.EXIT_FAILED if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
