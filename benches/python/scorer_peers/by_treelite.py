"""Treelite's interpreter of trees, GTIL."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import treelite

from race.forests import Forest
from scorer_peers.contract import Loading, Peer, Rows, Run, Scorer, Steps


def _scores(model: Any, rows: Rows, *, sums: bool = False) -> Any:
    return treelite.gtil.predict(model, rows, nthread=1, pred_margin=sums)


def _step(model: Any, rows: Rows) -> Steps:
    return Steps(partial(_scores, model), [row.reshape(1, -1) for row in rows], np.ravel)


def _batch(model: Any, rows: Rows) -> Run:
    return Run(lambda: _scores(model, rows), _flat)


def _flat(scores: Any) -> Any:
    return np.asarray(scores).reshape(len(scores), -1)


def _raw(model: Any, rows: Rows) -> Any:
    return _flat(_scores(model, rows, sums=True))


def _open(forest: Forest) -> Sequence[Scorer]:
    model = treelite.frontend.load_lightgbm_model(str(forest.text))
    return [Scorer("treelite, GTIL", partial(_step, model), partial(_batch, model), partial(_raw, model))]


PEERS = [
    Peer(
        "treelite, GTIL",
        treelite.__version__,
        _open,
        loading=Loading(
            "treelite", "treelite.frontend.load_lightgbm_model(files[0])", lambda forest: [str(forest.text)]
        ),
    )
]
