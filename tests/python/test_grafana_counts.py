"""Panels of events: the first event of a kind is seen, an old count is not; accounts stand side by side."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.python.scraped import promtool
from tests.python.test_grafana import Dashboard, dashboard, panels, queries  # noqa: F401 (fixture)

COUNTED = ("decisions", "refusals", "symbol_cycles", "conditions", "api_errors")
"""Families whose series begin with their first event."""


def asked(found: Dashboard) -> list[str]:
    """Queries of those families, as Grafana sends them."""
    of = re.compile(rf"sentinel_({'|'.join(COUNTED)})_total")
    filled = [text.replace("$__rate_interval", "5m0s").replace("$instance", ".+") for _, text in queries(found)]
    return [text.replace("$symbol", ".+") for text in filled if of.search(text)]


def labels(text: str) -> str:
    """Of the sum, over a series that has no other label than these."""
    return '{symbol="EURUSD"}' if text.startswith("sum by (symbol") else "{}"


@pytest.mark.parametrize(
    ("values", "first", "later"),
    [("_x40 1x80", 1, 0), ("_x40 1 3x80", 3, 0), ("7x200", 0, 0)],
    ids=["the first", "three at once", "old to a new Prometheus"],
)
def test_the_first_event_of_a_kind_is_seen(
    dashboard: Dashboard,  # noqa: F811
    tmp_path: Path,
    values: str,
    first: int,
    later: int,
) -> None:
    texts = asked(dashboard)
    assert len(texts) == len(COUNTED) + 1, "decisions are asked twice"
    names = {match[0] for text in texts if (match := re.search(r"sentinel_\w+_total", text))}
    target = 'job="mt5-sentinel",instance="h"'
    series = [{"series": f"up{{{target}}}", "values": "1x200"}]
    series += [{"series": f'{name}{{{target},symbol="EURUSD"}}', "values": values} for name in sorted(names)]
    at_s = "2m" if values.startswith("7") else "10m30s"
    told = [
        {"expr": text, "eval_time": when, "exp_samples": [{"labels": labels(text), "value": value}]}
        for text in texts
        for when, value in ((at_s, first), ("20m", later))
    ]
    path = tmp_path / "test.yml"
    path.write_text(json.dumps({"tests": [{"interval": "15s", "input_series": series, "promql_expr_test": told}]}))
    done = promtool("test", "rules", str(path))
    assert done.returncode == 0, done.stdout + done.stderr


def test_daemons_are_told_apart(dashboard: Dashboard) -> None:  # noqa: F811
    (equity,) = [panel for panel in panels(dashboard) if panel["title"] == "Equity" and panel["type"] == "stat"]
    assert equity["targets"][0]["expr"].startswith("sentinel_equity{"), "the highest would hide the others"
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            if panel["type"] == "timeseries" and target["expr"].startswith("sentinel_"):
                assert "{{instance}}" in target["legendFormat"], panel["title"]
