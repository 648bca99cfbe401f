"""The real paper venue on the bars of the storm, so that the daemon's market and its broker's are one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mt5_sentinel import _core
from mt5_sentinel.gateway.paper_venue import PaperVenue
from mt5_sentinel.paper_account import PaperAccount
from mt5_sentinel.settings import Settings
from tests.python.storm.prices import Prices
from tests.python.storm.world import BEGAN_S


class PaperDesk:
    """Opens the account's file, again and again; the recording is made once."""

    def __init__(self, state: Path, now: Callable[[], float], settings: Settings, *, durable: bool) -> None:
        """``now`` is the broker's own time, UTC."""
        self._path = state / "paper.db"
        self._now = now
        self._settings = settings
        self._durable = durable
        self._recordings: dict[str, tuple[_core.Recording, _core.SymbolFacts]] = {}

    def record(self, symbol: str, prices: Prices, minutes: int) -> None:
        """Take so many minutes, from the beginning of the world; then they repeat."""
        facts = _core.SymbolFacts(symbol, self._settings.account_currency)
        end_s = int(BEGAN_S) + 60 * minutes
        rows = _core.parse(prices.body(int(BEGAN_S), end_s - 60))
        bars = _core.clean(rows, interval_s=60, now_s=end_s + 1, jump_ratio=0.5).bars
        recording = _core.Recording(
            bars,
            facts,
            interval_s=60,
            start_s=int(BEGAN_S),
            shows="bid",
            spread_points=self._settings.spread_points,
        )
        self._recordings[symbol] = recording, facts

    def open(self) -> PaperVenue:
        """The venue, as its file has it."""
        account = PaperAccount(
            self._path,
            deposit=self._settings.deposit,
            currency=self._settings.account_currency,
            leverage=self._settings.leverage,
            seed=self._settings.paper_seed,
            slippage_points_max=self._settings.paper_slippage_points,
            durable=self._durable,
        )
        return PaperVenue(account, self._recordings, self._now, currency=self._settings.account_currency)
