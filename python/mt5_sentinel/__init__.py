"""Machine-learning trading on MetaTrader 5 from Linux.

>>> from mt5_sentinel import Bars, FeatureStream, Model, catalogue, features
"""

from mt5_sentinel._core import (
    Bars,
    FeatureSpec,
    FeatureStream,
    Model,
    __version__,
    catalogue,
    fingerprint,
    needed_bars,
)
from mt5_sentinel.tables import bars_from_table, features, features_many, latest

__all__ = [
    "Bars",
    "FeatureSpec",
    "FeatureStream",
    "Model",
    "__version__",
    "bars_from_table",
    "catalogue",
    "features",
    "features_many",
    "fingerprint",
    "latest",
    "needed_bars",
]
