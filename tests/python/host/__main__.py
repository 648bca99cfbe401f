"""The machine of the tests for a person: up DIR [SOURCE:TARGET ...], exec DIR COMMAND ..., down DIR."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.python.host.machine import ENVIRONMENT, Machine, load, missing


def main(words: list[str]) -> int:
    """Do what the words say; the exit code."""
    if len(words) < 2 or words[0] not in ("up", "exec", "down"):
        sys.stderr.write(f"usage: python -m tests.python.host {(__doc__ or '').partition(': ')[2]}\n")
        return 64
    verb, place, rest = words[0], Path(words[1]), words[2:]
    if verb == "up":
        if lacks := missing():
            sys.stderr.write(f"{lacks}\n")
            return 69
        place.mkdir(parents=True, exist_ok=True)
        shares = {target: str(Path(source).resolve()) for source, _, target in (one.partition(":") for one in rest)}
        machine = Machine(place, f"sentinel{os.getpid()}", shares, outlives=True)
        try:
            machine.boot()
        except BaseException:
            machine.close()
            raise
    elif verb == "exec":
        variables = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        os.execvp("nsenter", ["nsenter", "-t", str(load(place).leader), "-a", "env", "-i", *variables, *rest])  # noqa: S606 - no shell is meant
    else:
        load(place).close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
