"""What a soak plays in: a work directory, a model of its own, and the processes that belong to it."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from mt5_sentinel import _core, bundle, bundled, files
from mt5_sentinel.commands.soak_process import LISTENS
from mt5_sentinel.ops.soak import lively, mlflow_hub, walk
from mt5_sentinel.ops.soak.children import Child, Children, free_port
from mt5_sentinel.ops.soak.shared_clock import SharedClock

SYMBOL, INTERVAL = "EURUSD", "1m"
TOKEN = "soak-of-this-machine"  # noqa: S105 - the stand-in's own
BEGAN_S = 1_767_571_220.0
"""2026-01-05 00:00:20 UTC, a Monday: where a simulated month begins."""

QUOTA_UNITS = 400_000
"""Of which a twentieth may be spent: a request a minute costs 7,200 a day."""

WIDE = {"orders_per_day_max": 500, "cooldown_minutes": 10.0, "daily_loss_max": 1_000.0, "drawdown_max": 5_000.0}
"""Limits of risk: a soak is after many orders, a trader after good ones."""

ROLE = ("-m", "mt5_sentinel.commands.soak_process")
PRODUCT = ("-m", "mt5_sentinel")


@dataclass(frozen=True)
class Wanted:
    """How a soak is to be run."""

    minutes: int
    accelerated: bool
    threshold: float
    hub: str
    """``mlflow`` or ``stand-in``."""
    seed: int
    daemon: tuple[str, ...] | None = None
    """Arguments of the interpreter that start the daemon, before its own; None: the product's."""

    @property
    def market(self) -> str:
        """On the real clock a weekend must not make a soak empty; a simulated month has its weekends."""
        return "auto" if self.accelerated else "always"


@dataclass(frozen=True)
class Scene:
    """All processes, running."""

    children: Children
    daemon: Child
    clock: SharedClock | None
    state: Path
    paper: Path
    metrics_port: int


def start(children: Children, work: Path, wanted: Wanted) -> Scene:
    """Lay everything down, start the processes around the daemon, then the daemon.

    Raises:
        Transient: one of them did not start.
    """
    clock = SharedClock.create(work / "clock", BEGAN_S) if wanted.accelerated else None
    shared = () if clock is None else ("--clock", str(work / "clock"))
    role, product = [sys.executable, *ROLE, *shared], [sys.executable, *(ROLE if shared else PRODUCT), *shared]
    model = work / "model"
    _pack(model)
    prices = work / "prices.csv"
    round_ = walk.bars(wanted.seed)
    began_s = BEGAN_S if wanted.accelerated else time.time()
    turn = lively.turn(round_, _core.Model.load(bundled.MODEL), began_s, wanted.threshold)
    files.write(str(prices), walk.recording(walk.turned(round_, turn), int(BEGAN_S)))
    eodhd = children.start(
        "eodhd",
        [*role, "eodhd", "--symbol", SYMBOL, "--market", wanted.market, *_eodhd_flags(wanted.seed, turn)],
    )
    if wanted.hub == "mlflow":
        hub_port = mlflow_hub.start(children, work, model)
    else:
        hub = children.start("hub", [sys.executable, *ROLE, "hub", "--bundle", str(model)])
        hub_port = int(hub.await_line(rf"{LISTENS} (\d+)"))
    gateway = children.start("gateway", [*product, "gateway", *_gateway_flags(work, prices)])
    metrics_port, config = free_port(), work / "sentinel.toml"
    ports = (
        int(eodhd.await_line(rf"{LISTENS} (\d+)")),
        hub_port,
        int(gateway.await_line(r"requests at 127\.0\.0\.1:(\d+)")),
        metrics_port,
    )
    files.write(str(config), _settings(work, wanted, *ports))
    command = product if wanted.daemon is None else [sys.executable, *wanted.daemon, *shared]
    daemon = children.start("daemon", [*command, "run", "--live", "--config", str(config)], {"EODHD_API_TOKEN": TOKEN})
    return Scene(children, daemon, clock, work / "state", work / "gateway" / "paper.db", metrics_port)


def _pack(out: Path) -> None:
    """The bundled model as one of our own for one-minute bars: trading live demands that."""
    facts = bundle.Facts(
        format="lightgbm-text",
        features=[spec.name for spec in _core.catalogue()],
        symbol=SYMBOL,
        interval=INTERVAL,
        trained_from="2017-01-01",
        trained_to="2017-09-10",
        golden_source="trainer",
        notes="The demonstration model, packed for a soak; no promise of profit.",
    )
    model, golden = (bundled.MODEL / name for name in ("model.txt", bundle.GOLDEN))
    made = bundle.contents(facts, model.read_bytes(), golden.read_bytes())
    bundle.publish(out, made, force=False, check=lambda staged: None)


def _eodhd_flags(seed: int, turn: int) -> list[str]:
    return ["--seed", str(seed), "--turn", str(turn), "--token", TOKEN]


def _gateway_flags(work: Path, prices: Path) -> list[str]:
    place = ["--port", "0", "--ticks-port", str(free_port()), "--state-dir", str(work / "gateway")]
    return [*place, "--symbol", SYMBOL, "--prices", str(prices)]


def _settings(work: Path, wanted: Wanted, eodhd: int, hub: int, gateway: int, metrics: int) -> list[str]:
    chosen = {
        "symbol": SYMBOL,
        "interval": INTERVAL,
        "threshold": wanted.threshold,
        "market": wanted.market,
        "model": "shadow",
        "shadow_trades": "hub",
        "model_bundle": str(work / "model"),
        "eodhd_url": f"http://127.0.0.1:{eodhd}",
        "eodhd_quota_units": QUOTA_UNITS,
        "hub_host": "127.0.0.1",
        "hub_port": hub,
        "gtw_host": "127.0.0.1",
        "gtw_port": gateway,
        "metrics_port": metrics,
        "state_dir": str(work / "state"),
        "logs_dir": str(work),
    } | WIDE
    return [f"{name} = {json.dumps(value)}\n" for name, value in chosen.items()]
