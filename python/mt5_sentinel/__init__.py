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
    features,
    features_many,
    fingerprint,
    latest,
    needed_bars,
)

__all__ = [
    "Bars",
    "FeatureSpec",
    "FeatureStream",
    "Model",
    "__version__",
    "catalogue",
    "features",
    "features_many",
    "fingerprint",
    "latest",
    "needed_bars",
]
