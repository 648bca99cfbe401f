"""What one more bar costs through Python, beside a loop that does nothing with it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from peers.contract import WIDTH, Bar, Columns, Following, Peer, Step
from race.clock import Times, interleaved
from race.exact import Column, judge

WINDOW = 276
"""Bars after which every column of the contract has settled."""
CHECKED, FEW, SLOW_S = 24, 8, 20e-6
WRONG = 1e-6

EMPTY_LOOP, EMPTY_CALL = "a loop over the bars, empty", "a loop that calls an empty function"


def measure(
    peers: Sequence[Peer], bars: Columns, exact: list[Column], budget_s: float
) -> tuple[list[Times], list[str]]:
    """CPU nanoseconds a bar of every follower, and what is wrong with them."""
    history, following = bars.part(0, WINDOW), bars.part(WINDOW, len(bars.close))
    wrong: list[str] = []
    calls: list[tuple[str, Callable[[], Any]]] = [(EMPTY_LOOP, _loop(None, following))]
    calls.append((EMPTY_CALL, _loop(_nothing, following)))
    counts = [len(following.close)] * 2
    for name, follow in [follower for peer in peers for follower in peer.followers]:
        wrong += _mistakes(name, follow(history), following.rows(), bars, exact)
        is_slow = _lasts_s(follow(history).take, following.rows()) > SLOW_S
        counts.append(FEW if is_slow else len(following.close))
        calls.append((name, _loop(follow(history).take, following.part(0, counts[-1]))))
    timed = interleaved(calls, budget_s)
    return [Times(t.name, [one / n for one in t.rounds]) for t, n in zip(timed, counts, strict=True)], wrong


def _loop(step: Step | None, bars: Columns) -> Callable[[], None]:
    """A call that takes every bar once; its clock goes on from call to call, since time must not go back."""
    ticks = itertools.count(int(bars.time[0]), int(bars.time[1] - bars.time[0]))
    columns = [column.tolist() for column in bars[1:]]

    def empty() -> None:
        for _at, _opened, _high, _low, _close, _volume in zip(ticks, *columns, strict=False):
            pass

    def fed() -> None:
        assert step is not None
        for at, opened, high, low, close, volume in zip(ticks, *columns, strict=False):
            step(at, opened, high, low, close, volume)

    return fed if step else empty


def _nothing(at: int, opened: float, high: float, low: float, close: float, volume: float) -> None:
    pass


def _lasts_s(step: Step, rows: list[Bar]) -> float:
    step(*rows[0])
    started = time.perf_counter()
    step(*rows[1])
    return time.perf_counter() - started


def _mistakes(name: str, following: Following, rows: list[Bar], bars: Columns, exact: list[Column]) -> list[str]:
    """The row after a few bars, against the exact one."""
    returned = [following.take(*bar) for bar in rows[:CHECKED]][-1]
    result = returned if following.row is None else following.row
    last = WINDOW + CHECKED - 1
    matrix = np.full((last + 1, WIDTH), np.nan)
    matrix[last] = np.asarray(result, dtype=np.float64)
    verdict = judge(matrix, [column[: last + 1] for column in exact], bars.close[: last + 1], last)
    if verdict.misplaced or verdict.relative > WRONG:
        return [f"{name}: {verdict.misplaced or f'off by {verdict.relative:.1e}'}"]
    return []
