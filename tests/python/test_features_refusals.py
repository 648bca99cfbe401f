"""What features refuses, and what it computes alike however it is asked."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from mt5_sentinel import Bars, FeatureStream, catalogue, features, features_many
from mt5_sentinel.errors import Unusable
from tests.python.test_features_api import bars, same


def test_bars_that_no_market_has_are_refused_and_not_computed_wrong() -> None:
    def columns(**changes: float) -> list[Any]:
        row = {"open": 1.1, "high": 1.2, "low": 1.0, "close": 1.1, "volume": 5.0}
        table = {name: np.full(3, value) for name, value in row.items()}
        for name, value in changes.items():
            table[name][1] = value
        return [3_600 * np.arange(3), *table.values()]

    assert len(Bars.from_columns(*columns())) == 3
    for field, value, problem in [
        ("close", 1.2001, "1.2001 lies outside low 1 to high 1.2"),
        ("open", 0.9999, "0.9999 lies outside low 1 to high 1.2"),
        ("low", 1e-101, "is no price"),
        ("high", 1e101, "is no price"),
        ("volume", 1e101, "is no volume"),
        ("volume", 1e-101, "is no volume"),
    ]:
        with pytest.raises(Unusable, match=rf"row 1, field `{field}`.*{problem}"):
            Bars.from_columns(*columns(**{field: value}))
        stream = FeatureStream()
        stream.update(0, 1.1, 1.2, 1.0, 1.1, 5.0)
        given = {"open": 1.1, "high": 1.2, "low": 1.0, "close": 1.1, "volume": 5.0, field: value}
        with pytest.raises(Unusable, match=problem):
            stream.update(3_600, *given.values())
        assert stream.bars_seen == 1


def test_times_are_never_rounded_wrapped_or_read_from_text() -> None:
    prices: list[Any] = [np.full(3, 1.1)] * 4 + [np.zeros(3)]
    for times in (
        np.array([0.9, 1.9, 2.9], object),
        np.array(["0", "1", "2"], object),
        np.array([1.6e9, 1.6e9 + 3600, 1.6e9 + 7200], np.float32),
        np.array([2**64 - 30, 2**64 - 20, 2**64 - 10], np.uint64),
        np.array([0.0, 0.5, 1.0]),
    ):
        with pytest.raises(Unusable, match="timestamp"):
            Bars.from_columns(times, *prices)
    with pytest.raises(Unusable, match="close"):
        Bars.from_columns(np.arange(3), *[*prices[:3], np.array([1.1, "1.1", 1.1], object), prices[4]])
    assert Bars.from_columns(np.arange(3, dtype=np.uint64), *prices).timestamp.tolist() == [0, 1, 2]


def test_some_of_the_22_in_any_order_are_the_same_columns() -> None:
    whole, names = features(bars()), [spec.name for spec in catalogue()]
    chosen = [*reversed(names[1:]), "roc_5", names[0]]
    table = features(bars(), columns=chosen)
    for place, name in enumerate(chosen):
        if name in names:
            assert same(table[:, place], whole[:, names.index(name)])
    out = np.asfortranarray(np.zeros_like(table))[:, ::-1]
    assert same(features(bars(), columns=chosen, out=out), table)


def test_many_threads_for_few_symbols_are_not_started() -> None:
    given = [bars(1, 300), bars(2, 300)]
    before = threading.active_count()
    tables = features_many(given, threads=1_000_000)
    assert threading.active_count() == before
    for table, one in zip(tables, given, strict=True):
        assert same(table, features(one))
    assert same(features(given[0], threads=2**40), tables[0])
