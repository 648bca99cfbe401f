"""ONNX graphs behind `Model`: the same answers as ONNX Runtime gives, and refusals that name input, output and fix."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx makes the graphs of these tests; it is not needed at run time")
ort = pytest.importorskip("onnxruntime", reason="onnxruntime is the extra `onnx`")

from onnx import TensorProto, helper  # noqa: E402

from mt5_sentinel import Model, catalogue, onnx_model  # noqa: E402
from mt5_sentinel.errors import Misconfigured, Unusable  # noqa: E402
from mt5_sentinel.onnx_model import _said  # noqa: E402
from tests.python import onnx_graphs as graphs  # noqa: E402  (after the skips)

NAMES = [spec.name for spec in catalogue()]
NAMED = {"feature_names": ",".join(NAMES)}
LEGACY = {"feature_names": ",".join(f"feature_{i}" for i in range(23))}


def bare(model: bytes, **feed: Any) -> Any:
    """What ONNX Runtime itself answers."""
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(["probabilities"], feed)[0]


def tables(count: int = 50, width: int = 22) -> Any:
    rows = np.random.default_rng(3).normal(size=(count, width))
    rows[1, 2], rows[2, 3], rows[3, 4] = np.inf, -np.inf, 1e300
    return rows


@pytest.mark.parametrize("tabular", [False, True])
@pytest.mark.parametrize("batch", ["n", 1])
def test_sequences_are_answered_as_by_onnxruntime(tabular: bool, batch: int | str) -> None:
    file = graphs.lstm(hidden=8, tabular=tabular, batch=batch, metadata=LEGACY)
    model = Model.parse(file)
    assert (model.steps, model.is_sequence, model.layout, model.num_classes) == (60, True, "legacy23", 3)
    assert repr(model) == "Model(ONNX LSTM, 60 steps of 23 features, 3 classes, bare)"
    x = graphs.sequences(150)
    single = x.astype(np.float32)
    asked = [slice(i, i + 1) for i in range(150)] if batch == 1 else [slice(None)]
    feeds = [{"X_sequential": single[at]} | ({"X_tabular": single[at, -1]} if tabular else {}) for at in asked]
    expected = np.vstack([bare(file, **feed) for feed in feeds])
    scores = model.score(x)
    assert scores.shape == (150, 3)
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-6)
    out = np.zeros((150, 3))
    assert model.score(x[:, ::1], out=out) is out
    assert np.array_equal(out, scores)
    for one in (x[7], x[7:8], np.asfortranarray(x[7]), x[7].tolist()):
        np.testing.assert_allclose(model.score(one), expected[7:8], rtol=0, atol=1e-6)
    np.testing.assert_allclose([model.score_rows(x[7].tolist())], expected[7:8], rtol=0, atol=1e-6)
    assert model.score(x[7], out=out[0]) is not None
    assert model.score(x[:0]).shape == (0, 3)


def test_a_call_leaves_nothing_behind_for_the_next() -> None:
    model, x = Model.parse(graphs.lstm(hidden=4, layers=1, steps=5, width=3)), graphs.sequences(9, 5, 3)
    alone = np.vstack([model.score(one) for one in x])
    assert np.array_equal(np.vstack([model.score(x[:4]), model.score(x[4:5]), model.score(x[5:])]), alone)
    dirty = x.copy()
    dirty[4] = 1e300
    scores = model.score(dirty)
    assert not np.array_equal(scores[4], alone[4])
    assert np.array_equal(np.delete(scores, 4, 0), np.delete(alone, 4, 0))
    assert np.array_equal(model.score(x[4]), alone[4:5])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nothing_is_decided_on_what_a_net_cannot_take(value: float) -> None:
    # ONNX Runtime's LSTM makes an ordinary number even of NaN.
    model, x = Model.parse(graphs.lstm(hidden=4, layers=1, steps=5, width=3)), graphs.sequences(1, 5, 3)
    x[0, 3, 1] = value
    assert model.score(x).shape == (1, 3)
    with pytest.raises(Unusable, match=rf"`f1` of row 3 is {value}"):
        model.score_rows(x[0].tolist())


@pytest.mark.filterwarnings("ignore:overflow")  # numpy's own, where the test narrows 1e300 by numpy
@pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.DOUBLE])
def test_tables_are_answered_as_by_onnxruntime(kind: int) -> None:
    file = graphs.table(kind=kind, metadata=NAMED)
    model, rows = Model.parse(file), tables()
    assert (model.steps, model.is_sequence, model.layout, model.feature_names) == (1, False, "catalogue", NAMES)
    fed = rows.astype(np.float32 if kind == TensorProto.FLOAT else np.float64)
    expected = bare(file, x=fed)
    assert np.array_equal(model.score(rows), expected.astype(np.float64), equal_nan=True)
    assert np.array_equal(model.score_row(rows[0].tolist()), expected[0].astype(np.float64))
    many = np.tile(rows, (200, 1))
    np.testing.assert_allclose(model.score(many), np.tile(expected, (200, 1)), rtol=0, atol=1e-6)


def test_trees_of_skl2onnx_and_onnxmltools() -> None:
    skl2onnx = pytest.importorskip("skl2onnx")
    lightgbm, onnxmltools = pytest.importorskip("lightgbm"), pytest.importorskip("onnxmltools")
    from onnxmltools.convert.common.data_types import FloatTensorType as Floats
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.ensemble import RandomForestClassifier

    rng = np.random.default_rng(4)
    rows = rng.normal(size=(300, 5)).astype(np.float32)
    labels = rng.integers(0, 3, 300)
    forest = RandomForestClassifier(8, max_depth=4, random_state=1).fit(rows, labels)
    shape = [("x", FloatTensorType([None, 5]))]
    plain = skl2onnx.to_onnx(forest, initial_types=shape, options={"zipmap": False}).SerializeToString()
    zipped = skl2onnx.to_onnx(forest, initial_types=shape).SerializeToString()
    booster = lightgbm.LGBMClassifier(n_estimators=8, num_leaves=7, verbose=-1, n_jobs=1).fit(rows, labels)
    of_booster = onnxmltools.convert_lightgbm(booster, initial_types=[("x", Floats([None, 5]))], zipmap=False)
    for file, trained in ((plain, forest), (of_booster.SerializeToString(), booster)):
        model = Model.parse(file)
        assert (model.objective, model.num_classes) == ("tree ensemble", 3)
        np.testing.assert_allclose(model.score(rows), bare(file, x=rows), rtol=0, atol=1e-6)
        np.testing.assert_allclose(model.score(rows), trained.predict_proba(rows), rtol=0, atol=1e-5)
    with pytest.raises(Misconfigured, match=r"`output_probability` is a list of dictionaries.*zipmap.*False"):
        Model.parse(zipped)


def test_raw_scores_are_an_output_named_logits() -> None:
    rows = tables()[:1]
    both = Model.parse(graphs.table(shown=(0, 1)))
    logits = both.score(rows, raw=True)
    assert np.allclose(np.exp(logits) / np.exp(logits).sum(), both.score(rows), atol=1e-6)
    with pytest.raises(Misconfigured, match="raw scores need an output named `logits`"):
        Model.parse(graphs.table()).score(rows, raw=True)
    only = Model.parse(graphs.table(shown=(0,)))
    assert np.array_equal(only.score(rows, raw=True), logits)
    with pytest.raises(Misconfigured, match="raw scores only"):
        only.score(rows)


def shown(value: object) -> str:
    """Name of a case: its text, never its bytes."""
    return value if isinstance(value, str) else ""


def identity(*inputs: Any) -> bytes:
    """A graph whose inputs are what is tried; the first becomes the answer."""
    nodes = [helper.make_node("Cast", [inputs[0].name], ["y"], to=TensorProto.FLOAT)]
    return graphs.graph(nodes, list(inputs), [graphs.tensor("y", ["n", 2])])


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (identity(graphs.tensor("a", ["n", 2]), graphs.tensor("b", ["n", 2])), "needed: one .n, features"),
        (identity(graphs.tensor("a", ["n", 2]), graphs.tensor("b", ["n", 4, 3])), "number of features 2, 3"),
        (identity(graphs.tensor("a", ["n", "k"])), r"`a` \(\?, \?\) has a free number of features"),
        (identity(graphs.tensor("a", ["n", "t", 2])), r"`a` \(\?, \?, 2\) has a free number of steps"),
        (identity(graphs.tensor("a", ["n", 2]), graphs.tensor("b", ["n", 2, 2, 2])), "needed: one .n, features"),
        (identity(graphs.tensor("a", ["n", 2], TensorProto.INT64)), r"`a` is tensor\(int64\); needed"),
        (graphs.table(shown=(0, 1), names=("one", "two")), "`one` .*`two`"),
        (graphs.table(metadata={"feature_names": "a,b"}), "number of features 2, 22"),
        (graphs.table(metadata={"feature_names": "a," * 21 + "a"}), "different names"),
        (graphs.table(metadata={"feature_names": "[1, 2]"}), "different names"),
        (graphs.lstm(hidden=2, layers=1, metadata={"steps": "x"}), "`steps` is 'x'"),
        (graphs.lstm(hidden=2, layers=1, metadata={"steps": "61"}), "number of steps 60, 61"),
    ],
    ids=shown,
)
def test_a_graph_that_is_no_model_is_refused_by_name(file: bytes, text: str) -> None:
    with pytest.raises(Misconfigured, match=text) as error:
        Model.parse(file)
    assert error.value.reason == "bad_model"
    assert len(str(error.value)) < 600


def test_shapes_that_do_not_fit_are_named() -> None:
    sequence, table = Model.parse(graphs.lstm(hidden=2, layers=1)), Model.parse(graphs.table())
    for x in (np.zeros((60, 22)), np.zeros(23), np.zeros((2, 59, 23)), np.zeros((5, 23))):
        with pytest.raises(Unusable, match=r"\(n, 60, 23\), or \(60, 23\) for one sequence"):
            sequence.score(x)
    with pytest.raises(Unusable, match=r"\(n, 22\)"):
        table.score(np.zeros((2, 60, 22)))
    with pytest.raises(Unusable, match=r"float64 \(60, 22\); the model needs \(60, 23\)"):
        sequence.score_rows(np.zeros((60, 22)).tolist())
    with pytest.raises(Unusable, match=r"needs \(60, 23\)"):
        sequence.score_row([0.0] * 23)
    with pytest.raises(Unusable, match=r"float64 \(3, 3\)"):
        sequence.score(np.zeros((2, 60, 23)), out=np.zeros((3, 3)))
    fixed = Model.parse(graphs.lstm(hidden=2, layers=1, batch=4))
    assert fixed.score(np.zeros((8, 60, 23))).shape == (8, 3)
    for count in (1, 6, 7):
        out = np.full((count, 3), 7.0)
        with pytest.raises(Unusable, match=f"{count} answers are asked for, the graph gives 4 a run"):
            fixed.score(np.zeros((count, 60, 23)), out=out)
        assert (out == 7).all(), "no batch was scored before the refusal"


@pytest.mark.parametrize("value", [10**400, "x"], ids=["huge", "text"])
def test_rows_that_hold_no_numbers_are_unusable(value: Any) -> None:
    with pytest.raises(Unusable, match="the rows are no numbers of shape") as error:
        Model.parse(graphs.table()).score_row([value] * 22)
    assert error.value.reason == "bad_row"


def test_what_is_too_large_to_run_is_refused_before_it_costs_anything() -> None:
    shapes: list[graphs.Shape] = [["n", 10**9], ["n", 10**6 + 1], [10**9, 2], ["n", 10**5, 11]]
    for shape in shapes:
        took = r"takes \d+ values an? (answer|run); needed: \d+ at most"
        with pytest.raises(Misconfigured, match=took):
            Model.parse(identity(graphs.tensor("a", shape)))
    assert _said(MemoryError()) == "MemoryError"


def test_memory_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: object) -> None:
        raise MemoryError

    file = graphs.table()
    model = Model.parse(file)
    with monkeypatch.context() as patch:
        patch.setattr(np, "zeros", none_left)
        with pytest.raises(Misconfigured, match="does not run on 1 times zeros: MemoryError"):
            Model.parse(file)
    monkeypatch.setattr(onnx_model._Call, "fill", none_left)
    with pytest.raises(Unusable, match="cannot score these rows: MemoryError"):
        model.score(np.zeros((2, 22)))


def test_a_loop_is_refused_before_onnxruntime_sees_it() -> None:
    ports = [graphs.tensor("x", ["n", 2])], [graphs.tensor("y", ["n", 2])]
    condition = helper.make_tensor_value_info("c", TensorProto.BOOL, [])
    turn = helper.make_tensor_value_info("i", TensorProto.INT64, [])
    same = helper.make_node("Identity", ["c"], ["d"])
    done = helper.make_tensor_value_info("d", TensorProto.BOOL, [])
    body = helper.make_graph([same], "body", [turn, condition], [done])
    nodes = [helper.make_node("Loop", ["", "t"], [], body=body), helper.make_node("Relu", ["x"], ["y"])]
    with pytest.raises(Misconfigured, match="operator `Loop`: a graph with a Loop may never end"):
        Model.parse(graphs.graph(nodes, *ports))


def broken() -> dict[str, bytes]:
    whole = graphs.table()
    external = onnx.load_from_string(whole)
    weight = external.graph.initializer[0]
    weight.data_location = TensorProto.EXTERNAL
    weight.ClearField("raw_data")
    entry = weight.external_data.add()
    entry.key, entry.value = "location", "/etc/hostname"
    node = [helper.make_node("Sorcery", ["x"], ["y"], domain="of.mine")]
    ports = [graphs.tensor("x", ["n", 2])], [graphs.tensor("y", ["n", 2])]
    own = [helper.make_opsetid("", 17), helper.make_opsetid("of.mine", 1)]
    relu = [helper.make_node("Relu", ["x"], ["y"])]
    return {
        "protobuf breaks off": whole[:-1],
        "protobuf breaks off|no graph": whole[:20],
        "no graph": b"\x08\x09\x12\x00",
        "tensor `W`.*another file.*save_as_external_data": external.SerializeToString(),
        "ONNX Runtime refuses it: .*of.mine": graphs.graph(node, *ports, opset_imports=own),
        "ONNX Runtime refuses it: .*opset": graphs.graph(relu, *ports, opset_imports=[helper.make_opsetid("", 999)]),
        "ONNX Runtime refuses it: .*IR": graphs.graph(relu, *ports, ir_version=100),
    }


@pytest.mark.parametrize(("text", "file"), broken().items(), ids=shown)
def test_a_broken_file_is_refused_in_one_line_and_nothing_is_printed(
    text: str, file: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(file)
    with pytest.raises(Misconfigured, match=text) as error:
        Model.load(path)
    assert str(path) in str(error.value)
    assert (len(str(error.value)) < 500, "\n" in str(error.value)) == (True, False)
    assert capfd.readouterr().out == ""


def test_every_cut_of_a_file_is_refused() -> None:
    file = graphs.table(width=2, shape=("n", 2))
    for end in range(2, len(file), 7):
        with pytest.raises(Misconfigured):
            Model.parse(file[:end])


def test_without_the_wheel_the_extra_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(graphs.table())
    code = f"""
import sys
sys.modules["onnxruntime"] = None
from mt5_sentinel import Model, errors
try:
    Model.load({str(path)!r})
except errors.Misconfigured as error:
    sys.exit(f"{{error.reason}}: {{error}}")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert "pip install 'mt5-sentinel[onnx]'" in done.stderr
    assert done.stderr.startswith("missing_extra")
