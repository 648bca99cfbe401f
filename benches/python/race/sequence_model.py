"""An LSTM of two layers over sequences, as ONNX; its weights are drawn, the same on every run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

STEPS, WIDTH, HIDDEN, CLASSES = 60, 23, 64, 3
SEED = 64_2
OPSET, FORMAT = 17, 8


def write(path: Path) -> None:
    """A graph from ``sequence`` (n, 60, 23) float32 to ``probabilities`` (n, 3)."""
    from onnx import TensorProto, checker, helper, save  # noqa: PLC0415 # only this case needs it

    rng = np.random.default_rng(SEED)
    constants: list[Any] = []

    def constant(name: str, *shape: int) -> str:
        values = rng.uniform(-1, 1, shape).astype(np.float32) / np.float32(np.sqrt(HIDDEN))
        constants.append(helper.make_tensor(name, TensorProto.FLOAT, shape, values.tobytes(), raw=True))
        return name

    def lstm(number: int, source: str, width: int, outputs: list[str]) -> Any:
        gates = 4 * HIDDEN
        weights = [constant(f"W{number}", 1, gates, width), constant(f"R{number}", 1, gates, HIDDEN)]
        inputs = [source, *weights, constant(f"B{number}", 1, 2 * gates)]
        return helper.make_node("LSTM", inputs, outputs, name=f"lstm{number}", hidden_size=HIDDEN)

    constants += [
        helper.make_tensor("directions", TensorProto.INT64, [1], [1]),
        helper.make_tensor("direction", TensorProto.INT64, [1], [0]),
    ]
    nodes = [
        helper.make_node("Transpose", ["sequence"], ["by_step"], perm=[1, 0, 2]),
        lstm(1, "by_step", WIDTH, ["all1"]),
        helper.make_node("Squeeze", ["all1", "directions"], ["hidden1"]),
        lstm(2, "hidden1", HIDDEN, ["", "last2"]),
        helper.make_node("Squeeze", ["last2", "direction"], ["hidden2"]),
        helper.make_node("Gemm", ["hidden2", constant("W", HIDDEN, CLASSES), constant("B", CLASSES)], ["sums"]),
        helper.make_node("Softmax", ["sums"], ["probabilities"], axis=1),
    ]
    shapes = {"sequence": ["n", STEPS, WIDTH], "probabilities": ["n", CLASSES]}
    ends = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()}
    graph = helper.make_graph(nodes, "lstm", [ends["sequence"]], [ends["probabilities"]], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=FORMAT)
    checker.check_model(model)
    save(model, str(path))


def sequences(count: int) -> Any:
    """``count`` sequences (count, 60, 23) of standardised numbers, float64."""
    return np.random.default_rng(SEED + 1).standard_normal((count, STEPS, WIDTH))
