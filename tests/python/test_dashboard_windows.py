"""Several windows of one browser, and pages whose questions or sessions fail: all hear, or say that they do not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.python import dashboard_month
from tests.python.dashboard_browser import TOKEN, Served, Tab, browser, tab  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WINDOWS = 8
"""More than a browser has connections to one host."""


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """Five hours that end now."""
    pytest.importorskip("uvicorn", reason="the extra [dashboard] is not installed")
    dashboard_month.build(tmp_path / "state", int(time.time()), 300)
    return tmp_path / "state"


@pytest.fixture
def served(state_dir: Path, tmp_path: Path) -> Iterator[Served]:
    """A dashboard without a login."""
    running = Served(state_dir, tmp_path / "log")
    yield running
    running.end()


def connected(page: Page) -> None:
    page.wait_for_selector("#connection[data-state=live]")


def logged_in(browser: Browser, served: Served) -> Page:  # noqa: F811 - a fixture
    page = tab(browser, served.url).page
    page.goto(served.url)
    page.fill("#token", TOKEN)
    page.click("button[type=submit]")
    page.wait_for_selector("html[data-ready=yes]")
    connected(page)
    return page


def test_however_many_windows_are_open_each_hears_of_a_cycle(browser: Browser, served: Served) -> None:  # noqa: F811
    context = browser.new_context()
    tabs = [Tab(context.new_page(), served.url) for _ in range(WINDOWS)]
    for one in tabs:
        connected(one.load())
    time.sleep(2.5)
    cycle_id = served.write_cycle(equity=12_345.67)
    for one in tabs:
        one.page.wait_for_selector(f"tr[data-cycle-row='{cycle_id}']", timeout=15_000)
        assert one.page.inner_text("#tile-equity .number") == "12,345.67"
        assert one.page.inner_text("#connection") == "Connected"
        one.assert_clean()
    tabs[0].page.close()
    again = served.write_cycle(equity=23_456.78)
    tabs[1].page.wait_for_selector(f"tr[data-cycle-row='{again}']", timeout=15_000)
    context.close()


@pytest.mark.parametrize(
    "lack", ["delete window.SharedWorker", "window.SharedWorker = class { constructor() { throw new Error('no') } }"]
)
def test_a_browser_without_shared_workers_hears_too(browser: Browser, served: Served, lack: str) -> None:  # noqa: F811
    opened = tab(browser, served.url)
    opened.page.add_init_script(lack)
    page = opened.load()
    connected(page)
    time.sleep(2.5)
    cycle_id = served.write_cycle()
    page.wait_for_selector(f"tr[data-cycle-row='{cycle_id}']", timeout=15_000)
    opened.assert_clean()


def test_a_worker_that_does_not_load_is_done_without(browser: Browser, served: Served) -> None:  # noqa: F811
    page = tab(browser, served.url).page
    page.add_init_script(
        "const Real = SharedWorker; SharedWorker = class { constructor(_url, options) {"
        " return new Real('/assets/none.js', options) } }"
    )
    page.goto(served.url)
    connected(page)


def test_while_questions_go_unanswered_the_page_does_not_say_connected(browser: Browser, served: Served) -> None:  # noqa: F811
    page = tab(browser, served.url).load()
    connected(page)
    page.route("**/api/overview", lambda _route: None)
    time.sleep(2.5)
    cycle_id = served.write_cycle()
    page.wait_for_selector("#connection[data-state=broken]", timeout=40_000)
    assert page.inner_text("#connection").startswith("Not connected, data of ")
    assert "has not answered for 20 s" in page.inner_text("#trouble")
    assert page.inner_text("#verdict").startswith("Not heard since ")
    page.unroute("**/api/overview")
    page.wait_for_selector(f"tr[data-cycle-row='{cycle_id}']", timeout=60_000)
    connected(page)
    assert not page.is_visible("#trouble")


def test_a_page_whose_dashboard_was_restarted_asks_to_log_in(
    browser: Browser,  # noqa: F811
    state_dir: Path,
    tmp_path: Path,
) -> None:
    first = Served(state_dir, tmp_path / "first", token=TOKEN)
    page = logged_in(browser, first)
    first.end()
    page.wait_for_selector("#connection[data-state=broken]")
    second = Served(state_dir, tmp_path / "second", token=TOKEN, port=first.port)
    try:
        page.wait_for_url("**/login", timeout=60_000)
    finally:
        second.end()


@pytest.mark.parametrize("lack", ["", "delete window.SharedWorker"])
def test_logging_out_in_one_window_leads_all_to_the_login(
    browser: Browser,  # noqa: F811
    state_dir: Path,
    tmp_path: Path,
    lack: str,
) -> None:
    served = Served(state_dir, tmp_path / "log", token=TOKEN)
    try:
        page = logged_in(browser, served)
        other = page.context.new_page()
        other.add_init_script(lack)
        other.goto(served.url)
        other.wait_for_selector("html[data-ready=yes]")
        connected(other)
        page.click("#logout button")
        page.wait_for_url("**/login")
        # Its stream ends with the next beat.
        other.wait_for_url("**/login", timeout=30_000)
    finally:
        served.end()
