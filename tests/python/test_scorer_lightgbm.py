"""Models trained here and now, scored by this core and by LightGBM: raw scores by bits, answers within 2 ulp."""

import re
from typing import Any

import numpy as np
import pytest

from tests.python.lightgbm_models import MISSING, OBJECTIVES, SEEDS, Rows, assert_same, probes, train, training


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


@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize("objective", ["lambdarank", "rank_xendcg"])
def test_rankings_give_their_raw_sum(objective: str, missing: str) -> None:
    rows, targets = training(6)
    parameters = {"objective": objective} | MISSING[missing]
    booster, model = train(parameters, rows, targets["grade"], 6, group=[50] * 10)
    inputs = probes(rows, 6)
    assert_same(booster, model, inputs)
    assert np.array_equal(model.score(inputs), model.score(inputs, raw=True))


@pytest.mark.parametrize("objective", ["multiclass", "multiclassova"])
@pytest.mark.parametrize("classes", [2, 5, 12])
def test_any_number_of_classes(objective: str, classes: int) -> None:
    rows, targets = training(7)
    target = np.floor(targets["share"] * classes).astype(int)
    booster, model = train({"objective": objective, "num_class": classes}, rows, target, 7)
    assert model.num_classes == classes
    assert_same(booster, model, probes(rows, 7))
