"""Settings → the sources of bars: the one that is decided on, and the one it is compared with."""

from __future__ import annotations

from collections.abc import Sequence

from mt5_sentinel import _core
from mt5_sentinel.adapters.eodhd import EodhdMarket
from mt5_sentinel.adapters.gateway_bars import GatewayMarket
from mt5_sentinel.commands import brokers
from mt5_sentinel.config import Check, Settings
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.gateway_client import GatewayClient
from mt5_sentinel.ports import Clock, Market
from mt5_sentinel.types import INTERVAL_S

OTHER = {"eodhd": "gateway", "gateway": "eodhd"}
"""Which source each one is compared with."""

BUDGET_S_MAX = 22.0
"""Budget of each of two sources: both are asked within one cycle, and a minute holds it with the rest of its work."""

TWO_WAYS_ON = """no market data token. Two ways on:
    real data: set EODHD_API_TOKEN (the token `demo` of eodhd.com covers EURUSD)
    no network: mt5-sentinel demo"""


def asked(settings: Settings) -> tuple[str, ...]:
    """Names of the sources these settings ask, the one that is decided on first."""
    main = settings.bars_source
    return (main,) if settings.cross_check == "off" else (main, OTHER[main])


def markets(settings: Settings, clock: Clock) -> tuple[Market, Market | None]:
    """The source of bars, and the one it is compared with, if any."""
    found = [_market(name, settings, clock) for name in asked(settings)]
    return found[0], found[1] if found[1:] else None


def calendar(settings: Settings) -> _core.Calendar:
    """When the symbol's market is open."""
    return _core.Calendar(settings.symbol, settings.market, list(settings.holidays))


def _market(name: str, settings: Settings, clock: Clock) -> Market:
    if name == "gateway":
        link = brokers.link(settings, is_kept=False)
        if link is None:
            raise Misconfigured("the gateway has no address: set gtw_host", "no_gateway")
        client = GatewayClient(link, clock, where=link.url, timeout_s=settings.fetch_timeout_s)
        return GatewayMarket(
            client,
            symbol=settings.symbol,
            interval=settings.interval,
            dst=settings.broker_dst,
            clock=clock,
        )
    return EodhdMarket(
        settings.eodhd_url,
        token=settings.eodhd_api_token,
        symbol=settings.eodhd_symbol or f"{settings.symbol[:6]}.FOREX",
        interval=settings.interval,
        timeout_s=settings.fetch_timeout_s,
    )


def token(settings: Settings) -> None:
    """Whether there is a token, where EODHD is asked."""
    if "eodhd" not in asked(settings) or settings.eodhd_api_token:
        return
    if settings.bars_source == "eodhd":
        raise Misconfigured(TWO_WAYS_ON, "no_token")
    message = "cross_check: EODHD, which bars are compared with, takes a token: set EODHD_API_TOKEN, or cross_check off"
    raise Misconfigured(message, "no_token")


def gateway(settings: Settings) -> None:
    """Whether the gateway has an address, where it is asked for bars."""
    if "gateway" not in asked(settings):
        return
    if settings.gtw_host:
        return
    if settings.bars_source == "gateway":
        raise Misconfigured("bars_source: the gateway has no address: set gtw_host (127.0.0.1)", "no_gateway")
    message = (
        "cross_check: the gateway, which bars are compared with, has no address: set gtw_host (127.0.0.1), or"
        " cross_check off"
    )
    raise Misconfigured(message, "no_gateway")


def budget(settings: Settings) -> None:
    """Whether two sources, one after the other, leave a cycle time for the rest."""
    if len(asked(settings)) > 1 and settings.fetch_timeout_s > BUDGET_S_MAX:
        message = f"fetch_timeout_s: with cross_check two sources are asked in a row; {BUDGET_S_MAX:g} at most"
        raise Misconfigured(message, "bad_configuration")


CHECKS: tuple[Check, ...] = (token, gateway, budget)
"""Asked about the settings of a daemon before any part is built."""


def quota(symbols: Sequence[Settings], now_s: float) -> int:
    """Units a day costs when every bar comes in time.

    Raises:
        Misconfigured: it is more than may be spent.
    """
    planned = [(calendar(one), INTERVAL_S[one.interval]) for one in symbols if "eodhd" in asked(one)]
    units, share = symbols[0].eodhd_quota_units, symbols[0].eodhd_quota_share
    return _core.check_quota_plan(planned, cost=EodhdMarket.units_per_call, now_s=int(now_s), units=units, share=share)


def told(settings: Settings) -> str | None:
    """Where bars come from, for people; None where it is the usual place alone."""
    if asked(settings) == ("eodhd",):
        return None
    at = {"eodhd": "EODHD", "gateway": f"the gateway at {settings.gtw_host}:{settings.gtw_port}"}
    main, *others = (at[name] for name in asked(settings))
    compared = {"report": "; differences are reported", "refuse": "; what it does not confirm is not decided"}
    return f"bars come from {main}" + "".join(
        f", compared with {other}{compared[settings.cross_check]}" for other in others
    )
