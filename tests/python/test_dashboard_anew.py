"""An open page when something else is traded: paper and money, or bars of two lengths, are never drawn as one."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mt5_sentinel.journal_file import utc
from tests.python import dashboard_month
from tests.python.dashboard_browser import browser  # noqa: F401 - a fixture
from tests.python.test_dashboard_told import Open, Shown, shown, sql, text  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from playwright.sync_api import Page

LIVE_EQUITY = 2_502.5
STEP_S = 300


def traded_with(opened: Open, mode: str, **changed: Any) -> None:
    """The daemon starts again: in this mode, its newest note with what is changed."""
    with contextlib.closing(sqlite3.connect(opened.served.state_dir / "journal.db")) as db, db:
        db.row_factory = sqlite3.Row
        desk = dict(db.execute("SELECT * FROM desk ORDER BY id DESC LIMIT 1").fetchone())
        facts = json.dumps(json.loads(desk["facts"]) | changed)
        note = {"id": desk["id"] + 1, "mode": mode, "facts": facts, "at_utc": utc(time.time() - 1)}
        dashboard_month.insert(db, "desk", [desk | note])


def listening(page: Page) -> None:
    """Wait until a cycle that ends is news; the server begins to look when the first page listens."""
    page.wait_for_selector("#connection[data-state=live]")
    time.sleep(2.5)


def pointed(page: Page) -> str:
    """What the equity was in the middle of the range."""
    page.hover("#equity .u-over")
    page.wait_for_function("document.querySelector('#equity-now').textContent.includes(':')")
    return text(page, "#equity-now")


def test_paper_and_money_are_never_one_curve(shown: Shown) -> None:  # noqa: F811
    tables = ("cycle", "desk", "intent", "position", "risk", "newest_row")
    opened = shown(*(sql(f"UPDATE {name} SET mode = 'dry-run'") for name in tables), query="?range=1h")
    page = opened.page
    assert page.inner_text("#mode") == "DRY RUN"
    assert re.search("[1-9] positions? in this range", text(page, "#candles-legend"))
    listening(page)
    traded_with(opened, "live")
    money = {"mode": "live", "equity": LIVE_EQUITY, "drawdown_max": 0.0, "reason": "model_hold", "positions": 0}
    cycle_id = opened.served.write_cycle(**money)
    page.wait_for_selector(f"tr[data-cycle-row='{cycle_id}']", timeout=15_000)
    assert page.inner_text("#mode") == "LIVE"
    assert page.locator("#cycles tr[data-cycle-row]").count() == 1
    page.wait_for_timeout(300)
    assert f"equity {LIVE_EQUITY:,.2f} drawdown 0.00" in pointed(page)
    assert "0 positions in this range" in text(page, "#candles-legend")
    opened.tab.assert_clean()


def test_a_new_way_of_trading_is_seen_before_its_first_cycle_ends(shown: Shown) -> None:  # noqa: F811
    opened = shown(query="?range=1h")
    page = opened.page
    page.wait_for_selector("#connection[data-state=live]")
    traded_with(opened, "live")
    # The head is asked for by then.
    with page.expect_response("**/api/start?*", timeout=60_000):
        pass
    page.wait_for_selector("#mode[data-mode=live]")
    assert page.locator("#cycles tr[data-cycle-row]").count() == 0
    assert page.locator("#equity canvas").count() == 0, "the curve of the other mode is gone"


def test_bars_of_two_lengths_are_never_one_chart(shown: Shown, tmp_path: Path) -> None:  # noqa: F811
    opened = shown(query="?range=1h")
    page = opened.page
    assert re.search(" (59|60) candles, ", page.get_attribute("#candles", "aria-label") or "")
    listening(page)
    with contextlib.closing(sqlite3.connect(tmp_path / "state" / "bars.db")) as cache, cache:
        end_s = int(time.time()) // STEP_S * STEP_S
        series = (2, "eodhd", "EURUSD.FOREX", STEP_S, end_s - 86_400, end_s, 1.1)
        cache.execute("INSERT INTO series VALUES (?, ?, ?, ?, ?, ?, ?)", series)
        rows = [(end_s - STEP_S * back,) for back in range(1, 200)]
        cache.executemany("INSERT INTO bar VALUES (2, ?, 1.1, 1.102, 1.099, 1.101, 9, 0)", rows)
    traded_with(opened, "demo", interval="5m")
    cycle_id = opened.served.write_cycle()
    page.wait_for_selector(f"tr[data-cycle-row='{cycle_id}']", timeout=15_000)
    page.wait_for_timeout(300)
    assert "5m" in text(page, "#symbol-facts")
    label = page.get_attribute("#candles", "aria-label") or ""
    assert re.search(" 1[123] candles, newest close 1.101", label), label
    opened.tab.assert_clean()
