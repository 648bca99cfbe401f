"""A run that passes, made by hand, for tests to spoil."""

from __future__ import annotations

import msgspec

from mt5_sentinel.ops.soak.evidence import Cycles, Spread
from mt5_sentinel.ops.soak.ledgers import Ledgers
from mt5_sentinel.ops.soak.sampling import Sample
from mt5_sentinel.ops.soak.verdict import Run, judge

MINUTES = 10_000

CYCLES = Cycles(
    began_s=0.0,
    count=MINUTES + 1,
    missed=[],
    doubled=[],
    failed=[],
    reasons={"signal": 5},
    actions={"BUY": 5},
    outcomes={"filled": 5},
    conditions={},
    scored_by={"hub": 9_000},
    fetches=9_000,
    features=9_000,
    predictions=9_000,
    decisions=9_000,
    due=9_000,
    idle=[],
    beyond=[],
    hub_calls=9_000,
    hub_errors=0,
    punctuality=Spread(MINUTES, 0.1, 0.2, 900.0),
    stages={"fetch": Spread(9_000, 1.0, 2.0, 3.0), "cycle": Spread(9_000, 5.0, 9.0, 20.0)},
    equity=[(0.0, 10_000.0), (9_999.0, 10_001.0)],
)

LEDGERS = Ledgers(
    intents={"open filled": 5},
    opened=5,
    closed=5,
    closed_by={"stop_loss": 5},
    profit=-1.0,
    disagreements=[],
    differences={},
    trades=[60, 120],
)


def samples(
    *,
    gain_mb: float = 0.5,
    fds: int = 20,
    threads: int = 4,
    leaks: float = 0.0,
    gateway_mb: float = 0.1,
    minutes: int = MINUTES,
) -> list[Sample]:
    """Hundred looks in so many minutes; what daemon and gateway gain in them, ``leaks`` descriptors and threads a look.

    Each third look falls into a cycle, where more is open.
    """
    return [
        Sample(
            at_s=float(i),
            cycles=minutes * i / 99,
            rss_mb=40.0 + gain_mb * i / 99,
            pss_mb=25.0,
            fds=int(fds + leaks * i) + 2 * (i % 3 == 0),
            threads=int(threads + leaks * i) + (i % 3 == 0),
            cpu_s=i / 10,
            journal_bytes=i,
            cache_bytes=i,
            others_rss_mb={"gateway": 50.0 + gateway_mb * i / 99},
        )
        for i in range(100)
    ]


def run(**changes: object) -> Run:
    """It passes; ``changes`` spoil it, those of its cycles and ledgers by their own names."""
    cycles = {name: value for name, value in changes.items() if name in Cycles.__struct_fields__}
    ledgers = {name: value for name, value in changes.items() if name in Ledgers.__struct_fields__}
    rest = {name: value for name, value in changes.items() if name in ("samples", "faults", "minutes", "accelerated")}
    whole = Run(
        minutes=MINUTES,
        accelerated=True,
        began_s=0.0,
        samples=samples(),
        cycles=msgspec.structs.replace(CYCLES, **cycles),
        ledgers=msgspec.structs.replace(LEDGERS, **ledgers),
        faults=[],
    )
    return msgspec.structs.replace(whole, **rest)


def checks(judged: Run, word: str) -> list[str]:
    """Names of the checks of a run that came to this verdict."""
    return [one.check for one in judge(judged) if one.verdict == word]
