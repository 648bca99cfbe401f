"""How times and money read in a terminal; and what of a text is safe to show in one."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal

DIGITS = 15
"""That a float holds for certain; what sums leave behind them is not shown."""


def moment(seconds: float | None, now_s: float) -> str:
    """A time, UTC: without the date today, without the year this year."""
    if seconds is None:
        return "-"
    when, now = (datetime.fromtimestamp(value, timezone.utc) for value in (seconds, now_s))
    if when.date() == now.date():
        return when.strftime("%H:%M:%S")
    return when.strftime("%m-%d %H:%M:%S" if when.year == now.year else "%Y-%m-%d %H:%M:%S")


def money(value: float | None) -> str:
    """With cents; a dash where it is not known."""
    return "-" if value is None else f"{value:,.2f}"


def plain(value: float, digits: int = DIGITS) -> str:
    """A price or a volume as it is: none of its digits lost, none added, no exponent."""
    return f"{Decimal(f'{value:.{digits}g}'):f}"


def harmless(text: str) -> str:
    """Without signs that a terminal obeys: texts of brokers and hubs come from outside."""
    return "".join(sign if sign.isprintable() else " " if sign.isspace() else "?" for sign in text)
