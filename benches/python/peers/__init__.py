"""The ways to compute the 22 columns that are raced against each other; one file each."""

from __future__ import annotations

from peers.contract import Peer
from race import contestants

MODULES = ("by_sentinel", "by_numba", "by_talib", "by_tulipy", "by_kand", "by_polars", "by_pandas", "fill")


def load(modules: tuple[str, ...] = MODULES) -> tuple[list[Peer], dict[str, str]]:
    """The peers that can be imported, and why the others cannot."""
    return contestants.load("peers", modules)
