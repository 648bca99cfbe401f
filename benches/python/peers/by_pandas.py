"""pandas: rolling and ewm, one column at a time."""

from __future__ import annotations

from typing import Any

import pandas as pd

from peers.contract import Columns, Following, Matrix, Memory, Peer, Run, Window


def features(bars: Any) -> Any:
    """The 22 columns of a frame indexed by UTC time."""
    close, high, low, volume = bars["close"], bars["high"], bars["low"], bars["volume"]
    returns, change, momentum = close.pct_change(), close.diff(), close.diff(5)
    gain = change.clip(lower=0.0).rolling(14).mean()
    both = change.abs().rolling(14).mean()
    macd = close.ewm(span=12, adjust=False).mean() - close.ewm(span=26, adjust=False).mean()
    signal = macd.ewm(span=9, adjust=False).mean()
    mean_volume = volume.rolling(20).mean()
    return pd.DataFrame(
        {
            "return_1": returns,
            "return_5": close.pct_change(5),
            "return_10": close.pct_change(10),
            "sma_10": close.rolling(10).mean(),
            "sma_20": close.rolling(20).mean(),
            "ema_10": close.ewm(span=10, adjust=False).mean(),
            "ema_20": close.ewm(span=20, adjust=False).mean(),
            "volatility_10": returns.rolling(10).std(),
            "volatility_20": returns.rolling(20).std(),
            "rsi_14": (100.0 * gain / both).mask(both == 0.0, 50.0),
            "macd": macd,
            "macd_signal": signal,
            "macd_hist": macd - signal,
            "high_low_ratio": high / low,
            "close_high_ratio": close / high,
            "close_low_ratio": close / low,
            "volume_sma_20": mean_volume,
            "volume_ratio_20": (volume / mean_volume).mask(mean_volume == 0.0),
            "hour": bars.index.hour,
            "day_of_week": bars.index.dayofweek,
            "momentum_5": momentum,
            "acceleration_5": momentum.diff(5),
        },
        index=bars.index,
    )


def frame(bars: Columns) -> Any:
    """The bars as a frame indexed by UTC time."""
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    return pd.DataFrame(columns, index=pd.to_datetime(bars.time, unit="s", utc=True))


def _matrix(result: Any) -> Matrix:
    return result.to_numpy(dtype="float64", copy=True)  # type: ignore[no-any-return]


def _prepare(bars: Columns, _: Memory) -> Run:
    prepared = frame(bars)
    return Run(lambda: features(prepared), _matrix)


def _follow(history: Columns) -> Following:
    window = Window(history)
    return Following(lambda *bar: features(frame(window.push(*bar))).iloc[-1])


PEERS = [Peer("pandas", pd.__version__, _prepare, [("pandas, the window again", _follow)])]
