"""ONNX graphs made of the `onnx` package's own parts, with weights from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 17, 9
CLASSES = 3

Shape = Sequence[int | str | None]


def lstm(
    *,
    hidden: int = 64,
    layers: int = 2,
    steps: int = 60,
    width: int = 23,
    batch: int | str = "n",
    tabular: bool = False,
    metadata: dict[str, str] | None = None,
) -> bytes:
    """LSTM layers over (n, steps, width), the last state through a Gemm and a Softmax → (n, 3).

    With ``tabular`` the graph has two inputs, ``X_tabular`` (n, width) and ``X_sequential``, as the older hub's have;
    the table then goes into the Gemm beside the last state.
    """
    rng = np.random.default_rng(20)
    weights: list[onnx.TensorProto] = []

    def weight(name: str, *shape: int) -> str:
        values = rng.normal(0, 0.15, shape).astype(np.float32)
        weights.append(numpy_helper.from_array(values, name))
        return name

    # ONNX's LSTM takes time first, and puts an axis of directions into its output.
    nodes = [helper.make_node("Transpose", ["X_sequential"], ["time_first"], perm=[1, 0, 2])]
    at, size = "time_first", width
    for layer in range(layers):
        parts = [weight(f"W{layer}", 1, 4 * hidden, size), weight(f"R{layer}", 1, 4 * hidden, hidden)]
        parts.append(weight(f"B{layer}", 1, 8 * hidden))
        outputs = [f"all{layer}", f"last{layer}"]
        nodes.append(helper.make_node("LSTM", [at, *parts], outputs, hidden_size=hidden))
        nodes.append(helper.make_node("Squeeze", [outputs[0], "direction"], [f"seen{layer}"]))
        at, size = f"seen{layer}", hidden
    weights.append(numpy_helper.from_array(np.array([1], np.int64), "direction"))
    weights.append(numpy_helper.from_array(np.array([0], np.int64), "first"))
    nodes.append(helper.make_node("Squeeze", [f"last{layers - 1}", "first"], ["state"]))
    at = "state"
    if tabular:
        nodes.append(helper.make_node("Concat", ["state", "X_tabular"], ["both"], axis=1))
        at, size = "both", size + width
    nodes.append(helper.make_node("Gemm", [at, weight("W", size, CLASSES), weight("b", CLASSES)], ["logits_"]))
    nodes.append(helper.make_node("Softmax", ["logits_"], ["probabilities"], axis=1))
    inputs = [tensor("X_sequential", [batch, steps, width])]
    if tabular:
        inputs.insert(0, tensor("X_tabular", [batch, width]))
    return graph(nodes, inputs, [tensor("probabilities", [batch, CLASSES])], weights, metadata)


def table(
    *,
    width: int = 22,
    names: tuple[str, str] = ("logits", "probabilities"),
    shown: Sequence[int] = (1,),
    shape: Shape = ("n", 22),
    metadata: dict[str, str] | None = None,
    kind: int = TensorProto.FLOAT,
) -> bytes:
    """Gemm → ``names[0]`` → Softmax → ``names[1]``; ``shown`` says which of the two are outputs of the graph."""
    rng = np.random.default_rng(21)
    dtype = np.float32 if kind == TensorProto.FLOAT else np.float64
    weights = [
        numpy_helper.from_array(rng.normal(0, 0.3, (width, CLASSES)).astype(dtype), "W"),
        numpy_helper.from_array(rng.normal(0, 0.3, CLASSES).astype(dtype), "b"),
    ]
    nodes = [
        helper.make_node("Gemm", ["x", "W", "b"], [names[0]]),
        helper.make_node("Softmax", [names[0]], [names[1]], axis=1),
    ]
    outputs = [tensor(names[at], ["n", CLASSES], kind) for at in shown]
    return graph(nodes, [tensor("x", shape, kind)], outputs, weights, metadata)


def tensor(name: str, shape: Shape, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    """An input or an output."""
    return helper.make_tensor_value_info(name, kind, list(shape))


def graph(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    weights: Sequence[onnx.TensorProto] = (),
    metadata: dict[str, str] | None = None,
    **changed: Any,
) -> bytes:
    """A model file."""
    made = helper.make_graph(nodes, "a test's own", inputs, outputs, list(weights))
    model = helper.make_model(
        made, **{"opset_imports": [helper.make_opsetid("", OPSET)], "ir_version": IR_VERSION} | changed
    )
    if metadata:
        helper.set_model_props(model, metadata)
    return bytes(model.SerializeToString())


def sequences(count: int, steps: int = 60, width: int = 23) -> NDArray[np.float64]:
    """Rows such as the graphs are fed, (count, steps, width)."""
    return np.random.default_rng(22).normal(size=(count, steps, width))
