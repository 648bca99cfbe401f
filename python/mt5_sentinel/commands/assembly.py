"""Settings → the parts of a desk. What a part refuses is found before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from mt5_sentinel import _core, bundled
from mt5_sentinel.adapters.hub import HubScorer
from mt5_sentinel.bar_store import BarStore
from mt5_sentinel.commands import brokers, sources
from mt5_sentinel.config import Check, Settings
from mt5_sentinel.cross_check import CrossCheck
from mt5_sentinel.cycle import Desk
from mt5_sentinel.dealing import Dealer, Shared
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.history import History
from mt5_sentinel.journal import Journal
from mt5_sentinel.journal_file import JournalFile
from mt5_sentinel.orders import Orders
from mt5_sentinel.ports import Clock, Link, Market
from mt5_sentinel.risk import limits
from mt5_sentinel.scoring import Scoring, asked, read_mode
from mt5_sentinel.scoring import check as check_scoring
from mt5_sentinel.types import Mode


@dataclass(frozen=True)
class Parts:
    """What one symbol's desk is made of, beside journal, book and cache."""

    settings: Settings
    source: Market
    scoring: Scoring
    other_source: Market | None = None
    """Compared with the source, where `cross_check` says so."""
    link: Link | None = None
    """The wire to the gateway: orders when trading live, else their check."""


FIXED = (
    "symbol",
    "account_currency",
    "state_dir",
    "logs_dir",
    "log_ecs",
    "metrics_host",
    "metrics_port",
    *brokers.FIXED,
)
"""Settings that a reload cannot change: the journal, the paper book and the web server are built on them."""


def bundle(settings: Settings) -> Path:
    """The bundle that scores locally: `model` may name it in short."""
    named = read_mode(settings)[1]
    return bundled.MODEL if named == "bundled" else Path(named)


def scoring(settings: Settings) -> Scoring:
    """Who scores; only models that are asked are loaded."""
    mode, _ = read_mode(settings)
    return Scoring(
        mode,
        local=model(settings) if "local" in asked(mode) else None,
        hub=hub(settings) if "hub" in asked(mode) else None,
        trades=settings.shadow_trades,
        tolerance=settings.hub_tolerance,
    )


def hub(settings: Settings) -> HubScorer:
    """The client of the configured scoring server."""
    return HubScorer(
        settings.hub_host,
        settings.hub_port,
        form=settings.hub_form,
        answer=settings.hub_answer,
        timeout_s=settings.hub_timeout_s,
    )


def scores_with_demonstration(settings: Settings) -> bool:
    """Whether the local model that is asked is the bundled one."""
    return "local" in asked(read_mode(settings)[0]) and bundle(settings) == bundled.MODEL


def local_model(settings: Settings) -> None:
    """Whether the local model can be loaded, where one is asked."""
    if "local" in asked(read_mode(settings)[0]):
        model(settings)


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


def policy(settings: Settings) -> _core.Policy:
    """The rules of deciding."""
    return _core.Policy(threshold=settings.threshold)


def history(settings: Settings) -> None:
    """Whether enough bars are asked for that every feature has settled."""
    if settings.history_bars < _core.needed_bars():
        message = f"history_bars: {settings.history_bars} is too few, the features need {_core.needed_bars()}"
        raise Misconfigured(message, "bad_configuration")


def live_model(settings: Settings) -> None:
    """Whether money is traded with a model that is none."""
    if settings.live and scores_with_demonstration(settings):
        message = "live: the bundled model is a demonstration, and no promise of profit; set model to one of your own"
        raise Misconfigured(message, "demonstration_model")


def ecs_log(settings: Settings) -> None:
    """Whether there is a place for the log that is asked for."""
    if settings.log_ecs and not settings.logs_dir:
        message = "log_ecs: ecs.jsonl needs a directory; set logs_dir (for the service: LogsDirectory= in its unit)"
        raise Misconfigured(message, "bad_configuration")


CHECKS: tuple[Check, ...] = (
    live_model,
    history,
    check_scoring,
    local_model,
    policy,
    limits,
    sources.calendar,
    ecs_log,
    *brokers.CHECKS,
)
"""Asked about the settings before any part is built, so that all mistakes are told at once."""


def parts(settings: Settings, clock: Clock) -> Parts:
    """The parts these settings ask for."""
    source, other = sources.markets(settings, clock)
    return Parts(settings, source, scoring(settings), other, brokers.link(settings))


def open_desk(parts: Parts, clock: Clock, *, mode: Mode, durable: bool = True) -> Desk:
    """One symbol's desk; as ``open_desks``."""
    return open_desks([parts], clock, mode=mode, durable=durable)[0]


def open_desks(symbols: Sequence[Parts], clock: Clock, *, mode: Mode, durable: bool = True) -> tuple[Desk, ...]:
    """Everything the symbols trade with.

    Opens, or creates, the journal and the cache of bars they share, and a paper book for each.
    """
    shared = symbols[0].settings
    with ExitStack() as undo:
        file = JournalFile(shared.state_path, mode, durable=durable)
        undo.callback(file.close)
        store = BarStore(shared.state_path / "bars.db", durable=durable)
        undo.callback(store.close)
        account = brokers.paper(shared, durable=durable)
        if account is not None:
            undo.callback(account.close)
        journal = Journal(file)
        together = Shared(frozenset(one.settings.symbol for one in symbols), {})
        desks = []
        for one in symbols:
            broker = brokers.broker(one.settings, account, one.link, clock)
            dealer = brokers.dealer(one.settings, broker, Orders(file), sources.calendar(one.settings), clock, together)
            desks.append(_desk(one, dealer, journal, store, clock))
        release = undo.pop_all().close
    return tuple(replace(desk, release=release) for desk in desks)


def reopen_desk(parts: Parts, clock: Clock, old: Desk) -> Desk:
    """The desk under changed settings, on the same journal, the same book and the same cache.

    Raises:
        Misconfigured: a setting changed that takes a restart.
    """
    changed = [name for name in FIXED if getattr(parts.settings, name) != getattr(old.settings, name)]
    if changed:
        raise Misconfigured(f"{', '.join(changed)}: a change takes a restart", "needs_restart")
    hours = sources.calendar(parts.settings)
    dealer = brokers.dealer(parts.settings, old.dealer.broker, old.orders, hours, clock, old.dealer.shared)
    return replace(_desk(parts, dealer, old.journal, old.history.store, clock), release=old.release)


def reopen_desks(symbols: Sequence[Parts], clock: Clock, old: tuple[Desk, ...]) -> tuple[Desk, ...]:
    """All desks under changed settings, in their old order; none is changed where one of them is refused.

    Raises:
        Misconfigured: a setting changed that takes a restart, or the set of symbols did.
    """
    check_symbols([one.settings for one in symbols], old)
    new = {one.settings.symbol: one for one in symbols}
    desks = tuple(reopen_desk(new[desk.settings.symbol], clock, desk) for desk in old)
    old[0].history.store.release()  # another token, or a larger account, may be why it was reloaded
    return desks


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
    """Close the wires, the paper account, the cache and the journal."""
    for desk in desks:
        desk.dealer.broker.close()
    desks[0].release()


def _desk(parts: Parts, dealer: Dealer, journal: Journal, store: BarStore, clock: Clock) -> Desk:
    """The one place where a desk is put together."""
    settings, hours = parts.settings, sources.calendar(parts.settings)
    other = parts.other_source
    crossed = None
    if other is not None:
        crossed = CrossCheck(parts.source.name, other, settings, brokers.facts(settings))
    return Desk(
        settings=settings,
        calendar=hours,
        history=History(parts.source, store, hours, settings, clock, crossed),
        scoring=parts.scoring,
        dealer=dealer,
        journal=journal,
        orders=Orders(journal.file),
        policy=policy(settings),
        release=_nothing,
    )


def _nothing() -> None:
    """A desk alone shares nothing."""
