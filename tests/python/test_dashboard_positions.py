"""Positions that were closed are told in words too, not only by marks on the chart."""

from __future__ import annotations

import sqlite3
import time

import pytest

from mt5_sentinel.journal_file import utc
from tests.python import dashboard_month
from tests.python.dashboard_browser import browser  # noqa: F401 - a fixture
from tests.python.test_dashboard_reach import axe
from tests.python.test_dashboard_told import Change, Shown, shown, text  # noqa: F401 - a fixture

HELD_S = 600


def closed(count: int, every_s: int = 60, last_s: int = 120) -> Change:
    """So many positions, closed one after the other; the last of them ``last_s`` ago. Another symbol has one too."""

    def change(db: sqlite3.Connection) -> None:
        now_s = int(time.time())
        db.execute("DELETE FROM position")
        rows = [
            {
                **{"mode": "demo", "ticket": ticket, "symbol": "EURUSD", "side": ("SELL", "BUY")[ticket % 2]},
                **{"opened_lots": 0.0125, "lots": 0.0, "price": 1.1 + ticket / 1e5, "state": "closed"},
                **{"closed_price": 1.1 - ticket / 1e5, "closed_by": "stop_loss", "profit": 1.5 - ticket},
                "opened_utc": utc(now_s - last_s - (count - ticket) * every_s - HELD_S),
                "closed_utc": utc(now_s - last_s - (count - ticket) * every_s),
            }
            for ticket in range(1, count + 1)
        ]
        other = rows[0] | {"ticket": 0, "symbol": "GBPUSD"}
        dashboard_month.insert(db, "position", [*rows, other])

    return change


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (320, "dark")])
def test_closed_positions_are_read_by_keyboard(shown: Shown, width: int, scheme: str) -> None:  # noqa: F811
    opened = shown(closed(3), query="?range=1h", width=width, scheme=scheme)
    page = opened.page
    assert text(page, "#closed-title") == "Last closed in this range: 3"
    assert not page.is_visible("#closed-rows table")
    page.focus("#closed-title")
    page.keyboard.press("Enter")
    query = "SELECT * FROM position WHERE symbol = 'EURUSD' ORDER BY closed_utc DESC"
    for at, row in enumerate(opened.served.rows(query)):
        cells = page.locator("#closed-rows tbody tr").nth(at).locator("td").all_inner_texts()
        side, prices, times, end = (cell.split("\n") for cell in cells)
        assert side == [row["side"], "0.0125"]
        assert prices == [f"{row[name]:.5f}" for name in ("price", "closed_price")]
        # Where midnight lies between, a time has its day before it.
        assert [told[-8:] for told in times] == [row[name][11:19] for name in ("opened_utc", "closed_utc")]
        assert end == [f"{row['profit']:.2f}", "stop loss"]
    assert page.locator("#closed-rows tbody tr").count() == 3
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.click("[data-range='6h']")
    page.wait_for_timeout(300)
    assert page.is_visible("#closed-rows table"), "it stays open"
    assert axe(page) == []
    opened.tab.assert_clean()


def test_the_newest_of_many_are_listed_and_those_before_the_range_are_not(shown: Shown) -> None:  # noqa: F811
    page = shown(closed(70), query="?range=1h").page
    assert text(page, "#closed-title") == "Last closed in this range: 20"
    page.click("#closed-title")
    assert text(page, "#closed-rows tbody tr:first-child").endswith("-68.50 stop loss")
    page.wait_for_selector("#closed-rows[tabindex='0']")
    assert axe(page) == []


def test_where_nothing_was_closed_nothing_is_listed(shown: Shown) -> None:  # noqa: F811
    opened = shown(closed(3, last_s=2 * 3600), query="?range=1h", minutes=400)
    assert not opened.page.is_visible("#closed")
    opened.page.click("[data-range='6h']")
    opened.page.wait_for_selector("#closed:not([hidden])")
    opened.tab.assert_clean()
