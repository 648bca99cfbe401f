"""The Grafana dashboard: each query names what the exporter has, and the real promtool can parse it."""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.python.conftest import ROOT
from tests.python.promql import exported, unknown
from tests.python.scraped import promtool

FILE = ROOT / "deploy" / "grafana" / "mt5-sentinel.json"
UNITS = {"none", "short", "s", "bytes", "percentunit", "bool", "reqps"}
"""Grafana's names of the units that are used."""

WIDTH = 24
Dashboard = dict[str, Any]


@pytest.fixture
def dashboard() -> Dashboard:
    """The file as it is shipped."""
    read: Dashboard = json.loads(FILE.read_text(encoding="utf-8"))
    return read


def panels(dashboard: Dashboard) -> list[Dashboard]:
    return [panel for outer in dashboard["panels"] for panel in (outer, *outer.get("panels", []))]


def queries(dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    """Where each query stands, and its PromQL; variables ask for the values of a label."""
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            yield f"panel {panel['title']!r}", target["expr"]
    for one in dashboard["annotations"]["list"]:
        if "expr" in one:
            yield f"annotation {one['name']!r}", one["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
            assert asked is not None, variable
            yield f"variable {variable['name']!r}", f"count by ({asked[2]}) ({asked[1]})"


def foreign(dashboard: Dashboard) -> list[str]:
    """Queries that name what the exporter does not have."""
    known = exported()
    return [f"{place}: {fault}" for place, query in queries(dashboard) for fault in unknown(query, known)]


def unparsed(dashboard: Dashboard, folder: Path) -> list[str]:
    """What promtool says of the queries as recording rules."""
    rules = [
        f"      - record: dashboard:query:{k}\n        expr: {json.dumps(_filled(query))}\n"
        for k, (_, query) in enumerate(queries(dashboard))
    ]
    path = folder / "rules.yml"
    path.write_text("groups:\n  - name: dashboard\n    rules:\n" + "".join(rules), encoding="utf-8")
    told = promtool("check", "rules", str(path))
    return [] if told.returncode == 0 else [told.stdout + told.stderr]


def _filled(query: str) -> str:
    return query.replace("$__rate_interval", "5m").replace("$instance", ".+").replace("$symbol", ".+")


def untidy(dashboard: Dashboard) -> list[str]:
    """Panels without a unit or a sentence, of the same id, over one another, or off the grid; unknown variables."""
    every, told = panels(dashboard), list[str]()
    drawn = [panel for panel in every if panel["type"] != "row"]
    for panel in drawn:
        if panel["fieldConfig"]["defaults"].get("unit") not in UNITS:
            told.append(f"{panel['title']}: no unit")
        if not panel.get("description") or not panel["targets"]:
            told.append(f"{panel['title']}: no sentence, or no query")
        if panel["datasource"]["uid"] != "${datasource}":
            told.append(f"{panel['title']}: it asks a fixed data source")
    ids = [panel["id"] for panel in every]
    told += [f"id {number} twice" for number in {number for number in ids if ids.count(number) > 1}]
    told += [f"{a['title']} lies over {b['title']}" for a, b in itertools.combinations(every, 2) if _overlap(a, b)]
    told += [f"{p['title']}: off the grid" for p in every if p["gridPos"]["x"] + p["gridPos"]["w"] > WIDTH]
    variables = {variable["name"] for variable in dashboard["templating"]["list"]} | {"__rate_interval"}
    used = {name for _, query in queries(dashboard) for name in re.findall(r"\$\{?(\w+)", query)}
    return told + [f"there is no variable {name}" for name in sorted(used - variables)]


def _overlap(a: Dashboard, b: Dashboard) -> bool:
    one, other = a["gridPos"], b["gridPos"]
    beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    return not (beside or above)


def unlabelled(dashboard: Dashboard) -> list[str]:
    """Legends that name a label no metric of their query has."""
    known, told = exported(), list[str]()
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            named = {name for name in known if re.search(rf"\b{name}\b", target["expr"])}
            labels = set[str]().union(*(known[name] for name in named))
            wanted = set(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")))
            told += [f"{panel['title']}: {{{{{label}}}}}" for label in wanted - labels]
    return told


def test_every_query_names_what_the_exporter_has(dashboard: Dashboard) -> None:
    assert foreign(dashboard) == []
    assert unlabelled(dashboard) == []
    assert len(list(queries(dashboard))) > 40


def test_every_query_can_be_parsed(dashboard: Dashboard, tmp_path: Path) -> None:
    assert unparsed(dashboard, tmp_path) == []


def test_panels_have_units_and_a_place_of_their_own(dashboard: Dashboard) -> None:
    assert untidy(dashboard) == []
    assert dashboard["schemaVersion"] >= 39
    assert [variable["name"] for variable in dashboard["templating"]["list"]] == ["datasource", "instance", "symbol"]


def test_every_new_matter_has_a_panel(dashboard: Dashboard) -> None:
    asked = " ".join(query for _, query in queries(dashboard))
    for name in (
        *("ready", "halted", "risk_state", "equity", "drawdown", "exposure", "open_positions", "orders_unknown"),
        *("data_age_seconds", "decisions_total", "refusals_total", "orders_total", "scores_bucket", "model_info"),
        *("stage_duration_seconds_bucket", "bars_cleaned_total", "quota_units_today", "watchdog_age_seconds"),
        *("clock_skew_seconds", "failed_in_a_row", "features_out_of_range", "model_age_seconds", "conditions_total"),
    ):
        assert f"sentinel_{name}" in asked, name
    assert "process_resident_memory_bytes" in asked


def _query(dashboard: Dashboard, text: str) -> None:
    dashboard["panels"][1]["targets"][0]["expr"] = text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: _query(d, "sentinel_no_such"), "no metric sentinel_no_such"),
        (lambda d: _query(d, "down"), "no metric down"),
        (lambda d: _query(d, 'up{symbol="EURUSD"}'), "up has no label symbol"),
        (lambda d: _query(d, 'sentinel_ready{symbol="EURUSD"}'), "sentinel_ready has no label symbol"),
        (lambda d: _query(d, "sum by (colour) (sentinel_halted)"), "by (colour)"),
        (lambda d: _query(d, "sum by (symbol) (rate(sentinel_api_calls_total[5m]))"), "by (symbol)"),
        (lambda d: _query(d, "sentinel_scores"), "no metric sentinel_scores"),
        (lambda d: d["annotations"]["list"][1].update(expr="sentinel_gone > 0"), "annotation"),
        (lambda d: d["templating"]["list"][1]["query"].update(query="label_values(sentinel_x, instance)"), "variable"),
        (lambda d: d["templating"]["list"][2]["query"].update(query="label_values(sentinel_ready, symbol)"), "symbol"),
    ],
)
def test_a_query_that_names_something_else_is_found(
    dashboard: Dashboard, change: Callable[[Dashboard], None], told: str
) -> None:
    change(dashboard)
    assert any(told in line for line in foreign(dashboard)), foreign(dashboard)


def test_a_query_that_is_no_promql_is_found(dashboard: Dashboard, tmp_path: Path) -> None:
    _query(dashboard, "sum by (symbol sentinel_halted")
    assert unparsed(dashboard, tmp_path) != []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda p: p["fieldConfig"]["defaults"].pop("unit"), "no unit"),
        (lambda p: p["fieldConfig"]["defaults"].update(unit="furlong"), "no unit"),
        (lambda p: p.update(description=""), "no sentence"),
        (lambda p: p.update(id=5), "id 5 twice"),
        (lambda p: p["gridPos"].update(w=9), "lies over"),
        (lambda p: p["gridPos"].update(x=22), "off the grid"),
        (lambda p: p["datasource"].update(uid="abc"), "fixed data source"),
        (lambda p: p["targets"][0].update(expr='sentinel_ready{instance="$place"}'), "no variable place"),
    ],
)
def test_a_panel_that_is_not_in_order_is_found(
    dashboard: Dashboard, change: Callable[[Dashboard], object], told: str
) -> None:
    changed = copy.deepcopy(dashboard)
    change(changed["panels"][1])
    assert any(told in line for line in untidy(changed)), untidy(changed)


def test_a_legend_that_names_no_label_is_found(dashboard: Dashboard) -> None:
    dashboard["panels"][1]["targets"][0]["legendFormat"] = "{{colour}}"
    assert unlabelled(dashboard) == ["Alive: {{colour}}"]


def of_the_past(dashboard: Dashboard) -> list[str]:
    """Panels that show one value, and would show yesterday's of a daemon that is dead, or none without a word."""
    told = list[str]()
    for panel in panels(dashboard):
        if panel["type"] in ("stat", "gauge", "table"):
            if any(target["range"] or not target["instant"] for target in panel["targets"]):
                told.append(f"{panel['title']}: it asks for the past")
            if panel["type"] != "table" and not panel["fieldConfig"]["defaults"].get("noValue"):
                told.append(f"{panel['title']}: no word for no value")
    return told


def test_what_is_now_is_asked_now(dashboard: Dashboard) -> None:
    assert of_the_past(dashboard) == []
    dashboard["panels"][1]["targets"][0].update(range=True, instant=False)
    dashboard["panels"][2]["fieldConfig"]["defaults"].pop("noValue")
    assert of_the_past(dashboard) == ["Alive: it asks for the past", "Ready: no word for no value"]


@pytest.mark.parametrize(
    ("of_third", "shown"),
    [
        ("up", {"Alive": 1, "Ready": 1}),
        ("down", {"Alive": 0, "Ready": 0}),
        ("unready", {"Alive": 1, "Ready": 0}),
        ("nobody", {"Alive": 0, "Ready": None}),
    ],
)
def test_one_dead_daemon_of_three_is_seen(
    dashboard: Dashboard, tmp_path: Path, of_third: str, shown: dict[str, float | None]
) -> None:
    series = [(f"host{k}", 1, "1") for k in range(2)]
    series += {"up": [("host2", 1, "1")], "down": [("host2", 0, "stale")], "unready": [("host2", 1, "0")]}.get(of_third, [])
    lines = [
        {"series": f'{name}{{job="mt5-sentinel",instance="{host}"}}', "values": values}
        for host, is_up, ready in ([] if of_third == "nobody" else series)
        for name, values in (("up", f"1 {is_up}"), ("sentinel_ready", f"1 {ready}"))
    ]
    asked = [
        {
            "expr": _filled(panel["targets"][0]["expr"]),
            "eval_time": "1m",
            "exp_samples": [] if (value := shown[panel["title"]]) is None else [{"labels": "{}", "value": value}],
        }
        for panel in panels(dashboard)
        if panel["title"] in shown
    ]
    assert len(asked) == len(shown)
    path = tmp_path / "test.yml"
    path.write_text(json.dumps({"tests": [{"interval": "1m", "input_series": lines, "promql_expr_test": asked}]}))
    told = promtool("test", "rules", str(path))
    assert told.returncode == 0, told.stdout + told.stderr
