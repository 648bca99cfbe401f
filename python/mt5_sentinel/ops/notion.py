"""A report as a child page of a Notion page."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from mt5_sentinel.errors import Misconfigured, Transient, Unusable
from mt5_sentinel.ops.endpoint import Endpoint, check_url, send
from mt5_sentinel.secret import Secret
from mt5_sentinel.settings import Settings

VERSION = "2022-06-28"
TEXT_UNITS_MAX = 2000
"""What one block may hold, counted as UTF-16 does."""

BLOCKS_MAX = 100
"""What one request may bring."""

BUDGET_S = 60.0


def endpoint(settings: Settings) -> Endpoint:
    """The API, with everything it needs.

    Raises:
        Misconfigured: naming what is missing.
    """
    missing = [name for name in ("notion_page", "notion_token") if not getattr(settings, name)]
    if missing:
        todo = "set the page's id in the configuration, and the token as a credential"
        raise Misconfigured(f"--notion: {' and '.join(missing)} not set; {todo}", "bad_configuration")
    check_url("notion_url", settings.notion_url)
    if not settings.notion_token.isascii() or not settings.notion_token.isprintable():
        raise Misconfigured("notion_token has signs that no token has", "bad_configuration")
    if not settings.notion_page.replace("-", "").isalnum():
        raise Misconfigured(
            "notion_page is no id: the 32 hex digits at the end of the page's address", "bad_configuration"
        )
    return Endpoint("Notion", settings.notion_url, Secret(settings.notion_token), "notion_url", "notion_token")


def publish(api: Endpoint, page: str, title: str, report: str) -> str:
    """Make the page, block by block where it is long.

    Args:
        api: as ``endpoint`` gives it.
        page: id of the page above.
        title: of the new page.
        report: Markdown.

    Returns:
        The new page's id.

    Raises:
        SentinelError: as ``endpoint.send`` names it. A page that was begun says so in the message.
    """
    deadline = time.monotonic() + BUDGET_S
    found = list(blocks(report))
    content = {
        "parent": {"page_id": page},
        "properties": {"title": {"title": [{"type": "text", "text": {"content": title[: TEXT_UNITS_MAX // 2]}}]}},
        "children": found[:BLOCKS_MAX],
    }
    made = _send(api, "/v1/pages", content, deadline, "POST").get("id")
    if not isinstance(made, str) or not made.replace("-", "").isalnum():
        raise Unusable("Notion: the answer has no id of the new page; look whether it is there", "no_page")
    for first in range(BLOCKS_MAX, len(found), BLOCKS_MAX):
        more = {"children": found[first : first + BLOCKS_MAX]}
        try:
            _send(api, f"/v1/blocks/{made}/children", more, deadline, "PATCH")
        except (Transient, Misconfigured, Unusable) as error:
            message = f"{error}; the page {made} has {first} of {len(found)} blocks: delete it, and publish again"
            raise type(error)(message, error.reason) from None
    return made


def blocks(report: str) -> Iterator[dict[str, Any]]:
    """The report's headings as headings, what lies between as code, in pieces that fit."""
    body: list[str] = []
    for line in report.splitlines():
        marks, _, title = line.partition(" ")
        if marks in ("#", "##") and title:
            yield from _code(body)
            body = []
            name = f"heading_{len(marks)}"
            yield {"type": name, name: {"rich_text": [_rich(next(_pieces(title)))]}}
        else:
            body.append(line)
    yield from _code(body)


def _code(lines: list[str]) -> Iterator[dict[str, Any]]:
    text = "\n".join(lines).strip("\n")
    for piece in _pieces(text) if text else ():
        yield {"type": "code", "code": {"language": "markdown", "rich_text": [_rich(piece)]}}


def _pieces(text: str) -> Iterator[str]:
    """Cut at line ends where there are some, and never within a sign."""
    while text:
        end = _fitting(text)
        at_line = text.rfind("\n", 1, end) if end < len(text) else -1
        end = at_line if at_line > 0 else end
        yield text[:end]
        text = text[end:].removeprefix("\n")


def _fitting(text: str) -> int:
    """How many signs of its beginning one block may hold."""
    units = 0
    for at, sign in enumerate(text):
        units += 2 if ord(sign) > 0xFFFF else 1
        if units > TEXT_UNITS_MAX:
            return at
    return len(text)


def _rich(text: str) -> dict[str, Any]:
    return {"type": "text", "text": {"content": text}}


def _send(api: Endpoint, path: str, content: dict[str, Any], deadline: float, method: str) -> dict[str, Any]:
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise Transient(f"Notion: timeout: not all was sent within {BUDGET_S:g} s", "timeout")
    return send(api, path, content, {"Notion-Version": VERSION}, budget_s=left_s, method=method)
