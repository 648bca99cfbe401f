"""Models trained with LightGBM, read back by both libraries; rows full of edges to compare them on."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

lgb = pytest.importorskip("lightgbm", reason="LightGBM is the oracle of these tests; it is not needed at run time")

from mt5_sentinel._core import Model  # noqa: E402  (after the skip)

Rows = npt.NDArray[np.float64]

ZERO = float(np.float32(1e-35))  # LightGBM's kZeroThreshold: |x| up to here is zero
EDGES = [
    np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-36, -1e-36, 1e-35, -1e-35, ZERO, -ZERO,
    np.nextafter(ZERO, 1), np.nextafter(-ZERO, -1), 5e-324, 1e300, -1e300, -0.5, 2.9,
]  # fmt: skip
FEATURES = 5
RF: dict[str, Any] = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}
# name -> (parameters, kind of target)
OBJECTIVES: dict[str, tuple[dict[str, Any], str]] = {
    "multiclass": ({"objective": "multiclass", "num_class": 3}, "class"),
    "multiclass_dart": ({"objective": "multiclass", "num_class": 3, "boosting": "dart"}, "class"),
    "multiclass_goss": ({"objective": "multiclass", "num_class": 3, "data_sample_strategy": "goss"}, "class"),
    "multiclass_rf": ({"objective": "multiclass", "num_class": 3} | RF, "class"),
    "multiclassova": ({"objective": "multiclassova", "num_class": 3, "sigmoid": 0.8}, "class"),
    "binary": ({"objective": "binary", "sigmoid": 1.7}, "side"),
    "binary_rf": ({"objective": "binary"} | RF, "side"),
    "cross_entropy": ({"objective": "cross_entropy"}, "share"),
    "cross_entropy_lambda": ({"objective": "cross_entropy_lambda"}, "share"),
    "regression": ({"objective": "regression"}, "value"),
    "regression_sqrt": ({"objective": "regression", "reg_sqrt": True}, "value"),
    "regression_l1": ({"objective": "regression_l1"}, "value"),
    "huber": ({"objective": "huber"}, "value"),
    "fair": ({"objective": "fair"}, "value"),
    "quantile": ({"objective": "quantile", "alpha": 0.3}, "value"),
    "mape": ({"objective": "mape"}, "value"),
    "poisson": ({"objective": "poisson"}, "count"),
    "gamma": ({"objective": "gamma"}, "positive"),
    "tweedie": ({"objective": "tweedie"}, "count"),
}
MISSING: dict[str, dict[str, Any]] = {
    "missing_nan": {},
    "missing_zero": {"zero_as_missing": True},
    "missing_unused": {"use_missing": False},
}
SEEDS = [1, 2, 3]


def training(seed: int, categorical: bool = False) -> tuple[Rows, dict[str, npt.NDArray[Any]]]:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(500, FEATURES))
    if categorical:
        rows[:, 4] = rng.integers(0, 70, len(rows))
    signal = rows[:, 0] + np.sin(2 * rows[:, 1]) * rows[:, 2] + (rows[:, 4] % 3) + rng.normal(size=len(rows)) * 0.3
    rows[rng.random(rows.shape) < 0.1] = np.nan
    rows[:, :4][rng.random((len(rows), 4)) < 0.1] = 0.0
    rank = np.argsort(np.argsort(signal)) / len(rows)
    return rows, {
        "class": (rank * 3).astype(int),
        "side": (rank > 0.5).astype(int),
        "share": rank,
        "value": signal,
        "count": np.floor(rank * 6),
        "positive": rank + 0.1,
        "grade": np.floor(rank * 4).astype(int),
    }


def probes(rows: Rows, seed: int) -> Rows:
    """Ordinary rows, and rows of which about half the values are edges."""
    rng = np.random.default_rng(seed + 1000)
    edged = rows[rng.integers(0, len(rows), 400)].copy()
    hit = rng.random(edged.shape) < 0.5
    edged[hit] = rng.choice(EDGES, hit.sum())
    return np.ascontiguousarray(np.vstack([rows[:100], edged, np.full((1, FEATURES), np.nan)]))


def train(
    parameters: dict[str, Any], rows: Rows, target: npt.NDArray[Any], seed: int, **dataset: Any
) -> tuple[Any, Model]:
    tree: dict[str, Any] = {"num_leaves": 15, "min_data_in_leaf": 5, "learning_rate": 0.2, "seed": seed}
    steady: dict[str, Any] = {"num_threads": 1, "deterministic": True, "force_row_wise": True, "verbose": -1}
    everything = tree | steady | parameters
    data = lgb.Dataset(rows, target, params=everything, **dataset)
    return both_of(lgb.train(everything, data, num_boost_round=12).model_to_string())


def both_of(text: str) -> tuple[Any, Model]:
    """The model in both libraries, LightGBM's reloaded so that both know exactly what the text says."""
    return lgb.Booster(model_str=text), Model.parse(text.encode())


def assert_same_bits(ours: Rows, theirs: Rows) -> None:
    """Equal by bits; one NaN is as good as another, its sign bit is the processor's."""
    assert ours.shape == theirs.shape
    differs = (ours.view(np.uint64) != theirs.view(np.uint64)) & ~(np.isnan(ours) & np.isnan(theirs))
    assert not differs.any(), f"{differs.sum()} of {differs.size}: {ours[differs][:3]} beside {theirs[differs][:3]}"


def assert_same(booster: Any, model: Model, rows: Rows) -> None:
    raw = booster.predict(rows, raw_score=True).reshape(len(rows), -1)
    assert_same_bits(model.score(rows, raw=True), raw)
    answers = booster.predict(rows).reshape(len(rows), -1)
    np.testing.assert_array_max_ulp(model.score(rows), answers, maxulp=2)
    one_by_one = np.vstack([model.score(row[None, :], raw=True) for row in rows])
    assert_same_bits(one_by_one, raw)
