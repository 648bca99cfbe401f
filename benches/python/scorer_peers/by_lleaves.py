"""lleaves: the model compiled by LLVM, called through its predict and at its compiled function."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import lleaves
import numpy as np

from race.compiling import compiled
from race.forests import Forest
from scorer_peers.contract import Loading, Peer, Rows, Run, Scorer, Steps

COMPILE = """
import sys, lleaves
lleaves.Model(model_file=sys.argv[2]).compile(cache=sys.argv[1], raw_score=sys.argv[3] == "raw")
"""


def _cache(forest: Forest, kind: str) -> Path:
    return compiled(COMPILE, forest.folder / f"lleaves_{kind}.o", str(forest.text), kind)


def _loaded(forest: Forest, kind: str) -> Any:
    model = lleaves.Model(model_file=str(forest.text))
    model.compile(cache=str(_cache(forest, kind)), raw_score=kind == "raw")
    return model


def _step(model: Any, rows: Rows) -> Steps:
    return Steps(partial(model.predict, n_jobs=1), [row.reshape(1, -1) for row in rows], np.ravel)


def _function(model: Any, rows: Rows) -> Steps:
    """What predict calls in the end, its pointers made beforehand: as a program in C would use the compiled model."""
    out, entry, row_of = np.zeros((1, 3)), model._c_entry_func, ctypes.POINTER(ctypes.c_double)
    result = out.ctypes.data_as(row_of)

    def take(row: Any) -> None:
        entry(row, result, 0, 1)

    return Steps(take, [row.ctypes.data_as(row_of) for row in rows], lambda _: out[0].copy())


def _batch(model: Any, rows: Rows) -> Run:
    return Run(lambda: model.predict(rows, n_jobs=1))


def _open(forest: Forest) -> Sequence[Scorer]:
    model, sums = _loaded(forest, "probability"), _loaded(forest, "raw")
    return [
        Scorer("lleaves, Python", partial(_step, model), partial(_batch, model), partial(sums.predict, n_jobs=1)),
        Scorer("lleaves, compiled function", partial(_function, model), None),
    ]


PEERS = [
    Peer(
        "lleaves",
        metadata.version("lleaves"),
        _open,
        loading=Loading(
            "lleaves",
            "(lambda model: (model.compile(cache=files[1]), model))(lleaves.Model(model_file=files[0]))",
            lambda forest: [str(forest.text), str(_cache(forest, "probability"))],
        ),
    )
]
