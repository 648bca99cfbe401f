"""mt5-sentinel itself."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

import mt5_sentinel as sentinel
from peers.contract import WIDTH, Columns, Following, Matrix, Memory, Peer, Run, Window

VERSION = sentinel.__version__


def _run(columns: Columns, out: Matrix) -> Run:
    bars = sentinel.Bars.from_columns(*columns)
    return Run(lambda: sentinel.features(bars, out), np.array)


def _from_arrays(columns: Columns, memory: Memory) -> Run:
    return Run(lambda: sentinel.features(sentinel.Bars.from_columns(*columns), memory.columns), np.array)


def _followed(history: Columns) -> Any:
    """A stream that has seen the history."""
    stream = vars(sentinel)["FeatureStream"]()
    for bar in history.rows():
        stream.update(*bar)
    return stream


def _update_into(history: Columns) -> Following:
    row = np.zeros(WIDTH)
    return Following(partial(_followed(history).update_into, row), row)


def _latest(history: Columns) -> Following:
    window = Window(history)
    return Following(lambda *bar: sentinel.latest(sentinel.Bars.from_columns(*window.push(*bar))))


FOLLOWERS: list[tuple[str, Any]] = [("mt5-sentinel, latest() of the window", _latest)]
if hasattr(sentinel, "FeatureStream"):
    FOLLOWERS = [
        ("mt5-sentinel, FeatureStream.update", lambda history: Following(_followed(history).update)),
        ("mt5-sentinel, FeatureStream.update_into", _update_into),
        *FOLLOWERS,
    ]

PEERS = [
    Peer("mt5-sentinel, rows", VERSION, lambda bars, memory: _run(bars, memory.rows), FOLLOWERS),
    Peer("mt5-sentinel, columns", VERSION, lambda bars, memory: _run(bars, memory.columns)),
    Peer("mt5-sentinel, columns, from arrays", VERSION, _from_arrays),
]
