"""Settings: one table for the TOML file, the environment, the flags, the help and the documentation."""

from __future__ import annotations

import dataclasses
import difflib
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from mt5_sentinel.errors import Misconfigured

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ENV_PREFIX = "MT5_SENTINEL_"
DEFAULT_FILE = Path("/etc/mt5-sentinel/config.toml")
FLOAT_EXACT_BELOW = 1 << 53
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def setting(
    default: Any,  # noqa: ANN401 - the field's annotation says the type
    text: str,
    *,
    env: tuple[str, ...] = (),
    flag: bool = False,
    secret: bool = False,
    low: float = -math.inf,
    high: float = math.inf,
) -> Any:  # noqa: ANN401
    """One row of the table: default, meaning with unit, older variable names, whether it has a flag, bounds."""
    metadata = {"text": text, "env": env, "flag": flag, "secret": secret, "low": low, "high": high}
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting of the daemon; each is also a TOML key and a variable ``MT5_SENTINEL_<NAME>``."""

    symbol: str = setting("EURUSD", "currency pair to trade, as the broker names it", flag=True)
    interval: Literal["1m", "5m", "1h"] = setting("1h", "length of a bar", flag=True)
    threshold: float = setting(0.6, "trade only above this confidence, 0 to 1", flag=True, low=0.0, high=1.0)
    live: bool = setting(False, "trade live; refused by this version, which trades on paper")
    model: str = setting("bundled", "model bundle, a directory or a zip, or `bundled`", flag=True)
    allow_bare_model: bool = setting(False, "accept a model file without a manifest", flag=True)
    model_public_keys: tuple[str, ...] = setting(
        (), "a model must be signed by one of these ed25519 public keys, 64 hex digits each; empty: by none"
    )

    eodhd_url: str = setting("https://eodhd.com", "base URL of the market data API", flag=True)
    eodhd_api_token: str = setting(
        "",
        "token of the market data API (no flag: flags show in ps)",
        env=("EODHD_API_TOKEN", "EODHD_API_KEY"),
        secret=True,
    )
    eodhd_symbol: str = setting("", "the API's name of the symbol; empty: SYMBOL.FOREX")
    history_bars: int = setting(1000, "closed bars to ask for", low=100, high=20000)
    fetch_timeout_s: float = setting(15.0, "seconds a fetch may take in all", low=0.1, high=45)
    jump_ratio: float = setting(0.05, "report a close further than this from the one before", low=0.0001, high=1)
    stale_grace_s: int = setting(
        900, "seconds a due bar may be late (one interval at most) before data counts as stale", low=0, high=86400
    )

    volume_lots: float = setting(0.01, "volume of an order, lots", low=0.01, high=100)
    volume_lots_max: float = setting(0.1, "greatest volume an order may have, lots", low=0.01, high=100)
    daily_loss_max: float = setting(100.0, "loss of a UTC day after which only exits trade, account currency", low=0.01)
    spread_points_max: float = setting(30.0, "widest spread to open a position at, points", low=0.1)
    account_currency: str = setting("USD", "currency of the account; one of the symbol's two")
    deposit: float = setting(10000.0, "deposit of the paper account, account currency", low=1)
    spread_points: float = setting(10.0, "spread of the paper broker, points", low=0, high=10000)
    price_side: Literal["bid", "ask", "mid"] = setting("bid", "which side of the market the bars show")

    hub_host: str = setting("", "model server (not used yet: the local model scores)", env=("HUB_HOST",), flag=True)
    hub_port: int = setting(5001, "port of the model server", env=("HUB_PORT",), flag=True, low=1, high=65535)
    gtw_host: str = setting("", "trade gateway (not used yet: orders go to paper)", env=("GTW_HOST",), flag=True)
    gtw_port: int = setting(5555, "port of the trade gateway", env=("GTW_PORT",), flag=True, low=1, high=65535)

    metrics_host: str = setting("127.0.0.1", "address of /metrics and /healthz", flag=True)
    metrics_port: int = setting(
        8000, "port of /metrics and /healthz; 0: none", env=("METRICS_PORT",), flag=True, low=0, high=65535
    )
    state_dir: str = setting(
        "",
        "directory of journal and paper book; unset: /var/lib/mt5-sentinel for root, else ~/.local/state/mt5-sentinel",
        env=("STATE_DIRECTORY",),
        flag=True,
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "least severe log line to print", flag=True
    )

    @property
    def state_path(self) -> Path:
        """Directory of the journal: the setting, or the usual place for root or for a person."""
        if self.state_dir:
            return Path(self.state_dir)
        if os.geteuid() == 0:
            return Path("/var/lib/mt5-sentinel")
        return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "mt5-sentinel"

    def secrets(self) -> tuple[str, ...]:
        """Values that must never be printed."""
        found = (getattr(self, row.name) for row in dataclasses.fields(self) if row.metadata["secret"])
        return tuple(value for value in found if value)


TABLE = {row.name: row for row in dataclasses.fields(Settings)}
TYPES: dict[str, Any] = get_type_hints(Settings)


Check = Callable[[Settings], object]
"""A question to another room: does it accept these settings? It raises Misconfigured where it does not."""


def load(
    flags: Mapping[str, Any], environ: Mapping[str, str], file: Path | None = None, checks: Sequence[Check] = ()
) -> Settings:
    """Settings from flags over environment over file over defaults.

    Args:
        flags: values given on the command line; ``None`` means not given.
        environ: the process environment.
        file: TOML file; default ``MT5_SENTINEL_CONFIG``, else ``/etc/mt5-sentinel/config.toml`` where it exists.
        checks: what the rooms that will use the settings have to say about them.

    Raises:
        Misconfigured: naming every mistake at once, each with its place.
    """
    mistakes: list[str] = []
    values: dict[str, Any] = {}
    for name, value in _file_values(file, environ, mistakes).items():
        _take(values, name, value, f"{_file(file, environ)}: {name}", mistakes)
    for variable, name in _variables(environ, mistakes):
        _take(values, name, _from_text(name, environ[variable]), f"environment: {variable}", mistakes)
    for name, value in flags.items():
        if value is not None:
            typed = _from_text(name, value) if isinstance(value, str) else value
            _take(values, name, typed, f"flag: --{name.replace('_', '-')}", mistakes)
    settings = Settings(**values)
    _check_together(settings, mistakes)
    for check in checks:
        try:
            check(settings)
        except Misconfigured as error:  # noqa: PERF203 - a handful of checks, once at start
            mistakes.append(str(error))
    if mistakes:
        lines = "\n".join(f"  - {mistake}" for mistake in mistakes)
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise Misconfigured(f"{count} in the configuration:\n{lines}", "bad_configuration")
    return settings


def _file(file: Path | None, environ: Mapping[str, str]) -> Path:
    return file or Path(environ.get(f"{ENV_PREFIX}CONFIG") or DEFAULT_FILE)


def _file_values(file: Path | None, environ: Mapping[str, str], mistakes: list[str]) -> dict[str, Any]:
    path = _file(file, environ)
    is_asked_for = file is not None or bool(environ.get(f"{ENV_PREFIX}CONFIG"))
    if not is_asked_for and not path.exists():
        return {}
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        mistakes.append(f"{path}: {error}")
        return {}
    for name in [name for name in values if name not in TABLE]:
        del values[name]
        mistakes.append(f"{path}: unknown key `{name}`{_did_you_mean(name, list(TABLE))}")
    return values


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
            url.scheme in ("http", "https") and url.hostname and not url.query and not url.username and url.port != 0
        )
    except ValueError:  # a port that is none, a broken IPv6 address
        is_base = False
    if not is_base:
        # Not shown: people put tokens into URLs.
        mistakes.append("eodhd_url: the value is not a base URL such as https://eodhd.com, without user or query")
    elif url.scheme == "http" and url.hostname not in LOOPBACK:
        mistakes.append("eodhd_url: http would show the token to the network; use https (http is for loopback only)")
    if settings.live:
        mistakes.append(
            "live: this version trades on paper only; live orders wait for the order-safety layer; use --dry-run"
        )


def _did_you_mean(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean `{close[0]}`?" if close else ""
