"""Whether everybody can read and reach the page: phone to wall, light and dark, by keyboard, by axe's rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.python.dashboard_browser import TOKEN, Served, browser, month, tab  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SCREENS = ((390, 844), (768, 1024), (1280, 900), (2560, 1440))
SCHEMES = ("light", "dark")

SMALL = """() => {
  const seen = (one) => one.checkVisibility() && !one.closest(".unseen") && one.getClientRects().length;
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const small = [];
  while (words.nextNode()) {
    const [text, holder] = [words.currentNode.textContent.trim(), words.currentNode.parentElement];
    if (text && seen(holder) && parseFloat(getComputedStyle(holder).fontSize) < 12) small.push(text.slice(0, 40));
  }
  const targets = [...document.querySelectorAll("a, button, input, select")].filter((one) => seen(one));
  for (const one of targets) {
    const { width, height } = one.getBoundingClientRect();
    const isSmall = !one.matches(".skip") && (width < 24 || height < 24);
    if (isSmall) small.push(`${one.outerHTML.slice(0, 60)} ${width}x${height}`);
  }
  return { small, count: targets.length };
}"""

CUT = """() => [...document.querySelectorAll("header *, main *, footer *")].filter((one) => {
  if (!one.checkVisibility() || one.closest(".unseen, .scroll, .chart, .status-word")) return false;
  const box = one.getBoundingClientRect();
  return box.width > 0 && (box.right > document.documentElement.clientWidth + 1 || box.left < -1);
}).map((one) => one.outerHTML.slice(0, 80))"""

FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  return { id: one.id || one.dataset.range || one.dataset.cycle || one.getAttribute("href") || one.tagName,
    outline: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 };
}"""


# One for each test: who failed to log in has to wait, and every test comes from the same address.
@pytest.fixture
def guarded(month: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:  # noqa: F811 - a fixture
    """A dashboard that asks for a token."""
    served = Served(month.state_dir, tmp_path_factory.mktemp("guarded") / "log", token=TOKEN)
    yield served
    served.end()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_it_can_be_read_on(browser: Browser, month: Served, width: int, height: int, scheme: str) -> None:  # noqa: F811
    opened = tab(browser, month.url, width, height, scheme)
    page = opened.load()
    wide, seen = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= seen, "the page scrolls sideways"
    assert page.evaluate(CUT) == []
    found = page.evaluate(SMALL)
    assert found["small"] == []
    assert found["count"] > 50, "a button a cycle, and those of the head"
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (dark == "rgb(13, 17, 21)") == (scheme == "dark")
    opened.assert_clean()
    page.context.close()


def test_a_wall_screen_shows_everything_at_once(browser: Browser, month: Served) -> None:  # noqa: F811
    opened = tab(browser, month.url, 2560, 1440)
    page = opened.load()
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    for name in ("candles", "scores", "equity", "drawdown", "cycles", "features", "stages"):
        bottom = page.evaluate(f"document.getElementById('{name}').getBoundingClientRect().bottom")
        assert bottom <= 1440, name
    desk = tab(browser, month.url)
    size = "parseFloat(getComputedStyle(document.body).fontSize)"
    assert page.evaluate(size) > desk.load().evaluate(size)
    desk.page.context.close()
    page.context.close()


def test_a_theme_that_was_chosen_is_remembered(browser: Browser, month: Served) -> None:  # noqa: F811
    opened = tab(browser, month.url, scheme="light")
    page = opened.load()
    page.click("#theme")
    page.click("#theme")
    assert page.inner_text("#theme") == "Theme: dark"
    page = opened.load()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 21)"
    assert page.inner_text("#theme") == "Theme: dark"
    page.context.close()


def test_every_control_is_reached_by_keyboard(browser: Browser, month: Served) -> None:  # noqa: F811
    opened = tab(browser, month.url)
    page = opened.load()
    reached: list[str] = []
    while (focused := press_tab(page)) is not None and len(reached) < 200:
        assert focused["outline"], f"focus is not seen on {focused['id']}"
        reached.append(focused["id"])
    # The region of cycles scrolls, so it takes the focus too.
    expected = ["#main", "theme", "1h", "6h", "1d", "7d", "30d", "cycles"]
    assert [name for name in reached if name in expected] == expected
    buttons = page.locator("#cycles button").count()
    assert sum(name.isdigit() for name in reached) == buttons == 50
    assert {"older", "https://www.tradingview.com/"} <= set(reached)
    opened.assert_clean()
    page.context.close()


def press_tab(page: Page) -> dict[str, Any] | None:
    page.keyboard.press("Tab")
    found: dict[str, Any] | None = page.evaluate(FOCUSED)
    return found


def test_enter_and_space_press_what_has_the_focus(browser: Browser, month: Served) -> None:  # noqa: F811
    opened = tab(browser, month.url)
    page = opened.load()
    page.focus("[data-range='6h']")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-range='6h'][aria-pressed=true]")
    first = page.locator("#cycles button").first
    first.focus()
    page.keyboard.press("Space")
    assert first.get_attribute("aria-expanded") == "true"
    assert page.locator(f"#{first.get_attribute('aria-controls')}").is_visible()
    page.keyboard.press("Enter")
    assert first.get_attribute("aria-expanded") == "false"
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.focus(".skip")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    opened.assert_clean()
    page.context.close()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_on_the_page(browser: Browser, month: Served, width: int, scheme: str) -> None:  # noqa: F811
    opened = tab(browser, month.url, width, scheme=scheme)
    page = opened.load()
    page.locator("#cycles button").first.click()
    assert axe(page) == []
    page.context.close()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing_on_the_form(browser: Browser, guarded: Served, scheme: str) -> None:  # noqa: F811
    opened = tab(browser, guarded.url, scheme=scheme)
    opened.page.goto(guarded.url)
    assert axe(opened.page) == []
    log_in(opened.page, "wrong-token-wrong-token")
    assert axe(opened.page) == []
    opened.page.context.close()


def axe(page: Page) -> list[str]:
    """What axe-core has against the page as it stands, with the best practices too."""
    found = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    page.evaluate("document.getAnimations().forEach((one) => one.finish())")
    answer = found.Axe().run(page).response
    assert len(answer["passes"]) > 10, "axe looked at nothing"
    return [f"{one['id']}: {node['html'][:120]}" for one in answer["violations"] for node in one["nodes"]]


def log_in(page: Page, token: str) -> None:
    page.fill("#token", token)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_who_knows_the_token_comes_in(browser: Browser, guarded: Served) -> None:  # noqa: F811
    opened = tab(browser, guarded.url)
    page = opened.page
    page.goto(guarded.url)
    assert page.url == f"{guarded.url}login"
    assert page.evaluate("document.activeElement.id") == "token"
    assert not page.is_visible("#told")
    log_in(page, "not-the-token-at-all")
    assert page.inner_text("#told") == "That is not the token. Check it and try again."
    log_in(page, TOKEN)
    page.wait_for_url(guarded.url)
    page.wait_for_selector("html[data-ready=yes]")
    assert TOKEN not in page.content()
    assert page.evaluate("document.cookie") == "", "no script may read the session"
    page.click("#logout button")
    page.wait_for_url(f"{guarded.url}login")
    page.goto(guarded.url)
    assert page.url == f"{guarded.url}login"
    assert opened.elsewhere == []
    page.context.close()


def test_a_session_that_ended_leads_to_the_form(browser: Browser, guarded: Served) -> None:  # noqa: F811
    opened = tab(browser, guarded.url)
    page = opened.page
    page.goto(guarded.url)
    log_in(page, TOKEN)
    page.wait_for_selector("html[data-ready=yes]")
    page.context.clear_cookies()
    page.click("[data-range='6h']")
    page.wait_for_url(f"{guarded.url}login")
    page.context.close()


def test_where_nobody_logs_in_nobody_logs_out(browser: Browser, month: Served) -> None:  # noqa: F811
    opened = tab(browser, month.url)
    assert not opened.load().is_visible("#logout")
    opened.page.context.close()
