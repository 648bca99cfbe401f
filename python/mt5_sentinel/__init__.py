"""Machine-learning trading on MetaTrader 5 from Linux.

>>> from mt5_sentinel import Bars, features, catalogue, Model
"""

from mt5_sentinel._core import Bars, FeatureSpec, Model, __version__, catalogue
from mt5_sentinel.tables import bars_from_table, features, latest

__all__ = ["Bars", "FeatureSpec", "Model", "__version__", "bars_from_table", "catalogue", "features", "latest"]
