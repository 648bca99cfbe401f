"""An LSTM over sequences: our door to ONNX models against ONNX Runtime called directly."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import mt5_sentinel as sentinel
from mt5_sentinel.errors import Misconfigured
from race import report, rows_apart, scorer_report, sequence_model
from race.clock import Times
from race.outcome import said
from scorer_peers.contract import Steps

DIFFERENT, ALLOWED = 64, 1e-5
OURS, BARE = "mt5-sentinel, score", "ONNX Runtime, bare"


class Recurrent(NamedTuple):
    """Lines of the report, and what was wrong."""

    lines: list[str]
    wrong: list[str]


def measure(cache: Path, budget_s: float) -> Recurrent:
    """Race both over the same sequences, one a call; says why not where one of them cannot."""
    title = f"### LSTM {sequence_model.HIDDEN}×2 over ({sequence_model.STEPS}, {sequence_model.WIDTH})"
    path = cache / "lstm.onnx"
    try:
        from scorer_peers.by_onnxruntime import session  # noqa: PLC0415 # absent where onnxruntime is

        sequence_model.write(path)
        bare = session(path)
        ours: Any = sentinel.Model.load(path)
    except (ImportError, Misconfigured) as error:
        return Recurrent([title, "", f"Not raced: {said(error, cache)}.", ""], [])
    contestants = _contestants(ours, bare)
    answers = [np.array([s.answer(s.take(row)) for row in s.rows]) for _, s in contestants]
    off = float(np.abs(answers[0] - answers[1]).max())
    if not off <= ALLOWED:
        return Recurrent([], [f"{title.removeprefix('### ')}: off by {off:.1e}"])
    taken: list[Times] = rows_apart.measure(contestants, budget_s)
    best = report.best(taken, OURS)
    assert best is not None
    table = scorer_report.rows_apart(taken, best)
    return Recurrent([title, "", f"One sequence a call, CPU time; largest difference {off:.1e}.", "", *table, ""], [])


def _contestants(ours: Any, bare: Any) -> list[rows_apart.Contestant]:
    single = [sequence.astype(np.float32)[None] for sequence in sequence_model.sequences(DIFFERENT)]
    double = [sequence.astype(np.float64) for sequence in single]
    return [
        (OURS, Steps(ours.score, double, np.ravel)),
        (BARE, Steps(partial(_run, bare), single, np.ravel)),
    ]


def _run(bare: Any, sequence: Any) -> Any:
    return bare.run(["probabilities"], {"sequence": sequence})[0]
