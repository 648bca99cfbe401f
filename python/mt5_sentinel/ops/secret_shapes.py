"""How a secret looks within one line of a diff, and how code beside it does."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import PurePosixPath

from mt5_sentinel import logs

NAMES = (
    r"(?:api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key|secret[_-]?key|signing[_-]?key"
    r"|token|secret|passw(?:or)?d|passphrase|pwd|credentials?|(?<![a-z])pass(?![\w-]))"
)
"""Names whose value is nobody else's business."""

NAME = rf"(?P<name>{NAMES}[\w-]{{0,40}})"
PUBLIC = re.compile(
    r"public|checksum|sha\d|digest|fingerprint|max_?tokens|tokens?_(?:max|min|count)|(?:load|import)credential"
    r"|[_-](?:file|path|dir|url|chars|bytes|names?)\Z",
    re.IGNORECASE,
)

URL_PASSWORD = re.compile(r"(?P<before>(?<=://))(?P<value>[^\s/:@\"']{0,200}:[^\s/\"']{1,200})(?=@[\w\[$])")
BEARER = re.compile(
    r"(?P<before>\b(?:bearer|basic|(?<=authorization: )token)\s+)(?P<value>[A-Za-z0-9._~+/-]{12,}=*)", re.IGNORECASE
)
WEBHOOK = re.compile(
    r"(?P<before>\b(?:hooks\.slack\.com/(?:services|workflows)|discord(?:app)?\.com/api/webhooks|webhook\.office\.com)/)"
    r"(?P<value>[\w@/-]{10,})"
)
PROVIDERS = re.compile(
    r"(?P<before>\b)(?P<value>(?:AKIA|ASIA)[0-9A-Z]{16}|sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}"
    r"|glpat-[\w-]{20,}|xox[abeprs]-[\w-]{10,}|ntn_[A-Za-z0-9]{20,}|secret_[A-Za-z0-9]{30,}|AIza[\w-]{35}"
    r"|\d{8,10}:[\w-]{35}\b|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,})"
)
QUOTE = r"(?P<value>\"(?:[^\"\\\r\n]|\\.){%s,}\"|'(?:[^'\\\r\n]|\\.){%s,}')"
ENV = (
    r"(?P<before>^[+\- ]?[ \t]*(?:export[ \t]+)?(?P<name>[A-Z0-9_]{0,40}"
    r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL)[A-Z0-9_]{0,40})=)"
)
ENV_WHOLE = re.compile(ENV + r"(?P<value>[^\s\"'`]+)")
ENV_QUOTED = re.compile(ENV + QUOTE % (1, 1))
ENV_BARE = re.compile(ENV + r"(?P<value>[^\s\"'`<>,;()\[\]{}&\\|]+)")
QUOTED = re.compile(
    rf"(?P<before>{NAME}[\"']?\]?(?:[ \t]?:[ \t]?[\w.|]{{1,40}}(?=[ \t]?=))?"
    rf"[ \t]{{0,20}}(?::=|=>|[:=])[ \t]{{0,20}}[bru]?(?:\"\"(?=\")|''(?='))?){QUOTE % (4, 4)}",
    re.IGNORECASE,
)
ESCAPED = re.compile(
    rf"(?P<before>{NAME}\\+[\"'][ \t]{{0,20}}[:=][ \t]{{0,20}}\\+[\"'])(?P<value>[^\"'\\\r\n]{{4,}})", re.IGNORECASE
)
LOGIN = re.compile(r"(?P<before>\blogin\([^,\"'()\r\n]{1,60},[ \t]{0,20})" + QUOTE % (4, 4))
CURL = re.compile(
    r"(?P<before>\bcurl\b[^\r\n]{0,200}[ \t](?:-u|--user)[ =]?[\"']?[\w.@-]{1,60}:)(?P<value>[^\s\"'$]{4,})"
)
LONG_HEX = re.compile(
    r"(?P<before>(?P<name>(?:key|seed|secret|token)[\w-]{0,40})[\"']?[ \t]{0,20}[:=]?[ \t]{0,20}[\"']?)"
    r"\b(?P<value>[0-9a-fA-F]{40,})\b",
    re.IGNORECASE,
)
BARE_BEFORE = rf"(?P<before>{NAME}\]?[ \t]{{0,20}}(?::=|=>|=(?![=>])|:(?!:)|%3D)[ \t]{{0,20}})"
BARE = re.compile(BARE_BEFORE + r"(?P<value>[^\s\"'`<>,;()\[\]{}&\\|]{4,})", re.IGNORECASE)
BARE_WHOLE = re.compile(BARE_BEFORE + r"(?P<value>[^\s\"'`]{4,})", re.IGNORECASE)
NETRC = re.compile(r"(?P<before>\blogin[ \t]+\S{1,100}[ \t]+password[ \t]+)(?P<value>\S{4,})")
NETRC_ALONE = re.compile(r"(?P<before>^[+\- ]?[ \t]*password[ \t]+)(?P<value>(?=\S*\d)\S{4,})[ \t]*$")

CODE = re.compile(
    r"[A-Za-z_]\w*[ \t]*\([^)]*\)|;[ \t]*[A-Za-z_./$]|[|&]{1,2}[ \t]*(?:ba|da|z)?sh\b|[ \t][|&]{1,2}[ \t]|\$\(|`"
    r"|\\[nrx](?!\W*\Z)|\b(?:import|exec|eval|lambda)\b"
    r"|[\w\])][ \t]+(?:=|\*\*|[|&<>]{1,2})[ \t]+\S"
)
"""What a password hardly holds and a program does."""

Z85 = re.compile(r"[0-9A-Za-z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}")
"""A CURVE key: its signs are those of code, its length is exact."""

TOKEN_SHAPED = re.compile(r"[\w.~+/=:-]+", re.ASCII)
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
NUMBERS = re.compile(r"[\d_.+*/eE%-]+")
WORDS = re.compile(r"(?:none|null|nil|true|false|yes|no|str|bytes|string|optional|secret|self)[.,;:]?", re.IGNORECASE)
REFERENCE = re.compile(r"\$(?:\{|\(|[A-Z_][A-Z0-9_]*$|[a-z_]+$)|%\w$|//|\.{3}|!|[A-Za-z][\w+.-]*://")
ATTRIBUTE = re.compile(r"[a-z_]+(?:\.[a-z_]+)+")
PLACEHOLDER = re.compile(r"\$?\{[^{}]*\}|\$\{\{[^{}]*\}\}|%\(?\w*\)?s|<[\w -]+>")
PATH = re.compile(r"(?:/(?:etc|opt|var|run|home|usr|tmp|dev|root|srv)|\.{1,2}|~)/")
RANDOM_CHARS_MIN = 20
COMMENT = re.compile(r"[+\- ]?[ \t]*(?:#|//|\*|--)")


class Kind(Enum):
    """What a file is, by its name: whether a value without quotes can be a literal there."""

    CODE = 1
    VALUES = 2
    UNKNOWN = 3


CODE_FILES = frozenset(
    f".{name}"
    for name in (
        *("py", "pyi", "rs", "js", "ts", "jsx", "tsx", "c", "h", "cc", "cpp", "hpp", "java", "go", "rb", "kt", "cs"),
        *("swift", "lua", "mq4", "mq5", "mqh"),
    )
)
VALUE_FILES = frozenset(
    f".{name}"
    for name in ("ini", "cfg", "conf", "env", "properties", "toml", "yaml", "yml", "netrc", "pgpass", "service")
)


def kind_of(name: str) -> Kind:
    """What a file holds."""
    path = PurePosixPath(name)
    suffix = path.suffix.lower() or path.name
    if suffix in CODE_FILES:
        return Kind.CODE
    return Kind.VALUES if suffix in VALUE_FILES or path.name.startswith(".env") else Kind.UNKNOWN


def is_shown(value: str) -> bool:
    """Taken out already, the API's public token, a place that a program fills in, or the name of an attribute."""
    bare = value.strip().strip("\"'")
    if PLACEHOLDER.fullmatch(bare) or ATTRIBUTE.fullmatch(bare):
        return True
    return "[redacted " in bare or bare.startswith(logs.HIDDEN) or bare.split()[:1] == [logs.PUBLIC_TOKEN]


def is_token(value: str) -> bool:
    """``bearer certificates`` is prose; a token has digits, or both cases."""
    return any(sign.isdigit() for sign in value) or (value != value.lower() and value != value.upper())


def has_all_cases(value: str) -> bool:
    """A digit, a capital and a small letter, as what is random has."""
    return all(any(is_so(sign) for sign in value) for is_so in (str.isdigit, str.isupper, str.islower))


def is_bare_secret(found: re.Match[str], kind: Kind) -> bool:
    """Whether a value without quotes is a literal: a call, an attribute, a type, a name or a number is none."""
    value = found["value"]
    if _after(found) in ("(", "[", "{", "<") or WORDS.fullmatch(value) or REFERENCE.match(value) or PATH.match(value):
        return False
    if NUMBERS.fullmatch(value):
        is_all_of_it = re.fullmatch(rf"\w*{NAMES}", found["name"], re.IGNORECASE) is not None
        return kind != Kind.CODE and is_all_of_it and value.isdigit()
    if kind == Kind.VALUES:
        return True
    if kind == Kind.CODE and not _is_said(found):
        starts_odd = value[0].isdigit() and any(sign.isalpha() for sign in value)
        is_random = len(value) >= RANDOM_CHARS_MIN and has_all_cases(value)
        return IDENTIFIER.fullmatch(value) is None and (starts_odd or is_random)
    return _is_odd(found)


def _is_odd(found: re.Match[str]) -> bool:
    """Where nothing tells code from values: a digit within a name, or signs that no word has."""
    value = found["value"]
    has_digit = any(sign.isdigit() for sign in value)
    is_spaced = found["before"][-1:].isspace()
    if IDENTIFIER.fullmatch(value):
        is_code = "." in value or _after(found) in (",", ")", "}") or (is_spaced and "_" in value)
        return not is_code and (has_digit or not is_spaced)
    return has_digit or not is_spaced or any(sign in "!@$%^*+~/=?" for sign in value.rstrip(".!?:"))


def _after(found: re.Match[str]) -> str:
    return found.string[found.end() : found.end() + 1]


def _is_said(found: re.Match[str]) -> bool:
    """It stands in a comment, or within the quotes of a string."""
    before = found.string[: found.start()]
    return COMMENT.match(before) is not None or any(before.count(quote) % 2 for quote in "\"'")


def looks_like_code(value: str) -> bool:
    """A value that a reader of the change must see, whatever its name says."""
    bare = value.strip("\"'")
    if Z85.fullmatch(bare) and has_all_cases(bare):
        return False
    return CODE.search(bare) is not None
