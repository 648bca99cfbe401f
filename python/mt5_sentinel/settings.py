"""The table of settings: name, type, default, meaning and unit, once; everything that reads settings reads it here."""

from __future__ import annotations

import dataclasses
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mt5_sentinel.setting_row import setting


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting one symbol runs with; each is also a TOML key and a variable ``MT5_SENTINEL_<NAME>``."""

    symbol: str = setting("EURUSD", "currency pair to trade, as the broker names it", flag=True)
    interval: Literal["1m", "5m", "1h"] = setting("1h", "length of a bar", flag=True, per_symbol=True)
    threshold: float = setting(
        0.6, "trade only above this confidence, 0 to 1", flag=True, low=0.0, high=1.0, per_symbol=True
    )
    live: bool = setting(False, "send orders to the gateway; else a dry run on paper")
    model: str = setting(
        "local",
        "what scores: `local`, `hub`, `hub_with_local_fallback` or `shadow` (both; one trades); or, in short, a model"
        " bundle that scores locally",
        flag=True,
        per_symbol=True,
    )
    model_bundle: str = setting(
        "bundled", "the local model: a bundle, a directory or a zip, or `bundled`", per_symbol=True
    )
    allow_bare_model: bool = setting(False, "accept a model file without a manifest", flag=True, per_symbol=True)
    model_public_keys: tuple[str, ...] = setting(
        (), "a model must be signed by one of these ed25519 public keys, 64 hex digits each; empty: by none"
    )

    eodhd_url: str = setting("https://eodhd.com", "base URL of the market data API", flag=True)
    eodhd_api_token: str = setting(
        "",
        "token of the market data API (no flag: flags show in ps); hidden in logs from 6 characters on",
        env=("EODHD_API_TOKEN", "EODHD_API_KEY"),
        secret=True,
    )
    eodhd_symbol: str = setting("", "the API's name of the symbol; empty: SYMBOL.FOREX", per_symbol=True)
    eodhd_quota_units: int = setting(100_000, "units the API account may spend a day", low=5)
    eodhd_quota_share: float = setting(
        0.05, "share of these units that this daemon may spend; what is beyond is not asked", low=0.0001, high=1
    )
    bars_source: Literal["eodhd", "gateway"] = setting("eodhd", "where bars come from", flag=True, per_symbol=True)
    cross_check: Literal["off", "report", "refuse"] = setting(
        "off",
        "compare new bars with the other source: report where they disagree, or refuse to decide a newest bar that the"
        " other one disputes or does not confirm",
        per_symbol=True,
    )
    cross_check_points: float = setting(
        20.0,
        "difference of two sources' prices that is none, points; the median difference of their closes (bid and ask"
        " have one) is taken out first, unless it is greater than this too",
        low=0,
        per_symbol=True,
    )
    broker_dst: Literal["eu", "us", "none"] = setting(
        "eu", "which summer time the broker's server keeps", per_symbol=True
    )
    history_bars: int = setting(1000, "closed bars the features are built from", low=100, high=20000, per_symbol=True)
    fetch_timeout_s: float = setting(
        15.0,
        "seconds all requests of a cycle to a source of bars may take, retries included; with cross_check 22 at most",
        low=0.1,
        high=45,
    )
    jump_ratio: float = setting(
        0.05, "report a close further than this from the one before", low=0.0001, high=1, per_symbol=True
    )
    stale_grace_s: int = setting(
        900,
        "seconds a due bar may be late (one interval at most) before data counts as stale",
        low=0,
        high=86400,
        per_symbol=True,
    )

    market: Literal["auto", "fx", "metal", "always"] = setting(
        "auto",
        "when the market is open: currencies, metals with their daily break, or always; auto: by the symbol",
        per_symbol=True,
    )
    holidays: tuple[str, ...] = setting(
        (),
        "further days the market is closed, as New York dates (`2026-12-24`), or closes early (`2026-12-24 13:00`)",
        per_symbol=True,
    )
    missing_share_max: float = setting(
        0.2, "share of the newest bars of open hours that may be missing", low=0, high=1, per_symbol=True
    )
    clock_skew_max_s: float = setting(
        30.0, "seconds this machine's clock may differ from the API's before nothing is decided", low=1, high=3600
    )

    sizing: Literal["fixed", "risk"] = setting(
        "fixed", "volume of an order: `volume_lots`, or what risks `risk_per_trade` at its stop", per_symbol=True
    )
    volume_lots: float = setting(
        0.01, "volume of an order with fixed sizing, lots", low=0.01, high=100, per_symbol=True
    )
    volume_lots_max: float = setting(
        0.1, "greatest volume an order may have, lots", low=0.01, high=100, per_symbol=True
    )
    risk_per_trade: float = setting(
        0.005, "share of the equity that an order may lose at its stop", low=0.0001, high=0.1, per_symbol=True
    )
    stop_mode: Literal["atr", "pips"] = setting(
        "atr", "how far stop and target lie from the price: in average true ranges, or in pips", per_symbol=True
    )
    stop_atr: float = setting(
        2.0, "distance of the stop, average true ranges of 14 bars", low=0.1, high=50, per_symbol=True
    )
    target_atr: float = setting(
        3.0, "distance of the target, average true ranges; 0: none", low=0, high=100, per_symbol=True
    )
    stop_pips: float = setting(30.0, "distance of the stop, pips (10 points)", low=0.5, high=10000, per_symbol=True)
    target_pips: float = setting(45.0, "distance of the target, pips; 0: none", low=0, high=10000, per_symbol=True)
    positions_symbol_max: int = setting(1, "open positions a symbol may have", low=1, high=100, per_symbol=True)
    positions_max: int = setting(5, "open positions the account may have", low=1, high=1000)
    exposure_symbol_max: float = setting(
        25_000.0, "worth of a symbol's open positions, account currency", low=1, per_symbol=True
    )
    exposure_group_max: float = setting(50_000.0, "worth of a group's open positions, account currency", low=1)
    exposure_total_max: float = setting(100_000.0, "worth of all open positions, account currency", low=1)
    exposure_groups: tuple[str, ...] = setting(
        (), "symbols that move together, each group as `EURUSD+GBPUSD`; empty: symbols that share a currency"
    )
    daily_loss_max: float = setting(
        100.0,
        "loss of a UTC day, open positions included, after which only exits trade that day, account currency",
        low=0.01,
    )
    drawdown_max: float = setting(
        500.0,
        "fall of the equity from its highest mark after which only exits trade until `resume`, account currency",
        low=0.01,
    )
    loss_warn_share: float = setting(0.5, "share of either loss from which it is warned", low=0.01, high=1)
    loss_reduce_share: float = setting(0.8, "share of either loss from which nothing is opened", low=0.01, high=1)
    losses_in_a_row_max: int = setting(4, "losing trades in a row after which a pause begins", low=1, high=1000)
    cooldown_minutes: float = setting(240.0, "length of that pause, minutes", low=0, high=100_000)
    orders_per_minute_max: int = setting(4, "openings within 60 seconds, all symbols", low=1, high=1000)
    orders_per_day_max: int = setting(40, "openings of a UTC day, all symbols", low=1, high=100_000)
    trading_hours: tuple[str, ...] = setting(
        (), "when positions may be opened, UTC, as `Mon-Fri 07:00-20:00`; empty: always", per_symbol=True
    )
    weekend_flat_minutes: float = setting(
        30.0,
        "minutes before the market closes for more than 24 hours from which positions are closed and none is opened;"
        " 0: they stay",
        low=0,
        high=1440,
        per_symbol=True,
    )
    news_file: str = setting("", "CSV file of times in which nothing is opened (docs/RISK.md); empty: none")
    signal_age_max_s: float = setting(
        1200.0, "age of a signal, from the close of its bar, up to which it is traded, seconds", low=1, per_symbol=True
    )
    spread_points_max: float = setting(30.0, "widest spread to open a position at, points", low=0.1, per_symbol=True)
    slippage_points_max: int = setting(
        20, "how far from the price an order may be filled, points", low=0, high=10000, per_symbol=True
    )
    magic: int = setting(
        577215, "number that marks this program's positions; two daemons on one account take two", low=1, high=2**31 - 1
    )
    halt_file: str = setting(
        "", "while this file exists nothing is opened (the kill switch); empty: HALT in the state directory"
    )

    account_currency: str = setting("USD", "currency of the account; one of the symbol's two")
    deposit: float = setting(10000.0, "deposit of the paper account, account currency", low=1)
    leverage: float = setting(30.0, "leverage of the paper account", low=1, high=2000)
    spread_points: float = setting(10.0, "spread of the paper broker, points", low=0, high=10000, per_symbol=True)
    paper_slippage_points: float = setting(
        0.0, "greatest slippage of the paper broker, points; drawn for each order from `paper_seed`", low=0, high=1000
    )
    paper_seed: int = setting(1, "seed of the paper broker's slippage", low=0, high=2**53)
    price_side: Literal["bid", "ask", "mid"] = setting("bid", "which side of the market the bars show", per_symbol=True)

    hub_host: str = setting("", "MLflow scoring server", env=("HUB_HOST",), flag=True, per_symbol=True)
    hub_port: int = setting(
        5001, "port of the scoring server", env=("HUB_PORT",), flag=True, low=1, high=65535, per_symbol=True
    )
    hub_form: Literal["columns", "inputs", "legacy_pair"] = setting(
        "columns",
        "form of the request: `dataframe_split` with the 22 names, `inputs`, or the older pair of columns",
        per_symbol=True,
    )
    hub_answer: Literal["classes", "p_up"] = setting(
        "classes",
        "what a prediction is: the probabilities of SELL, HOLD and BUY, or that of a rise alone",
        per_symbol=True,
    )
    hub_timeout_s: float = setting(1.0, "seconds the scoring server may take", low=0.05, high=10, per_symbol=True)
    hub_tolerance: float = setting(
        0.02,
        "difference of the two models' probabilities from which they count as disagreeing",
        low=0,
        high=1,
        per_symbol=True,
    )
    shadow_trades: Literal["local", "hub"] = setting(
        "local", "whose answer is traded with `model = shadow`", per_symbol=True
    )
    gtw_host: str = setting(
        "", "gateway to the terminal: orders (with `live`, else their check) and bars", env=("GTW_HOST",), flag=True
    )
    gtw_port: int = setting(5555, "port of the gateway", env=("GTW_PORT",), flag=True, low=1, high=65535)
    gtw_timeout_s: float = setting(
        5.0, "seconds the gateway may take for an answer, repeats included", low=0.1, high=10
    )
    gtw_server_key: str = setting("", "public key of the gateway, 40 characters, as `mt5-sentinel keys` shows it")
    gtw_key_file: str = setting("", "file with this daemon's own key pair, made by `mt5-sentinel keys`")
    gtw_skew_max_s: float = setting(
        3.0, "seconds the gateway's clock may differ from this machine's before no order is sent", low=0.1, high=20
    )
    allow_plaintext: bool = setting(False, "talk to a gateway on another machine without encryption")

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
    logs_dir: str = setting(
        "",
        "directory of trades.jsonl, a line for each order that was settled and each position that closed; empty: none",
        env=("LOGS_DIRECTORY",),
    )
    log_ecs: bool = setting(
        False, "also write the log to ecs.jsonl in logs_dir, a JSON line each in Elastic Common Schema"
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "least severe log line to print", flag=True
    )

    dashboard_host: str = setting("127.0.0.1", "address of the dashboard; any other than loopback takes a token")
    dashboard_port: int = setting(8001, "port of the dashboard", low=0, high=65535)
    dashboard_hosts: tuple[str, ...] = setting(
        (), "names that the dashboard is reached by beside localhost and its addresses, as behind a proxy"
    )
    dashboard_token: str = setting("", "token to log in to the dashboard with, 16 characters or more", secret=True)

    alert_urls: str = setting(
        "", "where `mt5-sentinel alerts` tells what is wrong: Apprise URLs, separated by white space", secret=True
    )
    alert_heartbeat_url: str = setting(
        "", "URL that `mt5-sentinel alerts` asks each minute while all is well, for a dead man's switch", secret=True
    )
    alert_repeat_minutes: float = setting(
        240.0, "minutes after which what is still wrong is told again", low=1, high=100_000
    )

    review_url: str = setting(
        "", "base URL of an OpenAI-compatible API that `mt5-sentinel review` asks, as https://api.openai.com/v1"
    )
    review_model: str = setting("", "model that reviews")
    review_api_key: str = setting("", "key of that API", secret=True)
    review_timeout_s: float = setting(120.0, "seconds a review may take", low=1, high=900)
    notion_url: str = setting("https://api.notion.com", "base URL of the API that `verify --notion` publishes to")
    notion_page: str = setting("", "id of the Notion page under which reports are put")
    notion_token: str = setting("", "token of the Notion integration", secret=True)

    @property
    def state_path(self) -> Path:
        """Directory of the journal: the setting, or the usual place for root or for a person."""
        if self.state_dir:
            return Path(self.state_dir)
        if sys.platform == "win32":
            return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "mt5-sentinel"
        if os.geteuid() == 0:
            return Path("/var/lib/mt5-sentinel")
        return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "mt5-sentinel"

    def secrets(self) -> tuple[str, ...]:
        """Values that must never be printed."""
        found = (getattr(self, row.name) for row in dataclasses.fields(self) if row.metadata["secret"])
        return tuple(value for value in found if value)
