"""XGBoost with a model of its own, trained on the same rows to the same size."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xgboost as xgb

from race.forests import Forest, training
from scorer_peers.contract import Loading, Peer, Rows, Run, Scorer, Steps


def _trained(forest: Forest) -> Path:
    if not forest.other.exists():
        rows, labels = training(*forest.origin)
        parameters = {
            "objective": "multi:softprob",
            "num_class": 3,
            "eta": 0.05,
            "tree_method": "hist",
            "grow_policy": "lossguide",
            "max_leaves": forest.size.leaves,
            "max_depth": 0,
            "min_child_weight": 0.0,
            "seed": 7,
            "nthread": 1,
        }
        booster = xgb.train(parameters, xgb.DMatrix(rows, labels, nthread=1), num_boost_round=forest.size.rounds)
        booster.save_model(str(forest.other))
    return forest.other


def _step(booster: Any, rows: Rows) -> Steps:
    return Steps(booster.inplace_predict, [row.reshape(1, -1) for row in rows], np.ravel)


def _batch(booster: Any, rows: Rows) -> Run:
    return Run(lambda: booster.inplace_predict(rows))


def _open(forest: Forest) -> Sequence[Scorer]:
    booster = xgb.Booster({"nthread": 1}, model_file=str(_trained(forest)))
    booster.set_param({"nthread": 1})
    return [Scorer("XGBoost, its own model", partial(_step, booster), partial(_batch, booster))]


PEERS = [
    Peer(
        "XGBoost",
        xgb.__version__,
        _open,
        own_model=True,
        loading=Loading("xgboost", "xgboost.Booster(model_file=files[0])", lambda forest: [str(_trained(forest))]),
    )
]
