"""Models trained here and now, scored by this core and by LightGBM: raw scores by bits, answers within 2 ulp."""

import re
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
    booster = lgb.train(tree | steady | parameters, lgb.Dataset(rows, target, **dataset), num_boost_round=12)
    # Reloaded, so that both sides know exactly what the text says.
    text = booster.model_to_string()
    return lgb.Booster(model_str=text), Model.parse(text.encode())


def assert_same(booster: Any, model: Model, rows: Rows) -> None:
    raw = booster.predict(rows, raw_score=True).reshape(len(rows), -1)
    ours = model.score(rows, raw=True)
    assert ours.shape == raw.shape
    assert np.array_equal(ours.view(np.uint64), raw.view(np.uint64))
    answers = booster.predict(rows).reshape(len(rows), -1)
    np.testing.assert_array_max_ulp(model.score(rows), answers, maxulp=2)
    one_by_one = np.vstack([model.score(row[None, :], raw=True) for row in rows])
    assert np.array_equal(one_by_one.view(np.uint64), raw.view(np.uint64))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_scores_are_those_of_lightgbm(objective: str, missing: str, seed: int) -> None:
    parameters, target = OBJECTIVES[objective]
    rows, targets = training(seed)
    booster, model = train(parameters | MISSING[missing], rows, targets[target], seed)
    assert_same(booster, model, probes(rows, seed))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("missing", MISSING)
def test_category_sets_are_those_of_lightgbm(missing: str, seed: int) -> None:
    rows, targets = training(seed, categorical=True)
    parameters = {"objective": "multiclass", "num_class": 3, "max_cat_to_onehot": 1, "min_data_per_group": 5,
                  "cat_smooth": 1}  # fmt: skip
    booster, model = train(parameters | MISSING[missing], rows, targets["class"], seed, categorical_feature=[4])
    assert re.search(r"^num_cat=[1-9]", booster.model_to_string(), re.MULTILINE), "no split on a category to compare"
    inputs = probes(rows, seed)
    inputs[:120, 4] = np.resize([-3, -1, -0.9, 0, 0.9, 31, 32, 63, 64, 69, 70, 95, 96, 1e6, 2**31, 2**40, 1e300], 120)
    assert_same(booster, model, inputs)


def test_without_a_missing_value_in_training_nan_is_scored_as_zero() -> None:
    rows, targets = training(4)
    booster, model = train({"objective": "multiclass", "num_class": 3}, np.nan_to_num(rows), targets["class"], 4)
    inputs = probes(rows, 4)
    assert_same(booster, model, inputs)
    zeroed = np.where(np.isnan(inputs), 0.0, inputs)
    assert np.array_equal(model.score(inputs, raw=True), model.score(zeroed, raw=True))


def test_a_custom_objective_gives_its_raw_sum() -> None:
    rows, targets = training(5)

    def squares(predicted: Rows, data: Any) -> tuple[Rows, Rows]:
        return predicted - data.get_label(), np.ones_like(predicted)

    booster, model = train({"objective": squares}, rows, targets["value"], 5)
    inputs = probes(rows, 5)
    assert_same(booster, model, inputs)
    assert np.array_equal(model.score(inputs), model.score(inputs, raw=True))


def test_linear_trees_are_refused_by_name() -> None:
    rows, targets = training(6)
    data = lgb.Dataset(np.nan_to_num(rows), targets["value"], params={"linear_tree": True})
    booster = lgb.train({"objective": "regression", "linear_tree": True, "verbose": -1, "num_threads": 1}, data, 3)
    with pytest.raises(Exception, match="linear leaves"):
        Model.parse(booster.model_to_string().encode())
