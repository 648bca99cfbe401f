"""ONNX Runtime: the same trees, in float32."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from race.compiling import compiled
from race.forests import Forest
from scorer_peers.contract import Loading, Peer, Rows, Run, Scorer, Steps

CONVERT = """
import sys, lightgbm, onnxmltools
from onnxmltools.convert.common.data_types import FloatTensorType
booster = lightgbm.Booster(model_file=sys.argv[2])
shape = [("rows", FloatTensorType([None, booster.num_feature()]))]
model = onnxmltools.convert_lightgbm(booster, initial_types=shape, zipmap=False)
if sys.argv[3] == "raw":
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.name == "post_transform":
                attribute.s = b"NONE"
with open(sys.argv[1], "wb") as file:
    file.write(model.SerializeToString())
"""


def session(path: Path) -> Any:
    """A session on one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _converted(forest: Forest, kind: str) -> Path:
    return compiled(CONVERT, forest.folder / f"{kind}.onnx", str(forest.text), kind)


def _scores(loaded: Any, rows: Any) -> Any:
    return loaded.run(["probabilities"], {"rows": rows})[0]


def _step(loaded: Any, rows: Rows) -> Steps:
    return Steps(partial(_scores, loaded), [row.astype(np.float32).reshape(1, -1) for row in rows], np.ravel)


def _batch(loaded: Any, rows: Rows) -> Run:
    single = rows.astype(np.float32)
    return Run(lambda: _scores(loaded, single))


def _raw(loaded: Any, rows: Rows) -> Any:
    return _scores(loaded, rows.astype(np.float32))


def _open(forest: Forest) -> Sequence[Scorer]:
    loaded, sums = session(_converted(forest, "probability")), session(_converted(forest, "raw"))
    return [Scorer("ONNX Runtime", partial(_step, loaded), partial(_batch, loaded), partial(_raw, sums))]


PEERS = [
    Peer(
        "ONNX Runtime",
        metadata.version("onnxruntime"),
        _open,
        loading=Loading(
            "onnxruntime",
            "onnxruntime.InferenceSession(files[0], providers=['CPUExecutionProvider'])",
            lambda forest: [str(_converted(forest, "probability"))],
        ),
    )
]
