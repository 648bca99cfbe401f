"""Write the reference pages that come from tables in the code.

python -m mt5_sentinel.research.reference_docs docs
"""

from __future__ import annotations

import argparse
from itertools import groupby
from pathlib import Path
from typing import Literal, get_args, get_origin

from mt5_sentinel import _core, config
from mt5_sentinel.research.metrics_page import metrics

GENERATED = "<!-- Written by `make docs` from the code; a test fails when it is stale. -->\n"


_SEVERAL_SYMBOLS = [
    """## Several symbols

A `[[symbol]]` table for each symbol, below the keys that hold for all of them:

```toml
threshold = 0.6                  # for every table without one of its own
model_public_keys = ["3b6a…"]    # no ✓ below: for all symbols, never in a table

[[symbol]]
name = "EURUSD"
interval = "1h"
model_bundle = "/etc/mt5-sentinel/eurusd-1h.zip"
threshold = 0.65

[[symbol]]
name = "GBPUSD"
interval = "5m"
model = "hub_with_local_fallback"
model_bundle = "/etc/mt5-sentinel/gbpusd-5m.zip"
hub_port = 5002
```

**A key in a table wins over everything, flags and variables too**: `--threshold 0.6` in a unit file stays the default
for the tables that say nothing, and does not change EURUSD's 0.65. What stands above the tables, in variables and in
flags holds for all tables. `--symbol GBPUSD` (or its variable) runs that table alone.

A symbol has one table, for it has one position: a second interval of the same symbol takes a second daemon with a
`state_dir` of its own. They share the account, its limits and its trading state; a symbol that fails, hangs or halts
itself costs the others nothing. A symbol whose cycle has not ended when the next minute begins skips that minute with
the reason `still_running`. With several symbols each log line begins with the symbol. SIGHUP may change what the
tables say, not which symbols there are.
"""
]


def main() -> None:
    """Write the pages into the directory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    directory = parser.parse_args().directory
    for name, text in pages().items():
        (directory / name).write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """File names and their contents."""
    pages = {"FEATURES.md": _features(), "CONFIGURATION.md": _configuration(), "METRICS.md": metrics()}
    return {name: f"{GENERATED}\n{text}" for name, text in pages.items()}


def _features() -> str:
    lines = [
        "# Features `sentinel-v1`\n",
        "One float64 row per closed bar, in this order. During warm-up a value is NaN: nothing is back-filled.\n",
        f"History needed until every column has settled: {_core.needed_bars()} bars. "
        f"Fingerprint: `{_core.fingerprint()}`.\n",
        "Settling: with at least so many bars, where the history starts changes the newest value by less than 1e-9 of "
        "what the column is measured against - a price its close, a percentage 100, a ratio 1, a volume the usual "
        "volume; windows forget outright. It is stated for histories of like prices: prices a thousand times as high "
        "before the start take the longer to fade. Bars are sound: prices and volumes within 1e-100 … 1e100 (a volume "
        "may be 0), high and low hold open and close; others are refused by name or, in files, dropped or widened by "
        "cleaning.\n",
        *_table(_core.catalogue()),
        "\n## Extended columns\n",
        'Chosen by name: `features(bars, columns=[...])`, or `columns="all"`. What depends on where the history '
        "starts, however long it is, settles `never`; so do columns of 4-hour and daily buckets, which take as many "
        "bars as the interval makes it.",
    ]
    for family, specs in groupby(_core.catalogue("extended"), key=lambda spec: spec.family):
        lines += [f"\n### {family}\n", *_table(list(specs))]
    return "\n".join(lines) + "\n"


def _table(specs: list[_core.FeatureSpec]) -> list[str]:
    return [
        "| # | name | formula | unit | first finite bar | settles after | range | source |",
        "|---|---|---|---|---|---|---|---|",
        *(_row(i, spec) for i, spec in enumerate(specs)),
    ]


def _row(i: int, spec: _core.FeatureSpec) -> str:
    formula, (low, high) = spec.formula.replace("|", "\\|"), spec.range
    settles = "never" if spec.settle_bars is None else spec.settle_bars
    return (
        f"| {i} | `{spec.name}` | {formula} | {spec.unit} | {spec.first_finite} | {settles} "
        f"| {low:g} … {high:g} | {spec.source} |"
    )


def _configuration() -> str:
    lines = [
        "# Settings\n",
        "Flags win over variables, variables over the TOML file, the file over the defaults. The file is the one named "
        f"by `--config`, by `{config.ENV_PREFIX}CONFIG`, or `{config.DEFAULT_FILE}` where it exists; its keys are the "
        "names below. All mistakes are reported at once, with exit code 78. SIGHUP reads the file again.\n",
        *_SEVERAL_SYMBOLS,
        "## All settings\n",
        "A ✓ in the column *table*: may also stand in a `[[symbol]]` table.\n",
        "| name | default | variables | flag | table | meaning |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in config.TABLE.items():
        facts = row.metadata
        variables = [f"{config.ENV_PREFIX}{name.upper()}", *facts["env"]]
        flag = "`--live`, `--dry-run`" if name == "live" else f"`--{name.replace('_', '-')}`" if facts["flag"] else ""
        table = "✓" if facts["per_symbol"] else ""
        choices = get_args(config.TYPES[name]) if get_origin(config.TYPES[name]) is Literal else ()
        meaning = facts["text"] + (f" ({', '.join(choices)})" if choices else "")
        default = list(row.default) if isinstance(row.default, tuple) else row.default  # as TOML writes it
        shown = repr(default).lower() if isinstance(default, bool) else repr(default).replace("'", '"')
        lines.append(
            f"| `{name}` | `{shown}` | {', '.join(f'`{v}`' for v in variables)} | {flag} | {table} | {meaning} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
