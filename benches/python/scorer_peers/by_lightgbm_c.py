"""LightGBM's C functions, called with arguments that are prepared beforehand."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from race.forests import Forest
from scorer_peers.contract import Peer, Rows, Run, Scorer, Steps

PROBABILITY, RAW, FLOAT64, ROW_MAJOR = 0, 1, 1, 1
CLASSES = 3
ONE_THREAD = b"num_threads=1"


def _library() -> Any:
    found = find_spec("lightgbm")
    if found is None or found.origin is None:
        problem = "No module named 'lightgbm'"
        raise ImportError(problem)
    file = next((Path(found.origin).parent / "lib").glob("lib_lightgbm.*"))
    return ctypes.CDLL(str(file))


LIBRARY = _library()
LIBRARY.LGBM_GetLastError.restype = ctypes.c_char_p


def _checked(status: int) -> None:
    if status != 0:
        raise RuntimeError(LIBRARY.LGBM_GetLastError().decode()[:200])


def pointer(array: Any) -> ctypes.c_void_p:
    """The address of an array, which numpy keeps as long as the pointer."""
    address: ctypes.c_void_p = array.ctypes.data_as(ctypes.c_void_p)
    return address


def _handle(forest: Forest) -> ctypes.c_void_p:
    handle, rounds = ctypes.c_void_p(), ctypes.c_int()
    _checked(
        LIBRARY.LGBM_BoosterCreateFromModelfile(str(forest.text).encode(), ctypes.byref(rounds), ctypes.byref(handle))
    )
    return handle


def _step(handle: ctypes.c_void_p, rows: Rows) -> Steps:
    """The row's address is all that changes from call to call."""
    config, length, out = ctypes.c_void_p(), ctypes.c_int64(), np.zeros(CLASSES)
    _checked(
        LIBRARY.LGBM_BoosterPredictForMatSingleRowFastInit(
            handle, PROBABILITY, 0, -1, FLOAT64, rows.shape[1], ONE_THREAD, ctypes.byref(config)
        )
    )
    score, told, result = LIBRARY.LGBM_BoosterPredictForMatSingleRowFast, ctypes.byref(length), pointer(out)

    def take(row: ctypes.c_void_p) -> int:
        return int(score(config, row, told, result))

    def answer(status: int) -> Any:
        _checked(status)
        return out.copy()

    return Steps(take, [pointer(row) for row in rows], answer)


def _batch(handle: ctypes.c_void_p, rows: Rows, kind: int = PROBABILITY) -> Run:
    length, out = ctypes.c_int64(), np.zeros((len(rows), CLASSES))
    predict, count, width = LIBRARY.LGBM_BoosterPredictForMat, *rows.shape
    told, data, result = ctypes.byref(length), pointer(rows), pointer(out)

    def call() -> None:
        _checked(predict(handle, data, FLOAT64, count, width, ROW_MAJOR, kind, 0, -1, ONE_THREAD, told, result))

    return Run(call, lambda _: out.copy())


def _raw(handle: ctypes.c_void_p, rows: Rows) -> Any:
    run = _batch(handle, rows, RAW)
    return run.matrix(run.call())


def _open(forest: Forest) -> Sequence[Scorer]:
    handle = _handle(forest)
    raw = partial(_raw, handle)
    return [Scorer("LightGBM, C", partial(_step, handle), partial(_batch, handle), raw)]


PEERS = [Peer("LightGBM, C", metadata.version("lightgbm"), _open, exact=True)]
