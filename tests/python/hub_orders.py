"""What the model behind the real MLflow server of the tests does; its input says what."""

from __future__ import annotations

import math
import struct
import time
import zlib
from typing import Any

GOOD, BY_CLASS, BY_NAME, FLAT_P, BARE_NAN, ONE_ELEMENT, TWO_ROWS, OFF_SUM = range(8)
RAISES, SLOW, ALONE_P, FRAME_BY_CLASS, FRAME_NAN, NULL, REFUSES = range(10, 17)
"""Orders, given as the first value of the newest row."""

SLOW_S = 1.5


def echo(form: str, columns: list[str], rows: list[list[float]]) -> list[float]:
    """Three probabilities that hold a checksum of everything that arrived: form, names, every bit, their order."""
    text = f"{form}|{','.join(columns)}|{[len(row) for row in rows]}".encode()
    bits = b"".join(struct.pack(f"<{len(row)}d", *row) for row in rows)
    share = zlib.crc32(text + bits) / 2**32 / 2
    return [share, 0.5 - share, 0.5]


def arrived(model_input: Any) -> tuple[str, list[str], list[list[float]]]:
    """What the server made of a request: its form, its columns, all rows."""
    if not hasattr(model_input, "columns"):
        return "inputs", [], [[float(value) for value in row] for row in model_input]
    columns = list(model_input.columns)
    if columns == ["X_tabular", "X_sequential"]:
        (line,) = model_input.values.tolist()
        tabular, rows = line
        if len(tabular) != 1 or tabular[0] != rows[-1]:
            raise ValueError("X_tabular is not the newest row")
        return "legacy_pair", columns, rows
    return "columns", columns, model_input.values.tolist()


def obey(order: int, scores: list[float]) -> Any:
    """Do what the input says."""
    if order == RAISES:
        raise ValueError("the model does not like this row")
    if order == REFUSES:
        from mlflow.exceptions import MlflowException

        raise MlflowException("no such tenant")
    if order == SLOW:
        time.sleep(SLOW_S)
    sell, hold, buy = scores
    by_class = {"class_0_prob": sell, "class_1_prob": hold, "class_2_prob": buy}
    if order in (FRAME_BY_CLASS, FRAME_NAN):
        import pandas as pd

        return pd.DataFrame([by_class if order == FRAME_BY_CLASS else by_class | {"class_0_prob": math.nan}])
    answers: dict[int, Any] = {
        BY_CLASS: [by_class],
        BY_NAME: [{"sell": sell, "hold": hold, "buy": buy}],
        FLAT_P: [0.75],
        ALONE_P: [[0.75]],
        BARE_NAN: [[math.nan, 0.5, 0.5]],
        ONE_ELEMENT: [[0.97]],
        TWO_ROWS: [scores, scores],
        OFF_SUM: [[0.5, 0.5, 0.5]],
        NULL: [[None, 0.5, 0.5]],
    }
    return answers.get(order, [scores])
