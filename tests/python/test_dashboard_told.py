"""What the page tells when something is old, cut, doubtful or damaged: never that all is well, never a wrong number."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from mt5_sentinel.journal_file import utc
from mt5_sentinel.view.cycle_rows import unix_s
from tests.python import dashboard_month
from tests.python.dashboard_browser import Served, Tab, browser, tab  # noqa: F401 - fixtures
from tests.python.test_dashboard_reach import axe

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SYMBOLS = ("EURUSD", "GBPUSD", "USDJPY", "AUDUSD", "USDCAD", "USDCHF", "NZDUSD")
HOUR_S, DAY_S = 3600, 86_400

Change = Callable[[sqlite3.Connection], object]


class Open(NamedTuple):
    """A page, and the dashboard that it is of."""

    tab: Tab
    served: Served

    @property
    def page(self) -> Page:
        """The loaded page."""
        return self.tab.page


Shown = Callable[..., Open]


@pytest.fixture
def shown(browser: Browser, tmp_path: Path) -> Iterator[Shown]:  # noqa: F811 - a fixture
    """Opens a page of a state of so many minutes, changed before it is served; ends the dashboard with the test."""
    pytest.importorskip("uvicorn", reason="the extra [dashboard] is not installed")
    serving: list[Served] = []

    def show(*changes: Change, minutes: int = 300, ended_s: int = 0, query: str = "", **size: Any) -> Open:
        dashboard_month.build(tmp_path / "state", int(time.time()) - ended_s, minutes)
        with contextlib.closing(sqlite3.connect(tmp_path / "state" / "journal.db")) as db, db:
            for change in changes:
                change(db)
        serving.append(Served(tmp_path / "state", tmp_path / "log"))
        opened = Open(tab(browser, serving[0].url, **size), serving[0])
        opened.tab.load(query)
        return opened

    yield show
    for one in serving:
        one.end()


def sql(statement: str, *values: Any) -> Change:
    return lambda db: db.execute(statement, values)


def text(page: Page, selector: str) -> str:
    return re.sub(r"\s+", " ", page.inner_text(selector))


def seven(db: sqlite3.Connection) -> None:
    """Six more symbols that are traded like the first, their newest cycles with them."""
    db.row_factory = sqlite3.Row
    desk = dict(db.execute("SELECT * FROM desk ORDER BY id DESC LIMIT 1").fetchone())
    cycle = dict(db.execute("SELECT * FROM cycle ORDER BY id DESC LIMIT 1").fetchone())
    for number, symbol in enumerate(SYMBOLS[1:], start=1):
        facts = json.loads(desk["facts"]) | {"symbol": symbol}
        changed = {"id": desk["id"] + number, "symbol": symbol, "facts": json.dumps(facts)}
        dashboard_month.insert(db, "desk", [desk | changed])
        finished = utc(unix_s(cycle["finished_utc"]) - 70 * number)
        changed = {"id": cycle["id"] + number, "symbol": symbol, "finished_utc": finished}
        dashboard_month.insert(db, "cycle", [cycle | changed])


def test_a_cycle_that_was_running_is_shown_as_it_ended(shown: Shown) -> None:
    now = utc(time.time())
    running = {"started_utc": now, "symbol": "EURUSD", "mode": "demo", "status": "running", "reason": "running"}
    opened = shown(lambda db: dashboard_month.insert(db, "cycle", [running | {"id": 301}]))
    page, row = opened.page, "tr[data-cycle-row='301']"
    assert text(page, f"{row} .status") == "… running"
    page.wait_for_selector("#connection[data-state=live]")
    time.sleep(2.5)
    ended = "UPDATE cycle SET status = 'done', reason = 'signal', action = 'BUY', finished_utc = ? WHERE id = 301"
    dashboard_month.change(opened.served.state_dir, ended, utc(time.time()))
    page.wait_for_selector(f"{row}[data-status=done]", timeout=15_000)
    assert text(page, f"{row} .reason") == "signal"
    opened.tab.assert_clean()


def test_positions_are_counted_beyond_those_that_are_told(shown: Shown) -> None:
    def many(db: sqlite3.Connection) -> None:
        db.row_factory = sqlite3.Row
        one = dict(db.execute("SELECT * FROM position WHERE state = 'closed' LIMIT 1").fetchone())
        db.execute("DELETE FROM position")
        began_s = unix_s(one["opened_utc"])
        rows = [one | {"ticket": at, "opened_utc": utc(began_s + at)} for at in range(1, 836)]
        dashboard_month.insert(db, "position", [row | {"closed_utc": utc(began_s + 900)} for row in rows])

    page = shown(many).page
    legend = text(page, "#candles-legend")
    assert "835 positions in this range; the newest 500 are marked" in legend
    assert "835 positions" in (page.get_attribute("#candles", "aria-label") or "")


def test_decisions_are_counted_beyond_those_that_are_told(shown: Shown) -> None:
    all_refused = sql("UPDATE cycle SET settled = 1, action = 'BUY', outcome = 'refused' WHERE id <= 1200")
    rest = sql("UPDATE cycle SET action = 'HOLD', outcome = NULL WHERE id > 1200")
    page = shown(sql("DELETE FROM position"), all_refused, rest, minutes=1300).page
    assert "decided, not traded (1,200; those of the newest 500 decisions are marked)" in text(page, "#candles-legend")
    assert "1,200 decisions" in (page.get_attribute("#candles", "aria-label") or "")


def test_an_order_of_unknown_fate_is_marked(shown: Shown) -> None:
    def doubt(db: sqlite3.Connection) -> None:
        db.row_factory = sqlite3.Row
        intent = dict(db.execute("SELECT * FROM intent ORDER BY rowid DESC LIMIT 1").fetchone())
        changed = {"req_id": "doubt", "cycle_id": 300, "side": "BUY", "state": "unknown", "settled_utc": None}
        moment = {"created_utc": utc(time.time() - 60), "created_s": time.time() - 60}
        dashboard_month.insert(db, "intent", [intent | changed | moment])
        db.execute("UPDATE cycle SET action = 'BUY', outcome = 'unknown', settled = 0 WHERE id = 300")

    page = shown(doubt).page
    assert "? order of unknown fate (1)" in text(page, "#candles-legend")
    assert "1 order of unknown fate" in (page.get_attribute("#candles", "aria-label") or "")


def test_an_account_that_was_not_read_for_hours_is_told_as_old(shown: Shown) -> None:
    unread = "UPDATE cycle SET equity = NULL, drawdown_max = NULL, exposure = NULL, positions = NULL, risk_state = NULL"
    page = shown(sql(f"{unread} WHERE id > 120")).page
    for tile in ("equity", "drawdown", "exposure", "open", "risk"):
        assert re.search(r"as of .*, (2 h 59 min|3 h( \d min)?) ago", text(page, f"#tile-{tile}")), tile
        assert page.get_attribute(f"#tile-{tile}", "data-level") == "warn", tile
    assert page.inner_text("#tile-risk .number") == "was ACTIVE"
    assert "may be opened" not in text(page, "#tiles")


def test_an_account_that_was_just_read_says_when(shown: Shown) -> None:
    page = shown().page
    assert re.search(r" at \d\d:\d\d:\d\d$", text(page, "#tile-equity"))
    assert page.get_attribute("#tile-equity", "data-level") is None
    assert page.inner_text("#tile-risk .number") == "ACTIVE"
    assert "positions may be opened" in text(page, "#tile-risk")


def test_what_a_dead_daemon_told_last_is_not_told_as_well(shown: Shown) -> None:
    page = shown(ended_s=4 * DAY_S).page
    well = page.evaluate("[...document.querySelectorAll('#lights li[data-level=ok]')].map((one) => one.innerText)")
    assert not re.search("broker|model|clock|halt", " ".join(well)), well
    assert page.locator("#lights li[data-level=old]").count() > 2
    assert "not known now" in page.inner_text("#verdict")
    assert page.inner_text("#tile-risk .number") == "was ACTIVE"
    assert re.search(r"as of \d\d-\d\d .* 4 d ago", text(page, "#tile-equity"))


def test_a_page_whose_dashboard_died_promises_nothing(shown: Shown) -> None:
    opened = shown()
    page = opened.page
    page.wait_for_selector("#connection[data-state=live]")
    assert "next cycle in" in page.inner_text("#next")
    opened.served.end()
    page.wait_for_selector("#connection[data-state=broken]")
    assert page.inner_text("#next") == ""
    day = time.strftime("%Y-%m-%d", time.gmtime())
    assert text(page, "#connection").startswith(f"Not connected, data of {day} ")
    assert page.inner_text("#verdict").startswith(f"Not heard since {day} ")
    assert page.locator("#lights li[data-level=ok]").count() == 0
    assert page.inner_text("#tile-risk .number") == "was ACTIVE"
    assert "as of" in text(page, "#tile-equity")


def test_of_hourly_bars_an_hour_is_not_offered(shown: Shown, tmp_path: Path) -> None:
    def hourly(db: sqlite3.Connection) -> None:
        db.execute('UPDATE desk SET facts = replace(facts, \'"interval":"1m"\', \'"interval":"1h"\')')
        with contextlib.closing(sqlite3.connect(tmp_path / "state" / "bars.db")) as cache, cache:
            cache.execute("UPDATE series SET interval_s = 3600")
            cache.execute("DELETE FROM bar WHERE open_s % 3600 <> 0 OR open_s > unixepoch() - 3600")

    opened = shown(hourly, minutes=1300, query="?range=1h")
    page = opened.page
    assert not page.is_visible("[data-range='1h']")
    assert page.get_attribute("[data-range='6h']", "aria-pressed") == "true"
    assert re.search(r" [67] candles, ", page.get_attribute("#candles", "aria-label") or "")
    opened.tab.assert_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_money_at_stake_cannot_be_overlooked(shown: Shown, scheme: str) -> None:
    def live(db: sqlite3.Connection) -> None:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            if any(column[1] == "mode" for column in db.execute(f"PRAGMA table_info({table})")):
                db.execute(f"UPDATE {table} SET mode = 'live'")

    opened = shown(live, scheme=scheme)
    page = opened.page
    assert page.inner_text("#mode") == "LIVE"
    assert page.title().startswith("EURUSD LIVE - ")
    paint = "getComputedStyle(document.querySelector('#mode')).backgroundColor"
    filled = page.evaluate(paint)
    page.evaluate("document.querySelector('#mode').dataset.mode = 'demo'")
    assert filled != page.evaluate(paint), "it is no badge among others"
    page.evaluate("document.querySelector('#mode').dataset.mode = 'live'")
    assert axe(page) == []
    opened.tab.assert_clean()


def test_a_damaged_cache_of_bars_takes_only_the_candles(shown: Shown, tmp_path: Path) -> None:
    opened = shown(lambda _: (tmp_path / "state" / "bars.db").write_bytes(b"no database at all" * 500))
    page = opened.page
    page.wait_for_selector("#connection[data-state=live]")
    assert "bars.db" in page.inner_text("#candles")
    assert not page.is_visible("#trouble")
    assert page.locator("#scores canvas").count() > 0
    assert page.locator("#cycles tr[data-cycle-row]").count() == 50
    time.sleep(2.5)
    cycle_id = opened.served.write_cycle(reason="signal")
    page.wait_for_selector(f"tr[data-cycle-row='{cycle_id}']", timeout=15_000)
    page.wait_for_timeout(500)
    assert "bars.db" in page.inner_text("#candles")
    assert not page.is_visible("#trouble")


def test_on_a_phone_equity_is_in_sight_whatever_is_wrong(shown: Shown) -> None:
    opened = shown(seven, ended_s=4 * DAY_S, width=390, height=844, scheme="dark")
    page = opened.page
    assert page.evaluate("document.querySelector('#tile-equity').getBoundingClientRect().bottom") <= 844
    lines = page.locator("#lights > li")
    assert lines.count() <= 10
    assert "no cycle has ended" in lines.filter(has_text="loop").inner_text()
    broker = lines.filter(has_text="broker")
    assert "all 7 symbols" in broker.inner_text()
    assert page.locator(".each:visible").count() == 0
    broker.locator("summary").press("Enter")
    told = broker.inner_text()
    assert all(f"{symbol}: " in told for symbol in SYMBOLS), told
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert axe(page) == []
    opened.tab.assert_clean()
