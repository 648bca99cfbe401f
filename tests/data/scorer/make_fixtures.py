"""Trains the model fixtures of tests/scorer_fixtures.rs with real LightGBM and writes its own answers beside them.

    pip install lightgbm numpy && python make_fixtures.py

Per fixture: `<name>.txt`, the model file as `model_to_string` gives it, and `<name>.csv`: the features, then
`raw_<class>` and `score_<class>`, every float in `repr`'s shortest notation that reads back to the same bits.
`SHA256SUMS` holds the digests of the model files, as `sha256sum` prints them.
"""

import hashlib
import pathlib

import lightgbm as lgb
import numpy as np

HERE = pathlib.Path(__file__).parent
ZERO = float(np.float32(1e-35))  # LightGBM's kZeroThreshold
EDGES = [
    np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-36, -1e-36, 1e-35, -1e-35, ZERO, -ZERO,
    float(np.nextafter(ZERO, 1)), float(np.nextafter(-ZERO, -1)), 5e-324, 1e300, -1e300, 1.0, -1.0, -0.5, 2.9,
]  # fmt: skip
NAMES = ["ema_10", "rsi_14", "spread_points", "hour_utc"]
TREES = {"learning_rate": 0.3, "num_leaves": 7, "min_data_in_leaf": 5, "verbose": -1, "deterministic": True,
         "force_row_wise": True, "num_threads": 1, "seed": 7}  # fmt: skip
MULTICLASS = {"objective": "multiclass", "num_class": 3}
RF = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6, "feature_fraction": 0.7}
# name -> (parameters, target, training rows); "plain" has no missing value, so its splits have the missing type none.
FIXTURES = {
    "multiclass_none": (MULTICLASS, "class", "plain"),
    "multiclass_nan": (MULTICLASS, "class", "holes"),
    "multiclass_zero": (MULTICLASS | {"zero_as_missing": True}, "class", "holes"),
    "multiclass_unused": (MULTICLASS | {"use_missing": False}, "class", "holes"),
    "multiclass_none_cut": (MULTICLASS, "class", "plain"),
    "multiclass_zero_cut": (MULTICLASS | {"zero_as_missing": True}, "class", "holes"),
    "multiclass_dart": (MULTICLASS | {"boosting": "dart"}, "class", "holes"),
    "multiclass_rf": (MULTICLASS | RF, "class", "holes"),
    "multiclassova": ({"objective": "multiclassova", "num_class": 3, "sigmoid": 0.7}, "class", "holes"),
    "binary": ({"objective": "binary", "sigmoid": 1.3}, "side", "holes"),
    "cross_entropy": ({"objective": "cross_entropy"}, "share", "holes"),
    "cross_entropy_lambda": ({"objective": "cross_entropy_lambda"}, "share", "holes"),
    "regression": ({"objective": "regression"}, "value", "holes"),
    "regression_rf": ({"objective": "regression"} | RF, "value", "holes"),
    "regression_sqrt": ({"objective": "regression", "reg_sqrt": True}, "value", "holes"),
    "quantile": ({"objective": "quantile", "alpha": 0.2}, "value", "holes"),
    "poisson": ({"objective": "poisson"}, "count", "holes"),
    "tweedie": ({"objective": "tweedie"}, "count", "holes"),
    "one_leaf": ({"objective": "regression", "min_data_in_leaf": 1000}, "value", "plain"),
    "categorical": (MULTICLASS | {"max_cat_to_onehot": 1, "min_data_per_group": 5, "cat_smooth": 1}, "class", "codes"),
}


def training(kind):
    rng = np.random.default_rng(11)
    rows = rng.normal(size=(400, len(NAMES)))
    rows[:, 3] = rng.integers(0, 24, 400) if kind == "plain" else rng.integers(0, 40, 400)
    signal = rows[:, 0] + np.sin(rows[:, 1] * 2) + (rows[:, 3] % 5) * 0.4 + rng.normal(size=400) * 0.3
    if kind != "plain":
        rows[rng.random(rows.shape) < 0.1] = np.nan
        rows[:, :3][rng.random((400, 3)) < 0.1] = 0.0
    rank = np.argsort(np.argsort(signal)) / 400
    targets = {"class": (rank * 3).astype(int), "side": (rank > 0.5).astype(int), "share": rank, "value": signal,
               "count": np.floor(rank * 6)}  # fmt: skip
    return rows, targets


def cut_at_zero(text):
    """The model with thresholds in and around the band that LightGBM takes for zero, where training never puts them."""
    cuts = [0.0, -0.0, 5e-36, -5e-36, ZERO, -ZERO, 1e-35, -1e-35, 1.1e-35, np.inf, -np.inf]
    head, body = text.split("\n\n", 1)
    blocks, end = body.split("end of trees", 1)
    sizes = []
    cut_blocks = []
    for number, block in enumerate(blocks.split("Tree=")[1:]):
        lines = block.split("\n")
        at = next(i for i, line in enumerate(lines) if line.startswith("threshold="))
        count = len(lines[at].split())
        lines[at] = "threshold=" + " ".join(repr(float(cuts[(number + 5 * i) % len(cuts)])) for i in range(count))
        cut_blocks.append("Tree=" + "\n".join(lines))
        sizes.append(len(cut_blocks[-1].encode()))
    head = "\n".join(line for line in head.split("\n") if not line.startswith("tree_sizes="))
    return f"{head}\ntree_sizes={' '.join(map(str, sizes))}\n\n{''.join(cut_blocks)}end of trees{end}"


def probes(rows, model):
    """Every edge in every column, each threshold and its neighbours, and some ordinary rows."""
    out = list(rows[:12])
    for column in range(len(NAMES)):
        cuts = [node["threshold"] for node in splits(model) if node["split_feature"] == column][:4]
        cuts = [float(cut) for cut in cuts if not isinstance(cut, str)]
        near = [float(np.nextafter(cut, side)) for cut in cuts for side in (-np.inf, np.inf)]
        for value in EDGES + cuts + near:
            out.append(rows[len(out) % len(rows)].copy())
            out[-1][column] = value
    return np.array([*out, np.full(len(NAMES), np.nan), np.zeros(len(NAMES))])


def splits(model):
    pending = [tree["tree_structure"] for tree in model.dump_model()["tree_info"]]
    while pending:
        node = pending.pop()
        if "split_feature" in node:
            yield node
            pending += [node["left_child"], node["right_child"]]


def main():
    for name, (parameters, target, kind) in FIXTURES.items():
        rows, targets = training(kind)
        categorical = [3] if kind == "codes" else "auto"
        data = lgb.Dataset(rows, targets[target], feature_name=NAMES, categorical_feature=categorical)
        model = lgb.train(TREES | parameters, data, num_boost_round=5)
        text = model.model_to_string()
        model = lgb.Booster(model_str=cut_at_zero(text) if name.endswith("_cut") else text)
        inputs = probes(rows, model)
        raw = model.predict(inputs, raw_score=True).reshape(len(inputs), -1)
        score = model.predict(inputs).reshape(len(inputs), -1)
        classes = ["sell", "hold", "buy"] if raw.shape[1] == 3 else ["value"]
        header = NAMES + [f"{kind}_{of}" for kind in ("raw", "score") for of in classes]
        lines = [",".join(header)]
        lines += [",".join(repr(float(x)) for x in line) for line in np.hstack([inputs, raw, score])]
        (HERE / f"{name}.csv").write_bytes(("\n".join(lines) + "\n").encode())
        (HERE / f"{name}.txt").write_bytes(model.model_to_string().encode())
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(HERE.glob("*.txt"))]
    (HERE / "SHA256SUMS").write_bytes("".join(sums).encode())


if __name__ == "__main__":
    main()
