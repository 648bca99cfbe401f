"""Contributions of features beside LightGBM's pred_contrib."""

import threading
import time
from typing import Any

import numpy as np
import pytest

from mt5_sentinel import errors
from mt5_sentinel._core import Model
from tests.python.lightgbm_models import FEATURES, MISSING, OBJECTIVES, Rows, probes, train, training


def assert_same_contributions(booster: Any, model: Model, rows: Rows) -> None:
    theirs = booster.predict(rows, pred_contrib=True).reshape(len(rows), model.num_classes, rows.shape[1] + 1)
    ours = model.explain(rows)
    assert ours.dtype == np.float64
    assert ours.shape == theirs.shape
    raw = model.score(rows, raw=True)
    scale = max(1.0, np.abs(raw).max())
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9 * scale)
    np.testing.assert_allclose(ours.sum(axis=-1), raw, rtol=0, atol=1e-9 * scale)
    assert np.array_equal(model.explain(rows[3:4]), ours[3:4])


@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_contributions_are_those_of_lightgbm(objective: str, missing: str) -> None:
    parameters, target = OBJECTIVES[objective]
    rows, targets = training(1)
    booster, model = train(parameters | MISSING[missing], rows, targets[target], 1)
    assert_same_contributions(booster, model, probes(rows, 1))


@pytest.mark.parametrize("missing", MISSING)
def test_categories(missing: str) -> None:
    rows, targets = training(2, categorical=True)
    parameters = {"objective": "multiclass", "num_class": 3, "max_cat_to_onehot": 1, "min_data_per_group": 5,
                  "cat_smooth": 1}  # fmt: skip
    booster, model = train(parameters | MISSING[missing], rows, targets["class"], 2, categorical_feature=[4])
    inputs = probes(rows, 2)
    inputs[:60, 4] = np.resize([-3, -0.9, 0, 0.9, 31, 32, 63, 64, 69, 70, 1e6, 2**40], 60)
    assert_same_contributions(booster, model, inputs)


def test_wide_rows_and_deep_trees() -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(2000, 40))
    target = rows @ rng.normal(size=40) + np.sin(3 * rows[:, 0])
    parameters = {"objective": "regression", "num_leaves": 300, "min_data_in_leaf": 1, "feature_fraction": 0.3}
    booster, model = train(parameters, rows, target, 3)
    assert_same_contributions(booster, model, rows[:300])


def test_trees_of_one_leaf_have_an_expected_value_only() -> None:
    rows, targets = training(4)
    booster, model = train({"objective": "regression", "min_data_in_leaf": 10_000}, rows, targets["value"], 4)
    assert_same_contributions(booster, model, probes(rows, 4))
    assert not model.explain(rows)[..., :-1].any()


def test_a_row_of_another_width_is_refused() -> None:
    rows, targets = training(5)
    _, model = train({"objective": "regression"}, rows, targets["value"], 5)
    with pytest.raises(errors.Unusable, match=r"float64 \[500, 4\]; the model needs \(n, 5\)"):
        model.explain(rows[:, :4])
    assert model.explain(rows[:0]).shape == (0, 1, FEATURES + 1)


def test_other_threads_run_meanwhile() -> None:
    rows, targets = training(6)
    _, model = train({"objective": "multiclass", "num_class": 3}, rows, targets["class"], 6)
    many = np.tile(rows, (100, 1))
    seen: list[float] = []
    begun, done = threading.Event(), threading.Event()

    def watch() -> None:
        begun.set()
        while not done.is_set():
            seen.append(time.perf_counter())
            time.sleep(0.001)

    watcher = threading.Thread(target=watch)
    watcher.start()
    begun.wait()
    start = time.perf_counter()
    model.explain(many)
    end = time.perf_counter()
    done.set()
    watcher.join()
    assert any(start < moment < end for moment in seen), "nobody else ran while rows were explained"
