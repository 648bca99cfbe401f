"""The bound: the same output filled with one number, nothing read and nothing computed."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from peers.contract import Columns, Memory, Peer, Run


def _fill(_: Columns, memory: Memory) -> Run:
    return Run(lambda: memory.rows.fill(1.0), np.array)


def _fill_columns(_: Columns, memory: Memory) -> Run:
    return Run(lambda: memory.columns.fill(1.0), np.array)


def _memset(_: Columns, memory: Memory) -> Run:
    function: Any = ctypes.CDLL(None).memset
    function.argtypes, function.restype = (ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t), ctypes.c_void_p
    address, size = memory.rows.ctypes.data, memory.rows.nbytes
    return Run(lambda: function(address, 0, size), np.array)


PEERS = [
    Peer("fill, rows (ndarray.fill)", np.__version__, _fill),
    Peer("fill, columns (ndarray.fill)", np.__version__, _fill_columns),
    Peer("memset of the C library", "", _memset),
]
