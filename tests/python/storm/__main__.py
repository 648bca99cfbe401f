"""``python -m tests.python.storm SEEDS MINUTES``: live through seeds, tell of broken promises and of what happened."""

from __future__ import annotations

import sys
import time

from tests.python.storm.many import live_all, seeds_of, table


def main(seeds: str, minutes: str) -> int:
    """1 where a promise was broken."""
    wanted = seeds_of(seeds)
    began_s = time.monotonic()
    broken = 0
    lived = []
    for one in live_all(wanted, int(minutes)):
        lived.append(one)
        if one.told:
            broken += 1
            sys.stdout.write(f"\r{one.violations}\n")
            sys.stdout.flush()
        if sys.stderr.isatty() or len(lived) % 50 == 0 or len(lived) == len(wanted):
            took_s = time.monotonic() - began_s
            sys.stderr.write(f"\r{len(lived)} of {len(wanted)} seeds, {broken} with violations, {took_s:.0f} s ")
            sys.stderr.flush()
    sys.stdout.write(f"\n{table(lived)}\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:] + ["1-20", "2000"][len(sys.argv) - 1 :])[:2]))
