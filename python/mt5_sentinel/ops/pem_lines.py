"""Private keys in PEM: only what is base64 of a key's shape between the marks, and no other line that stands there."""

from __future__ import annotations

import re

from mt5_sentinel.ops.secret_shapes import has_all_cases

BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
INLINE = re.compile(r"(?:\\[nr]|[ ])*((?:[A-Za-z0-9+/]|\\[nr])+={0,2})(?:\\[nr]|[ ])*(?:-----END |[\"']|$)")
BODY = re.compile(
    r"[+\- ]?[ \t]*[bru]?[\"']?(?P<body>[A-Za-z0-9+/]{1,80}={0,2})(?:\\[nr])*[\"']?[ \t]*[\\+,)]?[ \t]*\r?\Z"
)
HEADER = re.compile(r"[+\- ]?[ \t]*(?:(?:Proc-Type|DEK-Info|Version|Comment): [\w ,.-]{1,100})?\r?\Z")

FULL_CHARS_MIN = 40
LINES_MAX = 150
INLINE_CHARS_MAX = 16_000


class PemLines:
    """Goes through a text line by line."""

    def __init__(self) -> None:
        """Outside of any key."""
        self._left, self._width = 0, 0

    def spans(self, line: str) -> list[tuple[int, int]]:
        """Where key material stands in this line: begin and end."""
        marks = list(BEGIN.finditer(line))
        if marks:
            self._left, self._width = LINES_MAX, 0
            inside = (INLINE.match(line, mark.end(), mark.end() + INLINE_CHARS_MAX) for mark in marks)
            return [found.span(1) for found in inside if found and _is_key(found[1])]
        if not self._left:
            return []
        self._left -= 1
        if HEADER.match(line):
            return []
        found = BODY.match(line)
        if found and self._is_body(found["body"]):
            return [found.span("body")]
        self._left = 0
        return []

    def _is_body(self, body: str) -> bool:
        """A full line has the width of the first; a shorter one is the last."""
        if len(body) >= FULL_CHARS_MIN and self._width in (0, len(body)):
            self._width = self._width or len(body)
            return body != body.lower() and body != body.upper()
        is_last = len(body) < self._width and len(body) % 4 == 0 and (has_all_cases(body) or body.endswith("="))
        self._left = 0
        return is_last


def _is_key(text: str) -> bool:
    """One line with ``\\n`` in it: DER begins with M, OpenSSH's form with its name."""
    bare = re.sub(r"\\[nr]", "", text)
    return bare.startswith(("M", "b3Blb")) and has_all_cases(bare)
