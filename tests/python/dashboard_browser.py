"""A real browser before a real dashboard over a month of minutes: fixtures of the tests of the page."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.python import dashboard_month

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page, Request

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
TOKEN = "a-token-of-the-tests-0123456789"

WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(
  `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


class Served:
    """A dashboard's process on a state directory."""

    def __init__(self, state_dir: Path, log: Path, token: str = "", port: int = 0) -> None:
        """Start it, and wait until it serves."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
        secret = {"MT5_SENTINEL_DASHBOARD_TOKEN": token} if token else {}
        command = [sys.executable, "-m", "mt5_sentinel", "dashboard", "--port", str(port)]
        self.state_dir = state_dir
        with log.open("w", encoding="utf-8") as sink:
            self.process = subprocess.Popen(
                [*command, "--state-dir", str(state_dir)],
                env=kept | secret | {"PYTHONUNBUFFERED": "1"},
                stdout=sink,
                stderr=subprocess.STDOUT,
            )
        self.url = self._wait(log)

    def _wait(self, log: Path) -> str:
        deadline = time.monotonic() + 60
        while True:
            told = log.read_text(encoding="utf-8")
            if "dashboard: " in told and told.endswith("\n"):
                return told.split("dashboard: ", 1)[1].split(" ", 1)[0]
            assert self.process.poll() is None, f"the dashboard ended:\n{told}"
            assert time.monotonic() < deadline, f"the dashboard does not serve:\n{told}"
            time.sleep(0.05)

    @property
    def port(self) -> int:
        """Where it serves."""
        return int(self.url.rstrip("/").rsplit(":", 1)[1])

    def rows(self, query: str, *values: Any, file: str = "journal.db") -> list[sqlite3.Row]:
        """What the journal says."""
        with contextlib.closing(sqlite3.connect(self.state_dir / file)) as db:
            db.row_factory = sqlite3.Row
            return db.execute(query, values).fetchall()

    def facts(self) -> dict[str, Any]:
        """What the symbol is traded with."""
        found: dict[str, Any] = json.loads(self.rows("SELECT facts FROM desk ORDER BY id DESC LIMIT 1")[0]["facts"])
        return found

    def write_cycle(self, **changed: Any) -> int:
        """One more cycle that has just ended, like the newest but for what is changed; its id."""
        with contextlib.closing(sqlite3.connect(self.state_dir / "journal.db")) as db, db:
            db.row_factory = sqlite3.Row
            row = dict(db.execute("SELECT * FROM cycle ORDER BY id DESC LIMIT 1").fetchone())
            now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
            row |= {"id": row["id"] + 1, "started_utc": now, "finished_utc": now} | changed
            dashboard_month.insert(db, "cycle", [row])
        return int(row["id"])

    def end(self) -> None:
        """Kill it; a dashboard has nothing to lose."""
        self.process.kill()
        self.process.wait(20)


class Tab:
    """A page of the dashboard, and all that the browser had to complain about."""

    def __init__(self, page: Page, url: str) -> None:
        """Listen before anything is loaded."""
        self.page, self.url = page, url
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        page.add_init_script(WATCH)
        page.on("console", lambda message: self._complain(message.type, message.text))
        page.on("pageerror", lambda error: self._complain("error", str(error)))
        page.on("dialog", self._dismiss)
        page.on("request", self._watch)

    def _dismiss(self, dialog: Dialog) -> None:
        self._complain("dialog", dialog.message)
        dialog.dismiss()

    def _watch(self, request: Request) -> None:
        if not request.url.startswith(self.url):
            self.elsewhere.append(request.url)

    def _complain(self, kind: str, text: str) -> None:
        if kind not in ("log", "info", "debug"):
            self.complaints.append(f"{kind}: {text}")

    def load(self, query: str = "") -> Page:
        """Load the page, and wait until every panel is drawn."""
        self.page.goto(self.url + query)
        self.page.wait_for_selector("html[data-ready=yes]", timeout=60_000)
        return self.page

    def assert_clean(self) -> None:
        """Nothing on the console, nothing that the policy had to stop, nothing asked of others."""
        assert self.complaints == []
        assert self.page.evaluate("window.violations") == []
        assert self.elsewhere == []


def tab(
    browser: Browser, url: str, width: int = 1280, height: int = 900, scheme: Any = "light", forced: Any = "none"
) -> Tab:
    """A tab of its own, with nothing in its cache or memory; ``forced`` is "active" where the system forces colours."""
    size: Any = {"width": width, "height": height}
    context = browser.new_context(viewport=size, color_scheme=scheme, forced_colors=forced)
    return Tab(context.new_page(), url)


# Not for the session: while the driver runs, its event loop runs in this thread, and other tests need it for theirs.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's own Chromium, without a window."""
    found = next((path for path in map(shutil.which, CHROMIUM) if path), None)
    if found is None:
        pytest.skip("chromium is not installed")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    # Chromium refuses its sandbox to root, which CI may be.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_api.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=found, args=arguments)
        yield running
        running.close()


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A dashboard over a month of minutes that ends now; no login, for it serves this machine only."""
    pytest.importorskip("uvicorn", reason="the extra [dashboard] is not installed")
    place = tmp_path_factory.mktemp("month")
    dashboard_month.build(place / "state", int(time.time()))
    served = Served(place / "state", place / "log")
    yield served
    served.end()
