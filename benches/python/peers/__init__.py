"""The ways to compute the 22 columns that are raced against each other; one file each."""

from __future__ import annotations

import importlib

from peers.contract import Peer

MODULES = ("by_sentinel", "by_numba", "by_talib", "by_tulipy", "by_kand", "by_polars", "by_pandas", "fill")


def load(modules: tuple[str, ...] = MODULES) -> tuple[list[Peer], dict[str, str]]:
    """The peers that can be imported, and why the others cannot."""
    found: list[Peer] = []
    absent: dict[str, str] = {}
    for module in modules:
        loaded = _import(module)
        if isinstance(loaded, ImportError):
            absent[module.removeprefix("by_")] = str(loaded)
        else:
            found += loaded
    return found, absent


def _import(module: str) -> list[Peer] | ImportError:
    try:
        return list(importlib.import_module(f"peers.{module}").PEERS)
    except ImportError as error:
        return error
