"""Doctor: where bars come from, what they cost, by which clock and calendar."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone

from mt5_sentinel import _core, logs
from mt5_sentinel.adapters.eodhd import EodhdMarket
from mt5_sentinel.commands import sources
from mt5_sentinel.commands.doctor_subject import Subject, joined
from mt5_sentinel.config import Settings
from mt5_sentinel.errors import SentinelError, Transient, Unusable
from mt5_sentinel.ops import state_files
from mt5_sentinel.ops.questions import Broken, Unset
from mt5_sentinel.types import INTERVAL_S

ASK_S = 8.0
BARS = 3
"""Newest bars that are asked for: a request costs the same whatever it brings."""

SYMBOLS_MAX = 3
"""Symbols whose bars are asked for; each costs units."""

STEADY_S = 0.2
STEP_S_MAX = 0.5
AHEAD_S = 14 * 86_400
NEW_YORK_S = 5 * 3600
"""Behind UTC, an hour less in summer, which makes no date of yesterday one of today."""

TODO = {
    "fetch_401": "get a token at https://eodhd.com and set it: export EODHD_API_TOKEN=... (`demo` covers EURUSD)",
    "fetch_403": "EODHD_API_TOKEN=demo mt5-sentinel doctor --symbol EURUSD tries the free token; this one needs more",
    "fetch_404": "mt5-sentinel doctor --symbol NAME, or set eodhd_symbol as EODHD spells it, as EURUSD.FOREX",
    "quota_spent": "wait until 00:00 GMT, or choose another token: export EODHD_API_TOKEN=...",
    "cdn_challenge": "ask from another network, or tell EODHD's support; it is not worked around",
}
"""What to do about an answer, by the reason of its error."""


def token(subject: Subject) -> str:
    """There is a token where EODHD is asked."""
    asking = [one for one in subject.loaded if "eodhd" in sources.asked(one)]
    if not asking:
        raise Unset("bars come from the gateway alone")
    text = subject.shared.eodhd_api_token
    if not text:
        set_it = "export EODHD_API_TOKEN=demo (covers EURUSD; your own: https://eodhd.com), or: mt5-sentinel demo"
        if subject.is_service:
            set_it = "sudo sh -c 'umask 077; cat > /etc/mt5-sentinel/credentials/eodhd_api_token', then restart"
        raise Broken("there is no token of the market data API", set_it)
    if text == logs.PUBLIC_TOKEN:
        others = [one.symbol for one in asking if not one.symbol.startswith("EURUSD")]
        if others:
            found = f"the public token `demo` covers EURUSD, not {', '.join(others)}"
            raise Broken(found, "get a token at https://eodhd.com and set it: export EODHD_API_TOKEN=...")
        return "the public token `demo`"
    return "set"


def market_data(subject: Subject) -> str:
    """EODHD answers with bars; a request costs 5 units of the account's day, and is not counted as the daemon's."""
    asking = [one for one in subject.loaded if "eodhd" in sources.asked(one)]
    if not asking:
        raise Unset("bars come from the gateway alone")
    if not subject.shared.eodhd_api_token:
        raise Broken("not asked: there is no token", "see `token`")
    told = [_ask(subject, one) for one in asking[:SYMBOLS_MAX]]
    more = f"; {len(asking) - SYMBOLS_MAX} more are not asked" if asking[SYMBOLS_MAX:] else ""
    return joined(told) + more


def _ask(subject: Subject, settings: Settings) -> str:
    calendar, interval_s = sources.calendar(settings), INTERVAL_S[settings.interval]
    now_s = int(subject.clock.wall_s())
    due_s = calendar.newest_due(now_s, interval_s)
    if due_s is None:
        raise Broken(f"{settings.symbol}: its market has not been open yet", "check market and holidays")
    market = EodhdMarket(
        settings.eodhd_url,
        token=settings.eodhd_api_token,
        symbol=settings.eodhd_symbol or f"{settings.symbol[:6]}.FOREX",
        interval=settings.interval,
        timeout_s=min(ASK_S, settings.fetch_timeout_s),
    )
    from_s = calendar.slots_back(due_s, interval_s, BARS)

    def asked() -> str:
        page = market.fetch(from_s, now_s, _once())
        if page.date is not None:
            subject.dates.append((subject.clock.wall_s(), page.date))
        bars = _core.clean(_core.parse(page.body), interval_s=interval_s, now_s=now_s, jump_ratio=settings.jump_ratio)
        left = "" if page.remaining is None else f", {page.remaining} left of the token's requests"
        return f"{market.origin}: newest bar {utc(bars.newest_open_s)}{left}"

    def explained() -> str:
        try:
            return asked()
        except SentinelError as error:
            other = TODO["fetch_404"] if isinstance(error, Unusable) else todo
            raise Broken(str(error), TODO.get(error.reason, other)) from None

    todo = f"curl -sSI {settings.eodhd_url}; is a proxy or a firewall in between?"
    return subject.network(ASK_S + 1, f"EODHD at {settings.eodhd_url}", todo, explained)


def _once() -> Callable[[], None]:
    """Pay for one request; a second one would cost units for nothing new."""
    paid: list[None] = []

    def pay() -> None:
        if paid:
            raise Transient("a doctor asks once", "quota_budget")
        paid.append(None)

    return pay


def quota(subject: Subject) -> str:
    """What the daemon has spent today, and what a day costs, are within its share."""
    asking = [one for one in subject.loaded if "eodhd" in sources.asked(one)]
    if not asking:
        raise Unset("bars come from the gateway alone")
    shared, now_s = subject.shared, subject.clock.wall_s()
    share = int(shared.eodhd_quota_units * shared.eodhd_quota_share)
    todo = "raise eodhd_quota_share, or eodhd_quota_units if the account has more: mt5-sentinel run --help"
    try:
        planned = sources.quota(subject.loaded, now_s)
    except SentinelError as error:
        raise Broken(str(error), todo) from None
    path = shared.state_path / "bars.db"
    day = datetime.fromtimestamp(now_s, timezone.utc).date().isoformat()
    spent = state_files.spent(path, EodhdMarket.name, day)
    if spent + EodhdMarket.units_per_call > share:
        raise Broken(f"{spent} of {share} units are spent today; nothing more is asked until 00:00 UTC", todo)
    return f"{spent} of {share} units spent today, {planned} planned for a day"


def clock(subject: Subject) -> str:
    """The wall clock goes along with the steady one, and agrees with the API's."""
    before = subject.clock.wall_s(), subject.clock.monotonic_s()
    time.sleep(STEADY_S)
    todo = "timedatectl set-ntp true, then timedatectl timesync-status"
    try:
        _core.check_step(before, (subject.clock.wall_s(), subject.clock.monotonic_s()), STEP_S_MAX)
        told = [_core.check_skew(at_s, date, subject.shared.clock_skew_max_s) for at_s, date in subject.dates]
    except SentinelError as error:
        raise Broken(str(error), todo) from None
    apart = [abs(one) for one in told if one is not None]
    if apart:
        return f"steady, and {max(apart):.0f} s from the API's ({subject.shared.clock_skew_max_s:g} s at most)"
    if subject.is_offline or "eodhd" not in {name for one in subject.loaded for name in sources.asked(one)}:
        return "steady; not compared with the API's, which is not asked"
    raise Broken(
        "steady, but no answer of the API told its time", "see `market data`; timedatectl shows this machine's"
    )


def calendar(subject: Subject) -> str:
    """The market opens some time soon, and the configured holidays are not those of another year."""
    now_s = int(subject.clock.wall_s())
    today = datetime.fromtimestamp(now_s - NEW_YORK_S, timezone.utc).date().isoformat()
    told = []
    for one in subject.loaded:
        hours = sources.calendar(one)
        if one.holidays and max(one.holidays)[:10] < today:
            found = (
                f"{one.symbol}: all {len(one.holidays)} dates in `holidays` are past, the last is {max(one.holidays)}"
            )
            raise Broken(found, "list this year's in `holidays`, or take the setting out")
        if not hours.has_trading(now_s, now_s + AHEAD_S):
            found = f"{one.symbol}: the market does not open within 14 days"
            raise Broken(found, "check `market` and `holidays` of this symbol")
        told.append(f"{one.symbol} is {_hours(hours, now_s)}")
    return joined(told)


def _hours(hours: _core.Calendar, now_s: int) -> str:
    change_s = hours.next_change_s(now_s)
    if hours.is_open(now_s):
        return "always open" if change_s is None else f"open until {utc(change_s)}"
    return "closed" if change_s is None else f"closed until {utc(change_s)}"


def utc(seconds: int) -> str:
    """A moment for people."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%a %Y-%m-%d %H:%M UTC")
