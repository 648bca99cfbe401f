"""Matrices from Python: shapes, orders, columns, outputs, and everything that is refused."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mt5_sentinel import Bars, catalogue, features, features_many, fingerprint, latest, needed_bars
from mt5_sentinel.errors import Misconfigured, Unusable

N = 400
HOUR_S = 3_600
START_S = 1_609_718_400


def walk(seed: int, n: int = N) -> dict[str, NDArray[Any]]:
    """Columns of an hourly random walk."""
    random = np.random.default_rng(seed)
    close = np.round(1.2 + np.cumsum(random.normal(0, 1e-4, n)), 5)
    open_ = np.concatenate([[1.2], close[:-1]])[:n]
    return {
        "timestamp": START_S + HOUR_S * np.arange(n),
        "open": open_,
        "high": np.maximum(open_, close) + 1e-4,
        "low": np.minimum(open_, close) - 1e-4,
        "close": close,
        "volume": np.floor(random.uniform(0, 5_000, n)),
    }


def bars(seed: int = 1, n: int = N) -> Bars:
    return Bars.from_columns(**walk(seed, n))


def same(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Equal by bits, NaN included."""
    return a.shape == b.shape and np.array_equal(np.ascontiguousarray(a).view("u8"), np.ascontiguousarray(b).view("u8"))


def test_rows_and_columns_are_the_same_matrix_in_two_orders() -> None:
    rows, columns = features(bars()), features(bars(), layout="columns")
    assert rows.shape == (N, 22)
    assert rows.dtype == np.float64
    assert rows.flags.c_contiguous
    assert columns.flags.f_contiguous
    assert same(rows, columns)


def test_columns_are_chosen_in_the_callers_order() -> None:
    names = [spec.name for spec in catalogue("all")]
    whole = features(bars(), columns="all")
    assert whole.shape == (N, len(names))
    assert same(whole[:, :22], features(bars()))
    chosen = ["roc_20", "macd_hist", "hour", "roc_5"]
    expected = whole[:, [names.index(name) for name in chosen]]
    assert same(features(bars(), columns=chosen), expected)
    assert same(features(bars(), columns=tuple(chosen), layout="columns"), expected)
    assert same(features(bars(), columns=[spec.name for spec in catalogue()]), features(bars()))
    assert same(features(bars(), columns="extended"), whole[:, 22:])


def test_the_older_layout_has_a_constant_as_its_last_column() -> None:
    legacy = features(bars(), layout="legacy23")
    assert legacy.shape == (N, 23)
    assert legacy.flags.c_contiguous
    assert same(legacy[:, :22], features(bars()))
    assert same(legacy[:, 22], np.zeros(N))
    out = np.full((N, 23), 7.0)
    assert features(bars(), out, layout="legacy23") is out
    assert same(out, legacy)
    with pytest.raises(Misconfigured, match="legacy23"):
        features(bars(), layout="legacy23", columns=["hour"])
    with pytest.raises(Unusable, match=r"\(400, 22\).*\(400, 23\)"):
        features(bars(), np.empty((N, 22)), layout="legacy23")


@pytest.mark.parametrize("columns", [None, "all", ["roc_5", "rsi_14"]])
def test_out_is_filled_and_returned_whatever_its_strides(columns: Any) -> None:
    expected = features(bars(), columns=columns)
    k = expected.shape[1]
    wide = np.full((2 * N, k + 3), 7.0)
    outs = [
        np.full((N, k), 7.0),
        np.full((N, k), 7.0, order="F"),
        np.full((k, N), 7.0).T,
        wide[::2, 1:-2],
        wide[::-2, 2:-1][:, ::-1],
    ]
    for out in outs:
        wide[:] = 7.0
        assert features(bars(), out, columns=columns) is out
        assert same(out, expected)
    assert (wide[::2] == 7.0).all(), "wrote beside the rows it was given"
    twice = outs[0]
    features(bars(2), out=twice, columns=columns)
    assert same(features(bars(), out=twice, columns=columns), expected)


def test_an_out_that_does_not_fit_is_refused_with_both_shapes() -> None:
    frozen = np.empty((N, 22))
    frozen.flags.writeable = False
    record = np.zeros((N, 22), dtype=[("a", "i4"), ("b", "f8")])["b"]
    overlapping = np.lib.stride_tricks.as_strided(np.empty(N + 22), (N, 22), (8, 8))
    wrong: list[tuple[Any, str]] = [
        (np.empty((N, 21)), r"float64 \(400, 21\); .* float64 \(400, 22\)"),
        (np.empty((22, N)), r"\(22, 400\)"),
        (np.empty(N * 22), r"\(8800,\)"),
        (np.empty((N, 22), np.float32), "float32"),
        (np.empty((N, 22), ">f8"), ">f8"),
        ([[0.0] * 22] * N, "list"),
        (frozen, "not writeable"),
        (record, "unaligned"),
        (overlapping, "overlap"),
        (np.broadcast_to(np.empty(22), (N, 22)), "overlap"),
    ]
    for out, told in wrong:
        with pytest.raises(Unusable, match=told):
            features(bars(), out)


def test_settings_that_mean_nothing_are_refused_by_name() -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"columns": ["rsi14"]}, r"no column is called \"rsi14\"; the nearest are rsi_14"),
        ({"columns": ["hour", "hour"]}, "`hour` is given twice"),
        ({"columns": []}, "no column"),
        ({"columns": "hour"}, "a list of one name"),
        ({"columns": 5}, "`columns`"),
        ({"columns": [1]}, "`columns`"),
        ({"layout": "wide"}, r"`layout` is 'wide'"),
        ({"layout": None}, "`layout`"),
        ({"threads": 0}, "`threads` is 0"),
        ({"threads": -1}, "`threads`"),
        ({"threads": 1.5}, "`threads`"),
    ]
    for arguments, told in wrong:
        for call in (lambda a: features(bars(), **a), lambda a: features_many([bars()], **a)):
            with pytest.raises(Misconfigured, match=told):
                call(arguments)
    with pytest.raises(Misconfigured, match="`which`"):
        catalogue("sentinel-v2")  # type: ignore[arg-type]


def test_many_symbols_are_each_as_alone() -> None:
    many = [bars(seed, n) for seed, n in [(1, 400), (2, 0), (3, 1), (4, 1_000), (1, 400)]]
    choices: list[dict[str, Any]] = [{}, {"columns": "all", "layout": "columns"}, {"layout": "legacy23"}]
    for arguments in choices:
        matrices = features_many(many, threads=2, **arguments)
        alone = [features(one, **arguments) for one in many]
        assert all(map(same, matrices, alone))
        assert [m.flags.f_contiguous for m in matrices] == [a.flags.f_contiguous for a in alone]
    assert features_many([]) == []


def test_a_forked_child_computes_too() -> None:
    """The pool of threads of a parent is not there in its child."""
    code = """
import os, sys, numpy as np
from mt5_sentinel import Bars, features_many
n = 300
one = Bars.from_columns(np.arange(n) * 60, *[np.full(n, 1.0)] * 5)
features_many([one] * 4, threads=2)
pid = os.fork()
if pid == 0:
    features_many([one] * 4, threads=2)
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], timeout=30, check=False)
    assert done.returncode == 0


def test_other_threads_run_meanwhile() -> None:
    large = bars(1, 200_000)
    out = np.empty((len(large), 22))

    def is_other_run_during_features() -> bool:
        gate, ran = threading.Event(), []

        def other() -> None:
            gate.wait()
            ran.append(True)

        thread = threading.Thread(target=other)
        thread.start()
        gate.set()
        features(large, out)
        is_run = bool(ran)
        thread.join()
        return is_run

    switch = sys.getswitchinterval()
    # The interpreter itself would let the other thread run only after this long.
    sys.setswitchinterval(1_000)
    try:
        # A busy machine may start the other thread too late, but not always.
        assert any(is_other_run_during_features() for _ in range(50))
    finally:
        sys.setswitchinterval(switch)


def test_latest_is_the_last_row_without_numpy() -> None:
    long = bars(1, needed_bars("all") or 5_100)
    for given, columns in ((bars(), None), (long, "all"), (bars(), ["roc_20", "ema_10"])):
        assert same(np.array(latest(given, columns)), features(given, columns=columns)[-1])
    assert len(latest(long, "all")) == len(catalogue("all"))
    with pytest.raises(Unusable, match="275 closed bars, 276 are needed"):
        latest(bars(1, 275))
    assert latest(bars(1, 6), ["roc_5"])
    with pytest.raises(Unusable, match="5 closed bars, 6 are needed"):
        latest(bars(1, 5), ["roc_5"])
    code = "import sys; from mt5_sentinel import latest, FeatureStream, catalogue; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_catalogue_says_what_the_columns_are() -> None:
    assert [spec.name for spec in catalogue("all")] == [s.name for s in (*catalogue(), *catalogue("extended"))]
    assert len(catalogue()) == 22
    assert fingerprint() == fingerprint([spec.name for spec in catalogue()]) == fingerprint("sentinel-v1")
    assert len({fingerprint(), fingerprint("all"), fingerprint(["hour"]), fingerprint(["hour", "macd"])}) == 4
    assert needed_bars() == 276
    assert needed_bars(["roc_20", "hour"]) == 21
    settles = [spec.settle_bars for spec in catalogue("all")]
    assert needed_bars("all") == (None if None in settles else max(bars for bars in settles if bars is not None))


@pytest.mark.parametrize("n", [0, 1, 2, 19, 20])
def test_short_histories_are_nan_exactly_as_the_catalogue_says(n: int) -> None:
    matrix = features(bars(1, n), columns="all")
    for column, spec in enumerate(catalogue("all")):
        assert np.isnan(matrix[: spec.first_finite, column]).all(), spec.name
        assert spec.nullable or np.isfinite(matrix[spec.first_finite :, column]).all(), spec.name
