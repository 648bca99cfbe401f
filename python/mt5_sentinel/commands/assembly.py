"""Settings → the parts of a desk. What a part refuses is found before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from mt5_sentinel import _core, bundled
from mt5_sentinel.adapters.eodhd import EodhdMarket
from mt5_sentinel.adapters.paper import PaperBroker
from mt5_sentinel.config import Check, Settings
from mt5_sentinel.cycle import Desk
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.journal import Journal
from mt5_sentinel.ports import Broker, Market, Scorer
from mt5_sentinel.symbol_tables import WAYS
from mt5_sentinel.types import Mode

Parts = tuple[Settings, Market, Scorer]
"""What one symbol's desk is made of."""

FIXED = ("symbol", "account_currency", "deposit", "state_dir", "metrics_host", "metrics_port")
"""Settings that a reload cannot change: the journal, the paper book and the web server are built on them."""

TWO_WAYS_ON = """no market data token. Two ways on:
    real data: set EODHD_API_TOKEN (the token `demo` of eodhd.com covers EURUSD)
    no network: mt5-sentinel demo"""


def token(settings: Settings) -> None:
    """Whether there is a token to ask with."""
    if not settings.eodhd_api_token:
        raise Misconfigured(TWO_WAYS_ON, "no_token")


def market(settings: Settings) -> EodhdMarket:
    """The configured source of bars."""
    return EodhdMarket(
        settings.eodhd_url,
        token=settings.eodhd_api_token,
        symbol=settings.eodhd_symbol or f"{settings.symbol[:6]}.FOREX",
        interval=settings.interval,
        timeout_s=settings.fetch_timeout_s,
    )


def bundle(settings: Settings) -> Path:
    """The bundle that scores locally: `model` may name it in short."""
    named = settings.model_bundle if settings.model in WAYS else settings.model
    return bundled.MODEL if named == "bundled" else Path(named)


def model(settings: Settings) -> _core.Model:
    """The configured model; it must be one for this symbol and interval."""
    path = bundle(settings)
    loaded = _core.Model.load_for_trading(path, settings.allow_bare_model, list(settings.model_public_keys))
    wrong = [
        f"it was trained for {found}, the configuration trades {wanted}"
        for found, wanted in ((loaded.symbol, settings.symbol[:6]), (loaded.interval, settings.interval))
        if found not in (None, wanted)
    ]
    if wrong:
        raise Misconfigured(f"{path}: model refused: {'; '.join(wrong)}", "model_mismatch")
    needed = _core.needed_bars_for(loaded.steps)
    if loaded.steps > 1 and settings.history_bars < needed:
        message = f"history_bars: {settings.history_bars} is too few, the model's {loaded.steps} rows need {needed}"
        raise Misconfigured(message, "bad_configuration")
    return loaded


def facts(settings: Settings) -> _core.SymbolFacts:
    """What a lot of the symbol is worth to the account."""
    return _core.SymbolFacts(settings.symbol, settings.account_currency)


def policy(settings: Settings) -> _core.Policy:
    """The rules of deciding."""
    return _core.Policy(threshold=settings.threshold, stale_grace_s=settings.stale_grace_s)


def limits(settings: Settings) -> _core.Limits:
    """The bounds of risk."""
    return _core.Limits(
        volume_lots=settings.volume_lots,
        volume_lots_max=settings.volume_lots_max,
        daily_loss_max=settings.daily_loss_max,
        spread_points_max=settings.spread_points_max,
    )


def history(settings: Settings) -> None:
    """Whether enough bars are asked for that every feature has settled."""
    if settings.history_bars < _core.needed_bars():
        message = f"history_bars: {settings.history_bars} is too few, the features need {_core.needed_bars()}"
        raise Misconfigured(message, "bad_configuration")


CHECKS: tuple[Check, ...] = (history, model, facts, policy, limits)
"""Asked about the settings before any part is built, so that all mistakes are told at once."""


def parts(settings: Settings) -> Parts:
    """The parts these settings ask for."""
    return settings, market(settings), model(settings)


def open_desk(settings: Settings, source: Market, scorer: Scorer, *, mode: Mode, durable: bool = True) -> Desk:
    """One symbol's desk; as ``open_desks``."""
    return open_desks([(settings, source, scorer)], mode=mode, durable=durable)[0]


def open_desks(symbols: Sequence[Parts], *, mode: Mode, durable: bool = True) -> tuple[Desk, ...]:
    """Everything the symbols trade with; opens, or creates, the journal they share and a paper book for each."""
    with ExitStack() as undo:
        journal = Journal(symbols[0][0].state_path, mode, durable=durable)
        undo.callback(journal.close)
        desks = []
        for settings, source, scorer in symbols:
            paper = settings.state_path / "paper.db"
            broker = PaperBroker(paper, settings.symbol, facts(settings), settings.deposit, durable=durable)
            undo.callback(broker.close)
            desks.append(_desk((settings, source, scorer), broker, journal))
        undo.pop_all()
    return tuple(desks)


def reopen_desk(settings: Settings, source: Market, scorer: Scorer, old: Desk) -> Desk:
    """The desk under changed settings, on the same journal and the same book.

    Raises:
        Misconfigured: a setting changed that takes a restart.
    """
    changed = [name for name in FIXED if getattr(settings, name) != getattr(old.settings, name)]
    if changed:
        raise Misconfigured(f"{', '.join(changed)}: a change takes a restart", "needs_restart")
    return _desk((settings, source, scorer), old.broker, old.journal)


def reopen_desks(symbols: Sequence[Parts], old: tuple[Desk, ...]) -> tuple[Desk, ...]:
    """All desks under changed settings, in their old order; none is changed where one of them is refused.

    Raises:
        Misconfigured: a setting changed that takes a restart, or the set of symbols did.
    """
    check_symbols([one[0] for one in symbols], old)
    new = {one[0].symbol: one for one in symbols}
    return tuple(reopen_desk(*new[desk.settings.symbol], desk) for desk in old)


def check_symbols(new: Sequence[Settings], old: tuple[Desk, ...]) -> None:
    """Whether these are the symbols that are traded now; asked before their models are loaded.

    Raises:
        Misconfigured: they are not.
    """
    wanted, known = [one.symbol for one in new], [desk.settings.symbol for desk in old]
    if sorted(wanted) != sorted(known):
        message = f"symbol: {', '.join(wanted)} instead of {', '.join(known)}: a change of the set takes a restart"
        raise Misconfigured(message, "needs_restart")


def close(desks: Sequence[Desk]) -> None:
    """Close the books and the journal."""
    for desk in desks:
        desk.broker.close()
    desks[0].journal.close()


def _desk(made_of: Parts, broker: Broker, journal: Journal) -> Desk:
    """The one place where a desk is put together."""
    settings, source, scorer = made_of
    return Desk(settings, source, scorer, broker, journal, policy(settings), limits(settings), facts(settings))
