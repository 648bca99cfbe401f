"""The stream from Python: the matrix's bits bar by bar, copies, bytes, and refusals that change nothing."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mt5_sentinel import FeatureStream, catalogue, features
from mt5_sentinel.errors import Misconfigured, Unusable
from tests.python.test_features_api import N, bars, same, walk

ROWS = bars().rows()
SELECTIONS: list[Any] = [None, "all", "extended", ["roc_20", "macd", "hour"]]


def after(count: int, columns: Any = None) -> FeatureStream:
    stream = FeatureStream(columns)
    for row in ROWS[:count]:
        stream.update(*row)
    return stream


def rest(stream: FeatureStream, start: int) -> NDArray[np.float64]:
    return np.array([stream.update(*row) for row in ROWS[start:]])


@pytest.mark.parametrize("columns", SELECTIONS)
def test_the_stream_is_the_matrix_bar_by_bar(columns: Any) -> None:
    matrix = features(bars(), columns=columns)
    assert same(rest(FeatureStream(columns), 0), matrix)
    stream, out = FeatureStream(columns), np.full(matrix.shape[1], 7.0)
    for row, expected in zip(ROWS, matrix, strict=True):
        assert stream.update_into(out, *row) is None  # type: ignore[func-returns-value]
        assert same(out, expected)
    assert stream.bars_seen == N
    assert stream.last_timestamp == ROWS[-1][0]


def test_each_row_is_an_array_of_its_own() -> None:
    stream = FeatureStream()
    first = stream.update(*ROWS[0])
    kept = first.copy()
    second = stream.update(*ROWS[1])
    assert same(first, kept)
    assert second.shape == (22,)
    assert second.dtype == np.float64
    assert not np.shares_memory(first, second)


def test_columns_and_progress_are_told() -> None:
    stream = FeatureStream(["roc_5", "hour"])
    assert stream.columns == ["roc_5", "hour"]
    assert (stream.bars_seen, stream.last_timestamp) == (0, None)
    assert FeatureStream().columns == [spec.name for spec in catalogue()]
    assert repr(after(3)) == "FeatureStream(22 columns, 3 bars seen)"
    with pytest.raises(Misconfigured, match="nearest are rsi_14"):
        FeatureStream(["rsi14"])


@pytest.mark.parametrize("columns", SELECTIONS)
@pytest.mark.parametrize("way", ["copy", "copy.copy", "copy.deepcopy", "pickle", "bytes"])
def test_a_copy_continues_on_its_own(columns: Any, way: str) -> None:
    stream = after(150, columns)
    make: dict[str, Any] = {
        "copy": stream.copy,
        "copy.copy": lambda: copy.copy(stream),
        "copy.deepcopy": lambda: copy.deepcopy(stream),
        "pickle": lambda: pickle.loads(pickle.dumps(stream)),  # noqa: S301 - its own bytes
        "bytes": lambda: FeatureStream.from_bytes(stream.to_bytes()),
    }
    other = make[way]()
    # The first is led astray; the other must not notice.
    stream.update(ROWS[150][0], 9.0, 9.0, 9.0, 9.0, 9.0)
    assert (other.columns, other.bars_seen, other.last_timestamp) == (stream.columns, 150, ROWS[149][0])
    assert same(rest(other, 150), features(bars(), columns=columns)[150:])


def test_bytes_that_are_no_stream_are_refused() -> None:
    data = after(100).to_bytes()
    for wrong in (b"", b"PK", data[:-1], data[:50], data + b"!", data[:99] + bytes([data[99] ^ 1]) + data[100:]):
        with pytest.raises(Unusable, match="stored stream") as refused:
            FeatureStream.from_bytes(wrong)
        assert refused.value.reason == "bad_state"


NEXT = ROWS[100]
IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"open": float("nan")}, "field `open`"),
    ({"close": float("inf")}, "field `close`"),
    ({"low": 0.0}, "field `low`"),
    ({"high": -1.0}, "field `high`"),
    ({"high": 0.5}, "field `high`"),
    ({"volume": -1.0}, "field `volume`"),
    ({"volume": float("nan")}, "field `volume`"),
    ({"timestamp": ROWS[99][0]}, "field `timestamp`.*does not come after"),
    ({"timestamp": ROWS[5][0]}, "field `timestamp`.*does not come after"),
    ({"timestamp": float(NEXT[0])}, "field `timestamp`.*float.*whole number of unix seconds"),
    ({"timestamp": NEXT[0] * 1_000}, "field `timestamp`.*seconds"),
    ({"timestamp": 10**30}, "field `timestamp`.*unix seconds"),
    ({"timestamp": "2021-01-04"}, "field `timestamp`.*str"),
    ({"timestamp": None}, "field `timestamp`.*NoneType"),
]


@pytest.mark.parametrize(("wrong", "told"), IMPOSSIBLE)
def test_an_impossible_bar_is_refused_by_field_and_changes_nothing(wrong: dict[str, Any], told: str) -> None:
    stream, out = after(100), np.full(22, 7.0)
    names = ("timestamp", "open", "high", "low", "close", "volume")
    bar = dict(zip(names, NEXT, strict=True)) | wrong
    with pytest.raises(Unusable, match=told):
        stream.update(**bar)
    with pytest.raises(Unusable, match=told):
        stream.update_into(out, **bar)
    assert (out == 7.0).all()
    assert stream.to_bytes() == after(100).to_bytes()


def test_an_out_that_does_not_fit_is_refused() -> None:
    frozen = np.empty(22)
    frozen.flags.writeable = False
    wrong: list[Any] = [
        np.empty(21),
        np.empty(23),
        np.empty((1, 22)),
        np.empty(44)[::2],
        np.empty(22)[::-1],
        np.empty(22, np.float32),
        np.empty(22, ">f8"),
        np.frombuffer(bytearray(22 * 8 + 1), np.uint8)[1:].view(np.float64),
        frozen,
        [0.0] * 22,
        None,
    ]
    stream = after(100)
    for out in wrong:
        with pytest.raises(Unusable, match="`out`"):
            stream.update_into(out, *NEXT)
    assert stream.bars_seen == 100


def test_numpy_numbers_are_numbers() -> None:
    columns = walk(1)
    bar = [columns[name][100] for name in ("timestamp", "open", "high", "low", "close", "volume")]
    assert type(bar[0]) is np.int64
    assert same(after(100).update(*bar), features(bars())[100])


def test_threads_with_streams_of_their_own_do_not_disturb_each_other() -> None:
    found: dict[int, NDArray[np.float64]] = {}

    def run(number: int) -> None:
        found[number] = rest(FeatureStream(), 0)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(same(found[number], features(bars())) for number in range(4))
