"""What a person reads after the demonstration."""

from __future__ import annotations

import shutil
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from mt5_sentinel import journal
from mt5_sentinel.cycle import Desk
from mt5_sentinel.types import CycleRecord

BAR_WIDTH = 40
CURVE_WIDTH = 64
CENT = 0.01
BLOCKS = "▁▂▃▄▅▆▇█"

CLOSED_BY = {
    "order": "by signal or weekend",
    "stop_loss": "at the stop",
    "take_profit": "at the target",
    "stop_out": "by margin",
}

MEANINGS = {
    "signal": "confident, and not on that side yet: an order went out",
    "model_hold": "HOLD had the highest score",
    "below_threshold": "the best score did not exceed the threshold",
    "already_positioned": "the position is on that side already",
    "already_decided": "this bar was decided in an earlier cycle",
    "market_closed": "weekend or holiday",
    "awaiting_bar": "the first bar after a closed market has not closed yet",
    "stale": "the newest bar is overdue while the market is open",
    "price_old": "the newest price was too old to trade at",
    "tie": "SELL and BUY scored the same",
    "history_too_short": "not enough bars for settled features",
    "refused_daily_loss": "risk: the day's loss limit",
    "refused_drawdown": "risk: the equity has fallen too far from its highest mark",
    "refused_cooldown": "risk: a pause after several losses in a row",
    "refused_spread": "risk: spread too wide",
    "refused_reducing": "risk: the day's loss or the drawdown is close to its limit",
    "refused_weekend": "risk: the weekend is near",
    "refused_signal_age": "risk: the signal is too old",
}


def heading(version: str) -> str:
    """First lines of the demonstration."""
    return (
        f"mt5-sentinel {version} demo: the daemon on recorded bars, a virtual clock and a paper broker.\n"
        "A demonstration of the machinery, no promise of profit.\n\n"
        "One cycle, as the log shows it:"
    )


def progress(share: float | None) -> str:
    """A line that overwrites itself; ``None`` clears it."""
    if share is None:
        return "\r\033[K"
    done = round(BAR_WIDTH * min(1.0, share))
    return f"\r\033[Kreplaying [{'#' * done}{'.' * (BAR_WIDTH - done)}] {min(1.0, share):4.0%}"


def summary(records: Sequence[CycleRecord], desk: Desk, took_s: float, picture: Path) -> str:
    """Bars, decisions by reason, trades, money, timings."""
    settings = desk.settings
    bars = len({record.bar_open_s for record in records if record.bar_open_s is not None})
    lines = [
        "",
        f"Replayed   {settings.symbol} {settings.interval} from {_day(records[0])} to {_day(records[-1])}:",
        f"           {bars:,} bars that the model was not trained on, {len(records):,} cycles in {took_s:.1f} s",
        "",
        *_decisions(records),
        "",
        *_money(records, desk),
        "",
        *_timings(records),
        "",
        "Look closer:",
        f"  {picture}   # price, orders and equity: open it in a browser",
        f"  {_program()} journal --last 20 --journal {desk.journal.path}",
        f"  {_program()} dashboard --state-dir {desk.journal.path.parent}   # as a page; needs the extra [dashboard]",
        f"  EODHD_API_TOKEN=demo {_program()} run --once   # one cycle on live market data, dry run",
    ]
    return "\n".join(lines)


def _decisions(records: Sequence[CycleRecord]) -> list[str]:
    counts = Counter(record.reason for record in records)
    actions = Counter(record.action for record in records)
    lines = [
        "Decisions  " + ", ".join(f"{actions[action]:,} {action}" for action in ("BUY", "SELL", "HOLD")),
        "           cycles  reason",
    ]
    for reason, count in counts.most_common():
        lines.append(f"           {count:>6,}  {reason:<20} {MEANINGS.get(reason, '')}".rstrip())
    return lines


def _money(records: Sequence[CycleRecord], desk: Desk) -> list[str]:
    settings = desk.settings
    positions = journal.read_positions(desk.journal.path)
    ways = Counter(CLOSED_BY[one["closed_by"]] for one in positions if one["state"] == "closed")
    closed = [one["profit"] for one in positions if one["state"] == "closed"]
    equity = [record.equity for record in records if record.equity is not None]
    if not equity:
        return ["Money      no cycle got as far as the book"]
    won = [profit for profit in closed if profit > 0]
    curve = _curve(equity)
    rest = ", the rest in the open position" if abs(equity[-1] - settings.deposit - sum(closed)) >= CENT else ""
    lines = [
        f"Orders     {len(positions)} positions of {settings.volume_lots:g} lots, each with stop and target; spread"
        f" {settings.spread_points:g} points;\n"
        f"           {len(closed)} closed: {', '.join(f'{n} {way}' for way, n in ways.most_common())}; {len(won)} won",
        f"Money      {equity[-1] - settings.deposit:+,.2f} {settings.account_currency} on a deposit of "
        f"{settings.deposit:,.2f}: {sum(closed):+,.2f} realised{rest};\n"
        f"           deepest fall of equity {max(record.drawdown_max or 0.0 for record in records):,.2f}",
    ]
    if closed:
        lines.append(f"           best trade {max(closed):+,.2f}, worst {min(closed):+,.2f}")
    return [*lines, f"Equity     {curve}  {min(equity):,.0f} to {max(equity):,.0f}"]


def _curve(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    step = max(1, len(values) // CURVE_WIDTH)
    scale = (len(BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(BLOCKS[round((value - low) * scale)] for value in values[::step])


def _timings(records: Sequence[CycleRecord]) -> list[str]:
    lines = ["Timings    stage        median        99 %"]
    for stage in ("book", "fetch", "parse", "features", "score", "decide", "route"):
        taken = sorted(record.stages_s[stage] * 1e6 for record in records if stage in record.stages_s)
        if taken:
            slow = taken[min(len(taken) - 1, len(taken) * 99 // 100)]
            lines.append(f"           {stage:<10} {statistics.median(taken):>6,.0f} µs  {slow:>7,.0f} µs")
    return [*lines, *_peak_memory()]


def _peak_memory() -> list[str]:
    if sys.platform == "win32":
        return []
    import resource  # noqa: PLC0415 - Windows has none

    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [f"           peak memory {peak_mib:.0f} MiB"]


def _day(record: CycleRecord) -> str:
    return datetime.fromtimestamp(record.started_s, timezone.utc).strftime("%Y-%m-%d")


def _program() -> str:
    """How the reader can call this program again: its name where the PATH knows it, else as it was called."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":  # `python -m mt5_sentinel`: what was called is Python
        called = Path(sys.executable)
        return f"{called.name if shutil.which(called.name) == str(called) else called} -m mt5_sentinel"
    found = shutil.which(called.name)
    return called.name if found and Path(found).resolve() == called.resolve() else str(called)
