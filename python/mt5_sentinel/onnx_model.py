"""ONNX graphs behind ``Model``: the one place that imports onnxruntime, an extra.

The core has checked the file's frame before (``src/scorer/onnx.rs``) and hands over float64 arrays whose shapes fit;
the answers go back as float64. Everything between is float32, as the graph has it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mt5_sentinel import _core
from mt5_sentinel.errors import Misconfigured, Unusable
from mt5_sentinel.onnx_ports import Inputs, Port, choose_inputs, choose_outputs

ROWS_AT_ONCE, SEQUENCES_AT_ONCE = 4_096, 64
"""So many are converted and run together, whatever the size of a batch."""

CHARS_MAX = 240
"""Of what ONNX Runtime says in an error; it may quote a graph."""


class OnnxGraph:
    """A graph in a session of one thread, with the buffers of its last call.

    Threads may share it: a call takes a set of buffers and gives it back, so that each thread has its own.
    """

    def __init__(self, model: bytes, takes_nan: bool) -> None:
        """Open the graph and run it once, on zeros.

        Args:
            model: the file.
            takes_nan: whether NaN is a missing value to it, as to trees. To a net it is not, yet ONNX Runtime's LSTM
                makes an ordinary number of it, which nothing may be decided on.

        Raises:
            Misconfigured: onnxruntime is missing or refuses the graph, or inputs and outputs are not a model's.
        """
        self._runtime, self._takes_nan = _runtime(), takes_nan
        self._faults = _faults()
        self._session = self._open(model)
        metadata = self._session.get_modelmeta().custom_metadata_map
        names = _names(metadata.get("feature_names"))
        self._inputs: Inputs = choose_inputs(self._session.get_inputs(), _steps(metadata.get("steps")), names)
        self._outputs = choose_outputs(self._session.get_outputs())
        self.sha256 = hashlib.sha256(model).hexdigest()
        self.feature_names = names or [f"f{i}" for i in range(self._inputs.width)]
        self.steps = self._inputs.steps
        self.is_sequence = self._inputs.sequence is not None
        self.num_classes = self._probed_classes()
        self._answers_at_once = self._inputs.batch or (SEQUENCES_AT_ONCE if self.is_sequence else ROWS_AT_ONCE)
        self._idle: list[_Call] = []

    def score_into(self, x: NDArray[np.float64], out: NDArray[np.float64], raw: bool) -> None:
        """Score ``x`` of shape (n, width) or (n, steps, width) into ``out`` (n, classes).

        Raises:
            Misconfigured: raw scores are asked for, or answers, and the graph has no such output.
            Unusable: ONNX Runtime fails on these rows, or n does not fill a batch of fixed size.
        """
        port = self._port(raw)
        count, batch = len(x), self._inputs.batch
        if batch is not None and count % batch != 0:  # before the first batch is written
            problem = f"{count} answers are asked for, the graph gives {batch} a run; export it with a"
            raise Unusable(f"{problem} batch axis that is free or 1", "bad_row")
        if count <= self._answers_at_once:
            if count > 0:
                self._score_block(x, out, port)
            return
        for start in range(0, count, self._answers_at_once):
            block = slice(start, start + self._answers_at_once)
            self._score_block(x[block], out[block], port)

    def score_rows(self, rows: Sequence[Sequence[float]], raw: bool) -> list[float]:
        """The answer to ``steps`` rows, oldest first.

        Raises:
            Unusable: the rows are of another number or width, or not finite and the graph no trees; else as
                ``score_into``.
        """
        needed = (self.steps, len(self.feature_names))
        try:
            x = np.asarray(rows, np.float64)
        except (ValueError, TypeError, OverflowError):
            raise Unusable(f"the rows are no numbers of shape {needed}", "bad_row") from None
        if x.shape != needed:
            raise Unusable(f"the rows are float64 {x.shape}; the model needs {needed}", "bad_row")
        if not (self._takes_nan or np.isfinite(x).all()):
            step, column = np.argwhere(~np.isfinite(x))[0]
            found = f"{self.feature_names[column]}` of row {step} is {x[step, column]}"
            raise Unusable(f"`{found}; a net has no answer to that", "bad_row")
        out = np.empty((1, self.num_classes))
        self.score_into(x.reshape((1, *needed)) if self.is_sequence else x, out, raw)
        return out.tolist()[0]

    def _score_block(self, x: NDArray[np.float64], out: NDArray[np.float64], port: Port) -> None:
        try:
            call = self._idle.pop()
        except IndexError:
            call = None
        try:
            if call is None or call.count != len(x) or call.port != port:
                call = _Call(self._session, self._inputs, port, len(x), self.num_classes)
            call.fill(x)
            self._session.run_with_iobinding(call.binding)
        except self._faults as error:
            raise Unusable(f"ONNX Runtime cannot score these rows: {_said(error)}", "bad_row") from None
        call.give(out)
        self._idle.append(call)

    def _port(self, raw: bool) -> Port:
        port = self._outputs.raw if raw else self._outputs.answer
        if port is None and raw:
            message = "an ONNX graph gives what it gives: raw scores need an output named `logits`"
            raise Misconfigured(message, "bad_setting")
        if port is None:
            message = "the graph gives raw scores only (`logits`): ask with raw=True, or export it with its Softmax"
            raise Misconfigured(message, "bad_setting")
        return port

    def _open(self, model: bytes) -> Any:  # noqa: ANN401 - onnxruntime has no types
        options = self._runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = self._runtime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 3
        try:
            # The fallback would print to standard output and try again with the same provider.
            return self._runtime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"], enable_fallback=False
            )
        except self._faults as error:
            raise Misconfigured(f"model file, ONNX: ONNX Runtime refuses it: {_said(error)}", "bad_model") from None

    def _probed_classes(self) -> int:
        """Scores per answer, from a run on zeros: the graph's own statement may be missing or wrong."""
        inputs, count = self._inputs, self._inputs.batch or 1
        port = self._outputs.answer or self._port(raw=True)
        feed = {}
        try:
            if inputs.table:
                feed[inputs.table.name] = np.zeros((count, inputs.width), inputs.table.dtype)
            if inputs.sequence:
                feed[inputs.sequence.name] = np.zeros((count, inputs.steps, inputs.width), inputs.sequence.dtype)
            (answer,) = self._session.run([port.name], feed)
        except self._faults as error:
            message = f"model file, ONNX: it does not run on {count} times zeros: {_said(error)}"
            raise Misconfigured(message, "bad_model") from None
        shape = np.shape(answer)
        if len(shape) != len(port.axes) or shape[0] != count or shape[-1] == 0:
            message = f"model file, ONNX: output `{port.name}` has the shape {shape} for {count} answers"
            raise Misconfigured(f"{message}; needed: ({count}, classes)", "bad_model")
        return shape[1] if len(shape) == 2 else 1


class _Call:
    """Buffers bound to a session once, for calls of one size."""

    def __init__(self, session: Any, inputs: Inputs, port: Port, count: int, classes: int) -> None:  # noqa: ANN401
        self.count, self.port = count, port
        self.binding = session.io_binding()
        self._sequence = self._table = None
        if inputs.sequence:
            self._sequence = np.zeros((count, inputs.steps, inputs.width), inputs.sequence.dtype)
            self._bind_input(inputs.sequence.name, self._sequence)
        if inputs.table:
            self._table = np.zeros((count, inputs.width), inputs.table.dtype)
            self._bind_input(inputs.table.name, self._table)
        self.answer = np.zeros((count, classes), port.dtype)
        shape = self.answer.shape if len(port.axes) == 2 else (count,)
        self.binding.bind_output(port.name, "cpu", 0, self.answer.dtype, shape, self.answer.ctypes.data)

    def _bind_input(self, name: str, buffer: NDArray[Any]) -> None:
        self.binding.bind_input(name, "cpu", 0, buffer.dtype, buffer.shape, buffer.ctypes.data)

    def fill(self, x: NDArray[np.float64]) -> None:
        """Convert rows into the buffers; numbers too large for float32 become infinite."""
        if self._sequence is not None:
            _copy(x, self._sequence)
            x = x[:, -1]
        if self._table is not None:
            _copy(x, self._table)

    def give(self, out: NDArray[np.float64]) -> None:
        """Convert the answers of the last run."""
        if self.answer.dtype == np.float32:
            _core.widen(self.answer, out)
        else:
            np.copyto(out, self.answer)


def _copy(x: NDArray[np.float64], buffer: NDArray[Any]) -> None:
    if buffer.dtype == np.float32:
        _core.narrow(x, buffer)
    else:
        np.copyto(buffer, x)


def _runtime() -> Any:  # noqa: ANN401 - onnxruntime has no types
    try:
        import onnxruntime  # noqa: PLC0415 - an extra
    except ImportError:
        message = "ONNX models need onnxruntime: pip install 'mt5-sentinel[onnx]'"
        raise Misconfigured(message, "missing_extra") from None
    onnxruntime.disable_telemetry_events()
    return onnxruntime


def _faults() -> tuple[type[Exception], ...]:
    """What onnxruntime raises; its own classes have no base but Exception."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state  # noqa: PLC0415

    names = (
        "EPFail",
        "EngineError",
        "Fail",
        "InvalidArgument",
        "InvalidGraph",
        "InvalidProtobuf",
        "NoModel",
        "NoSuchFile",
        "NotImplemented",
        "RuntimeException",
    )
    own = [getattr(state, name) for name in names if hasattr(state, name)]
    return (*own, RuntimeError, ValueError, TypeError, MemoryError)


def _said(error: Exception) -> str:
    """One line of bounded length: its end, for the beginning is about the sources of ONNX Runtime."""
    said = " ".join(str(error).split()) or type(error).__name__
    return said if len(said) <= CHARS_MAX else f"… {said[-CHARS_MAX:]}"


def _names(text: str | None) -> list[str]:
    """``feature_names`` of the metadata: a JSON list, or separated by commas; empty where there is none."""
    if not text:
        return []
    try:
        listed = json.loads(text) if text.lstrip().startswith("[") else text.split(",")
    except ValueError:
        listed = None
    names = [name.strip() for name in listed or [] if isinstance(name, str) and name.strip()]
    if listed is None or len(names) != len(listed) or len(set(names)) != len(names):
        message = "model file, ONNX: metadata `feature_names` is no list of different names"
        raise Misconfigured(f"{message}; write them separated by commas, or as a JSON list", "bad_model")
    return names


def _steps(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise Misconfigured(
            f"model file, ONNX: metadata `steps` is {text[:40]!r}; a whole number is needed", "bad_model"
        )
    return int(text)
