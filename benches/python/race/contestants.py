"""The files of a folder of peers, those of them that can be imported here."""

from __future__ import annotations

import importlib
from typing import Any


def load(folder: str, modules: tuple[str, ...]) -> tuple[list[Any], dict[str, str]]:
    """The peers of ``folder`` that can be imported, in order, and why the others cannot."""
    found: list[Any] = []
    absent: dict[str, str] = {}
    for module in modules:
        loaded = _import(f"{folder}.{module}")
        if isinstance(loaded, ImportError):
            absent[module.removeprefix("by_")] = str(loaded)
        else:
            found += loaded
    return found, absent


def _import(module: str) -> list[Any] | ImportError:
    try:
        return list(importlib.import_module(module).PEERS)
    except ImportError as error:
        return error
