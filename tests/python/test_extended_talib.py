"""Extended columns against TA-Lib on the bundled bars: another author's code, from the first value on where it agrees.

TA-Lib adds and subtracts running sums, so it carries rounding; the allowance is for that, and each is told. Where it
starts a recursion elsewhere, the comparison begins when both starts are forgotten.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import talib
from numpy.typing import NDArray

from mt5_sentinel import Bars, catalogue, features
from mt5_sentinel.bundled import BARS

Array = NDArray[np.float64]

ROWS = np.loadtxt(BARS, delimiter=",", skiprows=1)
OPEN, HIGH, LOW, CLOSE, VOLUME = (np.ascontiguousarray(ROWS[:, column]) for column in range(1, 6))
SPECS = {spec.name: spec for spec in catalogue("extended")}


def band_share() -> Array:
    upper, _, lower = talib.BBANDS(CLOSE, 20, 2.0, 2.0)
    share: Array = (CLOSE - lower) / (upper - lower)
    return share


def correlation_with_time() -> Array:
    correlation: Array = talib.CORREL(np.arange(len(CLOSE), dtype=np.float64), CLOSE, 20)
    return correlation


# Column: what TA-Lib makes of it, allowance relative to the largest magnitude, bars to leave out before comparing
# (None: the column's own first finite bar).
CASES: dict[str, tuple[Callable[[], Array], float, int | None]] = {
    "true_range": (lambda: talib.TRANGE(HIGH, LOW, CLOSE), 1e-13, None),
    "atr_14": (lambda: talib.ATR(HIGH, LOW, CLOSE, 14), 1e-13, None),
    "natr_14": (lambda: talib.NATR(HIGH, LOW, CLOSE, 14), 1e-13, None),
    "roc_10": (lambda: talib.ROC(CLOSE, 10), 1e-12, None),
    "bollinger_upper_20": (lambda: talib.BBANDS(CLOSE, 20, 2.0, 2.0)[0], 1e-9, None),
    "bollinger_lower_20": (lambda: talib.BBANDS(CLOSE, 20, 2.0, 2.0)[2], 1e-9, None),
    "donchian_upper_20": (lambda: talib.DONCHIAN(HIGH, LOW, 20)[0], 0.0, None),
    "donchian_lower_20": (lambda: talib.DONCHIAN(HIGH, LOW, 20)[2], 0.0, None),
    "stoch_k_14": (lambda: talib.STOCHF(HIGH, LOW, CLOSE, 14, 1)[0], 1e-12, 17),
    "stoch_k_14_3": (lambda: talib.STOCH(HIGH, LOW, CLOSE, 14, slowk_period=3, slowd_period=3)[0], 1e-12, 17),
    "stoch_d_14_3": (lambda: talib.STOCH(HIGH, LOW, CLOSE, 14, slowk_period=3, slowd_period=3)[1], 1e-12, None),
    "williams_r_14": (lambda: talib.WILLR(HIGH, LOW, CLOSE, 14), 1e-12, None),
    "rsi_wilder_14": (lambda: talib.RSI(CLOSE, 14), 1e-12, None),
    "cci_20": (lambda: talib.CCI(HIGH, LOW, CLOSE, 20), 1e-9, None),
    "wma_20": (lambda: talib.WMA(CLOSE, 20), 1e-10, None),
    "dema_20": (lambda: talib.DEMA(CLOSE, 20), 1e-12, None),
    "tema_20": (lambda: talib.TEMA(CLOSE, 20), 1e-12, None),
    "trix_15": (lambda: talib.TRIX(CLOSE, 15), 1e-11, None),
    # TA-Lib seeds both averages by plain means at bar 25.
    "ppo_12_26": (lambda: talib.PPO(CLOSE, 12, 26), 1e-9, 331),
    "aroon_up_25": (lambda: talib.AROON(HIGH, LOW, 25)[1], 1e-13, None),
    "aroon_down_25": (lambda: talib.AROON(HIGH, LOW, 25)[0], 1e-13, None),
    "aroon_oscillator_25": (lambda: talib.AROONOSC(HIGH, LOW, 25), 1e-13, None),
    "plus_di_14": (lambda: talib.PLUS_DI(HIGH, LOW, CLOSE, 14), 1e-12, None),
    "minus_di_14": (lambda: talib.MINUS_DI(HIGH, LOW, CLOSE, 14), 1e-12, None),
    "dx_14": (lambda: talib.DX(HIGH, LOW, CLOSE, 14), 1e-10, None),
    "adx_14": (lambda: talib.ADX(HIGH, LOW, CLOSE, 14), 1e-10, None),
    "obv": (lambda: talib.OBV(CLOSE, VOLUME), 1e-12, None),
    "ad_line": (lambda: talib.AD(HIGH, LOW, CLOSE, VOLUME), 1e-12, None),
    "chaikin_oscillator_3_10": (lambda: talib.ADOSC(HIGH, LOW, CLOSE, VOLUME, 3, 10), 1e-10, 9),
    "kama_10": (lambda: talib.KAMA(CLOSE, 10), 1e-9, None),
    "linreg_20": (lambda: talib.LINEARREG(CLOSE, 20), 1e-10, None),
    "linreg_slope_20": (lambda: talib.LINEARREG_SLOPE(CLOSE, 20), 1e-8, None),
    "ultimate_oscillator_7_14_28": (lambda: talib.ULTOSC(HIGH, LOW, CLOSE, 7, 14, 28), 1e-9, None),
    "balance_of_power": (lambda: talib.BOP(OPEN, HIGH, LOW, CLOSE), 1e-13, None),
    "linreg_r2_20": (lambda: correlation_with_time() ** 2, 1e-6, None),
    "zscore_20": (lambda: (CLOSE - talib.SMA(CLOSE, 20)) / (talib.STDDEV(CLOSE, 20) * np.sqrt(20 / 19)), 1e-6, None),
    "volume_zscore_20": (
        lambda: (VOLUME - talib.SMA(VOLUME, 20)) / (talib.STDDEV(VOLUME, 20) * np.sqrt(20 / 19)),
        1e-6,
        None,
    ),
    "awesome_oscillator_5_34": (lambda: talib.AO(HIGH, LOW, 5, 34), 1e-11, None),
    "cmo_14": (lambda: talib.CMOU(CLOSE, 14), 1e-12, None),
    "efficiency_ratio_10": (lambda: talib.ER(CLOSE, 10), 1e-12, None),
    "vortex_plus_14": (lambda: talib.VORTEX(HIGH, LOW, CLOSE, 14)[0], 1e-12, None),
    "vortex_minus_14": (lambda: talib.VORTEX(HIGH, LOW, CLOSE, 14)[1], 1e-12, None),
    "cmf_20": (lambda: talib.CMF(HIGH, LOW, CLOSE, VOLUME, 20), 1e-12, None),
    "force_index_13": (lambda: talib.EFI(CLOSE, VOLUME, 13), 1e-12, None),
    # TA-Lib's own KC stands on the typical price, the column on the close; TA-Lib seeds its averages otherwise too.
    "keltner_upper_20": (lambda: talib.EMA(CLOSE, 20) + 2 * talib.ATR(HIGH, LOW, CLOSE, 10), 1e-9, 219),
    "keltner_lower_20": (lambda: talib.EMA(CLOSE, 20) - 2 * talib.ATR(HIGH, LOW, CLOSE, 10), 1e-9, 219),
    "bollinger_percent_b_20": (band_share, 1e-7, None),
    "ema_distance_50": (lambda: CLOSE / talib.EMA(CLOSE, 50) - 1, 1e-9, 520),
    "ema_distance_200": (lambda: CLOSE / talib.EMA(CLOSE, 200) - 1, 1e-9, 2_074),
}


@pytest.fixture(scope="module")
def table() -> dict[str, Array]:
    bars = Bars.from_columns(ROWS[:, 0].astype(np.int64), OPEN, HIGH, LOW, CLOSE, VOLUME)
    names = [*CASES, "mfi_14"]
    matrix = features(bars, columns=names)
    return {name: matrix[:, column] for column, name in enumerate(names)}


@pytest.mark.parametrize("name", CASES)
def test_column_agrees_with_talib(name: str, table: dict[str, Array]) -> None:
    formula, allowed, start = CASES[name]
    theirs, ours = formula(), table[name]
    start = SPECS[name].first_finite if start is None else start
    assert np.isfinite(ours[start:]).all()
    assert np.isfinite(theirs[start:]).all(), "TA-Lib is not finite where the column is"
    if CASES[name][2] is None:
        assert not np.isfinite(theirs[:start]).any(), "TA-Lib begins earlier than the column"
    worst = np.abs(theirs[start:] - ours[start:]).max() / np.abs(ours[start:]).max()
    assert worst <= allowed, f"{name}: {worst:.3e}"


def test_money_flow_agrees_where_no_typical_price_repeats(table: dict[str, Array]) -> None:
    """Prices equal in decimals differ in the last bit of their sum or not: which way such a bar counts is rounding."""
    theirs, ours = talib.MFI(HIGH, LOW, CLOSE, VOLUME, 14), table["mfi_14"]
    repeats = np.abs(np.diff(HIGH + LOW + CLOSE, prepend=0.0)) < 1e-9
    clear = np.convolve(repeats, np.ones(14))[: len(repeats)] == 0
    clear[:14] = False
    assert clear.sum() > 0.9 * len(clear)
    assert np.abs(theirs[clear] - ours[clear]).max() <= 1e-9
    assert np.isfinite(ours[14:]).all()
    assert not np.isfinite(ours[:14]).any()


def test_talib_is_asked_about_many_columns() -> None:
    assert len(CASES) >= 45
    assert set(CASES) <= set(SPECS)
