"""Charts while the market is closed: the newest bars there are, not an empty day."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mt5_sentinel.journal_file import utc
from tests.python import dashboard_month
from tests.python.dashboard_browser import browser  # noqa: F401 - a fixture
from tests.python.dashboard_served import served
from tests.python.test_dashboard_told import Change, Shown, shown, text  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from playwright.sync_api import Page

DAY_S, HOUR_S = 86_400, 3600
CLOSED_S = 25 * HOUR_S
"""For so long it has been closed."""
MINUTES = 3 * 1440


def moved(db: sqlite3.Connection, **changed: Any) -> None:
    """Trade with what is changed, as the newest note says."""
    note = db.execute("SELECT id, facts FROM desk ORDER BY id DESC LIMIT 1").fetchone()
    facts = json.dumps(json.loads(note[1]) | changed)
    db.execute("UPDATE desk SET facts = ? WHERE id = ?", (facts, note[0]))


def closed(place: Path, *, is_open: bool = False) -> Change:
    """Cycles that found the market closed for 25 hours, and no bars of them."""

    def change(db: sqlite3.Connection) -> None:
        now_s = int(time.time())
        begin_s = (now_s - CLOSED_S) // 60 * 60
        days = [time.strftime("%Y-%m-%d", time.gmtime(now_s + DAY_S * at)) for at in (-2, -1, 0, 1)]
        moved(db, market="always" if is_open else "fx", holidays=[] if is_open else days)
        none = ", ".join(f"{name} = NULL" for name in ("action", "confidence", "score_buy", "score_sell", "score_hold"))
        query = f"UPDATE cycle SET reason = 'market_closed', equity = NULL, bar_open_s = NULL, {none}"
        db.execute(f"{query} WHERE started_utc >= ?", (utc(begin_s),))
        with contextlib.closing(sqlite3.connect(place / "bars.db")) as cache, cache:
            cache.execute("DELETE FROM bar WHERE open_s >= ?", (begin_s - 60,))

    return change


def newest_bar(place: Path) -> int:
    with contextlib.closing(sqlite3.connect(place / "bars.db")) as cache:
        found: int = cache.execute("SELECT max(open_s) FROM bar").fetchone()[0]
    return found


def label(page: Page) -> str:
    return page.get_attribute("#candles", "aria-label") or ""


@pytest.mark.parametrize("query", ["", "?range=1h"])
def test_a_closed_market_is_shown_up_to_its_newest_bar(shown: Shown, tmp_path: Path, query: str) -> None:  # noqa: F811
    opened = shown(closed(tmp_path / "state"), minutes=MINUTES, query=query)
    page = opened.page
    assert "market closed" in text(page, "#symbol-facts")
    end = time.strftime("%Y-%m-%d %H:%M", time.gmtime(newest_bar(tmp_path / "state") + 120))
    assert f"The market is closed: shown up to {end}" in text(page, "#candles-legend")
    assert re.search(r" [1-9]\d+ candles, ", label(page)), label(page)
    assert page.locator("#scores canvas").count() > 0, "the rows of these bars were scored"
    page.wait_for_selector("#connection[data-state=live]")
    time.sleep(2.5)
    before = label(page)
    cycle_id = opened.served.write_cycle(reason="market_closed", action=None, confidence=None, bar_open_s=None)
    page.wait_for_selector(f"tr[data-cycle-row='{cycle_id}']", timeout=15_000)
    page.wait_for_timeout(500)
    assert label(page) == before
    opened.tab.assert_clean()


def test_a_week_that_holds_bars_ends_now_though_the_market_is_closed(shown: Shown, tmp_path: Path) -> None:  # noqa: F811
    page = shown(closed(tmp_path / "state"), minutes=MINUTES, query="?range=7d").page
    assert "shown up to" not in text(page, "#candles-legend")
    assert time.strftime(" to %Y-%m-%d", time.gmtime()) in label(page)


def test_an_open_market_without_bars_says_when_the_newest_was(shown: Shown, tmp_path: Path) -> None:  # noqa: F811
    """As in its first minutes."""
    page = shown(closed(tmp_path / "state", is_open=True), minutes=MINUTES).page
    told = text(page, "#candles")
    assert re.search(r"no bars of this range; the newest that a cycle had is of \d{4}-\d\d-\d\d \d\d:\d\d", told), told
    assert "closed" not in told


def test_a_market_that_opens_again_is_shown_without_the_bars_of_before(shown: Shown, tmp_path: Path) -> None:  # noqa: F811
    place = tmp_path / "state"
    opened = shown(closed(place), minutes=MINUTES, query="?range=1h")
    page = opened.page
    page.wait_for_selector("#connection[data-state=live]")
    time.sleep(2.5)
    at_s = int(time.time()) // 60 * 60 - 60
    with contextlib.closing(sqlite3.connect(place / "bars.db")) as cache, cache:
        cache.execute("INSERT INTO bar VALUES (1, ?, 1.1, 1.102, 1.099, 1.101, 9, 0)", (at_s,))
    with contextlib.closing(sqlite3.connect(place / "journal.db")) as db, db:
        moved(db, market="always", holidays=[])
    cycle_id = opened.served.write_cycle(reason="model_hold", action="HOLD", confidence=0.5, bar_open_s=at_s)
    page.wait_for_selector(f"tr[data-cycle-row='{cycle_id}']", timeout=15_000)
    page.wait_for_timeout(500)
    assert " 1 candles, newest close 1.101 " in label(page), label(page)
    assert "shown up to" not in text(page, "#candles-legend")


def test_page_and_server_end_the_range_alike(tmp_path: Path) -> None:
    pytest.importorskip("uvicorn", reason="the extra [dashboard] is not installed")
    dashboard_month.build(tmp_path, int(time.time()), MINUTES)
    with contextlib.closing(sqlite3.connect(tmp_path / "journal.db")) as db, db:
        closed(tmp_path)(db)
    with served(tmp_path) as client:
        told = client.api("start", last_s=DAY_S)
        symbol = told["overview"]["symbols"][0]
        assert symbol["is_open"] is False
        assert symbol["newest_bar_s"] == newest_bar(tmp_path)
        assert symbol["newest_s"] == symbol["newest_bar_s"] + 60
        assert told["shown"]["is_past"] is True and told["shown"]["to_s"] == symbol["newest_s"] + 60
        assert client.api("start", last_s=7 * DAY_S)["shown"]["is_past"] is False
