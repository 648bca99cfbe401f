"""The page in a real browser: fast, quiet, and its numbers are the journal's."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mt5_sentinel.view.cycle_rows import unix_s
from tests.python.dashboard_browser import Served, Tab, browser, month, tab  # noqa: F401 - fixtures
from tests.python.dashboard_month import HOSTILE, MINUTES, SYMBOL

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LOADED_WITHIN_MS = 1000
LOADS_MIN, LOADS_MAX = 3, 30
ROWS = "[...document.querySelectorAll('#cycles tr[data-cycle-row]')]"
DRAWN = """() => ({
    canvases: ["candles", "scores", "equity", "drawdown"].map((id) =>
        document.querySelectorAll(`#${id} canvas`).length),
    cycles: document.querySelectorAll("#cycles tr[data-cycle-row]").length,
    features: document.querySelectorAll("#features tr[data-feature]").length,
    stages: document.querySelectorAll("#stages tr[data-stage]").length,
    tiles: document.querySelectorAll(".tile").length,
})"""


@pytest.fixture
def loaded(browser: Browser, month: Served) -> Iterator[Tab]:  # noqa: F811 - a fixture
    """The page as it comes first; at the end of a test nothing may have been complained of."""
    opened = tab(browser, month.url)
    opened.load()
    yield opened
    opened.assert_clean()
    opened.page.context.close()


def test_a_month_of_minutes_is_drawn_within_a_second(browser: Browser, month: Served) -> None:  # noqa: F811
    """From the start of the navigation, with an empty cache, to the mark that is set when every panel is drawn.

    What else runs on the machine can only make a load slower: one within the second shows what the page can do.
    """
    assert month.rows("SELECT count(*) FROM cycle")[0][0] >= MINUTES
    took_ms = list[float]()
    while len(took_ms) < LOADS_MIN or (min(took_ms) >= LOADED_WITHIN_MS and len(took_ms) < LOADS_MAX):
        opened = tab(browser, month.url)
        page = opened.load("?range=30d")
        took_ms.append(page.evaluate("performance.getEntriesByName('sentinel-ready')[0].startTime"))
        drawn = page.evaluate(DRAWN)
        assert all(drawn["canvases"])
        assert drawn["cycles"] == 50
        assert min(drawn["features"], drawn["stages"], drawn["tiles"]) > 4
        opened.assert_clean()
        page.context.close()
    print(f"drawn after {', '.join(f'{ms:.0f}' for ms in took_ms)} ms")  # noqa: T201 - the figures are wanted
    assert min(took_ms) < LOADED_WITHIN_MS, took_ms


ASKED = """performance.getEntriesByType('resource').map((one) => new URL(one.name).pathname)
    .filter((path) => path.startsWith("/api/") && path !== "/api/events")"""
CLOCK_AHEAD = "const real = Date.now; Date.now = () => real() + 400 * 86400e3;"


def test_the_first_drawing_takes_one_question_whatever_the_clock_says(browser: Browser, month: Served) -> None:  # noqa: F811
    opened = tab(browser, month.url)
    opened.page.add_init_script(CLOCK_AHEAD)
    page = opened.load("?range=1h")
    assert page.evaluate(ASKED) == ["/api/start"]
    label = page.get_attribute("#candles", "aria-label") or ""
    from_s, to_s = spanned(label)
    assert to_s - from_s == 3600
    assert abs(time.time() - to_s) < 600
    page.click("[data-range='6h']")
    page.wait_for_selector(f"#candles:not([aria-label='{label}'])")
    assert page.evaluate(ASKED) == ["/api/start"] * 2
    opened.assert_clean()
    page.context.close()


def test_it_is_asked_before_the_scripts_that_draw_have_come(browser: Browser, month: Served) -> None:  # noqa: F811
    page = tab(browser, month.url).page
    for names in ("app.js", "vendor/**"):
        page.route(f"**/assets/{names}", lambda _route: None)
    with page.expect_request("**/api/start?*"):
        page.goto(month.url, wait_until="commit")
    page.context.close()


def spanned(label: str) -> list[float]:
    """The first two times that a label tells, UTC seconds."""
    found = re.findall(r"(\d{4}-\d\d-\d\d) ([\d:]{8})", label)
    return [unix_s(f"{day}T{at}.000Z") for day, at in found[:2]]


def test_the_console_stays_silent_whatever_is_pressed(loaded: Tab) -> None:
    page = loaded.page
    for name in ("1h", "6h", "7d", "30d", "1d"):
        with page.expect_response("**/api/start?*"):
            page.click(f"[data-range='{name}']")
        assert page.get_attribute(f"[data-range='{name}']", "aria-pressed") == "true"
    for shown in ("light", "dark", "system"):
        page.click("#theme")
        assert page.inner_text("#theme") == f"Theme: {shown}"
    page.hover("#candles")
    page.hover("#scores")
    page.click("#older")
    # Not by a function of the page: the policy forbids to evaluate one.
    page.locator("#cycles tr[data-cycle-row]").nth(99).wait_for(state="attached")


def test_the_account_is_the_journals(loaded: Tab, month: Served) -> None:  # noqa: F811
    row = month.rows("SELECT * FROM cycle WHERE equity IS NOT NULL ORDER BY id DESC LIMIT 1")[0]
    facts = month.facts()
    page = loaded.page
    assert page.inner_text("#tile-equity .number") == f"{row['equity']:,.2f}"
    assert page.inner_text("#tile-equity .unit") == facts["account_currency"]
    assert page.inner_text("#tile-drawdown .number") == f"{row['drawdown_max']:,.2f}"
    share = 100 * row["drawdown_max"] / facts["drawdown_max"]
    assert page.inner_text("#tile-drawdown .below") == f"{share:.1f} % of the limit {facts['drawdown_max']:,.2f}"
    assert page.inner_text("#tile-exposure .number") == f"{row['exposure']:,.2f}"
    assert page.inner_text("#tile-open .number") == str(row["positions"])
    assert page.inner_text("#tile-risk .number") == row["risk_state"]
    assert page.inner_text("#mode") == "DEMO"
    assert f"threshold {facts['threshold']:.4f}" in page.inner_text("#symbol-facts")


def test_the_newest_decision_is_the_journals(loaded: Tab, month: Served) -> None:  # noqa: F811
    row = month.rows("SELECT * FROM cycle ORDER BY id DESC LIMIT 1")[0]
    page = loaded.page
    assert page.inner_text("#tile-decision .number") == row["action"]
    assert page.inner_text("#tile-decision .unit") == f"{row['confidence']:.4f}"
    assert page.inner_text("#tile-decision .below").startswith(row["reason"])
    label = page.get_attribute("#scores", "aria-label") or ""
    assert f"BUY {row['score_buy']:.4f}, SELL {row['score_sell']:.4f}, HOLD {row['score_hold']:.4f}" in label
    assert f"{row['equity']:,.2f} USD" in (page.get_attribute("#money", "aria-label") or "")


def test_the_last_cycles_are_the_journals(loaded: Tab, month: Served) -> None:  # noqa: F811
    shown = loaded.page.evaluate(
        f"{ROWS}.map((row) => [...row.cells].slice(0, 7).map((cell) => cell.innerText.trim()))"
    )
    rows = month.rows("SELECT * FROM cycle ORDER BY id DESC LIMIT 50")
    assert len(shown) == len(rows)
    for cells, row in zip(shown, rows, strict=True):
        assert cells[0].endswith(row["started_utc"][11:19])
        assert cells[1].endswith(row["status"])
        assert cells[2] == (row["action"] or "–")
        assert cells[3] == ("–" if row["confidence"] is None else f"{row['confidence']:.4f}")
        assert cells[4:6] == [row["reason"], row["outcome"] or "–"]
        took_s = unix_s(row["finished_utc"]) - unix_s(row["started_utc"])
        assert cells[6] == (f"{took_s:.2f} s" if took_s >= 1 else f"{took_s * 1000:.1f} ms")


def test_the_features_are_the_journals(loaded: Tab, month: Served) -> None:  # noqa: F811
    import json

    facts = month.facts()
    values = json.loads(month.rows("SELECT features FROM newest_row")[0]["features"])
    ranges = facts["model"]["ranges"]
    shown = loaded.page.evaluate(
        "[...document.querySelectorAll('[data-feature]')].map((row) => [row.dataset.feature, row.cells[2].innerText,"
        " row.cells[3].innerText])"
    )
    outside = 0
    for (name, value, where), column, expected in zip(shown, facts["columns"], values, strict=True):
        low, high = ranges[column]
        word = "inside" if low <= expected <= high else "below" if expected < low else "above"
        outside += word != "inside"
        assert (name, where) == (column, word)
        assert float(value) == pytest.approx(expected, rel=1e-5)
    assert loaded.page.inner_text("#features-note").startswith(f"{outside} of {len(values)} outside")


def test_the_chart_counts_what_the_journal_counts(loaded: Tab, month: Served) -> None:  # noqa: F811
    page = loaded.page
    label = page.get_attribute("#candles", "aria-label") or ""
    from_s, to_s = spanned(label)
    assert to_s - from_s == 86_400
    rows = month.rows("SELECT opened_utc, closed_utc FROM position")
    held = [
        row
        for row in rows
        if unix_s(row["opened_utc"]) <= to_s and (row["closed_utc"] is None or unix_s(row["closed_utc"]) >= from_s)
    ]
    assert f"{len(held)} positions" in (page.get_attribute("#candles", "aria-label") or "")
    assert f"{len(held)} position" in page.inner_text("#candles-legend")
    untraded = [
        row
        for row in month.rows("SELECT * FROM cycle WHERE settled = 1 AND action IN ('BUY', 'SELL')")
        if from_s <= unix_s(row["started_utc"]) <= to_s and row["outcome"] != "filled"
    ]
    assert f"decided, not traded ({len(untraded)})" in page.inner_text("#candles-legend")
    close = month.rows("SELECT close FROM bar ORDER BY open_s DESC LIMIT 1", file="bars.db")[0]["close"]
    assert f"newest close {close:.5f}" in (page.get_attribute("#candles", "aria-label") or "")
    open_now = month.rows("SELECT * FROM position WHERE state = 'open'")
    assert page.locator("#positions tbody tr").count() == len(open_now) > 0
    assert page.inner_text("#positions tbody td:nth-child(3)") == f"{open_now[0]['price']:.5f}"


def test_a_cycle_that_ends_is_shown_while_the_page_is_open(loaded: Tab, month: Served) -> None:  # noqa: F811
    page = loaded.page
    page.wait_for_selector("#connection[data-state=live]")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    # The server looks for news once a second from when the first page listens; what comes before is not news.
    time.sleep(2.5)
    cycle_id = month.write_cycle(equity=12_345.67, reason="signal", action="BUY", confidence=0.98765, outcome="filled")
    page.wait_for_selector(f"tr[data-cycle-row='{cycle_id}']", timeout=15_000)
    assert page.inner_text("#tile-equity .number") == "12,345.67"
    cells = page.locator(f"tr[data-cycle-row='{cycle_id}'] td")
    assert cells.nth(2).inner_text() == "BUY"
    assert cells.nth(3).inner_text() == "0.9877"
    assert page.evaluate(f"{ROWS}[0].dataset.cycleRow") == str(cycle_id)
    series = [url for url in requests if "/api/series" in url]
    assert series, "the curves were not asked for"
    assert page.url == month.url, "the page was not loaded again"


def test_text_of_others_is_shown_as_text(loaded: Tab, month: Served) -> None:  # noqa: F811
    page = loaded.page
    page.wait_for_selector("#connection[data-state=live]")
    time.sleep(2.5)
    markup = "<img src=x onerror=alert(1)>"
    cycle_id = month.write_cycle(status="failed", reason=markup, detail=HOSTILE, action=None, confidence=None)
    row = f"tr[data-cycle-row='{cycle_id}']"
    page.wait_for_selector(row, timeout=15_000)
    assert page.text_content(f"{row} .reason") == markup
    assert page.text_content(f"{row} .status") == "✕ failed"
    page.click(f"{row} button")
    assert HOSTILE in (page.text_content(f"#detail-{cycle_id}") or "")
    assert page.locator("#main script, #main img").count() == 0
    assert page.inner_text("#tile-decision .number") == "FAILED"
    month.write_cycle(status="done", reason="model_hold", detail=None, action="HOLD", confidence=0.5)


def test_a_broken_connection_is_told_and_mended(browser: Browser, month: Served, tmp_path: Path) -> None:  # noqa: F811
    first = Served(month.state_dir, tmp_path / "first")
    opened = tab(browser, first.url)
    page = opened.load()
    page.wait_for_selector("#connection[data-state=live]")
    assert page.inner_text("#connection") == "Connected"
    first.end()
    page.wait_for_selector("#connection[data-state=broken]")
    told = page.inner_text("#connection")
    assert told.startswith("Not connected, data of ")
    assert told.endswith(" UTC")
    second = Served(month.state_dir, tmp_path / "second", port=first.port)
    try:
        page.wait_for_selector("#connection[data-state=live]", timeout=60_000)
    finally:
        page.context.close()
        second.end()


def test_a_tab_that_nobody_sees_rests(loaded: Tab) -> None:
    page = loaded.page
    page.wait_for_selector("#connection[data-state=live]")
    hide(page, "true")
    page.wait_for_selector("#connection[data-state=rest]")
    hide(page, "false")
    page.wait_for_selector("#connection[data-state=live]")


def hide(page: Page, value: str) -> None:
    page.evaluate(
        f"Object.defineProperty(document, 'hidden', {{ value: {value}, configurable: true }});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )


def test_where_nothing_was_traded_the_page_says_so(browser: Browser, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "state").mkdir()
    served = Served(tmp_path / "state", tmp_path / "log")
    try:
        opened = tab(browser, served.url)
        page = opened.load()
        assert "there is no journal yet" in page.inner_text("#lights")
        assert page.inner_text("#verdict") == "1 wrong"
        assert page.inner_text("#mode") == "NO MODE"
        assert "Nothing has been traded yet" in page.inner_text("#tiles")
        assert not page.is_visible(".board")
        opened.assert_clean()
        page.context.close()
    finally:
        served.end()


def test_the_symbol_stands_in_the_head(loaded: Tab) -> None:
    assert loaded.page.title() == f"{SYMBOL} DEMO - mt5-sentinel"
    assert SYMBOL in loaded.page.inner_text("#symbol-facts")
    assert not loaded.page.is_visible("#symbol"), "one symbol needs no choice"
