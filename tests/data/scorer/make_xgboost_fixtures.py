"""Trains the model fixtures of tests/scorer_xgboost.rs with real XGBoost and writes its own answers beside them.

    pip install xgboost-cpu numpy && python make_xgboost_fixtures.py

Per fixture: `<name>.json` or `<name>.ubj`, the model file as `save_model` writes it, and `<name>.csv`: the features,
then `raw_<output>` and `score_<output>`, floats in `repr`'s shortest notation. Run with XGBoost 1.4.2 and numpy 1.26 it
writes `xgb_1_4.json` only, so that the oldest layout stays covered. `SHA256SUMS.xgboost` holds the digests.
"""

import hashlib
import pathlib

import numpy as np
import xgboost as xgb

HERE = pathlib.Path(__file__).parent
IS_OLD = xgb.__version__.startswith("1.4.")
FLOAT_MAX = float(np.finfo(np.float32).max)
EDGES = [np.nan, 0.0, -0.0, 1e-36, -1e-45, 7e-46, 5e-324, FLOAT_MAX, -FLOAT_MAX, 16_777_217.0, -0.5, 2.9]
NAMES = ["ema_10", "rsi_14", "spread_points", "hour_utc"]
TREES = {"max_depth": 3, "eta": 0.4, "nthread": 1, "seed": 7, "verbosity": 0}
MULTICLASS = {"objective": "multi:softprob", "num_class": 3}
# file -> (parameters, target, rounds)
FIXTURES = {
    "xgb_multiclass.json": (MULTICLASS, "class", 4),
    "xgb_multiclass.ubj": (MULTICLASS, "class", 4),
    "xgb_categorical.json": (MULTICLASS | {"max_cat_to_onehot": 1}, "class", 3),
    "xgb_dart.ubj": ({"objective": "count:poisson", "booster": "dart", "rate_drop": 0.5}, "count", 6),
    "xgb_pruned.json": ({"objective": "binary:logistic", "tree_method": "exact", "gamma": 2.0}, "side", 5),
}
OLD = {"xgb_1_4.json": ({"objective": "binary:logistic", "num_parallel_tree": 2, "base_score": 0.3}, "side", 3)}


def training(is_categorical):
    rng = np.random.default_rng(11)
    rows = rng.normal(size=(300, len(NAMES)))
    rows[:, 3] = rng.integers(0, 40, 300)
    signal = rows[:, 0] + np.sin(rows[:, 1] * 2) + (rows[:, 3] % 5) * 0.4 + rng.normal(size=300) * 0.3
    rows[rng.random(rows.shape) < 0.1] = np.nan
    rank = np.argsort(np.argsort(signal)) / 300
    kinds = {"feature_names": NAMES}
    if is_categorical:
        kinds |= {"feature_types": ["q", "q", "q", "c"], "enable_categorical": True}
    return rows, {"class": np.floor(rank * 3), "side": np.floor(rank * 2), "count": np.floor(rank * 6)}, kinds


def probes(rows):
    out = list(rows[:12])
    for column in range(len(NAMES)):
        for value in [*EDGES, -1.0, 39.0, 40.0, 64.0] if column == 3 else EDGES:
            out.append(rows[len(out) % len(rows)].copy())
            out[-1][column] = value
    return np.array([*out, np.full(len(NAMES), np.nan), np.zeros(len(NAMES))])


def main():
    for name, (parameters, target, rounds) in (OLD if IS_OLD else FIXTURES).items():
        rows, targets, kinds = training("categorical" in name)
        data = xgb.DMatrix(rows, targets[target].astype(np.float32), **kinds)
        path = HERE / name
        xgb.train(TREES | parameters, data, rounds).save_model(str(path))
        model = xgb.Booster({"nthread": 1}, model_file=str(path))
        inputs = probes(rows)
        raw = model.predict(xgb.DMatrix(inputs, **kinds), output_margin=True).reshape(len(inputs), -1)
        score = model.predict(xgb.DMatrix(inputs, **kinds)).reshape(len(inputs), -1)
        header = NAMES + [f"{kind}_{of}" for kind in ("raw", "score") for of in range(raw.shape[1])]
        lines = [",".join(header)]
        answers = np.hstack([inputs, raw.astype(np.float64), score.astype(np.float64)])
        lines += [",".join(repr(float(x)) for x in line) for line in answers]
        path.with_suffix(".csv").write_bytes(("\n".join(lines) + "\n").encode())
    files = sorted(path for path in HERE.glob("xgb_*") if path.suffix != ".csv")
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (HERE / "SHA256SUMS.xgboost").write_bytes("".join(sums).encode())


if __name__ == "__main__":
    main()
