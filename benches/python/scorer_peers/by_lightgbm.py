"""LightGBM's own Python interface."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import lightgbm as lgb
import numpy as np

from race.forests import Forest
from scorer_peers.contract import Loading, Peer, Rows, Run, Scorer, Steps


def _step(booster: Any, rows: Rows) -> Steps:
    return Steps(partial(booster.predict, num_threads=1), [row.reshape(1, -1) for row in rows], np.ravel)


def _batch(booster: Any, rows: Rows) -> Run:
    return Run(lambda: booster.predict(rows, num_threads=1))


def raw(booster: Any, rows: Rows) -> Any:
    """Sums before the softmax: what every other library is compared with."""
    return booster.predict(rows, raw_score=True, num_threads=1)


def _open(forest: Forest) -> Sequence[Scorer]:
    booster = lgb.Booster(model_file=str(forest.text))
    return [Scorer("LightGBM, Python", partial(_step, booster), partial(_batch, booster), partial(raw, booster))]


PEERS = [
    Peer(
        "LightGBM, Python",
        lgb.__version__,
        _open,
        exact=True,
        loading=Loading("lightgbm", "lightgbm.Booster(model_file=files[0])", lambda forest: [str(forest.text)]),
    )
]
