"""LightGBM models of unusual shape or history: wide, constrained, empty, cut, continued, refitted; by bits."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from mt5_sentinel import Model
from mt5_sentinel.errors import Misconfigured
from tests.python.lightgbm_models import MISSING, RF, assert_same, both_of, lgb, probes, train, training

THREE = {"objective": "multiclass", "num_class": 3}


def leaves_of(text: str) -> list[int]:
    return [int(count) for count in re.findall(r"^num_leaves=(\d+)$", text, re.MULTILINE)]


@pytest.mark.parametrize("missing", MISSING)
def test_more_than_255_bins_and_leaves(missing: str) -> None:
    rng = np.random.default_rng(8)
    rows = rng.normal(size=(6000, 5))
    rows[rng.random(rows.shape) < 0.05] = np.nan
    rows[rng.random(rows.shape) < 0.05] = 0.0
    target = np.nansum(np.sin(3 * rows), axis=1) + rng.normal(size=len(rows))
    parameters = {"objective": "regression", "max_bin": 1023, "num_leaves": 700, "min_data_in_leaf": 2,
                  "min_data_in_bin": 1}  # fmt: skip
    booster, model = train(parameters | MISSING[missing], rows, target, 8)
    text = booster.model_to_string()
    assert max(leaves_of(text)) > 255
    cuts: dict[str, set[str]] = {}
    pairs = zip(re.findall(r"split_feature=(.*)", text), re.findall(r"\nthreshold=(.*)", text), strict=True)
    for features, thresholds in pairs:
        for feature, threshold in zip(features.split(), thresholds.split(), strict=True):
            cuts.setdefault(feature, set()).add(threshold)
    assert max(map(len, cuts.values())) > 255, "no feature has more thresholds than a byte counts"
    assert_same(booster, model, probes(rows, 8))


@pytest.mark.parametrize(
    "parameters",
    [
        {"extra_trees": True},
        {"monotone_constraints": [1, 0, -1, 0, 0]},
        {"monotone_constraints": [1, 1, 0, 0, -1], "monotone_constraints_method": "intermediate"},
        {"monotone_constraints": [-1, 0, 0, 1, 0], "monotone_constraints_method": "advanced"},
        {"path_smooth": 5.0, "lambda_l1": 0.1, "lambda_l2": 3.0, "max_delta_step": 0.3},
        {"interaction_constraints": [[0, 1], [2, 3, 4]], "feature_fraction": 0.8},
        {"max_depth": 2, "bagging_fraction": 0.5, "bagging_freq": 1},
        {"use_quantized_grad": True},
    ],
    ids="-".join,
)
def test_constrained_and_random_trees(parameters: dict[str, Any]) -> None:
    rows, targets = training(9)
    booster, model = train({"objective": "regression"} | parameters, rows, targets["value"], 9)
    assert_same(booster, model, probes(rows, 9))


def test_forced_splits(tmp_path: Path) -> None:
    rows, targets = training(10)
    forced = tmp_path / "forced.json"
    forced.write_text(json.dumps({"feature": 3, "threshold": 0.1, "left": {"feature": 1, "threshold": -0.2}}))
    parameters = {"objective": "regression", "forcedsplits_filename": str(forced)}
    booster, model = train(parameters, rows, targets["value"], 10)
    assert_same(booster, model, probes(rows, 10))


@pytest.mark.parametrize("objective", ["regression", "binary", "poisson", "quantile"])
def test_trees_of_one_leaf(objective: str) -> None:
    rows, targets = training(11)
    target = targets["side" if objective == "binary" else "count"]
    booster, model = train({"objective": objective, "min_data_in_leaf": 10_000}, rows, target, 11)
    assert set(leaves_of(booster.model_to_string())) == {1}
    assert_same(booster, model, probes(rows, 11))


def test_a_class_that_never_came_has_trees_of_one_leaf() -> None:
    rows, targets = training(12)
    booster, model = train(THREE, rows, targets["side"], 12)
    leaves = leaves_of(booster.model_to_string())
    assert set(leaves[2::3]) == {1}
    assert max(leaves) > 1
    assert_same(booster, model, probes(rows, 12))


@pytest.fixture(scope="module")
def long() -> tuple[Any, npt.NDArray[np.float64]]:
    """A booster that stopped early, and rows to compare on."""
    rows, targets = training(13)
    parameters = THREE | {"verbose": -1, "num_threads": 1, "learning_rate": 0.3, "seed": 13}
    data = lgb.Dataset(rows[:300], targets["class"][:300], free_raw_data=False)
    valid = lgb.Dataset(rows[300:], targets["class"][300:], reference=data)
    stop = lgb.early_stopping(4, verbose=False)
    booster = lgb.train(parameters, data, 200, valid_sets=[valid], callbacks=[stop])
    assert 0 < booster.best_iteration < 200
    return booster, probes(rows, 13)


def test_an_early_stopped_model_is_saved_up_to_its_best(long: tuple[Any, npt.NDArray[np.float64]]) -> None:
    booster, inputs = long
    again, model = both_of(booster.model_to_string())
    assert model.num_trees == 3 * booster.best_iteration
    assert_same(again, model, inputs)
    # The booster in memory, whose leaves were never text, answers the same.
    assert np.array_equal(model.score(inputs, raw=True), booster.predict(inputs, raw_score=True))


@pytest.mark.parametrize(("start", "count"), [(0, 1), (0, 3), (2, 3), (1, -1)])
def test_slices_of_a_model(long: tuple[Any, npt.NDArray[np.float64]], start: int, count: int) -> None:
    booster, inputs = long
    again, model = both_of(booster.model_to_string(start_iteration=start, num_iteration=count))
    assert_same(again, model, inputs)
    part = booster.predict(inputs, raw_score=True, start_iteration=start, num_iteration=count)
    assert np.array_equal(model.score(inputs, raw=True), part)


def test_a_slice_of_a_random_forest_is_averaged_over_itself() -> None:
    rows, targets = training(14)
    booster, _ = train({"objective": "regression"} | RF, rows, targets["value"], 14)
    again, model = both_of(booster.model_to_string(start_iteration=2, num_iteration=5))
    assert model.num_trees == 5
    assert_same(again, model, probes(rows, 14))


@pytest.mark.parametrize("boosting", ["gbdt", "dart"])
def test_continued_training(boosting: str) -> None:
    rows, targets = training(15)
    first, _ = train(THREE, rows[:250], targets["class"][:250], 15)
    parameters = THREE | {"verbose": -1, "num_threads": 1, "boosting": boosting, "learning_rate": 0.05}
    data = lgb.Dataset(rows[250:], targets["class"][250:], free_raw_data=False)
    booster = lgb.train(parameters, data, 5, init_model=first)
    again, model = both_of(booster.model_to_string())
    assert model.num_trees == 3 * 17
    assert_same(again, model, probes(rows, 15))


@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_a_refitted_model(decay: float) -> None:
    rows, targets = training(16)
    booster, before = train(THREE, rows[:250], targets["class"][:250], 16)
    refitted = booster.refit(rows[250:], targets["class"][250:], decay_rate=decay, verbose=-1, num_threads=1)
    again, model = both_of(refitted.model_to_string())
    inputs = probes(rows, 16)
    assert_same(again, model, inputs)
    assert not np.array_equal(model.score(inputs), before.score(inputs))


def test_codes_of_pandas_are_refused_unless_they_are_the_values() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas codes the categories of this test")
    rng = np.random.default_rng(3)
    hours = rng.integers(0, 4, 400)
    for values, refused in (([8, 9, 14, 15], True), ([0, 1, 2, 3], False)):
        frame = pandas.DataFrame({"a": rng.normal(size=400), "hour": pandas.Categorical(np.array(values)[hours])})
        parameters = {"objective": "regression", "verbose": -1, "num_threads": 1, "min_data_per_group": 5}
        booster = lgb.train(parameters, lgb.Dataset(frame, hours % 3 + frame["a"]), 5)
        text = booster.model_to_string().encode()
        if refused:
            with pytest.raises(Misconfigured, match="the categories of its column 0 are not 0, 1"):
                Model.parse(text)
        else:
            numbers = frame.astype(float).to_numpy()
            assert np.array_equal(Model.parse(text).score(numbers)[:, 0], booster.predict(frame))
