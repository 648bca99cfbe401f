"""Secrets out of a text before it leaves the machine: those this machine knows, and what looks like one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from mt5_sentinel import logs

NAMES = (
    r"(?:api[_-]?key|access[_-]?key|private[_-]?key|secret[_-]?key|signing[_-]?key"
    r"|token|secret|passw(?:or)?d|passphrase|pwd|credentials?)"
)
"""Names whose value is nobody else's business."""

PUBLIC = re.compile(r"public|checksum|sha\d|digest|fingerprint", re.IGNORECASE)

NAME_CHARS_MAX = 40
NAME_AT_END = re.compile(r"[\w-]*\Z")

Replace = Callable[["re.Match[str]"], str]

PEM = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----"
    r"(?:[\s\S]{0,8000}?-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----"
    r"|(?:\r?\n[+\- ]?[A-Za-z0-9+/=]{16,}[ \t]*(?=\r?\n|\Z))*)"
)
URL_PASSWORD = re.compile(r"(?<=://)[^\s/:@\"']{0,200}:[^\s/@\"']{1,200}(?=@)")
BEARER = re.compile(r"\b((?:bearer|basic)\s+)([A-Za-z0-9._~+/-]{12,}=*)", re.IGNORECASE)
PROVIDERS = re.compile(
    r"\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}|sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}"
    r"|glpat-[\w-]{20,}|xox[abeprs]-[\w-]{10,}|ntn_[A-Za-z0-9]{20,}|secret_[A-Za-z0-9]{30,}|AIza[\w-]{35}"
    r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,})"
)
ENV_LINE = re.compile(
    r"^([+\- ]?[ \t]*(?:export[ \t]+)?[A-Z0-9_]{0,40}"
    r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL)[A-Z0-9_]{0,40}=)"
    r"[ \t]*(\S[^\r\n]*)",
    re.MULTILINE,
)
QUOTED = re.compile(
    rf"({NAMES}[\w-]{{0,40}}[\"']?\]?[ \t]{{0,20}}(?::=|[:=]|=>)[ \t]{{0,20}}[bru]?)"
    r"(\"[^\"\r\n]{6,}\"|'[^'\r\n]{6,}')",
    re.IGNORECASE,
)
BARE = re.compile(rf"({NAMES}[\w-]{{0,40}}(?:=|%3D))([^\s&\"'`<>,;()\[\]{{}}]{{4,}})", re.IGNORECASE)
YAML = re.compile(
    rf"^([+\- ]?[ \t]*[\w-]{{0,40}}?{NAMES}[\w-]{{0,40}}:[ \t]+)([^\s\"'#]{{6,}})[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
LONG_HEX = re.compile(
    r"((?:key|seed|secret|token)[\w-]{0,40}[\"']?[ \t]{0,20}[:=]?[ \t]{0,20}[\"']?)\b([0-9a-fA-F]{40,})\b",
    re.IGNORECASE,
)
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")


def redact(text: str) -> tuple[str, dict[str, int]]:
    """The text without secrets, and how many of each kind were taken out.

    Values that ``logs.learn`` was told go in every spelling; the rest by how they look. What names what is public
    (checksums, object ids, public keys) stays.
    """
    counts: Counter[str] = Counter()
    before = text.count(logs.HIDDEN)
    text = logs.hide(text)
    counts["known"] += text.count(logs.HIDDEN) - before

    def whole(kind: str) -> Replace:
        def replace(found: re.Match[str]) -> str:
            counts[kind] += 1
            return _mark(kind)

        return replace

    def value(kind: str, is_secret: Callable[[re.Match[str]], bool]) -> Replace:
        def replace(found: re.Match[str]) -> str:
            begin = max(found.start() - NAME_CHARS_MAX, 0)
            name = NAME_AT_END.search(found.string, begin, found.start())
            if PUBLIC.search((name[0] if name else "") + found[1]) or _is_marked(found[2]) or not is_secret(found):
                return found[0]
            counts[kind] += 1
            return found[1] + _mark(kind)

        return replace

    text = PEM.sub(whole("private_key"), text)
    text = URL_PASSWORD.sub(whole("url_password"), text)
    text = PROVIDERS.sub(whole("provider_token"), text)
    text = BEARER.sub(value("bearer", _has_digit_or_case), text)
    text = ENV_LINE.sub(value("env_line", lambda found: True), text)
    text = QUOTED.sub(value("assignment", lambda found: True), text)
    text = LONG_HEX.sub(value("hex_key", lambda found: True), text)
    text = BARE.sub(value("assignment", _is_no_code), text)
    text = YAML.sub(value("assignment", _is_no_type), text)
    return text, {kind: count for kind, count in sorted(counts.items()) if count}


def _mark(kind: str) -> str:
    return f"[redacted {kind}]"


def _is_marked(value: str) -> bool:
    """Taken out already, or the API's public token."""
    bare = value.strip().strip("\"'")
    return bare.startswith(("[redacted ", logs.HIDDEN)) or bare.split()[:1] == [logs.PUBLIC_TOKEN]


def _has_digit_or_case(found: re.Match[str]) -> bool:
    """``bearer certificates`` is prose; a token has digits, or both cases."""
    value = found[2]
    return any(sign.isdigit() for sign in value) or (value != value.lower() and value != value.upper())


def _is_no_code(found: re.Match[str]) -> bool:
    """``password=ask()`` and ``token=self.token,`` are code; what follows the value tells."""
    after = found.string[found.end() : found.end() + 1]
    if after in ("(", "["):
        return False
    is_name = IDENTIFIER.fullmatch(found[2]) is not None
    return not (is_name and (after in (",", ")", "}") or "." in found[2] or "=" in found[2]))


def _is_no_type(found: re.Match[str]) -> bool:
    """``token: str`` annotates; a value of a YAML file has a digit or a sign."""
    return not found[2].replace("_", "").replace(".", "").isalpha()
