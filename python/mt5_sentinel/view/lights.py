"""Lights: what is well, what needs a look, what is wrong; the same for terminal, dashboard and direct alerts."""

from __future__ import annotations

from datetime import datetime, timezone

from mt5_sentinel.readiness import NOT_HALTED, SILENT_AFTER_S, Check
from mt5_sentinel.view import drift
from mt5_sentinel.view.light import LEVELS, Level, Light, by_share
from mt5_sentinel.view.standing import Standing, SymbolStanding

__all__ = ["LEVELS", "Level", "Light", "lights", "worst"]

QUOTA_WARN_SHARE = 0.8
"""Of the day's units; beyond them nothing is asked."""

DRAWDOWN_WARN_SHARE = 0.8
"""Of the limit, at which trading halts."""

SKEW_WARN_S = 2.0
"""Of this machine's clock against the source's; two clocks that are kept differ by less than their whole seconds."""

FAILING_BAD = 2
"""Cycles in a row: one failed cycle may be a hiccup of the network, and the next minute tries again."""

OF_ONE_CYCLE = ("loop", "model", "broker")
"""Checks that fail with the newest cycle, and may with it alone."""

GONE_BAD_AFTER_S = 60.0
"""A restart is quicker than this."""

FROM_CYCLES = ("model", "broker", "orders", "drift", "halt", "drawdown", "clock")
"""Lights that tell what a cycle found; the others hold what is known against the time."""


def lights(standing: Standing) -> list[Light]:
    """Every light, in a fixed order: of each symbol ``loop``, ``data``, ``model``, ``broker``, ``orders`` and
    ``drift``, then of the account ``halt``, ``drawdown``, ``quota`` and ``clock``.

    Where no cycle ends any more, what cycles found is told as old, and well no longer.
    """
    found = [light for one in standing.symbols for light in _of_symbol(one, standing)]
    account = [_halt(standing), _drawdown(standing), _quota(standing), _clock(standing)]
    if all(_is_silent(one, standing) for one in standing.symbols):
        heard_s = max((one.heard_s for one in standing.symbols), default=0.0)
        account = [_old(light, heard_s, standing.now_s) for light in account]
    return [*found, *account]


def worst(found: list[Light]) -> Level:
    """The worst level among lights."""
    return max((light.level for light in found), key=LEVELS.index, default="ok")


def _of_symbol(one: SymbolStanding, standing: Standing) -> list[Light]:
    found = [Light(check.name, _level(check, one), check.why, one.facts.symbol) for check in one.checks]
    found = [light for light in found if light.name != "halt"]
    if standing.is_gone:
        found = [_gone(light, one) if light.name == "loop" else light for light in found]
    found.append(drift.light(one))
    return [_old(light, one.heard_s, standing.now_s) for light in found] if _is_silent(one, standing) else found


def _is_silent(one: SymbolStanding, standing: Standing) -> bool:
    """Whether what its cycles found may have changed without our knowing."""
    return one.silent_s > (GONE_BAD_AFTER_S if standing.is_gone else SILENT_AFTER_S)


def _old(light: Light, heard_s: float, now_s: float) -> Light:
    if light.name not in FROM_CYCLES or not heard_s:
        return light
    heard, now = (datetime.fromtimestamp(at_s, timezone.utc) for at_s in (heard_s, now_s))
    moment = f"{heard:%H:%M}" if heard.date() == now.date() else f"{heard:%Y-%m-%d %H:%M}"
    level: Level = "warn" if light.level == "ok" else light.level
    return Light(light.name, level, f"{light.text}, as of {moment} UTC", light.symbol, is_old=True)


def _level(check: Check, one: SymbolStanding) -> Level:
    last = one.last
    if check.ok:
        is_hub_away = check.name == "model" and last is not None and last.hub_error is not None
        is_failing = check.name == "loop" and one.failed_in_a_row > 0  # it could trade on what it has, and yet
        return "warn" if is_hub_away or is_failing else "ok"
    if one.silent_s > SILENT_AFTER_S and check.name == "loop":
        return "bad"
    if check.name == "broker" and not one.is_open:  # brokers are serviced on weekends
        return "warn"
    if check.name == "orders" and last is not None and last.unknown_orders is None:
        return "warn"  # not read; nothing says that one is unknown
    is_hiccup = last is not None and last.status == "failed" and one.failed_in_a_row < FAILING_BAD
    return "warn" if last is None or (is_hiccup and check.name in OF_ONE_CYCLE) else "bad"


def _gone(light: Light, one: SymbolStanding) -> Light:
    text = f"the daemon's process {one.facts.pid} is not there any more"
    if light.level != "ok":
        text += f"; {light.text}"
    is_bad = light.level == "bad" or one.silent_s > GONE_BAD_AFTER_S
    return Light(light.name, "bad" if is_bad else "warn", text, light.symbol)


def _halt(standing: Standing) -> Light:
    halted = [(one.facts.symbol, one.halted_because) for one in standing.symbols]
    told = [(symbol, because) for symbol, because in halted if because is not None]
    # Guard and gateway first, for they may hold one symbol alone; risk is of the account.
    of_symbols = [(symbol, because) for symbol, because in told if not because.startswith("risk: ")]
    if of_symbols:
        whose = "" if len(of_symbols) == len(standing.symbols) else f"{', '.join(one for one, _ in of_symbols)}: "
        return Light("halt", "bad", whose + of_symbols[0][1])
    if standing.risk_state == "HALTED":
        return Light("halt", "bad", f"risk: HALTED: {standing.risk_because}")
    if told:
        return Light("halt", "bad", f"{told[0][0]}: {told[0][1]}")
    if standing.risk_state == "REDUCING":
        return Light("halt", "warn", f"risk: REDUCING: {standing.risk_because}")
    unsure = [(one, check) for one in standing.symbols for check in one.checks if check.name == "halt"]
    unsure = [(one, check) for one, check in unsure if check.why != NOT_HALTED]
    if not unsure:
        return Light("halt", "ok", NOT_HALTED)
    # A first cycle that has not ended, and one that failed, are told by ``loop``.
    is_warned = any(not check.ok and one.last is not None and one.failed_in_a_row != 1 for one, check in unsure)
    whose = "" if len(unsure) == len(standing.symbols) else f"{', '.join(one.facts.symbol for one, _ in unsure)}: "
    return Light("halt", "warn" if is_warned else "ok", whose + unsure[0][1].why)


def _drawdown(standing: Standing) -> Light:
    limit, drawdown = standing.symbols[0].facts.drawdown_max, standing.drawdown
    if drawdown is None or limit <= 0:
        return Light("drawdown", "ok", "not known yet")
    currency = standing.symbols[0].facts.account_currency
    text = f"equity is {drawdown:.2f} {currency} below its highest mark, {limit:.2f} halt"
    return by_share("drawdown", drawdown / limit, text, warn=DRAWDOWN_WARN_SHARE, bad=1.0)


def _quota(standing: Standing) -> Light:
    if not standing.quota_units:
        return Light("quota", "ok", "nothing is counted")
    if standing.quota_used is None:
        told = f"how many of {standing.quota_units:.0f} units are used today is not known: bars.db cannot be read"
        return Light("quota", "warn", told)
    text = f"{standing.quota_used} of {standing.quota_units:.0f} units are used today"
    return by_share("quota", standing.quota_used / standing.quota_units, text, warn=QUOTA_WARN_SHARE, bad=1.0)


def _clock(standing: Standing) -> Light:
    known = [one.last.clock_skew_s for one in standing.symbols if one.last and one.last.clock_skew_s is not None]
    if not known:
        return Light("clock", "ok", "no source tells the time")
    skew_s = max(known, key=abs)
    way = "ahead of" if skew_s > 0 else "behind"
    text = f"this machine's clock is {abs(skew_s):.1f} s {way} the source's" if skew_s else "the clocks agree"
    return Light("clock", "warn" if abs(skew_s) > SKEW_WARN_S else "ok", text)
