"""The data that comes with the package: real bars and a model trained on the first part of them."""

from __future__ import annotations

from pathlib import Path

BARS = Path(__file__).parent / "EURUSD_1h_2017_ask.csv.gz"
"""6,225 hourly EURUSD bars of 2017, ask side; origin and licence in NOTICE."""

MODEL = Path(__file__).parent / "model"
"""Model bundle trained by ``mt5_sentinel.research.train``."""

REPLAY_FROM_S = 1_505_088_000
"""2017-09-11 00:00 UTC, a Monday: the model saw the 4,323 bars before it, the demonstration replays the rest."""

SYMBOL, INTERVAL, INTERVAL_S = "EURUSD", "1h", 3600
