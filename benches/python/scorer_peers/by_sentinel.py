"""mt5-sentinel itself."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

import mt5_sentinel as sentinel
from race.forests import Forest
from scorer_peers.contract import Loading, Peer, Rows, Run, Scorer, Steps

NAME = "mt5-sentinel"


def _row(model: Any, rows: Rows) -> Steps:
    return Steps(model.score_row, rows.tolist())


def _arrays(model: Any, rows: Rows) -> Steps:
    return Steps(model.score, _single(rows), np.ravel)


def _arrays_out(model: Any, rows: Rows) -> Steps:
    # One array for all answers: each is copied before the next overwrites it.
    return Steps(partial(model.score, out=np.zeros((1, 3))), _single(rows), np.ndarray.flatten)


def _single(rows: Rows) -> list[Rows]:
    return [row.reshape(1, -1) for row in rows]


def _batch(model: Any, rows: Rows) -> Run:
    return Run(lambda: model.score(rows))


def _batch_out(model: Any, rows: Rows) -> Run:
    out = np.zeros((len(rows), 3))
    return Run(lambda: model.score(rows, out=out), np.array)


def _open(forest: Forest) -> list[Scorer]:
    model: Any = sentinel.Model.load(forest.text)
    raw = partial(model.score, raw=True)
    return [
        Scorer(f"{NAME}, score_row", partial(_row, model), None, raw),
        Scorer(f"{NAME}, score", partial(_arrays, model), partial(_batch, model), raw),
        Scorer(f"{NAME}, score(out=)", partial(_arrays_out, model), partial(_batch_out, model), raw),
    ]


PEERS = [
    Peer(
        NAME,
        sentinel.__version__,
        _open,
        exact=True,
        loading=Loading("mt5_sentinel", "mt5_sentinel.Model.load(files[0])", lambda forest: [str(forest.text)]),
    )
]
