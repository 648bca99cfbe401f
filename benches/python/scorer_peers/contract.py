"""What a scorer is to the race: a name, a version, and the ways it opens a trained forest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from race.forests import Forest

Rows = NDArray[np.float64]
"""(n, 22) float64, C order."""


class Steps(NamedTuple):
    """One row at a time: ``take`` is timed on one of ``rows`` after the other, each already in the library's own form.

    ``answer`` reads the three probabilities from what ``take`` returned.
    """

    take: Callable[[Any], Any]
    rows: Sequence[Any]
    answer: Callable[[Any], Any] = np.asarray


class Run(NamedTuple):
    """A batch: ``call`` is timed, ``matrix`` reads (n, 3) probabilities from what it returned."""

    call: Callable[[], Any]
    matrix: Callable[[Any], Any] = np.asarray


class Scorer(NamedTuple):
    """A library with a forest loaded; what it cannot do is None."""

    name: str
    step: Callable[[Rows], Steps] | None
    batch: Callable[[Rows], Run] | None
    raw: Callable[[Rows], Any] | None = None
    """Sums before the softmax (n, 3); None where the library gives none."""


class Loading(NamedTuple):
    """What a fresh interpreter runs: a module to import, and an expression over ``files`` that loads the model."""

    imported: str
    expression: str
    files: Callable[[Forest], Sequence[str]]


class Peer(NamedTuple):
    """A library that scores.

    ``open`` loads the forest, untimed; a ``RuntimeError`` or ``TimeoutError`` says why it cannot. ``exact`` promises
    LightGBM's raw score to the last bit; ``own_model`` that the library scores another model, which is not compared.
    """

    name: str
    version: str
    open: Callable[[Forest], Sequence[Scorer]]
    exact: bool = False
    own_model: bool = False
    loading: Loading | None = None
