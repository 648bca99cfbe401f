"""Secrets out of a diff before it leaves the machine, and nothing else: what is no secret the reviewer must see.

Each line is looked at by itself, a value is taken out and its name stays, and every gap is counted. What looks like a
secret and like code at once is neither sent nor taken out: such a diff is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from mt5_sentinel import logs
from mt5_sentinel.errors import Unusable
from mt5_sentinel.ops import secret_shapes as shapes
from mt5_sentinel.ops.pem_lines import PemLines
from mt5_sentinel.ops.secret_shapes import Kind

VALUE_CHARS_MAX = 200
TOKEN_CHARS_MAX = 2000
"""A value that is all letters, digits and the few signs of tokens may be as long as a signed token is."""

LINES_MIN = 5
LINES_SHARE_MAX = 0.2
"""So many of a hunk's added lines may have a gap: five, or a fifth of them."""

NAME_CHARS_MAX = 40
NAME_AT_END = re.compile(r"[\w-]*\Z")

IsSecret = Callable[["re.Match[str]"], bool]


class Gap(NamedTuple):
    """What was taken out of a line: the line's number from 1, which kind of secret, how many characters."""

    line: int
    kind: str
    chars: int


def redact(text: str) -> tuple[str, list[Gap]]:
    """The text without secrets, and each gap.

    Values that ``logs.learn`` was told go in every spelling; the rest by how they look. What names what is public
    (checksums, object ids, public keys) stays.

    Raises:
        Unusable: what looks like a secret looks like code too, or is too long, or too much of a hunk would be gone.
    """
    gaps: list[Gap] = []
    whole = logs.hide(text)
    if whole.count("\n") != text.count("\n"):
        gaps.append(Gap(1, "known", len(text) - len(whole)))
        text = whole
    pem, kind = PemLines(), Kind.UNKNOWN
    lines = text.split("\n")
    done = []
    for number, line in enumerate(lines, start=1):
        if line.startswith("+++ ") and number > 1 and lines[number - 2].startswith("--- "):
            kind = shapes.kind_of(line[4:].split("\t")[0].strip())
        done.append(_Line(number, line, gaps).without_secrets(pem, kind))
    _check_shares(lines, gaps)
    return "\n".join(done), gaps


def counts(gaps: list[Gap]) -> dict[str, int]:
    """How many of each kind; a private key of many lines is one."""
    found = Counter(gap.kind for gap in gaps if gap.kind != "private_key")
    keys = [gap.line for gap in gaps if gap.kind == "private_key"]
    found["private_key"] = sum(1 for line in keys if line - 1 not in keys)
    return {kind: count for kind, count in sorted(found.items()) if count}


class _Line:
    def __init__(self, number: int, text: str, gaps: list[Gap]) -> None:
        self._number, self._text, self._gaps = number, text, gaps

    def without_secrets(self, pem: PemLines, kind: Kind) -> str:
        hidden = logs.hide(self._text)
        if hidden != self._text:
            count = hidden.count(logs.HIDDEN) - self._text.count(logs.HIDDEN)
            lost = max(len(self._text) - len(hidden) + count * len(logs.HIDDEN), count)
            self._gaps += [Gap(self._number, "known", lost // max(count, 1))] * max(count, 1)
            self._text = hidden
        for begin, end in reversed(pem.spans(self._text)):
            self._gaps.append(Gap(self._number, "private_key", end - begin))
            self._text = self._text[:begin] + _mark("private_key", end - begin) + self._text[end:]

        def bare(found: re.Match[str]) -> bool:
            return shapes.is_bare_secret(found, kind)

        def env_bare(found: re.Match[str]) -> bool:
            is_name = shapes.IDENTIFIER.fullmatch(found["value"]) is not None
            is_code = found.string[found.end() : found.end() + 1] in ("(", "[", "{")
            return bare(found) or (kind != Kind.CODE and is_name and not is_code and "." not in found["value"])

        self._take("url_password", shapes.URL_PASSWORD, lambda found: "$" not in found["value"])
        self._take("provider_token", shapes.PROVIDERS)
        self._take("webhook", shapes.WEBHOOK)
        self._take("bearer", shapes.BEARER, lambda found: shapes.is_token(found["value"]))
        self._take("env_line", shapes.ENV_QUOTED)
        self._take("env_line", shapes.ENV_WHOLE if kind == Kind.VALUES else shapes.ENV_BARE, env_bare)
        self._take("assignment", shapes.QUOTED)
        self._take("assignment", shapes.ESCAPED)
        self._take("login", shapes.LOGIN)
        self._take("login", shapes.CURL)
        self._take("hex_key", shapes.LONG_HEX)
        self._take("assignment", shapes.BARE_WHOLE if kind == Kind.VALUES else shapes.BARE, bare)
        self._take("netrc", shapes.NETRC)
        self._take("netrc", shapes.NETRC_ALONE)
        return self._text

    def _take(self, kind: str, pattern: re.Pattern[str], is_secret: IsSecret = lambda found: True) -> None:
        def replace(found: re.Match[str]) -> str:
            value = found["value"]
            name = found["name"] if "name" in pattern.groupindex else ""
            if name:
                begin = max(found.start("name") - NAME_CHARS_MAX, 0)
                before = NAME_AT_END.search(found.string, begin, found.start("name"))
                name = (before[0] if before else "") + name
            if shapes.PUBLIC.search(name) or shapes.is_shown(value) or not is_secret(found):
                return found[0]
            self._check(value)
            self._gaps.append(Gap(self._number, kind, len(value)))
            return found["before"] + _mark(kind, len(value))

        self._text = pattern.sub(replace, self._text)

    def _check(self, value: str) -> None:
        """Refuse what must be seen and must not be sent."""
        most = TOKEN_CHARS_MAX if shapes.TOKEN_SHAPED.fullmatch(value.strip("\"'")) else VALUE_CHARS_MAX
        if len(value) > most or shapes.looks_like_code(value):
            message = (
                f"the diff, line {self._number}: a value behind the name of a secret is"
                f" {'longer than a secret' if len(value) > most else 'written like code'}: it can neither be sent nor"
                " be taken out unseen; take the secret out of the change, or give what is none another name"
            )
            raise Unusable(message, "secret_or_code")


def _mark(kind: str, chars: int) -> str:
    return f"[redacted {kind}, {chars} characters]"


def _check_shares(lines: list[str], gaps: list[Gap]) -> None:
    """Refuse a diff of which the reviewer would see too little.

    Raises:
        Unusable: naming the hunk.
    """
    holed = {gap.line for gap in gaps}
    for begin, added in _hunks(lines):
        gone = len(holed & set(added))
        if gone > max(LINES_MIN, LINES_SHARE_MAX * len(added)):
            message = (
                f"the diff, line {begin}: secrets would have to be taken out of {gone} of the {len(added)} lines that"
                " this hunk adds, and a reviewer would pass what it does not see; take them out of the change, and have"
                " each that was ever committed replaced"
            )
            raise Unusable(message, "too_much_redacted")


def _hunks(lines: list[str]) -> Iterator[tuple[int, list[int]]]:
    """Each hunk: its line's number, and those of the lines it adds; a text without any is one, all of it added."""
    if not any(line.startswith("@@") for line in lines):
        yield 1, list(range(1, len(lines) + 1))
        return
    begin, added = 1, list[int]()
    for number, line in enumerate(lines, start=1):
        if line.startswith("@@"):
            yield begin, added
            begin, added = number, []
        elif line.startswith("+"):
            added.append(number)
    yield begin, added
