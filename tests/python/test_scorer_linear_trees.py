"""LightGBM trees with a linear model in each leaf: raw scores by bits."""

import re
from typing import Any

import numpy as np
import pytest

from mt5_sentinel import errors
from mt5_sentinel._core import Model
from tests.python.lightgbm_models import EDGES, OBJECTIVES, assert_same, both_of, lgb, probes, train, training

# LightGBM refuses to fit linear trees with the others.
UNFIT = {"regression_l1"}
# With zero_as_missing neither.
MISSING: dict[str, dict[str, Any]] = {"missing_nan": {}, "missing_unused": {"use_missing": False}}
LINEAR = {"linear_tree": True, "linear_lambda": 0.01}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize("objective", sorted(OBJECTIVES.keys() - UNFIT))
def test_scores_are_those_of_lightgbm(objective: str, missing: str, seed: int) -> None:
    parameters, target = OBJECTIVES[objective]
    rows, targets = training(seed)
    booster, model = train(parameters | MISSING[missing] | LINEAR, rows, targets[target], seed)
    text = booster.model_to_string()
    assert "is_linear=1" in text
    assert re.search(r"^num_features=.*[1-9]", text, re.MULTILINE), "no leaf has a term to compare"
    assert_same(booster, model, probes(rows, seed))


def test_a_missing_value_that_only_a_leaf_asks_for() -> None:
    rows, targets = training(3)
    booster, model = train({"objective": "regression"} | LINEAR, np.nan_to_num(rows), targets["value"], 3)
    inputs = np.tile(rows[:100], (len(EDGES), 1))
    for at, edge in enumerate(EDGES):
        inputs[at * 100 : at * 100 + 100, at % 5] = edge
    assert_same(booster, model, inputs)


def test_categories_beside_linear_leaves() -> None:
    rows, targets = training(4, categorical=True)
    parameters = {"objective": "binary", "max_cat_to_onehot": 1, "min_data_per_group": 5, "cat_smooth": 1}
    booster, model = train(parameters | LINEAR, rows, targets["side"], 4, categorical_feature=[4])
    assert re.search(r"^num_cat=[1-9]", booster.model_to_string(), re.MULTILINE)
    assert_same(booster, model, probes(rows, 4))


def test_trees_of_one_leaf_and_continued_training() -> None:
    rows, targets = training(5)
    plain, _ = train({"objective": "regression"}, rows, targets["value"], 5)
    parameters = {"objective": "regression", "verbose": -1, "num_threads": 1} | LINEAR
    for more in [{"min_data_in_leaf": 10_000}, {"min_data_in_leaf": 5}]:
        data = lgb.Dataset(rows, targets["value"], params=parameters | more, free_raw_data=False)
        continued = lgb.train(parameters | more, data, 5, init_model=plain)
        booster, model = both_of(continued.model_to_string())
        assert_same(booster, model, probes(rows, 5))


def test_contributions_are_refused_by_name_as_lightgbm_refuses_them() -> None:
    rows, targets = training(6)
    booster, model = train({"objective": "regression"} | LINEAR, rows, targets["value"], 6)
    with pytest.raises(lgb.basic.LightGBMError, match="not implemented for linear trees"):
        booster.predict(rows, pred_contrib=True)
    with pytest.raises(errors.Misconfigured, match=r"tree \d+: contributions are not defined for linear trees"):
        model.explain(rows)


@pytest.mark.parametrize(
    ("pattern", "to", "problem"),
    [
        (r"is_linear=1", "is_linear=2", "`is_linear` is neither 0 nor 1"),
        (r"leaf_const=\S+", "leaf_const=", "`leaf_const` has"),
        (r"leaf_const=\S+", "leaf_const=nan", "not finite"),
        (r"num_features=\d+", "num_features=9999999999999999999", "terms, "),
        (r"num_features=\d+", "num_features=18446744073709551615", "terms, "),
        (r"num_features=\d+", "num_features=-1", "`num_features` value 0 cannot be"),
        (r"leaf_features=", "leaf_features=1 ", "`leaf_coeff` has"),
        (r"leaf_features=\d+", "leaf_features=77", "asks for feature 77 of 5"),
        (r"leaf_coeff=\S+", "leaf_coeff=inf", "not finite"),
        (r"num_features=[1-9]", "num_features=0", "belong to no leaf"),
    ],
)
def test_an_altered_linear_leaf_is_named(pattern: str, to: str, problem: str) -> None:
    rows, targets = training(6)
    booster, _ = train({"objective": "regression", "max_depth": 2} | LINEAR, rows, targets["value"], 6)
    text = booster.model_to_string(start_iteration=1, num_iteration=1)
    altered, count = re.subn(pattern, to, text, count=1)
    assert count == 1
    # The tree is as long as it was told to be: the fault under test is the only one.
    longer = len(altered) - len(text)
    altered = re.sub(r"tree_sizes=(\d+)", lambda size: f"tree_sizes={int(size[1]) + longer}", altered)
    with pytest.raises(errors.Misconfigured, match=problem) as refusal:
        Model.parse(altered.encode())
    assert "tree 0" in str(refusal.value)
