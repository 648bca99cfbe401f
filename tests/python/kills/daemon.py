"""The daemon as a process: real assembly, journal and wire; bars by formula, scores drawn, a clock that runs fast.

Arguments: its directory, the port and the public key of the gateway, the base of the clock.
"""

from __future__ import annotations

import logging
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

from mt5_sentinel.commands import assembly
from mt5_sentinel.commands.assembly import Parts
from mt5_sentinel.daemon import Daemon
from mt5_sentinel.gateway_link import ZmqLink
from mt5_sentinel.schedule import Schedule
from mt5_sentinel.scoring import Scoring
from mt5_sentinel.settings import Settings
from mt5_sentinel.types import Page
from tests.python.kills import nursery
from tests.python.kills.fast_clock import FACTOR, FastClock
from tests.python.storm.prices import Prices
from tests.python.storm.world import BEGAN_S

PRICES_SEED = 6
HOLD = [0.1, 0.8, 0.1]
SIGNALS = ([0.8, 0.1, 0.1], [0.1, 0.1, 0.8])


class FormulaMarket:
    """``ports.Market`` by formula."""

    name, origin, units_per_call, tells_time = "formula", "formula", 0, False

    def __init__(self, clock: FastClock, prices: Prices) -> None:
        self._clock = clock
        self._prices = prices

    def fetch(self, from_s: int, to_s: int, pay: Callable[[], None]) -> Page:
        pay()
        return Page(self._prices.body(from_s, min(to_s, int(self._clock.wall_s()))))


class DrawingScorer:
    """``ports.Scorer`` that draws, until it is told to be quiet."""

    steps, layout = 1, "catalogue"

    def __init__(self, quiet: Path) -> None:
        self._quiet = quiet
        self._dice = random.Random(os.getpid())  # noqa: S311 - signals, not secrets

    def score_rows(self, rows: list[list[float]]) -> list[float]:
        return HOLD if self._quiet.exists() else self._dice.choice(SIGNALS)


class HurriedLink:
    """The real wire; its patience is of the fast clock."""

    def __init__(self, link: ZmqLink) -> None:
        self._link = link

    def exchange(self, request: bytes, patience_s: float) -> bytes | None:
        return self._link.exchange(request, patience_s / FACTOR)

    def close(self) -> None:
        self._link.close()


def settings_of(state: Path, port: int, server_key: str) -> Settings:
    """What it runs with; limits are wide, for it is the path of orders that is looked at."""
    return Settings(
        interval="1m",
        market="always",
        live=True,
        state_dir=str(state),
        history_bars=300,
        gtw_host="127.0.0.1",
        gtw_port=port,
        gtw_server_key=server_key,
        gtw_key_file=str(state / "daemon.key"),
        gtw_timeout_s=10.0,
        gtw_skew_max_s=10.0,
        stop_mode="pips",
        stop_pips=20.0,
        positions_symbol_max=3,
        daily_loss_max=9_000.0,
        drawdown_max=9_000.0,
        losses_in_a_row_max=1_000,
        orders_per_day_max=100_000,
        cooldown_minutes=0.0,
        spread_points_max=100.0,
    )


def main(state: Path, port: int, server_key: str, base_s: float, prices: Prices) -> None:
    """Trade until killed."""
    settings, clock = settings_of(state, port, server_key), FastClock(base_s, BEGAN_S)
    link = HurriedLink(
        ZmqLink(settings.gtw_host, port, server_key=settings.gtw_server_key, key_file=settings.gtw_key_file)
    )
    scoring = Scoring("local", local=DrawingScorer(state / "QUIET"))
    desks = assembly.open_desks([Parts(settings, FormulaMarket(clock, prices), scoring, link=link)], clock, mode="live")
    Daemon(desks, clock, Schedule(58, 60), mode="live").run()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s daemon %(message)s")
    where, at, key, began = sys.argv[1:]
    market = Prices(PRICES_SEED)
    market.body(int(BEGAN_S) - 3_600 * 6, int(BEGAN_S) + 3_600 * 12)  # what is computed now is not at every start
    nursery.serve(lambda: main(Path(where), int(at), key, float(began), market))
