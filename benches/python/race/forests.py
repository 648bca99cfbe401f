"""The rows and the models of the scorers' race, made from the bundled bars, the same on every run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mt5_sentinel import Bars, catalogue, features, needed_bars
from peers.contract import Columns
from race import series

Rows = NDArray[np.float64]

RECORDED = 6_225
"""The bundled bars, all of them."""
SEED, HORIZON_BARS = 20_170_101, 12
YEARS_TRAINED = 4
"""Variants of the recorded year in the training rows: about 6,000 rows each."""


class Size(NamedTuple):
    """A model: its trees are ``rounds`` for each of the three classes."""

    name: str
    rounds: int
    leaves: int

    @property
    def trees(self) -> int:
        """Trees of all classes."""
        return 3 * self.rounds


SIZES = (Size("a", 100, 31), Size("b", 500, 63))


class Forest(NamedTuple):
    """A trained model as files: LightGBM's text, XGBoost's own model of the same size, a folder for what is compiled.

    ``origin`` are the variants and the bars of each that it was trained on.
    """

    size: Size
    text: Path
    other: Path
    folder: Path
    origin: tuple[int, int]

    @property
    def title(self) -> str:
        """What a reader is told."""
        return f"{self.size.name}: {self.size.trees:,} trees × {self.size.leaves} leaves"


def variant(number: int, bars: int = RECORDED) -> Columns:
    """The recorded year, lived again: every bar's return and volume are scaled at random, its shape is kept."""
    year = series.recorded(bars)
    rng = np.random.default_rng((SEED, number))
    change = np.diff(np.log(year.close), prepend=np.log(year.close[0]))
    scaled = change * (1.0 + 0.4 * rng.standard_normal(len(change)))
    close = np.round(year.close[0] * np.exp(np.cumsum(scaled)), 5)
    before = np.concatenate((close[:1], close[:-1]))
    gap = year.open / np.concatenate((year.close[:1], year.close[:-1]))
    opened = np.round(before * gap, 5)
    above = year.high / np.maximum(year.open, year.close) - 1.0
    below = 1.0 - year.low / np.minimum(year.open, year.close)
    stretch = rng.uniform(0.5, 1.5, (2, len(close)))
    high = np.maximum(np.round(np.maximum(opened, close) * (1.0 + above * stretch[0]), 5), np.maximum(opened, close))
    low = np.minimum(np.round(np.minimum(opened, close) * (1.0 - below * stretch[1]), 5), np.minimum(opened, close))
    volume = np.round(year.volume * rng.uniform(0.6, 1.4, len(close)), 2)
    return Columns(year.time, opened, high, low, close, volume)


def samples(number: int, bars: int = RECORDED) -> tuple[Rows, NDArray[np.int64]]:
    """Settled rows (n, 22) of a variant, and for each the third its return over the next hours falls into."""
    columns = variant(number, bars)
    matrix = features(Bars.from_columns(*columns))
    ahead = columns.close[HORIZON_BARS:] / columns.close[:-HORIZON_BARS] - 1.0
    low, high = np.quantile(ahead, [1 / 3, 2 / 3])
    settled = slice(needed_bars(), len(ahead))
    return matrix[settled], ((ahead > low).astype(np.int64) + (ahead > high))[settled]


def training(years: int = YEARS_TRAINED, bars: int = RECORDED) -> tuple[Rows, NDArray[np.int64]]:
    """What the models are trained on."""
    parts = [samples(number, bars) for number in range(years)]
    return np.concatenate([rows for rows, _ in parts]), np.concatenate([labels for _, labels in parts])


def unseen(count: int, bars: int = RECORDED) -> Rows:
    """``count`` rows (count, 22) in C order, of variants that no model was trained on, in no order."""
    parts: list[Rows] = []
    while sum(map(len, parts)) < count:
        parts.append(samples(1_000 + len(parts), bars)[0])
    rows = np.concatenate(parts)
    return np.ascontiguousarray(np.random.default_rng(SEED).permutation(rows)[:count])


def trained(size: Size, cache: Path, years: int = YEARS_TRAINED, bars: int = RECORDED) -> Forest:
    """Train what the cache does not hold yet.

    Raises:
        ValueError: the trees did not reach the leaves that the size names.
    """
    folder = cache / f"{size.name}_{size.trees}x{size.leaves}"
    folder.mkdir(parents=True, exist_ok=True)
    forest = Forest(size, folder / "lightgbm.txt", folder / "xgboost.json", folder, (years, bars))
    if not forest.text.exists():
        booster = _lightgbm(size, *training(years, bars))
        counts = [tree["num_leaves"] for tree in booster.dump_model()["tree_info"]]
        if len(counts) != size.trees or np.median(counts) < size.leaves:
            problem = f"{forest.title}: trained {len(counts)} trees of {np.median(counts):.0f} leaves in the median"
            raise ValueError(problem)
        booster.save_model(str(forest.text))
    return forest


def _lightgbm(size: Size, rows: Rows, labels: NDArray[np.int64]) -> Any:
    import lightgbm as lgb  # noqa: PLC0415 # slow to import, and not needed when the cache is warm

    parameters = {
        "objective": "multiclass",
        "num_class": 3,
        "learning_rate": 0.05,
        "num_leaves": size.leaves,
        "min_data_in_leaf": 20,
        "min_sum_hessian_in_leaf": 0.0,
        "seed": 7,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    names = [spec.name for spec in catalogue()]
    return lgb.train(parameters, lgb.Dataset(rows, labels, feature_name=names), num_boost_round=size.rounds)
