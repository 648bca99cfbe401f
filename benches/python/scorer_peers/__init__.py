"""The libraries that score a forest of trees and are raced against each other; one file each."""

from __future__ import annotations

from race import contestants
from scorer_peers.contract import Peer

MODULES = (
    *("by_sentinel", "by_lightgbm_c", "by_lightgbm", "by_lleaves"),
    *("by_onnxruntime", "by_xgboost", "by_treelite", "by_tl2cgen"),
)


def load(modules: tuple[str, ...] = MODULES) -> tuple[list[Peer], dict[str, str]]:
    """The peers that can be imported, and why the others cannot."""
    return contestants.load("scorer_peers", modules)
