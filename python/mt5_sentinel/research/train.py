"""Train the bundled model with LightGBM on the bars before ``REPLAY_FROM_S``; needs the extra ``[train]``.

python -m mt5_sentinel.research.train [--out DIR]

A demonstration, not a strategy: the settings below were written down before the replay part was looked at, and
nothing was tuned on it.
"""

from __future__ import annotations

import argparse
from datetime import datetime, timezone
from pathlib import Path

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from mt5_sentinel import _core, bundle
from mt5_sentinel.bundle import Facts
from mt5_sentinel.bundled import BARS, INTERVAL, INTERVAL_S, MODEL, REPLAY_FROM_S, SYMBOL

HORIZON_BARS = 12
"""A label looks this far ahead."""

ROUNDS = 60

PARAMETERS = {
    "objective": "multiclass",
    "num_class": 3,
    "learning_rate": 0.1,
    "num_leaves": 15,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.8,
    "lambda_l2": 1.0,
    "seed": 7,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}

GOLDEN_ROWS = 12

LEVELS = ("sma_10", "sma_20", "ema_10", "ema_20", "volume_sma_20")
"""Columns that name a price or volume level: one year's levels say nothing about the next, so no split uses them."""


def main() -> None:
    """Write model.txt, manifest.toml and golden.csv."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=MODEL, help="bundle directory")
    out = parser.parse_args().out
    rows = _core.parse(BARS.read_bytes())
    bars = _core.clean(rows, interval_s=INTERVAL_S, now_s=REPLAY_FROM_S).bars
    matrix, labels = samples(bars)
    names = [spec.name for spec in _core.catalogue()]
    contribution = [0.0 if name in LEVELS else 1.0 for name in names]
    data = lgb.Dataset(matrix, labels, feature_name=names, free_raw_data=False)
    booster = lgb.train(PARAMETERS | {"feature_contri": contribution}, data, num_boost_round=ROUNDS)
    write(out, booster, bars, matrix)
    shares = np.bincount(labels, minlength=3) / len(labels)
    print(f"{len(labels)} rows (sell, hold, buy: {np.round(shares, 3)}), {booster.num_trees()} trees -> {out}")  # noqa: T201


def samples(bars: _core.Bars) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Settled feature rows and their labels: the lower, middle and upper third of the returns ahead."""
    matrix, close = _core.features(bars), bars.close
    ahead = close[HORIZON_BARS:] / close[:-HORIZON_BARS] - 1.0
    low, high = np.quantile(ahead, [1 / 3, 2 / 3])
    labels = (ahead > low).astype(np.int64) + (ahead > high)
    settled = slice(_core.needed_bars(), len(ahead))  # the last rows, whose label lies in the replay part, are left out
    return matrix[settled], labels[settled]


def write(out: Path, booster: lgb.Booster, bars: _core.Bars, matrix: NDArray[np.float64]) -> None:
    """Write the bundle's three files."""
    names = [spec.name for spec in _core.catalogue()]
    first, last = (
        datetime.fromtimestamp(int(bars.timestamp[i]), timezone.utc).date().isoformat() for i in (0, len(bars) - 1)
    )
    picked = matrix[:: len(matrix) // GOLDEN_ROWS][:GOLDEN_ROWS]
    scores = np.asarray(booster.predict(picked, num_threads=1))
    lines = [",".join([*names, "score_sell", "score_hold", "score_buy"])]
    lines += [
        ",".join(map(repr, [*row, *answer])) for row, answer in zip(picked.tolist(), scores.tolist(), strict=True)
    ]
    lows, highs = matrix.min(axis=0).tolist(), matrix.max(axis=0).tolist()
    facts = Facts(
        format="lightgbm-text",
        features=names,
        symbol=SYMBOL,
        interval=INTERVAL,
        trained_from=first,
        trained_to=last,
        golden_source="trainer",
        threshold_advice=0.6,
        notes=f"Trained on {len(bars)} hourly bars as a demonstration.",
        feature_ranges={name: (low, high) for name, low, high in zip(names, lows, highs, strict=True)},
    )
    made = bundle.contents(facts, booster.model_to_string().encode(), ("\n".join(lines) + "\n").encode())
    out.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        (out / name).write_bytes(content)


if __name__ == "__main__":
    main()
