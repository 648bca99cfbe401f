"""Prices, lots and lines of what is open, whatever the symbol costs; and the page on a phone and in forced colours."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.python.dashboard_browser import browser  # noqa: F401 - a fixture
from tests.python.test_dashboard_reach import axe
from tests.python.test_dashboard_told import Change, Shown, shown, text  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from playwright.sync_api import Page

PRICES = ("price", "sl", "tp")
OPEN = "UPDATE position SET state = 'open', closed_utc = NULL WHERE ticket = (SELECT max(ticket) FROM position)"

ACROSS = """(name) => {
  const value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const wanted = [1, 3, 5].map((at) => parseInt(value.slice(at, at + 2), 16));
  const layers = [...document.querySelectorAll("#candles canvas")].filter((one) => one.width > 300);
  const [{ width, height }] = layers;
  const rows = new Array(height).fill(0);
  for (const layer of layers.filter((one) => one.height === height)) {
    const { data } = layer.getContext("2d").getImageData(0, 0, width, height);
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] && wanted.every((part, of) => Math.abs(part - data[at + of]) < 4)) rows[at / 4 / width | 0] += 1;
    }
  }
  const of = (share) => rows.map((count, at) => [count, at]).filter(([count]) => count > width * share);
  const any = of(0).map(([, at]) => at);
  return { lines: of(0.3).length, share: any.length ? (any.at(-1) - any[0]) / height : 0 };
}"""
"""How many dashed lines of this colour cross the chart, and what share of its height the colour takes."""


def bars(state_dir: Path, statement: str, *values: Any) -> list[Any]:
    with contextlib.closing(sqlite3.connect(state_dir / "bars.db")) as db, db:
        return db.execute(statement, values).fetchall()


def costing(tmp_path: Path, price: float, digits: int, lots: float) -> Change:
    """The symbol costs about ``price``, quoted with so many digits; so many lots of it are open."""

    def change(db: sqlite3.Connection) -> None:
        columns = ", ".join(f"{name} = round({name} * ?1, ?2)" for name in ("open", "high", "low", "close"))
        bars(tmp_path / "state", f"UPDATE bar SET {columns}", price / 1.1, digits)
        db.execute(OPEN)
        stop, target = round(price * 0.99, digits), round(price * 1.02, max(0, digits - 2))
        changed = "UPDATE position SET lots = ?, price = ?, sl = ?, tp = ? WHERE state = 'open'"
        db.execute(changed, (lots, round(price, digits), stop, target))

    return change


@pytest.mark.parametrize(
    ("price", "digits", "lots", "said"),
    [
        (34.12345, 5, 0.01, "0.01"),
        (19.99995, 5, 0.025, "0.025"),
        (97123.45, 2, 0.0005, "0.0005"),
        (0.00001234, 8, 1_000_000.0, "1,000,000"),
        (1234567.8, 1, 2.5, "2.5"),
        (155.123, 3, 0.1, "0.1"),
    ],
)
def test_prices_and_lots_lose_no_digit(
    shown: Shown,  # noqa: F811 - a fixture
    tmp_path: Path,
    price: float,
    digits: int,
    lots: float,
    said: str,
) -> None:
    opened = shown(costing(tmp_path, price, digits, lots), query="?range=1h")
    page = opened.page
    (row,) = opened.served.rows("SELECT lots, price, sl, tp FROM position WHERE state = 'open'")
    cells = page.locator("#positions tbody td").all_inner_texts()
    assert cells[1] == said
    assert cells[2:5] == [f"{row[name]:.{digits}f}" for name in PRICES]
    assert f"EURUSD: 1, {said} lots" in text(page, "#tile-open")
    bar = bars(opened.served.state_dir, "SELECT open, high, low, close FROM bar ORDER BY open_s DESC LIMIT 1")[0]
    told = " ".join(f"{name} {value:.{digits}f}" for name, value in zip("OHLC", bar, strict=True))
    assert text(page, "#candles-note").endswith(told)
    assert f"newest close {bar[3]:.{digits}f} at" in (page.get_attribute("#candles", "aria-label") or "")


def test_prices_that_were_calculated_are_not_told_to_their_last_digit(shown: Shown, tmp_path: Path) -> None:  # noqa: F811
    def calculated(db: sqlite3.Connection) -> None:
        bars(tmp_path / "state", "UPDATE bar SET high = high * 1.0000123456789, close = close * 0.9999987654321")
        db.execute(OPEN)

    page = shown(calculated, query="?range=1h").page
    assert re.search(r" C \d\.\d{5}$", text(page, "#candles-note"))
    assert all(re.fullmatch(r"\d\.\d{5}", one) for one in page.locator("#positions td").all_inner_texts()[2:5])


@pytest.mark.parametrize("width", [320, 360, 390])
@pytest.mark.parametrize(("price", "digits", "lots"), [(1234567.85, 2, 2.5), (0.00001234, 8, 1_000_000.0)])
def test_no_price_is_wider_than_a_phone(
    shown: Shown,  # noqa: F811 - a fixture
    tmp_path: Path,
    width: int,
    price: float,
    digits: int,
    lots: float,
) -> None:
    opened = shown(costing(tmp_path, price, digits, lots), width=width, height=844)
    page = opened.page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.wait_for_selector("#positions[tabindex='0']", state="attached")
    page.focus("#positions")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    assert page.evaluate("document.querySelector('#positions').scrollLeft") > 0
    assert axe(page) == []
    opened.tab.assert_clean()


def test_what_needs_no_scrolling_takes_no_focus(shown: Shown) -> None:  # noqa: F811
    page = shown(lambda db: db.execute(OPEN)).page
    assert page.locator(".wide").count() == 4
    assert page.locator(".wide[tabindex]").count() == 0


def held(entry: float, stop: float, target: float, of_s: int = 3600) -> Change:
    """A position whose prices lie so many heights of the last hour's candles above their middle."""

    def change(db: sqlite3.Connection) -> None:
        file = Path(db.execute("PRAGMA database_list").fetchone()[2]).parent
        query = "SELECT min(low), max(high) FROM bar WHERE open_s > ?"
        low, high = bars(file, query, time.time() - of_s)[0]
        prices = [round((low + high) / 2 + heights * (high - low), 5) for heights in (entry, stop, target)]
        db.execute(OPEN)
        db.execute("UPDATE position SET side = 'SELL', price = ?, sl = ?, tp = ? WHERE state = 'open'", prices)

    return change


def across(page: Page, name: str) -> dict[str, float]:
    page.wait_for_timeout(200)
    found: dict[str, float] = page.evaluate(ACROSS, name)
    return found


def test_the_scale_reaches_to_the_lines_of_what_is_open(shown: Shown) -> None:  # noqa: F811
    page = shown(held(1.0, 1.5, -1.5), query="?range=1h").page
    assert [across(page, name)["lines"] for name in ("accent", "down", "up")] == [1, 1, 1]
    assert page.locator("#candles-legend .beyond").count() == 0


def test_a_line_that_would_flatten_the_candles_is_told_beside_them(shown: Shown) -> None:  # noqa: F811
    opened = shown(held(1.0, 1.5, -60.0), query="?range=1h")
    page = opened.page
    assert [across(page, name)["lines"] for name in ("accent", "down", "up")] == [1, 1, 0]
    (row,) = opened.served.rows("SELECT tp FROM position WHERE state = 'open'")
    assert text(page, "#candles-legend .beyond") == f"↓ target of SELL 0.1 {row['tp']:.5f}, below the chart"
    assert across(page, "up")["share"] > 0.12, "candles can be told apart"


DIFFER = """(pairs) => pairs.filter(([one, other, what]) => {
  const value = (selector) => getComputedStyle(document.querySelector(selector))[what];
  return value(one) === value(other);
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_forced_colours_take_nothing_away(shown: Shown, scheme: str) -> None:  # noqa: F811
    opened = shown(lambda db: db.execute(OPEN), scheme=scheme, forced="active")
    page = opened.page
    paint = "backgroundColor"
    pairs = [
        ["[data-range='1d']", "[data-range='6h']", paint],
        ["#tile-drawdown .bar-fill", "#tile-drawdown", paint],
        ["[data-stage=fetch] .bar-fill", "#stages", paint],
        ["[data-stage=fetch] .bar-fill", "[data-stage=fetch] .bar-fill[data-level=soft]", paint],
        [".strip-mark", ".strip-range", paint],
        [".strip-mark", "body", paint],
        [".strip-range", "body", paint],
        [".key:nth-child(3) > span", ".key:nth-child(4) > span", "color"],
        ["#scores-now .buy", "#scores-now .sell", "color"],
        ["#scores-now .accent", "#scores-now .quiet", "color"],
    ]
    assert page.evaluate(DIFFER, pairs) == []
    page.click("#theme")
    page.click("#theme")
    assert page.get_attribute("html", "data-shown") == scheme, "charts stand on the system's colours"
    opened.tab.assert_clean()
