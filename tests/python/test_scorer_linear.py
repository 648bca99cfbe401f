"""Models of scikit-learn written as the small linear format, scored by this core and by scikit-learn."""

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is the oracle of these tests")
preprocessing = pytest.importorskip("sklearn.preprocessing", reason="scikit-learn is the oracle of these tests")

from mt5_sentinel import errors  # noqa: E402  (after the skip)
from mt5_sentinel._core import Model, check_scores  # noqa: E402

FEATURES = 6
Rows = npt.NDArray[np.float64]


def training(seed: int) -> tuple[Rows, Rows]:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(400, FEATURES)) * [1, 10, 0.01, 1e3, 1, 1e-4] + [0, 1.1, 0, 1e3, -5, 0]
    signal = (rows - rows.mean(axis=0)) / rows.std(axis=0) @ rng.normal(size=FEATURES) + rng.normal(size=400)
    return rows, signal


def written(kind: str, fitted: Any, scaler: Any = None, fill: Rows | None = None) -> str:
    """The model in the format of docs/MODELS.md, floats in the shortest notation that reads back to the same bits."""
    lines = ["# A comment first.", "", 'format = "mt5-sentinel-linear-1"', f'kind = "{kind}"']
    lines.append(f"features = {json.dumps([f'f{at}' for at in range(FEATURES)])}")
    lines.append(f"intercept = {np.atleast_1d(fitted.intercept_).tolist()}")
    if scaler is not None:
        lines += [f"mean = {scaler.mean_.tolist()}", f"scale = {scaler.scale_.tolist()}"]
    if fill is not None:
        lines.append(f"fill = {fill.tolist()}")
    lines.append(f"coefficients = {np.atleast_2d(fitted.coef_).tolist()}")
    return "\n".join(lines) + "\n"


def parsed(text: str) -> Model:
    return Model.parse(text.encode())


@pytest.mark.parametrize("classes", [3, 7])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_multinomial_regression(classes: int, seed: int) -> None:
    rows, signal = training(seed)
    target = np.floor(np.argsort(np.argsort(signal)) / 400 * classes)
    scaler = preprocessing.StandardScaler().fit(rows)
    scaled = scaler.transform(rows)
    fitted = linear_model.LogisticRegression(max_iter=2000).fit(scaled, target)
    model = parsed(written("softmax", fitted, scaler))
    assert (model.num_classes, model.num_trees) == (classes, 0)
    np.testing.assert_allclose(model.score(rows, raw=True), fitted.decision_function(scaled), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(model.score(rows), fitted.predict_proba(scaled), rtol=1e-12, atol=1e-12)
    if classes == 3:
        check_scores(model.score_row(rows[0].tolist()))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_binary_regression(seed: int) -> None:
    rows, signal = training(seed)
    scaler = preprocessing.StandardScaler().fit(rows)
    scaled = scaler.transform(rows)
    fitted = linear_model.LogisticRegression(max_iter=2000).fit(scaled, signal > 0)
    model = parsed(written("logistic", fitted, scaler))
    np.testing.assert_allclose(model.score(rows)[:, 0], fitted.predict_proba(scaled)[:, 1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("outputs", [1, 4])
@pytest.mark.parametrize("scaled", [False, True])
def test_a_linear_regression(outputs: int, scaled: bool) -> None:
    rows, signal = training(3)
    target = signal if outputs == 1 else np.column_stack([signal**power for power in range(1, outputs + 1)])
    scaler = preprocessing.StandardScaler().fit(rows) if scaled else None
    inputs = rows if scaler is None else scaler.transform(rows)
    fitted = linear_model.LinearRegression().fit(inputs, target)
    model = parsed(written("linear", fitted, scaler))
    expected = fitted.predict(inputs).reshape(len(rows), -1)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(model.score(rows), expected, rtol=1e-12, atol=1e-12 * scale)
    assert np.array_equal(model.score(rows), model.score(rows, raw=True))


def test_contributions_are_the_terms_of_the_sum() -> None:
    rows, signal = training(4)
    scaler = preprocessing.StandardScaler().fit(rows)
    scaled = scaler.transform(rows)
    fitted = linear_model.LogisticRegression(max_iter=2000).fit(scaled, np.floor(np.clip(signal, 0, 2.9)))
    model = parsed(written("softmax", fitted, scaler))
    parts = model.explain(rows)
    assert parts.shape == (len(rows), 3, FEATURES + 1)
    np.testing.assert_allclose(parts[:, :, :-1], fitted.coef_[None] * scaled[:, None], rtol=1e-12, atol=1e-12)
    assert (parts[:, :, -1] == fitted.intercept_).all()
    np.testing.assert_allclose(parts.sum(axis=-1), model.score(rows, raw=True), rtol=0, atol=1e-9)


def test_a_missing_value_is_filled_or_makes_a_score_no_decision_takes() -> None:
    rows, signal = training(5)
    fitted = linear_model.LogisticRegression(max_iter=5000).fit(
        rows / rows.std(axis=0), np.floor(np.clip(signal, 0, 2))
    )
    holed = rows.copy()
    holed[::2, 1] = np.nan
    scores = parsed(written("softmax", fitted)).score(holed)
    assert np.isnan(scores[::2]).all()
    assert np.isfinite(scores[1::2]).all()
    with pytest.raises(errors.Unusable, match="`sell` is NaN"):
        check_scores(scores[0].tolist())
    fill = rows.mean(axis=0)
    filled = np.where(np.isnan(holed), fill, holed)
    assert np.array_equal(parsed(written("softmax", fitted, fill=fill)).score(holed),
                          parsed(written("softmax", fitted)).score(filled))  # fmt: skip


GOOD = """format = "mt5-sentinel-linear-1"
kind = "softmax"
features = ["a", "b"]
intercept = [0.1, 0, -1]
mean = [0.5, 0.25]
scale = [1.0, 2.0]
fill = [0.0, 0.0]
coefficients = [[1, 2], [3, 4], [5, 6.5]]
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("linear-1", "linear-2", '`format`: "mt5-sentinel-linear-2"'),
        ('"softmax"', '"tree"', '`kind`: "tree"; softmax, logistic and linear'),
        ('"softmax"', '"logistic"', "`intercept`: 3 values, a logistic model has one"),
        ('["a", "b"]', "[]", "`features`: no name"),
        ('["a", "b"]', '["a", "a"]', '`features`: position 1 is "a"'),
        ('["a", "b"]', '["a", ""]', "`features`: position 1"),
        ("[0.1, 0, -1]", "[]", "`intercept`: 0 values, a softmax model has two or more"),
        ("[0.1, 0, -1]", "[0.1, 0]", "`coefficients`: 3 lists for the 2 values"),
        ("[0.1, 0, -1]", "[0.1, 0, nan]", "`intercept`: value 2 is NaN"),
        ("[3, 4]", "[3]", "`coefficients`, list 1: 1 values for 2 features"),
        ("6.5", "inf", "`coefficients`, list 2: value 1 is inf"),
        ("6.5", "1e999", "line 8: "),
        ("[0.5, 0.25]", "[0.5]", "`mean`: 1 values for 2 features"),
        ("[1.0, 2.0]", "[1.0, -0.0]", "`scale`: value 1 is 0"),
        ("[1.0, 2.0]", "[1.0, nan]", "`scale`: value 1 is NaN"),
        ("[0.0, 0.0]", "[0.0, inf]", "`fill`: value 1 is inf"),
        ("fill =", "filling =", "line 7: unknown field `filling`"),
        ("kind", "kinds", "unknown field `kinds`"),
        ('kind = "softmax"\n', "", "missing field `kind`"),
        ('"softmax"', "3", "line 2: invalid type: integer"),
        ("[0.1, 0, -1]", '[0.1, 0, "x"]', "line 4: invalid type: string"),
        ("intercept =", "intercept", "line 4: "),
        ("[0.5, 0.25]", "[" * 100_000, "line 5: "),
    ],
)
def test_a_refusal_names_the_field(old: str, new: str, told: str) -> None:
    assert parsed(GOOD).num_classes == 3
    assert old in GOOD
    with pytest.raises(errors.Misconfigured, match="model file, linear model, ") as refusal:
        parsed(GOOD.replace(old, new, 1))
    assert told in str(refusal.value)
    assert len(str(refusal.value)) < 300


def test_the_first_line_that_says_anything_makes_the_format() -> None:
    assert parsed("\n  # a model\r\n" + GOOD.replace("format =", "format=")).feature_names == ["a", "b"]
    with pytest.raises(errors.Misconfigured, match="not a LightGBM text model"):
        parsed("formats = 1\n")
