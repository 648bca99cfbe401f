"""The whole scrape, as the real promtool and a real Prometheus' parsers judge it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics import parser
from prometheus_client.parser import text_string_to_metric_families

from mt5_sentinel.errors import Transient
from mt5_sentinel.research import metrics_page
from tests.python import bodies
from tests.python.conftest import Running
from tests.python.desk_floor import Floor
from tests.python.eodhd_server import EodhdServer, free_port
from tests.python.fakes import HOUR_S
from tests.python.scraped import get, promtool, scrape, shown

Start = Callable[..., Running]


def test_promtool_has_nothing_to_say(tmp_path: Path) -> None:
    floor = Floor(tmp_path, ["EURUSD", "GBPUSD"])
    try:
        before = scrape(shown(floor))
        floor.minute()
        floor.markets["GBPUSD"].answer = Transient("away", "fetch_timeout")
        floor.minute(HOUR_S)
        after = scrape(shown(floor))
    finally:
        floor.close()
    assert 'sentinel_orders_total{outcome="filled",symbol="EURUSD"} 1.0' in after
    assert 'error_code="fetch_timeout"' in after
    for text in (before, after):
        told = promtool("check", "metrics", text=text)
        assert (told.returncode, told.stdout + told.stderr) == (0, "")


def test_promtool_would_say_something() -> None:
    bad = "# TYPE sentinel_bad_total gauge\nsentinel_bad_total 1\n"
    assert promtool("check", "metrics", text=bad).returncode != 0


def test_openmetrics_can_be_read_too(tmp_path: Path) -> None:
    floor = Floor(tmp_path, ["EURUSD"])
    try:
        floor.minute()
        encode, kind = choose_encoder("application/openmetrics-text; version=1.0.0")
        text = encode(shown(floor).registry).decode()
    finally:
        floor.close()
    assert kind.startswith("application/openmetrics-text")
    families = {family.name for family in parser.text_string_to_metric_families(text)}  # type: ignore[no-untyped-call]
    assert {"sentinel_decisions", "sentinel_data_age_seconds", "sentinel_stage_duration_seconds"} <= families


def test_a_daemon_that_has_run_no_cycle_and_one_that_has(daemon: Start, server: EodhdServer) -> None:
    server.respond(200, bodies.body(bodies.with_duplicates(bodies.hourly(time.time()))), delay_s=4.0)
    port = free_port()
    running = daemon("--metrics-port", str(port))
    running.wait_for("Fetching market data")
    before = get(port, "/metrics")[2].decode()
    assert get(port, "/livez")[0] == 200, "the loop waits for its first cycle"
    status, _, body = get(port, "/readyz")
    assert (status, json.loads(body)["why"][0]) == (503, "EURUSD: loop: the first cycle has not ended yet")
    running.wait_for("Decision: ")
    deadline = time.monotonic() + 30
    while (answer := get(port, "/readyz"))[0] != 200:
        assert time.monotonic() < deadline, answer
        time.sleep(0.05)
    status, headers, body = get(port, "/metrics")
    after, found = body.decode(), dict[tuple[str, ...], float]()
    for text in (before, after):
        told = promtool("check", "metrics", text=text)
        assert (told.returncode, told.stdout + told.stderr) == (0, "")
    for family in text_string_to_metric_families(after):
        found |= {(sample.name, *sorted(sample.labels.values())): sample.value for sample in family.samples}
    assert found["sentinel_bars_cleaned_total", "EURUSD", "duplicate"] == 60
    assert found["sentinel_ready",] == found["sentinel_market_open", "EURUSD"] == 1
    assert 0 <= found["sentinel_data_age_seconds", "EURUSD"] < 3700
    assert found["sentinel_quota_units_today",] == 5
    assert found["sentinel_equity",] > 0
    assert found["process_resident_memory_bytes",] > 1e7
    assert {one.name for one in metrics_page.PROCESS} <= {name for name, *_ in found}, "the page tells of them"
    status, headers, _ = get(port, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert (status, headers["Content-Type"].split(";")[0]) == (200, "application/openmetrics-text")
    assert running.end() == 0
