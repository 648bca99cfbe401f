"""How far a scorer is from LightGBM, and whether that is so far that a race against it says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import lightgbm as lgb
import numpy as np

from race.forests import Forest
from scorer_peers.contract import Peer, Rows, Scorer

STRAY = 1e-5
"""Farther than this is another leaf somewhere, not rounding."""
WRONG_SHARE = 0.1
"""Single precision sends rows that lie beside a threshold to the other side; this many would be an error."""
LAST_BITS = 2
FEW, SOME = 64, 1_024
"""Rows on which a call for one row, and one for many, is checked."""


class Truth(NamedTuple):
    """What LightGBM's Python interface says of ``rows``, both (n, 3)."""

    rows: Rows
    raw: Rows
    probability: Rows


class Told(NamedTuple):
    """A scorer beside LightGBM; ``largest`` None where it gives no raw score of this model."""

    name: str
    equal: bool
    largest: float | None
    strays: int


def truth(forest: Forest, rows: Rows) -> Truth:
    """Load LightGBM's model and ask it."""
    booster = lgb.Booster(model_file=str(forest.text))
    raw, scores = (np.asarray(booster.predict(rows, raw_score=r, num_threads=1)) for r in (True, False))
    return Truth(rows, raw, scores)


def judge(peer: Peer, scorers: Sequence[Scorer], known: Truth) -> tuple[list[Told], list[str]]:
    """Compare raw scores of all rows and the answers of what is timed; the second list is what is wrong."""
    told: list[Told] = []
    wrong: list[str] = []
    for scorer in scorers:
        raw = None if scorer.raw is None else np.asarray(scorer.raw(known.rows))
        told.append(_raw(scorer.name, raw, known.raw))
        if raw is not None and peer.exact and not told[-1].equal:
            wrong.append(f"{scorer.name}: raw scores differ from LightGBM's, by {told[-1].largest:.1e} at most")
        answers = [("raw", raw, known.raw)] if raw is not None else []
        if scorer.batch is not None:
            run = scorer.batch(known.rows[:SOME])
            answers.append(("many rows", np.asarray(run.matrix(run.call())), known.probability[:SOME]))
        if scorer.step is not None:
            step = scorer.step(known.rows[:FEW])
            rows = np.array([step.answer(step.take(row)) for row in step.rows])
            answers.append(("one row", rows, known.probability[:FEW]))
        mistakes = (_mistake(peer, what, answer, right) for what, answer, right in answers)
        wrong += [f"{scorer.name}: {mistake}" for mistake in mistakes if mistake]
    return told, wrong


def _raw(name: str, raw: Any, right: Rows) -> Told:
    if raw is None or raw.shape != right.shape:
        return Told(name, False, None, 0)
    off = np.abs(raw - right).max(axis=1)
    return Told(name, np.array_equal(raw, right), float(off.max()), int(np.sum(~(off <= STRAY))))


def _mistake(peer: Peer, what: str, answer: Any, right: Rows) -> str:
    """What is wrong with scores; empty when nothing is."""
    if answer.shape != right.shape or not np.isfinite(answer).all():
        return f"{what}: the scores are not {right.shape} finite numbers"
    if peer.own_model:
        return "" if np.allclose(answer.sum(axis=1), 1.0, atol=STRAY) else f"{what}: the rows do not sum to 1"
    off = np.abs(answer - right)
    if peer.exact and not (off <= LAST_BITS * np.spacing(np.abs(right))).all():
        return f"{what}: off by {off.max():.1e}"
    share = float(np.mean(off.max(axis=1) > STRAY))
    return f"{what}: {share:.1%} of the rows are off by more than {STRAY}" if share > WRONG_SHARE else ""
