"""TL2cgen: the model as C, compiled by the machine's C compiler."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tl2cgen

from race.compiling import compiled
from race.forests import Forest
from scorer_peers.contract import Loading, Peer, Rows, Run, Scorer, Steps

COMPILE = """
import os, sys, tl2cgen, treelite
model = treelite.frontend.load_lightgbm_model(sys.argv[2])
library, parts = sys.argv[1], {"parallel_comp": 16, "quantize": 0}
tl2cgen.export_lib(model, toolchain="gcc", libpath=library, params=parts, nthread=1)
"""


def _library(forest: Forest) -> Path:
    if shutil.which("gcc") is None:
        problem = "there is no gcc here"
        raise RuntimeError(problem)
    return compiled(COMPILE, forest.folder / "tl2cgen.so", str(forest.text))


def _flat(scores: Any) -> Any:
    return np.asarray(scores).reshape(len(scores), -1)


def _step(predictor: Any, rows: Rows) -> Steps:
    return Steps(predictor.predict, [tl2cgen.DMatrix(row.reshape(1, -1)) for row in rows], np.ravel)


def _batch(predictor: Any, rows: Rows) -> Run:
    matrix = tl2cgen.DMatrix(rows)
    return Run(lambda: predictor.predict(matrix), _flat)


def _raw(predictor: Any, rows: Rows) -> Any:
    return _flat(predictor.predict(tl2cgen.DMatrix(rows), pred_margin=True))


def _open(forest: Forest) -> Sequence[Scorer]:
    predictor = tl2cgen.Predictor(str(_library(forest)), nthread=1)
    name = "tl2cgen, compiled C"
    return [Scorer(name, partial(_step, predictor), partial(_batch, predictor), partial(_raw, predictor))]


PEERS = [
    Peer(
        "tl2cgen, compiled C",
        tl2cgen.__version__,
        _open,
        loading=Loading("tl2cgen", "tl2cgen.Predictor(files[0], nthread=1)", lambda forest: [str(_library(forest))]),
    )
]
