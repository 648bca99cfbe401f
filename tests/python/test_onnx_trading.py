"""ONNX models that trade: what the border lets through, bundles with golden sequences, the daemon's cycle."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("onnx", reason="onnx makes the graphs of these tests; it is not needed at run time")
pytest.importorskip("onnxruntime", reason="onnxruntime is the extra `onnx`")

from mt5_sentinel import Model, _core, catalogue, features, fingerprint
from mt5_sentinel.commands import assembly
from mt5_sentinel.config import Settings
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.scoring import Scoring
from tests.python import onnx_graphs as graphs
from tests.python.shop import Shop

NAMES = [spec.name for spec in catalogue()]
OLDER = [f"feature_{i}" for i in range(23)]
STEPS = 60


def sequence(names: list[str] = NAMES) -> bytes:
    metadata = {"feature_names": ",".join(names)}
    return graphs.lstm(hidden=4, layers=1, steps=STEPS, width=len(names), metadata=metadata)


def bare(tmp_path: Path, model: bytes) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(model)
    return path


def golden(model: Model, change: float = 0.0) -> str:
    x = graphs.sequences(2, STEPS, len(model.feature_names))
    lines = [",".join(["sequence", *model.feature_names, "score_sell", "score_hold", "score_buy"])]
    for number, (rows, scores) in enumerate(zip(x.tolist(), model.score(x).tolist(), strict=True)):
        lines += [f"{number},{str(row)[1:-1]},,," for row in rows[:-1]]
        scores[2] += change
        lines.append(f"{number},{str(rows[-1])[1:-1]},{str(scores)[1:-1]}")
    return "\n".join(lines).replace(" ", "") + "\n"


def bundle(
    folder: Path, model: bytes, text: str, form: str = "onnx", names: list[str] | None = None, steps: int = 0
) -> Path:
    folder.mkdir()
    (folder / "model.onnx").write_bytes(model)
    (folder / "golden.csv").write_text(text)
    names = names or Model.parse(model).feature_names
    quoted = ", ".join(f'"{name}"' for name in names)
    (folder / "manifest.toml").write_text(
        f"""
format = "{form}"
model_file = "model.onnx"
classes = ["sell", "hold", "buy"]
features = [{quoted}]
catalogue_fingerprint = "{fingerprint()}"
symbol = "EURUSD"
interval = "1h"
trained_from = "2017-01-01"
trained_to = "2023-12-31"
golden_source = "trainer"
steps = {steps or Model.parse(model).steps}
layout = "{"legacy23" if len(names) == 23 else "catalogue"}"
[files]
"model.onnx" = "{hashlib.sha256(model).hexdigest()}"
"golden.csv" = "{hashlib.sha256(text.encode()).hexdigest()}"
"""
    )
    return folder


@pytest.mark.parametrize("names", [NAMES, OLDER])
def test_a_bundle_of_a_sequence_model_is_replayed_and_loaded(tmp_path: Path, names: list[str]) -> None:
    file = sequence(names)
    alone = Model.parse(file)
    loaded = Model.load(bundle(tmp_path / "whole", file, golden(alone)))
    assert repr(loaded) == f"Model(ONNX LSTM, 60 steps of {len(names)} features, 3 classes, bundle EURUSD 1h)"
    Model.load(bundle(tmp_path / "near", file, golden(alone, 5e-6)))
    for name, text, told in (
        ("off", golden(alone, 2e-5), "row 59, buy"),
        ("cut", golden(alone).rsplit("\n", 2)[0], "59 rows at the end"),
        ("old", golden(alone).replace("sequence", "id", 1), "column 0"),
    ):
        with pytest.raises(Misconfigured, match=told) as error:
            Model.load(bundle(tmp_path / name, file, text))
        assert error.value.reason == "model_mismatch"
    with pytest.raises(Misconfigured, match=r"`steps of manifest\.toml`: it says 59"):
        Model.load(bundle(tmp_path / "steps", file, golden(alone), steps=59))
    with pytest.raises(Misconfigured, match="`steps`: 60 rows per sequence are for onnx"):
        Model.load(bundle(tmp_path / "form", file, golden(alone), form="lightgbm-text"))


def test_a_graph_without_names_takes_those_of_its_bundle(tmp_path: Path) -> None:
    nameless = graphs.lstm(hidden=4, layers=1, steps=STEPS, width=len(NAMES))
    text = golden(Model.parse(sequence()))
    loaded = Model.load(bundle(tmp_path / "named", nameless, text, names=NAMES))
    assert (loaded.feature_names, loaded.layout, loaded.steps) == (NAMES, "catalogue", STEPS)
    with pytest.raises(Misconfigured, match=r"`features of manifest\.toml`"):
        Model.load(bundle(tmp_path / "short", nameless, text, names=NAMES[1:]))
    with pytest.raises(Misconfigured, match=r"`features of manifest\.toml`"):
        Model.load(bundle(tmp_path / "other", nameless, text, names=NAMES[::-1]))


def test_only_what_fits_may_trade(tmp_path: Path) -> None:
    def load(model: bytes, allow: bool = True) -> Model:
        return Model.load_for_trading(bare(tmp_path, model), allow_bare_model=allow)

    assert load(sequence()).layout == "catalogue"
    assert load(sequence(OLDER)).layout == "legacy23"
    assert load(graphs.table(metadata={"feature_names": ",".join(NAMES)})).steps == 1
    with pytest.raises(Misconfigured, match="--allow-bare-model"):
        load(sequence(), allow=False)
    nameless = graphs.lstm(hidden=2, layers=1, width=22)
    for model, field in (
        (nameless, "`feature_names of the model file`: it says position 0 is `f0`"),
        (sequence(NAMES[::-1]), "`feature_names of the model file`"),
        (sequence([*NAMES, "more"]), "`feature_names of the model file`: it says 23 features"),
    ):
        with pytest.raises(Misconfigured, match=field):
            load(model)
    # The same graph, its Softmax cut off: an answer to zeros that is no distribution.
    logits = graphs.table(names=("answer", "unused"), shown=(0,), metadata={"feature_names": ",".join(NAMES)})
    with pytest.raises(Misconfigured, match=r"`objective of the model file`: it says an answer of .* to zeros"):
        load(logits)


class Watched:
    """A model that notes what it is asked."""

    def __init__(self, model: Model) -> None:
        self.model, self.steps, self.layout = model, model.steps, model.layout
        self.rows: list[list[float]] = []

    def score_rows(self, rows: list[list[float]]) -> list[float]:
        self.rows = rows
        return self.model.score_rows(rows)


@pytest.mark.parametrize("names", [NAMES, OLDER])
def test_the_daemon_feeds_the_newest_rows(tmp_path: Path, names: list[str]) -> None:
    model = Model.load_for_trading(bare(tmp_path, sequence(names)), allow_bare_model=True)
    shop = Shop(tmp_path / "state")
    watched = Watched(model)
    shop.desk = replace(shop.desk, scoring=Scoring("local", local=watched))
    shop.daemon = shop.employ()
    record = shop.daemon.run_minute()[0][0]  # type: ignore[index] # one symbol has an outcome
    assert record.status == "done", record.detail
    rows = _core.parse(shop.market.history(shop.clock.wall_s()))
    bars = _core.clean(rows, interval_s=3600, now_s=int(shop.clock.wall_s())).bars
    matrix = features(bars, layout="legacy23" if names is OLDER else "rows")
    assert watched.rows == matrix[-STEPS:].tolist()
    assert record.scores == tuple(model.score(matrix[-STEPS:])[0].tolist())
    shop.close()


def test_too_little_history_for_the_steps_is_told_at_the_start(tmp_path: Path) -> None:
    path = bare(tmp_path, sequence())
    needed = _core.needed_bars_for(STEPS)
    known = {"model": str(path), "allow_bare_model": True, "state_dir": str(tmp_path)}
    assert assembly.model(Settings(**known, history_bars=needed)).steps == STEPS  # type: ignore[arg-type]
    with pytest.raises(
        Misconfigured, match=f"history_bars: {needed - 1} is too few, the model's 60 rows need {needed}"
    ):
        assembly.model(Settings(**known, history_bars=needed - 1))  # type: ignore[arg-type]
    assert assembly.model(Settings(model="bundled", history_bars=needed - 1)).steps == 1
