"""One row of the table of settings."""

from __future__ import annotations

import dataclasses
import math
from typing import Any


def setting(
    default: Any,  # noqa: ANN401 - the field's annotation says the type
    text: str,
    *,
    env: tuple[str, ...] = (),
    flag: bool = False,
    secret: bool = False,
    per_symbol: bool = False,
    low: float = -math.inf,
    high: float = math.inf,
) -> Any:  # noqa: ANN401
    """One row of the table.

    Its default, meaning with unit, older variable names, whether it has a flag, is never shown, may stand in a
    ``[[symbol]]`` table, and its bounds.
    """
    facts = {"text": text, "env": env, "flag": flag, "secret": secret, "per_symbol": per_symbol}
    metadata = facts | {"low": low, "high": high}
    return dataclasses.field(default=default, metadata=metadata, repr=not secret)
