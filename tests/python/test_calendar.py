"""The market's hours against zoneinfo, a second and simpler telling of the same rules, and against real bars."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mt5_sentinel import _core
from mt5_sentinel.errors import Misconfigured

NEW_YORK = ZoneInfo("America/New_York")
TEN_MINUTES_S = 600
HOUR_S = 3600

FX_CLOSED = {date(year, month, day) for year in range(2014, 2030) for month, day in ((12, 25), (1, 1))}

# The exchange's days of 2025 and 2026, written down one by one: an early close as minutes of the day, 0 for none.
METAL_DAYS = {
    "2025-01-01": 0,
    "2025-01-20": 870,
    "2025-02-17": 870,
    "2025-04-18": 0,
    "2025-05-26": 870,
    "2025-06-19": 870,
    "2025-07-04": 870,
    "2025-09-01": 870,
    "2025-11-27": 870,
    "2025-11-28": 825,
    "2025-12-24": 825,
    "2025-12-25": 0,
    "2026-01-01": 0,
    "2026-01-19": 870,
    "2026-02-16": 870,
    "2026-04-03": 0,
    "2026-05-25": 870,
    "2026-06-19": 870,
    "2026-07-03": 870,
    "2026-09-07": 870,
    "2026-11-26": 870,
    "2026-11-27": 825,
    "2026-12-24": 825,
    "2026-12-25": 0,
    "2027-01-01": 0,
}


def utc_s(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp())


def fx_is_open(at_s: int) -> bool:
    local = datetime.fromtimestamp(at_s, NEW_YORK)
    session = local.date() + timedelta(days=local.hour >= 17)
    return session.weekday() < 5 and session not in FX_CLOSED


def metal_is_open(at_s: int) -> bool:
    local = datetime.fromtimestamp(at_s, NEW_YORK)
    if local.hour == 17:
        return False
    session = local.date() + timedelta(days=local.hour > 17)
    close = METAL_DAYS.get(session.isoformat(), 17 * 60)
    minutes = -1 if session != local.date() else local.hour * 60 + local.minute
    return session.weekday() < 5 and close > 0 and minutes < close


def differences(calendar: _core.Calendar, oracle: Callable[[int], bool], first: str, last: str) -> list[str]:
    moments = range(utc_s(first), utc_s(last), TEN_MINUTES_S)
    assert len(moments) > 100_000
    # Every five minutes: early closes lie on quarter hours.
    looked_at = (at_s + shift_s for at_s in moments for shift_s in (0, 300))
    return [str(datetime.fromtimestamp(at, timezone.utc)) for at in looked_at if calendar.is_open(at) != oracle(at)]


def test_two_years_of_currencies_agree_with_zoneinfo() -> None:
    assert differences(_core.Calendar("EURUSD"), fx_is_open, "2025-01-01", "2027-01-01") == []


def test_two_years_of_metals_agree_with_zoneinfo() -> None:
    assert differences(_core.Calendar("XAUUSD"), metal_is_open, "2025-01-01", "2027-01-01") == []


def test_summer_time_of_thirty_years_agrees_with_zoneinfo() -> None:
    """Every hour of the Sundays and Fridays from 2000 to 2029, also before the United States moved their dates."""
    calendar = _core.Calendar("EURUSD")
    days = (datetime(2000, 1, 1, tzinfo=timezone.utc) + timedelta(days=n) for n in range(10_957))
    hours = [int(day.timestamp()) + h * HOUR_S for day in days if day.weekday() in (4, 6) for h in range(24)]
    # Before 2014 and after 2029 the oracle has no holidays.
    kept = [at for at in hours if datetime.fromtimestamp(at, timezone.utc).month not in (12, 1)]
    assert len(kept) > 60_000
    assert [at for at in kept if calendar.is_open(at) != fx_is_open(at)] == []


# What lies outside: the night to 25 December until 03:00, when one of the feeds goes on quoting (9 hours in 2017, 46 in
# the other file's five years, and an hour of New Year's Eve), and one stray bar of a Friday at 17:00.
@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "strays"),
    [
        ("AUDUSD_1h_2015_2022", 0),
        ("EURUSD_1h_2017_2023", 47),
        ("EURUSD_1h_dukascopy_ask_2017", 9),
        ("GBPUSD_1h_2015_2022", 1),
        ("USDJPY_1h_2015_2022", 0),
    ],
)
def test_real_bars_lie_in_open_time(shared: Path, name: str, strays: int) -> None:
    calendar = _core.Calendar(name)
    with gzip.open(shared / "bars" / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
        opens = [int(float(row["timestamp"])) for row in csv.DictReader(file)]
    outside = [at for at in opens if not calendar.has_trading(at, at + HOUR_S)]
    told = [datetime.fromtimestamp(at, NEW_YORK).strftime("%Y-%m-%d %a %H:%M") for at in outside]
    assert len(outside) == strays, told


@pytest.mark.shared
def test_real_bars_are_there_when_they_are_due(shared: Path) -> None:
    """The other way round: in most open hours there is a bar, so that the calendar is not merely generous."""
    calendar = _core.Calendar("GBPUSD")
    with gzip.open(shared / "bars/GBPUSD_1h_2015_2022.csv.gz", "rt", encoding="utf-8") as file:
        opens = {int(float(row["timestamp"])) for row in csv.DictReader(file)}
    hours = [at for at in range(min(opens), max(opens), HOUR_S) if calendar.has_trading(at, at + HOUR_S)]
    missing = [at for at in hours if at not in opens]
    assert len(missing) < len(hours) // 100, len(missing)


def test_christmas_weeks_hour_by_hour() -> None:
    """Open hours of each New York date around Christmas, counted by hand."""
    expected = {
        "2025-12-22": 24,
        "2025-12-23": 24,
        "2025-12-24": 17,
        "2025-12-25": 7,
        "2025-12-26": 17,
        "2025-12-27": 0,
        "2025-12-28": 7,
        "2025-12-31": 17,
        "2026-01-01": 7,
        "2026-12-24": 17,
        "2026-12-25": 0,
        "2026-12-27": 7,
    }
    calendar = _core.Calendar("EURUSD")
    counted = {}
    for day in expected:
        midnight = int(datetime.fromisoformat(day).replace(tzinfo=NEW_YORK).timestamp())
        counted[day] = calendar.open_s_between(midnight, midnight + 24 * HOUR_S) // HOUR_S
    assert counted == expected


def test_the_binding_says_what_the_core_says() -> None:
    calendar = _core.Calendar("EURUSD", "fx", ("2026-06-24", "2026-06-25 13:00"))
    monday = utc_s("2026-06-22 10:20:00")
    assert calendar.next_change_s(monday) == utc_s("2026-06-23 21:00:00")
    assert calendar.newest_due(monday, HOUR_S) == utc_s("2026-06-22 09:00:00")
    assert calendar.slots_back(utc_s("2026-06-22 09:00:00"), HOUR_S, 13) == utc_s("2026-06-19 20:00:00")
    assert calendar.is_open(utc_s("2026-06-25 16:59:59"))
    assert not calendar.is_open(utc_s("2026-06-25 17:00:00"))
    assert _core.Calendar("EURUSD", "always").next_change_s(monday) is None
    with pytest.raises(Misconfigured, match=r"`market`: \"forex\""):
        _core.Calendar("EURUSD", "forex")
    with pytest.raises(Misconfigured, match='`holidays`: "Christmas"'):
        _core.Calendar("EURUSD", holidays=["Christmas"])
