"""The unit tests of the rules can fail: each change here, of what is easily lost, is found by the file it names."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.python.alert_files import PROMETHEUS, RULES

GONE = " unless on (job, instance, symbol) sentinel:symbol:gone"
GONE_BELOW = "\n          unless on (job, instance, symbol) sentinel:symbol:gone"
WAS_THERE = '\n          and on (job, instance) up{job="mt5-sentinel"} offset '

MUTANTS = {
    "a crash loop of one restart": ("alive", "[5m]) >= 2", "[5m]) >= 1"),
    "a crash loop of three restarts": ("alive", "[5m]) >= 2", "[5m]) >= 3"),
    "a crash loop is told later": ("alive", "unix[90s]", "unix[2m]"),
    "a crash loop of daemons that trade": ("alive", "max_over_time(sentinel_last", "min_over_time(sentinel_last"),
    "stuck by the wall's clock": (
        "alive", "sentinel_last_cycle_age_seconds > 130", "time() - sentinel_last_cycle_timestamp_unix > 130",
    ),
    "a first cycle may take for ever": ("alive", "          or sentinel_last_cycle_age_seconds > 190\n", ""),
    "a first cycle is given less": ("alive", "age_seconds > 190", "age_seconds > 170"),
    "data is late for less than a cycle": ("alive", "for: 75s", "for: 45s"),
    "late data of a market that closes": (
        "edges", "\n          or sentinel_market_open == 0\n      # Longer", "\n      # Longer",
    ),
    "late data of what is gone": ("edges", "late_seconds[1d]) > 0" + GONE_BELOW, "late_seconds[1d]) > 0"),
    "failing lightly, and gone": ("edges", "light[1d]) > 0" + GONE, "light[1d]) > 0"),
    "failing gravely, and gone": ("edges", "grave[1d]) > 0" + GONE, "grave[1d]) > 0"),
    "not ready, and gone": ("edges", "ready_check[1d]) == 0" + GONE, "ready_check[1d]) == 0"),
    "orders unknown of what is gone": ("edges", "unknown[1d]) > 0" + GONE, "unknown[1d]) > 0"),
    "the clock by what is gone": ("edges", "off_seconds[1d]) > 10" + GONE_BELOW, "off_seconds[1d]) > 10"),
    "the model of what is gone": ("edges", "365 * 86400" + GONE_BELOW, "365 * 86400"),
    "late data is not ready either": (
        "edges", "\n          unless on (job, instance, symbol) last_over_time(sentinel:data:late_seconds[1d]) > 0", "",
    ),
    "halted is not ready either": (
        "edges", "\n          unless on (job, instance, symbol) last_over_time(sentinel_halted[1d]) == 1", "",
    ),
    "readiness is forgotten": ("edges", "sentinel_ready_check[1d]", "sentinel_ready_check[5m]"),
    "a drawdown without a limit": ("edges", " or sentinel_drawdown_limit == 0", ""),
    "a quota without a limit": ("edges", " or sentinel_quota_units_limit == 0)", ")"),
    "the hub's shadow": ("edges", "hub_fallback|hub_failed|local_failed", "hub_fallback|local_failed"),
    "the local model's shadow": ("edges", "hub_fallback|hub_failed|local_failed", "hub_fallback|hub_failed"),
    "old fallbacks are news": ("edges", WAS_THERE + "3m", ""),
    "old refusals are news": ("edges", WAS_THERE + "1h", ""),
    "half the growth": ("memory", "> 52428800", "> 26214400"),
    "twice the growth": ("memory", "> 52428800", "> 104857600"),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_change_of_the_rules_is_found(name: str, tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("not installed: promtool (Debian: prometheus)")
    found_by, old, new = MUTANTS[name]
    text = RULES.read_text(encoding="utf-8")
    assert old in text, "the rules have changed: so must this"
    (tmp_path / RULES.name).write_text(text.replace(old, new), encoding="utf-8")
    unit_tests = shutil.copy(PROMETHEUS / f"mt5-sentinel.{found_by}.test.yml", tmp_path)
    done = subprocess.run(["promtool", "test", "rules", unit_tests], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "exp:" in done.stderr, "it cannot be read, which is no finding"
