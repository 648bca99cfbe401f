"""Which inputs and outputs of an ONNX graph are a model's: told by rank, type and name, never guessed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from mt5_sentinel.errors import Misconfigured

TYPES = {"tensor(float)": "float32", "tensor(double)": "float64"}
"""Types of ONNX that hold features or scores → numpy's."""

ANSWERS = ("probabilities", "output_probability", "probability", "probs")
"""What the usual exporters call class probabilities."""

RAW = ("logits", "raw_scores")
"""Outputs with one of these names are what ``raw=True`` asks for."""

ZIPMAP = "export it without ZipMap (skl2onnx: options={'zipmap': False}; onnxmltools: zipmap=False)"

VALUES_MAX, RUN_VALUES_MAX = 1_000_000, 16_000_000
"""Numbers one answer may look at, and one run of a fixed batch: far beyond real models, and still cheap to hold."""


class Port(NamedTuple):
    """An input or output: its name, numpy's name of its type, and its axes, None where one is free."""

    name: str
    dtype: str
    axes: tuple[int | None, ...]


class Inputs(NamedTuple):
    """What a graph is fed: a sequence (n, steps, width), a table (n, width), or both, the table then the last row."""

    sequence: Port | None
    table: Port | None
    steps: int
    width: int
    batch: int | None
    """Answers of one run; None where their number is free."""


class Outputs(NamedTuple):
    """Where the answers stand, and where the raw scores do."""

    answer: Port | None
    raw: Port | None


def choose_inputs(nodes: Sequence[Any], steps: int | None, names: Sequence[str]) -> Inputs:
    """The inputs of a graph; ``steps`` and ``names`` of its metadata fill in axes that are free.

    Raises:
        Misconfigured: there are others than one table, one sequence, or one of each, or they are too large; names them
            and the fix.
    """
    tables = [node for node in nodes if len(node.shape) == 2]
    sequences = [node for node in nodes if len(node.shape) == 3]
    if [len(tables), len(sequences)] not in ([1, 0], [0, 1], [1, 1]) or len({*tables, *sequences}) != len(nodes):
        _refuse(f"it has the inputs {_shown(nodes)}", "one (n, features), one (n, steps, features), or one of each")
    table = _port(tables[0]) if tables else None
    sequence = _port(sequences[0]) if sequences else None
    ports = [port for port in (sequence, table) if port]
    width = _agreed("number of features", [port.axes[-1] for port in ports], len(names) or None, ports)
    depth = _agreed("number of steps", [sequence.axes[1]], steps, ports) if sequence else 1
    if width is None or depth is None:
        free, key = ("features", "feature_names") if width is None else ("steps", "steps")
        _refuse(f"input {_axes(ports)} has a free number of {free}", f"a fixed one, or `{key}` in the metadata")
    batch = _agreed("batch size", [port.axes[0] for port in ports], None, ports)
    if depth * width > VALUES_MAX:
        _refuse(f"input {_axes(ports)} takes {depth * width} values an answer", f"{VALUES_MAX} at most")
    if depth * width * (batch or 1) > RUN_VALUES_MAX:
        _refuse(f"input {_axes(ports)} takes {depth * width * (batch or 1)} values a run", f"{RUN_VALUES_MAX} at most")
    return Inputs(sequence, table, depth, width, batch)


def choose_outputs(nodes: Sequence[Any]) -> Outputs:
    """The outputs of a graph: class labels, (n,) whole numbers, are left aside.

    Raises:
        Misconfigured: no output, or more than one, could be the answer; names them and the fix.
    """
    zipped = [node for node in nodes if "map(" in node.type]
    if zipped:
        _refuse(f"its output `{zipped[0].name}` is a list of dictionaries", f"numbers; {ZIPMAP}")
    floats = [node for node in nodes if node.type in TYPES and len(node.shape) in (1, 2)]
    raw = [node for node in floats if node.name.lower() in RAW]
    answers = [node for node in floats if node not in raw]
    named = [node for node in answers if node.name.lower() in ANSWERS]
    answers = named if len(named) == 1 else answers
    if len(raw) > 1 or len(answers) > 1 or not floats:
        _refuse(f"it has the outputs {_shown(nodes)}", "one of floats (n, classes), or one named `probabilities`")
    return Outputs(_port(answers[0]) if answers else None, _port(raw[0]) if raw else None)


def _port(node: Any) -> Port:  # noqa: ANN401 - onnxruntime has no types
    if node.type not in TYPES:
        _refuse(f"`{node.name}` is {node.type}", "tensor(float) or tensor(double)")
    return Port(node.name, TYPES[node.type], tuple(axis if isinstance(axis, int) else None for axis in node.shape))


def _agreed(what: str, found: list[int | None], stated: int | None, ports: list[Port]) -> int | None:
    """The one number among those that are fixed; None when all are free."""
    fixed = {number for number in (*found, stated) if number is not None}
    if len(fixed) > 1:
        _refuse(f"input {_axes(ports)} and metadata disagree: {what} {_listed(fixed)}", "one number")
    if 0 in fixed:
        _refuse(f"input {_axes(ports)}: {what} 0", "1 at least")
    return fixed.pop() if fixed else None


def _listed(numbers: set[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))


def _axes(ports: list[Port]) -> str:
    """Names and axes, a free axis as ?."""
    shapes = [", ".join("?" if axis is None else str(axis) for axis in port.axes) for port in ports]
    return " and ".join(f"`{port.name[:60]}` ({shape})" for port, shape in zip(ports, shapes, strict=True))


def _shown(nodes: Sequence[Any]) -> str:
    """The first of them, with type and axes."""
    listed = ", ".join(f"`{node.name[:60]}` {node.type} {node.shape}" for node in nodes[:4])
    return f"{listed[:300]}{' …' if len(nodes) > 4 else ''}" or "none"


def _refuse(found: str, needed: str) -> NoReturn:
    raise Misconfigured(f"model file, ONNX: {found}; needed: {needed}", "bad_model")
