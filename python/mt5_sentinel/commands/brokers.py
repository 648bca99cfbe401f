"""Settings → where orders go: the gateway when trading live, else paper, checked at the gateway where there is one."""

from __future__ import annotations

from mt5_sentinel import _core, gateway_link, host_names
from mt5_sentinel.adapters.gateway import GatewayBroker
from mt5_sentinel.adapters.paper import PaperBroker
from mt5_sentinel.config import Check, Settings
from mt5_sentinel.dealing import Dealer, Shared
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.gateway_client import GatewayClient
from mt5_sentinel.gateway_link import ZmqLink
from mt5_sentinel.orders import Orders
from mt5_sentinel.paper_account import PaperAccount
from mt5_sentinel.ports import Broker, Clock, Link
from mt5_sentinel.reconcile import Reconciliation
from mt5_sentinel.risk import Risk
from mt5_sentinel.route import Route
from mt5_sentinel.types import Mode

FIXED = (
    *("live", "deposit", "leverage", "paper_slippage_points", "paper_seed", "magic"),
    *("gtw_host", "gtw_port", "gtw_timeout_s", "gtw_server_key", "gtw_key_file", "gtw_skew_max_s", "allow_plaintext"),
)
"""Settings that a reload cannot change: a broker is made of them, once."""


def facts(settings: Settings) -> _core.SymbolFacts:
    """What a lot of the symbol is worth to the paper account."""
    return _core.SymbolFacts(settings.symbol, settings.account_currency)


def paper_facts(settings: Settings) -> None:
    """Whether the symbol can be traded on paper, where it is."""
    if not settings.live:
        facts(settings)


def way(settings: Settings) -> None:
    """Whether the gateway may be talked to, and is there when orders or bars come over it.

    In a dry run that only has orders checked there, one that may not be talked to is left out, with a warning.
    """
    if settings.live and not settings.gtw_host:
        message = "live: orders go to the gateway, and it has no address: set gtw_host, or leave out --live"
        raise Misconfigured(message, "no_gateway")
    if settings.gtw_host and not is_left_out(settings):
        _check(settings)


def is_left_out(settings: Settings) -> bool:
    """Whether orders go unchecked because the wire to the gateway would be plain text to another machine."""
    is_needed = settings.live or settings.bars_source == "gateway" or settings.cross_check != "off"
    has_keys = bool(settings.gtw_server_key or settings.gtw_key_file)
    is_open = host_names.is_loopback(settings.gtw_host) or settings.allow_plaintext
    return bool(settings.gtw_host) and not (is_needed or has_keys or is_open)


def _check(settings: Settings) -> None:
    gateway_link.check(
        settings.gtw_host,
        server_key=settings.gtw_server_key,
        key_file=settings.gtw_key_file,
        allow_plaintext=settings.allow_plaintext,
    )


CHECKS: tuple[Check, ...] = (way, paper_facts)
"""Asked about the settings before any part is built."""


def link(settings: Settings, *, is_kept: bool = True) -> ZmqLink | None:
    """A wire to the gateway, where one is configured; one that is kept has to be closed."""
    if not settings.gtw_host or is_left_out(settings):
        return None
    return ZmqLink(
        settings.gtw_host,
        settings.gtw_port,
        server_key=settings.gtw_server_key,
        key_file=settings.gtw_key_file,
        is_kept=is_kept,
    )


def mode(settings: Settings) -> Mode:
    """What the journal calls this way of trading."""
    return "live" if settings.live else "dry-run"


def told(settings: Settings) -> str:
    """Where orders go, for people."""
    gateway = f"the gateway at {settings.gtw_host}:{settings.gtw_port}"
    if settings.live:
        return f"LIVE through {gateway}"
    is_checked = settings.gtw_host and not is_left_out(settings)
    return f"dry run on paper, orders checked by {gateway}" if is_checked else "dry run on paper"


def paper(settings: Settings, *, durable: bool) -> PaperAccount | None:
    """The account of a dry run, shared by all symbols; none when trading live."""
    if settings.live:
        return None
    return PaperAccount(
        settings.state_path / "paper.db",
        deposit=settings.deposit,
        currency=settings.account_currency,
        leverage=settings.leverage,
        seed=settings.paper_seed,
        slippage_points_max=settings.paper_slippage_points,
        durable=durable,
        magic=settings.magic,
    )


def broker(settings: Settings, account: PaperAccount | None, wire: Link | None, clock: Clock) -> Broker:
    """Where one symbol's orders go."""
    gateway = None if wire is None else _gateway(settings, wire, clock)
    if account is None:
        if gateway is None:
            raise Misconfigured("live: orders go to the gateway, and there is no wire to it", "no_gateway")
        return gateway
    account.know(settings.symbol, facts(settings), shows=settings.price_side)
    return PaperBroker(account, checker=gateway)


def dealer(
    settings: Settings, own: Broker, orders: Orders, calendar: _core.Calendar, clock: Clock, shared: Shared
) -> Dealer:
    """One symbol's dealings."""
    symbol, magic = settings.symbol, settings.magic
    return Dealer(
        own,
        Risk(settings, orders.file, calendar),
        orders,
        Route(own, orders, clock, symbol=symbol, magic=magic),
        Reconciliation(own, orders, symbol=symbol, magic=magic, state_dir=settings.state_path),
        shared,
        symbol=symbol,
    )


def _gateway(settings: Settings, wire: Link, clock: Clock) -> GatewayBroker:
    where = f"{settings.gtw_host}:{settings.gtw_port}"
    client = GatewayClient(wire, clock, where=where, timeout_s=settings.gtw_timeout_s)
    return GatewayBroker(client, clock, account_currency=settings.account_currency, skew_max_s=settings.gtw_skew_max_s)
