"""What the page is made of: served packed, asked for again cheaply, nothing from elsewhere, within the budgets."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the extra [dashboard] is not installed")

from starlette.applications import Starlette
from starlette.routing import Route

from mt5_sentinel.dashboard.app import PAGE
from mt5_sentinel.dashboard.assets import TYPES, Assets
from tests.python.asgi_answer import Answered, answered

OURS = sorted(path for path in PAGE.iterdir() if path.is_file())
LINES_MAX, WIDTH_MAX = 300, 120


def asked(path: str, **headers: str) -> Answered:
    app = Starlette(routes=[Route("/assets/{path:path}", Assets(PAGE).answer)])
    return answered(app, f"/assets/{path}", headers)


def test_every_file_that_the_pages_name_is_served() -> None:
    named = {
        name
        for page in ("index.html", "login.html")
        for name in re.findall(r'"/assets/([^"]+)"', (PAGE / page).read_text())
    }
    assert len(named) > 20
    for name in named:
        answer = asked(name)
        assert answer.status == 200, name
        assert answer.body == (PAGE / name).read_bytes()
        assert answer.headers["content-type"].split(";")[0] == TYPES[Path(name).suffix]
    for script in PAGE.glob("*.js"):
        imported = set(re.findall(r'from "\./([a-z]+\.js)"', script.read_text()))
        assert imported <= named, f"{script.name} imports what is not asked for early"


def test_a_copy_that_is_still_right_is_not_sent_again() -> None:
    first = asked("app.js")
    assert first.headers["cache-control"] == "no-cache"
    again = asked("app.js", **{"if-none-match": f'"other", {first.headers["etag"]}'})
    assert (again.status, again.body) == (304, b"")
    assert asked("app.js", **{"if-none-match": '"other"'}).status == 200
    assert asked("words.js").headers["etag"] != first.headers["etag"]


def test_it_is_packed_for_those_who_can_unpack() -> None:
    packed = asked("app.js", **{"accept-encoding": "gzip, br"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.body) == asked("app.js").body


def test_only_what_a_page_needs_is_served() -> None:
    for path in ("index.html", "vendor/uplot/LICENSE", "../app.py", "none.js", "", "vendor"):
        assert asked(path).status == 404, path


def test_a_page_of_no_files_is_no_error(tmp_path: Path) -> None:
    app = Starlette(routes=[Route("/assets/{path:path}", Assets(tmp_path / "none").answer)])
    assert answered(app, "/assets/app.js", {}).status == 404


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_a_file_keeps_to_the_house_rules(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert len(lines) <= LINES_MAX
    assert max(len(line) for line in lines) <= WIDTH_MAX or path.suffix == ".svg"
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", " style=", "onclick="):
        assert forbidden not in text, f"{forbidden}: text of others must stay text, and the policy forbids the rest"
    elsewhere = [url for url in re.findall(r"https?://[^\s\"'<]+", text) if not url.startswith("http://www.w3.org/")]
    assert set(elsewhere) <= {"https://www.tradingview.com/"}, "nothing comes from elsewhere"


def test_the_licences_of_the_charts_are_with_them() -> None:
    notice = (Path(__file__).parents[2] / "NOTICE").read_text(encoding="utf-8")
    for name, licence in (("lightweight-charts", "Apache License"), ("uplot", "MIT License")):
        folder = PAGE / "vendor" / name
        assert licence in (folder / "LICENSE").read_text(encoding="utf-8")
        version = (folder / "VERSION").read_text(encoding="utf-8").split(",")[0].rsplit(" ", 1)[1]
        assert version in notice
        assert any(version in path.read_text(encoding="utf-8")[:400] for path in folder.glob("*.js")) or name == "uplot"
    assert "https://www.tradingview.com/" in (PAGE / "index.html").read_text(encoding="utf-8")
