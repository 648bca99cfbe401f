"""A month of minutes for the dashboard: a journal and a cache of bars as a daemon would have left them."""

from __future__ import annotations

import json
import math
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from mt5_sentinel import _core, bar_store, journal_schema
from mt5_sentinel.journal_file import utc
from mt5_sentinel.types import DeskFacts, ModelFacts

SYMBOL, MODE, MINUTES = "EURUSD", "demo", 43_200
THRESHOLDS = (0.55, 0.6)
"""Of the first half and of the second: the configuration was read again between them."""

HOSTILE = "<script>alert(1)</script>\x1b[31m\x07 & \"quoted\" 'line'\u2028\u202eright to left"
"""The detail of every failure: what a foreign server may have answered."""

DEPOSIT, LOTS, UNITS_PER_LOT = 10_000.0, 0.1, 100_000
STAGES_S = {"book": 3e-4, "fetch": 0.09, "parse": 1e-3, "features": 2e-5, "score": 8e-6, "decide": 4e-4, "route": 1e-3}
FAILED_EVERY, REFUSED_EVERY, HELD_MINUTES = 1_700, 9, 90


def build(state_dir: Path, end_s: int, minutes: int = MINUTES, seed: int = 8) -> None:
    """Write ``journal.db`` and ``bars.db``: one cycle a minute, the last ends within the minute before ``end_s``.

    The same arguments give the same rows; with the default seed the month ends with a position open.
    Markets are always open, so that no day is without bars.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    month = Month(end_s - end_s % 60, minutes, seed)
    with _database(state_dir / "bars.db") as db:
        db.executescript(f"{bar_store.SCHEMA} PRAGMA user_version = {bar_store.SCHEMA_VERSION};")
        series = (1, "eodhd", "EURUSD.FOREX", 60, month.begin_s, month.end_s, month.bars[-1][4])
        db.execute("INSERT INTO series VALUES (?, ?, ?, ?, ?, ?, ?)", series)
        db.executemany("INSERT INTO bar VALUES (1, ?, ?, ?, ?, ?, ?, 0)", month.bars)
        db.execute("INSERT INTO quota VALUES ('eodhd', ?, 700, 3500)", ((utc(month.end_s - 1) or "")[:10],))
    with _database(state_dir / "journal.db") as db:
        journal_schema.migrate(db)
        month.trade()
        for table, rows in month.rows.items():
            insert(db, table, rows)


def insert(db: sqlite3.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    """Insert rows, the columns that one lacks are NULL."""
    for names in {tuple(row) for row in rows}:
        places = ", ".join("?" * len(names))
        statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})"
        db.executemany(statement, [tuple(row.values()) for row in rows if tuple(row) == names])


def facts(threshold: float = THRESHOLDS[1]) -> DeskFacts:
    """What the month is traded with; the ranges hold the newest row but for the column ``macd``."""
    columns = tuple(spec.name for spec in _core.catalogue())
    ranges = {name: (0.1, 0.2) if name == "macd" else (-1.0, 2.0) for name in columns}
    return DeskFacts(
        symbol=SYMBOL,
        interval="1m",
        version=_core.__version__,
        pid=1,
        scoring="local",
        threshold=threshold,
        bars_source="eodhd",
        origin="EURUSD.FOREX",
        market="always",
        holidays=(),
        stale_grace_s=120,
        price_side="bid",
        account_currency="USD",
        daily_loss_max=100.0,
        drawdown_max=500.0,
        exposure_total_max=100_000.0,
        quota_units=80_000.0,
        metrics_host="127.0.0.1",
        metrics_port=8000,
        columns=columns,
        model=ModelFacts("ab" * 32, "LightGBM", "2017-01-01", "2017-09-10", ranges),
    )


class Month:
    """The rows, table by table."""

    def __init__(self, end_s: int, minutes: int, seed: int) -> None:
        """Walk the prices."""
        self.end_s, self.begin_s = end_s, end_s - 60 * minutes
        self.chance = random.Random(seed)  # noqa: S311 - rows of a test
        self.bars = list(self._walk(minutes))
        self.equity, self.peak = DEPOSIT, DEPOSIT
        self.open: dict[str, Any] | None = None
        half_s = self.begin_s + 30 * minutes
        self.rows: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("cycle", "intent", "position", "difference")
        }
        self.rows["desk"] = [
            {"at_utc": utc(at_s), "mode": MODE, "symbol": SYMBOL, "facts": msgspec.json.encode(facts(value)).decode()}
            for at_s, value in zip((self.begin_s, half_s), THRESHOLDS, strict=True)
        ]
        self._half_s = half_s

    def trade(self) -> None:
        """A cycle on each bar."""
        scores = [0.33, 0.34, 0.33]
        for number, bar in enumerate(self.bars, start=1):
            scores = [0.97 * score + 0.03 / 3 + self.chance.gauss(0, 0.03) for score in scores]
            self._cycle(number, bar, [math.exp(4 * score) for score in scores])
        features = [round(0.01 * at, 6) for at in range(len(facts().columns))]
        newest = {"mode": MODE, "symbol": SYMBOL, "bar_open_s": self.bars[-1][0], "features": json.dumps(features)}
        self.rows["newest_row"] = [newest]
        risk = {"mode": MODE, "day": self.end_s // 86_400, "day_start_equity": self.equity, "day_halted": 0}
        self.rows["risk"] = [risk | {"peak_equity": self.peak, "state": "ACTIVE", "since_s": self.begin_s}]

    def _walk(self, minutes: int) -> Iterator[tuple[int, float, float, float, float, float]]:
        """Bars; the newest closed when the last cycle began, so each opens a minute before its cycle."""
        price = 1.1
        for at in range(minutes):
            opened, price = price, round(price * math.exp(self.chance.gauss(0, 1e-4)), 5)
            reach = abs(self.chance.gauss(0, 5e-5))
            high, low = round(max(opened, price) + reach, 5), round(min(opened, price) - reach, 5)
            yield self.begin_s + 60 * (at - 1), opened, high, low, price, float(self.chance.randrange(10, 500))

    def _cycle(self, number: int, bar: tuple[Any, ...], odds: list[float]) -> None:
        started_s = bar[0] + 60 + 58.0
        took = {name: value * self.chance.lognormvariate(0, 0.3) for name, value in STAGES_S.items()}
        row: dict[str, Any] = {
            **{"id": number, "started_utc": utc(started_s), "finished_utc": utc(started_s + sum(took.values()))},
            **{"symbol": SYMBOL, "mode": MODE, "status": "done", "reason": "model_hold", "detail": None},
            **{"rows": 500, "bars": 500, "dropped": '{"null":0}', "repaired": 0, "bar_open_s": bar[0], "price": bar[4]},
            **{"settled": 1, "req_id": None, "outcome": None, "conditions": "[]", "source": "eodhd", "scored_by": None},
            **{"calls": '{"eodhd":1}', "fetch_calls": 1, "quota_units": 5, "hub_calls": 0, "unknown_orders": 0},
            **{
                "trace_id": f"{number:032x}",
                "clock_skew_s": 0.01,
                "risk_state": "ACTIVE",
                "stages_s": json.dumps(took),
            },
        }
        failed = number % FAILED_EVERY < 3
        if failed:
            row |= {"status": "failed", "reason": "fetch_failed", "detail": HOSTILE, "settled": 0, "bar_open_s": None}
            row |= {"finished_utc": utc(started_s + 10), "stages_s": '{"book":0.0003,"fetch":10.0}'}
        else:
            total = sum(odds)
            row |= zip(("score_sell", "score_hold", "score_buy"), (one / total for one in odds), strict=True)
            row |= {"action": "HOLD", "confidence": max(odds) / total, "scored_by": "local"}
            self._decide(row, number, started_s)
        position = self.open
        floating = 0.0 if position is None else _profit(position, bar[4])
        equity = round(self.equity + floating, 2)
        self.peak = max(self.peak, equity)
        row |= {"equity": equity, "drawdown_max": round(self.peak - equity, 2), "positions": int(position is not None)}
        row["exposure"] = 0.0 if position is None else round(LOTS * UNITS_PER_LOT * bar[4], 2)
        self.rows["cycle"].append(row)

    def _decide(self, row: dict[str, Any], number: int, started_s: float) -> None:
        threshold = THRESHOLDS[0] if started_s < self._half_s else THRESHOLDS[1]
        if self.open is not None and number - self.open["ticket"] >= HELD_MINUTES:
            self._leave(row, started_s)
        side = "BUY" if row["score_buy"] >= row["score_sell"] else "SELL"
        best = row[f"score_{side.lower()}"]
        if best < row["score_hold"]:
            return
        if best < threshold:
            row["reason"] = "below_threshold"
        elif self.open is not None:
            row["reason"] = "already_positioned"
        elif number % REFUSED_EVERY == 0:
            row |= {"reason": "refused_spread", "action": side, "outcome": "refused"}
        else:
            row |= {"reason": "signal", "action": side, "outcome": "filled", "req_id": f"{number:08x}-open"}
            self._enter(row, number, side, started_s)

    def _enter(self, row: dict[str, Any], number: int, side: str, started_s: float) -> None:
        price, sign = row["price"], 1 if side == "BUY" else -1
        stops = {"sl": round(price - sign * 0.003, 5), "tp": round(price + sign * 0.005, 5)}
        self.open = {
            **{"mode": MODE, "ticket": number, "symbol": SYMBOL, "side": side, "opened_lots": LOTS, "lots": LOTS},
            **{"price": price, **stops, "req_id": row["req_id"], "opened_utc": utc(started_s), "state": "open"},
            **{"profit": 0.0, "closed_utc": None, "closed_price": None, "closed_by": None},
        }
        self._order(row, side, started_s, open_lots=LOTS, opened_lots=LOTS, profit=0.0, ticket=number, **stops)
        self.rows["position"].append(self.open)

    def _leave(self, row: dict[str, Any], started_s: float) -> None:
        position = self.open
        assert position is not None
        profit = round(_profit(position, row["price"]), 2)
        position |= {"state": "closed", "profit": profit, "closed_utc": utc(started_s), "closed_by": "order"}
        position["closed_price"] = row["price"]
        self.equity, self.open = round(self.equity + profit, 2), None
        side = "SELL" if position["side"] == "BUY" else "BUY"
        lots = {"close_lots": LOTS, "closed_lots": LOTS, "open_lots": 0.0, "kind": "close"}
        self._order(row, side, started_s, **lots, profit=profit, ticket=position["ticket"])

    def _order(self, row: dict[str, Any], side: str, started_s: float, **more: Any) -> None:
        kind = more.get("kind", "open")
        self.rows["intent"].append(
            {
                **{"req_id": f"{row['id']:08x}-{kind}", "cycle_id": row["id"], "symbol": SYMBOL, "mode": MODE},
                **{"bar_open_s": row["bar_open_s"], "side": side, "close_lots": 0.0, "open_lots": 0.0, "kind": "open"},
                **{"created_utc": utc(started_s), "not_after_utc": utc(started_s + 30), "created_s": started_s},
                **{"not_after_s": started_s + 30, "state": "filled", "price": row["price"], "magic": 577215},
                **{"settled_utc": utc(started_s), "deviation_points": 20, "retcode": 10009, **more},
            }
        )


def _profit(position: dict[str, Any], price: float) -> float:
    sign = 1 if position["side"] == "BUY" else -1
    return float(sign * (price - position["price"]) * LOTS * UNITS_PER_LOT)


@contextmanager
def _database(path: Path) -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(path)
    try:
        with db:
            yield db
        db.execute("PRAGMA journal_mode = WAL")
    finally:
        db.close()


def create(state_dir: Path, script: str) -> None:
    """A journal with these tables."""
    state_dir.mkdir(parents=True, exist_ok=True)
    with _database(state_dir / "journal.db") as db:
        db.executescript(script)


def change(state_dir: Path, statement: str, *values: Any) -> None:
    """Change the journal, as another process would."""
    with closing(sqlite3.connect(state_dir / "journal.db")) as db, db:
        db.execute(statement, values)
