"""Models trained here and now, scored by this core and by XGBoost: margins by bits, answers within 1e-6."""

import json
import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

xgb = pytest.importorskip("xgboost", reason="XGBoost is the oracle of these tests; it is not needed at run time")

from mt5_sentinel._core import Model  # noqa: E402  (after the skip)

Rows = npt.NDArray[np.float64]

FEATURES = 5
FLOAT_MAX = float(np.finfo(np.float32).max)
EDGES = [
    np.nan, 0.0, -0.0, 1e-36, -1e-36, 1e-35, 1e-45, -1e-45, 7e-46, 5e-324, -5e-324,
    FLOAT_MAX, -FLOAT_MAX, 1e30, -1e30, -0.5, 2.9, 16_777_217.0,
]  # fmt: skip
# objective -> kind of target
OBJECTIVES = {
    "multi:softprob": "class",
    "multi:softmax": "class",
    "binary:logistic": "side",
    "binary:logitraw": "side",
    "binary:hinge": "side",
    "reg:logistic": "share",
    "reg:squarederror": "value",
    "reg:absoluteerror": "value",
    "reg:pseudohubererror": "value",
    "reg:squaredlogerror": "positive",
    "reg:quantileerror": "value",
    "reg:gamma": "positive",
    "reg:tweedie": "count",
    "count:poisson": "count",
    "rank:pairwise": "class",
    "rank:ndcg": "class",
    "rank:map": "side",
    "survival:cox": "signed",
    "survival:aft": "positive",
}
BOOSTERS: dict[str, dict[str, Any]] = {
    "gbtree": {},
    "dart": {"booster": "dart", "rate_drop": 0.4, "normalize_type": "forest"},
    "forest": {"num_parallel_tree": 3, "subsample": 0.7, "colsample_bynode": 0.7},
}
FORMATS = ["json", "ubj"]


def training(seed: int, categorical: bool = False) -> tuple[Rows, dict[str, npt.NDArray[Any]]]:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(400, FEATURES))
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
        "signed": np.where(rng.random(len(rows)) < 0.3, -1, 1) * (rank + 0.1),
    }


def types(categorical: bool) -> dict[str, Any]:
    kinds = ["q"] * (FEATURES - 1) + ["c" if categorical else "q"]
    return {"feature_types": kinds, "enable_categorical": categorical}


def train(parameters: dict[str, Any], rows: Rows, target: npt.NDArray[Any], categorical: bool = False) -> Any:
    data = xgb.DMatrix(rows, **types(categorical))
    objective = parameters["objective"]
    if objective == "survival:aft":
        data.set_float_info("label_lower_bound", target)
        data.set_float_info("label_upper_bound", target * 1.5)
    else:
        data.set_label(target)
    if objective.startswith("rank:"):
        data.set_group([50] * 8)
    steady: dict[str, Any] = {"max_depth": 4, "eta": 0.4, "seed": 3, "nthread": 1, "verbosity": 0, "num_class": 0}
    if objective.startswith("multi:"):
        steady["num_class"] = 3
    if objective == "reg:quantileerror":
        steady["quantile_alpha"] = 0.3
    return xgb.train(steady | parameters, data, num_boost_round=7)


def reloaded(booster: Any, form: str) -> tuple[Any, Model]:
    """Both sides read the same file, so that they know exactly the same."""
    raw = booster.save_raw(form)
    return xgb.Booster({"nthread": 1}, model_file=raw), Model.parse(bytes(raw))


def conditions(booster: Any) -> npt.NDArray[np.float32]:
    gradient = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]
    trees = gradient.get("gbtree", gradient)["model"]["trees"]
    return np.array([value for tree in trees for value in tree["split_conditions"]], np.float32)


def around(singles: npt.NDArray[np.float32]) -> Rows:
    """Splits, their neighbours, the points halfway and those beside them."""
    beside = [np.nextafter(singles, np.float32(side)).astype(np.float64) for side in (-np.inf, np.inf)]
    middles = [(singles.astype(np.float64) + other) / 2 for other in beside]
    near = [np.nextafter(middle, side) for middle in middles for side in (-np.inf, np.inf)]
    every: Rows = np.concatenate([singles.astype(np.float64), *beside, *middles, *near])
    finite: Rows = every[np.isfinite(every)]
    return finite


def probes(rows: Rows, booster: Any, seed: int) -> Rows:
    """Ordinary rows, rows of which half the values are edges, and rows of which half lie around a split."""
    rng = np.random.default_rng(seed + 1000)
    edged = rows[rng.integers(0, len(rows), 600)].copy()
    hit = rng.random(edged.shape) < 0.5
    edged[hit] = rng.choice(EDGES, hit.sum())
    hit[:300] = False
    edged[hit] = rng.choice(around(conditions(booster)), hit.sum())
    return np.ascontiguousarray(np.vstack([rows[:100], edged, np.full((1, FEATURES), np.nan)]))


def assert_same(booster: Any, model: Model, rows: Rows, categorical: bool = False) -> None:
    data = xgb.DMatrix(rows, **types(categorical))
    margins = booster.predict(data, output_margin=True).reshape(len(rows), -1)
    ours = model.score(rows, raw=True)
    assert ours.shape == margins.shape
    singles = ours.astype(np.float32)
    assert np.array_equal(singles.astype(np.float64), ours), "a margin is a single"
    assert np.array_equal(singles.view(np.uint32), margins.view(np.uint32))
    answers = booster.predict(data).reshape(len(rows), -1)
    scores = model.score(rows)
    if answers.shape != scores.shape:  # multi:softmax answers the class
        winner = np.argmax(scores, axis=1).astype(np.float32)
        answers, scores = answers[:, 0], winner
    np.testing.assert_allclose(scores, answers, rtol=1e-6, atol=1e-6)
    one_by_one = np.vstack([model.score(row[None, :], raw=True) for row in rows[:60]])
    assert np.array_equal(one_by_one.view(np.uint64), ours[:60].view(np.uint64))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("booster", BOOSTERS)
@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_scores_are_those_of_xgboost(objective: str, booster: str, form: str) -> None:
    for seed in (1, 2):
        rows, targets = training(seed)
        trained = train({"objective": objective} | BOOSTERS[booster], rows, targets[OBJECTIVES[objective]])
        theirs, ours = reloaded(trained, form)
        assert ours.feature_names == [f"f{at}" for at in range(FEATURES)]
        assert_same(theirs, ours, probes(rows, theirs, seed))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("onehot", [1, 100])
def test_category_sets_are_those_of_xgboost(onehot: int, form: str) -> None:
    for seed in (1, 2, 3):
        rows, targets = training(seed, categorical=True)
        parameters = {"objective": "multi:softprob", "max_cat_to_onehot": onehot}
        theirs, ours = reloaded(train(parameters, rows, targets["class"], categorical=True), form)
        assert '"split_type":[1' in theirs.save_raw("json").decode() or onehot == 100
        inputs = probes(rows, theirs, seed)
        unseen = [-3, -1, -0.9, -0.0, 0.9, 31, 31.5, 32, 63, 64, 69, 70, 95, 96, 1e6, 2**24 - 1, 2**24, 2**31, 1e30]
        inputs[:400, 4] = np.resize(np.array([*unseen, np.nan, *range(64)], np.float64), 400)
        assert_same(theirs, ours, inputs, categorical=True)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("base_score", [0.5, 0.3, 0.97, 1e-7, 1 - 1e-7])
@pytest.mark.parametrize("objective", ["binary:logistic", "count:poisson", "multi:softprob", "reg:gamma"])
def test_a_given_base_score_starts_the_sum(objective: str, base_score: float, form: str) -> None:
    rows, targets = training(7)
    trained = train({"objective": objective, "base_score": base_score}, rows, targets[OBJECTIVES[objective]])
    assert_same(*reloaded(trained, form), probes(rows, trained, 7))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("method", ["exact", "approx", "hist"])
def test_trees_of_every_method_and_pruned_ones(method: str, form: str) -> None:
    rows, targets = training(8)
    pruned = {"gamma": 0.5, "max_depth": 8, "tree_method": method}
    theirs, ours = reloaded(train({"objective": "binary:logistic"} | pruned, rows, targets["side"]), form)
    if method == "exact":
        assert re.search('"num_deleted":"[1-9]', theirs.save_raw("json").decode()), "no deleted node to leave out"
    assert_same(theirs, ours, probes(rows, theirs, 8))


@pytest.mark.parametrize("form", FORMATS)
def test_several_targets_and_named_features(form: str) -> None:
    rows, targets = training(9)
    names = ["ema_10", 'rsi "14"', "NaN", "Größe", "-Infinity"]
    for objective, label in [
        ("reg:squarederror", np.column_stack([targets["value"], -targets["value"]])),
        ("binary:logistic", np.column_stack([targets["side"], 1 - targets["side"]])),
    ]:
        data = xgb.DMatrix(rows, label, feature_names=names)
        trained = xgb.train({"objective": objective, "nthread": 1, "max_depth": 3}, data, 5)
        theirs, ours = reloaded(trained, form)
        assert ours.feature_names == names
        theirs.feature_names = None
        assert_same(theirs, ours, probes(rows, theirs, 9))


@pytest.mark.parametrize("form", FORMATS)
def test_a_custom_objective_gives_its_margins(form: str) -> None:
    rows, targets = training(10)

    def squares(predicted: Rows, data: Any) -> tuple[Rows, Rows]:
        return predicted - data.get_label(), np.ones_like(predicted)

    parameters = {"nthread": 1, "disable_default_eval_metric": True}
    trained = xgb.train(parameters, xgb.DMatrix(rows, targets["value"]), 5, obj=squares)
    theirs, ours = reloaded(trained, form)
    inputs = probes(rows, theirs, 10)
    assert_same(theirs, ours, inputs)
    assert np.array_equal(ours.score(inputs), ours.score(inputs, raw=True))


def test_infinity_goes_the_way_of_the_largest_float() -> None:
    """The library takes no infinity as a value; beyond every finite split there is one side only."""
    rows, targets = training(11)
    _, ours = reloaded(train({"objective": "multi:softprob"}, rows, targets["class"]), "ubj")
    for infinite in (np.inf, 1e300):
        for sign in (1.0, -1.0):
            inputs = np.where(np.isnan(rows), sign * infinite, rows)
            same = np.where(np.isnan(rows), sign * FLOAT_MAX, rows)
            assert np.array_equal(ours.score(inputs, raw=True), ours.score(same, raw=True))


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_not_supported_is_refused_by_name(form: str) -> None:
    rows, targets = training(12)
    data = xgb.DMatrix(rows, np.column_stack([targets["value"], -targets["value"]]))
    vectors = xgb.train({"multi_strategy": "multi_output_tree", "nthread": 1}, data, 2)
    linear = xgb.train({"booster": "gblinear", "nthread": 1}, xgb.DMatrix(rows, targets["value"]), 2)
    for booster, reason in [(vectors, "multi_output_tree"), (linear, "gblinear")]:
        with pytest.raises(Exception, match=reason):
            Model.parse(bytes(booster.save_raw(form)))


@pytest.mark.parametrize("form", FORMATS)
def test_an_early_stopped_classifier_is_refused_and_its_slice_is_not(form: str) -> None:
    pytest.importorskip("sklearn", reason="XGBClassifier needs scikit-learn")
    rows, targets = training(13)
    side = np.where(np.random.default_rng(13).random(len(rows)) < 0.3, 1 - targets["side"], targets["side"])
    early = xgb.XGBClassifier(n_estimators=100, early_stopping_rounds=3, learning_rate=0.5, n_jobs=1)
    early.fit(rows[:200], side[:200], eval_set=[(rows[200:], side[200:])], verbose=False)
    booster, best = early.get_booster(), early.best_iteration
    rounds = booster.num_boosted_rounds()
    assert rounds == best + 4, "nothing to cut"
    with pytest.raises(Exception, match=f"best_iteration={best}, but the file has {rounds} rounds"):
        Model.parse(bytes(booster.save_raw(form)))
    cut = booster[: best + 1]
    for marked in (False, True):
        if marked:  # a slice has lost its attributes; whoever puts them back is right
            cut.set_attr(best_iteration=str(best))
        ours = Model.parse(bytes(cut.save_raw(form))).score(rows)
        np.testing.assert_allclose(ours[:, 0], early.predict_proba(rows)[:, 1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("booster", BOOSTERS)
def test_categories_of_a_data_frame_are_refused_unless_they_are_codes(booster: str, form: str) -> None:
    pd = pytest.importorskip("pandas", reason="the categories are those of a data frame")
    rng = np.random.default_rng(14)
    codes, x = rng.integers(0, 3, 300), rng.normal(size=300)
    target = 4.0 * (codes == 1) + x
    for categories, are_codes in [
        (np.arange(3), True), (np.arange(3, dtype=np.int8), True), ([10, 20, 30], False), ([2, 1, 0], False),
        (["a", "b", "c"], False),
    ]:  # fmt: skip
        frame = pd.DataFrame({"x": x, "kind": pd.Categorical.from_codes(codes, categories=categories)})
        data = xgb.DMatrix(frame, target, enable_categorical=True)
        trained = xgb.train({"nthread": 1, "max_cat_to_onehot": 1} | BOOSTERS[booster], data, 5)
        raw = bytes(trained.save_raw(form))
        if are_codes:
            ours = Model.parse(raw).score(np.column_stack([x, codes.astype(np.float64)]), raw=True)
            assert np.array_equal(ours[:, 0].astype(np.float32), trained.predict(data, output_margin=True))
        else:
            with pytest.raises(Exception, match='feature "kind": trained on category values'):
                Model.parse(raw)
