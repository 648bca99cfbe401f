"""Settings from flags, environment and TOML file, every mistake told at once; the table of them is settings.py."""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from mt5_sentinel import credentials, symbol_tables
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.settings import Settings
from mt5_sentinel.symbol_tables import Table

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Check", "Settings", "load", "load_all", "state_path"]

ENV_PREFIX = "MT5_SENTINEL_"
DEFAULT_FILE = Path("/etc/mt5-sentinel/config.toml")
FLOAT_EXACT_BELOW = 1 << 53
LOOPBACK = ("localhost", "127.0.0.1", "::1")


TABLE = {row.name: row for row in dataclasses.fields(Settings)}
TYPES: dict[str, Any] = get_type_hints(Settings)
PER_SYMBOL = [name for name, row in TABLE.items() if row.metadata["per_symbol"]]
"""What a ``[[symbol]]`` table may hold, beside ``name``."""

SECRETS = [name for name, row in TABLE.items() if row.metadata["secret"]]
"""What may come as a credential of systemd."""

SECRET_VARIABLES = {
    variable: name for name in SECRETS for variable in (f"{ENV_PREFIX}{name.upper()}", *TABLE[name].metadata["env"])
}
"""Variables by which a secret setting can be given, and the setting."""

SYMBOLS_MAX = 100
NAME_CHARS_MAX = 40


Check = Callable[[Settings], object]
"""A question to another room: does it accept these settings? It raises Misconfigured where it does not."""


def load(
    flags: Mapping[str, Any], environ: Mapping[str, str], file: Path | None = None, checks: Sequence[Check] = ()
) -> Settings:
    """Settings of one symbol; as ``load_all``, for what works with one.

    Raises:
        Misconfigured: as ``load_all``, and where the file has tables for several symbols and none was chosen.
    """
    found = load_all(flags, environ, file, checks)
    if len(found) > 1:
        names = ", ".join(one.symbol for one in found)
        message = f"{_file(file, environ)} has [[symbol]] tables for {names}; choose one with --symbol"
        raise Misconfigured(message, "bad_configuration")
    return found[0]


def load_all(
    flags: Mapping[str, Any], environ: Mapping[str, str], file: Path | None = None, checks: Sequence[Check] = ()
) -> tuple[Settings, ...]:
    """Settings of each symbol: its ``[[symbol]]`` table over flags, credentials, environment, file and defaults.

    Args:
        flags: values given on the command line; ``None`` means not given.
        environ: the process environment.
        file: TOML file; default ``MT5_SENTINEL_CONFIG``, else ``/etc/mt5-sentinel/config.toml`` where it exists.
        checks: what the rooms that will use the settings have to say about them.

    Returns:
        One for each table, in the order of the file, or the one whose symbol a flag or a variable names; a single one
        where there are no tables.

    Raises:
        Misconfigured: naming every mistake at once, each with its place.
    """
    mistakes: list[str] = []
    values: dict[str, Any] = {}
    content = _file_values(file, environ, mistakes)
    tables = _take_tables(content, _file(file, environ), mistakes)
    for name, value in content.items():
        _take(values, name, value, f"{_file(file, environ)}: {name}", mistakes)
    for variable, name in _variables(environ, mistakes):
        _take(values, name, _from_text(name, environ[variable]), f"environment: {variable}", mistakes)
    for name, text in credentials.read(environ, SECRETS, mistakes):
        _take(values, name, text, f"credential: {name}", mistakes)
    for name, value in flags.items():
        if value is not None:
            typed = _from_text(name, value) if isinstance(value, str) else value
            _take(values, name, typed, f"flag: --{name.replace('_', '-')}", mistakes)
    found = (Settings(**values),) if tables is None else symbol_tables.merge(values, tables, mistakes)
    mistakes += _answers(found or (Settings(**values),), checks if found else ())
    if mistakes:
        lines = "\n".join(f"  - {mistake}" for mistake in mistakes)
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise Misconfigured(f"{count} in the configuration:\n{lines}", "bad_configuration")
    return found


def state_path(flag: str | None, environ: Mapping[str, str], file: Path | None = None) -> Path:
    """The daemon's state directory, found as ``load_all`` finds it, whatever other settings are wrong.

    For the commands that a person turns to when something is. The file is read only where nothing above it answers.

    Raises:
        Misconfigured: the file cannot be read, or its ``state_dir`` is no text.
    """
    variables = (f"{ENV_PREFIX}STATE_DIR", *TABLE["state_dir"].metadata["env"])
    given = flag or next((environ[name] for name in variables if environ.get(name)), None)
    if given:
        return Settings(state_dir=given).state_path
    mistakes: list[str] = []
    path, values = _file(file, environ), dict[str, Any]()
    content = _file_content(file, environ, mistakes)
    if "state_dir" in content:
        _take(values, "state_dir", content["state_dir"], f"{path}: state_dir", mistakes)
    if mistakes:
        message = f"{mistakes[0]}; name the daemon's state directory with --state-dir"
        raise Misconfigured(message, "bad_configuration")
    return Settings(**values).state_path


def _answers(found: tuple[Settings, ...], checks: Sequence[Check]) -> list[str]:
    """What is wrong with whole settings: told once where it holds for all symbols, else with the symbol."""
    told: dict[str, list[str]] = {}
    for settings in found:
        mistakes: list[str] = []
        _check_together(settings, mistakes)
        for check in checks:
            try:
                check(settings)
            except Misconfigured as error:  # noqa: PERF203 - a handful of checks, once at start
                mistakes.append(str(error))
        for mistake in mistakes:
            told.setdefault(mistake, []).append(settings.symbol)
    is_one_word = {mistake: len(symbols) == len(found) for mistake, symbols in told.items()}
    return [
        mistake if is_one_word[mistake] else f"{symbol}: {mistake}"
        for mistake, symbols in told.items()
        for symbol in (symbols[:1] if is_one_word[mistake] else symbols)
    ]


def _file(file: Path | None, environ: Mapping[str, str]) -> Path:
    return file or Path(environ.get(f"{ENV_PREFIX}CONFIG") or DEFAULT_FILE)


def _file_content(file: Path | None, environ: Mapping[str, str], mistakes: list[str]) -> dict[str, Any]:
    path = _file(file, environ)
    is_asked_for = file is not None or bool(environ.get(f"{ENV_PREFIX}CONFIG"))
    try:
        if not is_asked_for and not path.exists():
            return {}
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        mistakes.append(f"{path}: {error}")
        return {}


def _file_values(file: Path | None, environ: Mapping[str, str], mistakes: list[str]) -> dict[str, Any]:
    path, values = _file(file, environ), _file_content(file, environ, mistakes)
    for name in [name for name in values if name not in TABLE]:
        del values[name]
        mistakes.append(f"{path}: unknown key `{name}`{_did_you_mean(name, list(TABLE))}")
    return values


def _take_tables(content: dict[str, Any], path: Path, mistakes: list[str]) -> list[Table] | None:
    """Take the ``[[symbol]]`` tables out of the file's content; ``None`` where it has none."""
    listed = content.get("symbol")
    if isinstance(listed, dict):
        mistakes.append(f"{path}: [symbol]: a table of a symbol has two brackets, [[symbol]]")
        listed = [listed]
    elif not (isinstance(listed, list) and listed and all(isinstance(one, dict) for one in listed)):
        return None
    del content["symbol"]
    if len(listed) > SYMBOLS_MAX:
        mistakes.append(f"{path}: {len(listed)} [[symbol]] tables, {SYMBOLS_MAX} at most; run several daemons")
    return [_table(number, one, path, mistakes) for number, one in enumerate(listed[:SYMBOLS_MAX], start=1)]


def _table(number: int, content: dict[str, Any], path: Path, mistakes: list[str]) -> Table:
    """One table: known keys with good values, and where it stands."""
    name, values = content.get("name"), dict[str, Any]()
    place = f"{path}: [[symbol]] table {number}"
    if name in (None, ""):
        mistakes.append(f'{place}: it has no name; write for example name = "EURUSD"')
    elif isinstance(name, str):
        place += f" ({name[:NAME_CHARS_MAX]})"
    for key, value in content.items():
        if key == "name":
            _take(values, "symbol", value, f"{place}: name", mistakes)
        elif key in PER_SYMBOL:
            _take(values, key, value, f"{place}: {key}", mistakes)
        elif key in TABLE and key != "symbol":
            mistakes.append(f"{place}: `{key}` holds for all symbols; it stands above the first table")
        else:
            near = "; here it is `name`" if key == "symbol" else _did_you_mean(key, ["name", *PER_SYMBOL])
            mistakes.append(f"{place}: unknown key `{key}`{near}")
    return Table(place, values)


def _variables(environ: Mapping[str, str], mistakes: list[str]) -> list[tuple[str, str]]:
    """Variables that are set, as (variable, setting), own names last so that they win over the older ones."""
    older = [(variable, name) for name, row in TABLE.items() for variable in reversed(row.metadata["env"])]
    own = [(f"{ENV_PREFIX}{name.upper()}", name) for name in TABLE]
    known = {variable for variable, _ in own} | {f"{ENV_PREFIX}CONFIG"}
    mistakes.extend(
        f"environment: unknown variable {variable}{_did_you_mean(variable, sorted(known))}"
        for variable in sorted(environ)
        if variable.startswith(ENV_PREFIX) and variable not in known
    )
    return [(variable, name) for variable, name in older + own if environ.get(variable)]


def _from_text(name: str, text: str) -> Any:  # noqa: ANN401
    """Text of a variable as the setting's type; text that does not fit is left for the check to refuse."""
    if get_origin(TYPES[name]) is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if TYPES[name] is bool:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(text.lower(), text)
    try:
        return TYPES[name](text) if TYPES[name] in (int, float) else text
    except ValueError:
        return text


def _take(values: dict[str, Any], name: str, value: Any, place: str, mistakes: list[str]) -> None:  # noqa: ANN401
    """Accept one value, or note what is wrong with it and where it stands."""
    row = TABLE[name].metadata
    choices = get_args(TYPES[name]) if get_origin(TYPES[name]) is Literal else ()
    wanted: type = str if choices else get_origin(TYPES[name]) or TYPES[name]
    if wanted is tuple and isinstance(value, (str, list)):
        value = _from_text(name, value) if isinstance(value, str) else tuple(value)
    if wanted is float and type(value) is int and abs(value) < FLOAT_EXACT_BELOW:
        value = float(value)
    shown = "the value" if row["secret"] else repr(value)
    if wanted is tuple and not (isinstance(value, tuple) and all(isinstance(part, str) for part in value)):
        mistakes.append(f"{place}: {shown} is not a list of texts ({row['text']})")
    elif type(value) is not wanted:
        mistakes.append(f"{place}: {shown} is not of type {wanted.__name__} ({row['text']})")
    elif choices and value not in choices:
        mistakes.append(f"{place}: {shown} is none of {', '.join(choices)}")
    elif isinstance(value, (int, float)) and not (math.isfinite(value) and row["low"] <= value <= row["high"]):
        bound = f" to {row['high']:g}" if math.isfinite(row["high"]) else " or more"
        mistakes.append(f"{place}: {shown} is not {row['low']:g}{bound}")
    else:
        values[name] = value


def _check_together(settings: Settings, mistakes: list[str]) -> None:
    """What single values cannot show."""
    try:
        url = urlsplit(settings.eodhd_url)
        is_base = (
            url.scheme in ("http", "https")
            and url.hostname
            and not url.query
            and not url.fragment
            and "@" not in url.netloc
            and url.port != 0
        )
    except ValueError:  # a port that is none, a broken IPv6 address
        is_base = False
    if not is_base:
        # Not shown: people put tokens into URLs.
        mistakes.append("eodhd_url: the value is not a base URL such as https://eodhd.com, without user or query")
    elif url.scheme == "http" and url.hostname not in LOOPBACK:
        mistakes.append("eodhd_url: http would show the token to the network; use https (http is for loopback only)")
    if not re.fullmatch(r"[A-Za-z0-9._-]*", settings.eodhd_symbol) or ".." in settings.eodhd_symbol:
        mistakes.append("eodhd_symbol: the value is no name of the API such as EURUSD.FOREX")


def _did_you_mean(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean `{close[0]}`?" if close else ""
