"""The alerts as files: complete, tested both ways, told to the right people, and asking only for what is exported."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from mt5_sentinel import gauges
from mt5_sentinel.metrics import Metrics
from tests.python import alert_files
from tests.python.alert_files import ALERTMANAGER, OF_A_TARGET, PROMETHEUS, RULE_TESTS, RULES, Alert

ISSUE = (
    *("SentinelDown", "SentinelStuck", "SentinelDataStale", "SentinelCyclesFailing", "SentinelScoringFallback"),
    *("SentinelFeatureDrift", "SentinelScoreDrift", "SentinelOrderUnknown", "SentinelDrawdown", "SentinelHalted"),
    *("SentinelMemoryGrowth", "SentinelQuota", "SentinelClockSkew", "SentinelNotReady", "SentinelDeadMansSwitch"),
)
RECEIVERS = {
    "critical": "pagerduty-and-slack",
    "warning": "pagerduty-and-slack",
    "info": "slack",
    "none": "dead-mans-switch",
}


def tool(name: str, *arguments: str | Path) -> str:
    """Run a tool of Debian's packages to a good end."""
    if shutil.which(name) is None:
        pytest.skip(f"not installed: {name} (Debian: prometheus, prometheus-alertmanager)")
    done = subprocess.run([name, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def exported() -> dict[str, set[str]]:
    """Every series a daemon may show or a rule records, with its labels."""
    metrics = Metrics(lambda: 0.0, ["EURUSD"])
    found: dict[str, set[str]] = {}
    for family in [*metrics.table, *gauges.TABLE]:
        labels = set(family.labels)
        if family.kind == "histogram":
            ends = {"_bucket": labels | {"le"}, "_count": labels, "_sum": labels}
            found |= {family.name + end: having for end, having in ends.items()}
        else:
            found[family.name] = labels
    for rule in alert_files.rules():
        if "record" in rule:
            asked = alert_files.asked(rule["expr"])
            found[rule["record"]] = set[str]().union(*(found.get(one.metric, set()) for one in asked))
    lines = generate_latest(metrics.registry).decode().splitlines()
    return found | {line.split()[0]: set() for line in lines if line.startswith("process_")}


@pytest.mark.parametrize("alert", alert_files.alerts(), ids=lambda alert: f"{alert.name}-{alert.labels['severity']}")
def test_each_alert_says_what_is_wrong_and_what_to_do(alert: Alert) -> None:
    assert alert.labels["severity"] in RECEIVERS
    assert set(alert.annotations) == {"summary", "description", "runbook_url"}
    assert len(alert.annotations["summary"]) < 160
    if alert.name != "SentinelDeadMansSwitch":
        assert "Do: " in alert.annotations["description"]
    page, anchor = alert.annotations["runbook_url"].split("#")
    assert page == "docs/ALERTS.md"
    assert anchor in alert_files.anchors(alert_files.PAGE.read_text(encoding="utf-8"))
    assert anchor == alert.name.lower()


def test_what_the_issue_names_is_there() -> None:
    assert set(ISSUE) <= set(alert_files.names())


@pytest.mark.parametrize("name", alert_files.names())
def test_each_alert_has_a_unit_test_both_ways(name: str) -> None:
    expected = [fires for alert, fires in alert_files.cases() if alert == name]
    assert any(expected), "none in which it fires"
    assert all("exp_annotations" in one for fires in expected for one in fires), "texts are not looked at"
    severities = {one["exp_labels"]["severity"] for fires in expected for one in fires}
    assert severities == {alert.labels["severity"] for alert in alert_files.alerts() if alert.name == name}
    if name != "SentinelDeadMansSwitch":  # that one always fires
        assert any(not fires for fires in expected), "none in which it does not fire"


def test_rules_ask_only_for_what_a_daemon_shows() -> None:
    shown = exported()
    for rule in alert_files.rules():
        asked = alert_files.asked(rule["expr"])
        labels = OF_A_TARGET.union(*(shown.get(one.metric, set()) for one in asked))
        name = rule.get("alert") or rule["record"]
        assert {one.metric for one in asked} <= set(shown), name
        for one in asked:
            assert one.labels <= shown[one.metric] | OF_A_TARGET, (name, one)
        assert alert_files.grouped(rule["expr"]) <= labels | {"class"}, name
        assert alert_files.told(rule.get("annotations", {})) <= labels | {"class"}, name


def test_the_reading_of_expressions_finds_what_is_wrong() -> None:
    expr = 'sum by (symbol, hue) (sentinel_x_total{a="1",b!~"2"}) / on (job) sentinel_y'
    assert alert_files.asked(expr) == {("sentinel_x_total", frozenset("ab")), ("sentinel_y", frozenset())}
    assert alert_files.grouped(expr) == {"symbol", "hue", "job"}
    assert alert_files.told({"summary": "{{ $labels.check }} of {{ $labels.symbol }}"}) == {"check", "symbol"}
    assert alert_files.anchors("# A\n### Who's it, then?\n") == {"a", "whos-it-then"}


def test_promtool_finds_no_fault() -> None:
    tool("promtool", "check", "config", PROMETHEUS / "prometheus.yml")
    tool("promtool", "check", "rules", RULES)


@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.name)
def test_the_unit_tests_of_the_rules_pass(path: Path) -> None:
    assert "SUCCESS" in tool("promtool", "test", "rules", path)


def test_a_rule_that_is_changed_fails_its_unit_test(tmp_path: Path) -> None:
    """The unit tests can fail: a later `for` is seen at the boundary."""
    for path in (RULES, RULE_TESTS[0]):
        text = path.read_text(encoding="utf-8")
        (tmp_path / path.name).write_text(text.replace("for: 30s", "for: 45s"), encoding="utf-8")
    with pytest.raises(AssertionError, match=r"SentinelDown.*\n.*exp"):
        tool("promtool", "test", "rules", tmp_path / RULE_TESTS[0].name)


def test_amtool_finds_no_fault() -> None:
    tool("amtool", "check-config", ALERTMANAGER)


@pytest.mark.parametrize("alert", alert_files.alerts(), ids=lambda alert: f"{alert.name}-{alert.labels['severity']}")
def test_each_alert_goes_where_its_severity_says(alert: Alert) -> None:
    labels = [
        f"{name}={value}" for name, value in (alert.labels | {"alertname": alert.name, "symbol": "EURUSD"}).items()
    ]
    told = tool("amtool", "config", "routes", "test", "--config.file", ALERTMANAGER, *labels)
    assert told.split() == [RECEIVERS[alert.labels["severity"]]]


def test_inhibitions_and_routes_name_alerts_that_exist() -> None:
    """A name that no alert has would inhibit nothing, silently."""
    shipped = alert_files.loaded(ALERTMANAGER)
    matchers = [m for rule in shipped["inhibit_rules"] for m in rule["source_matchers"] + rule["target_matchers"]]
    matchers += [m for route in shipped["route"]["routes"] for m in route["matchers"]]
    known, written = set(alert_files.names()), set[str]()
    for matcher in matchers:
        name, value = (part.strip().strip('"') for part in matcher.replace("=~", "=").replace("!~", "=").split("=", 1))
        if name == "alertname" and value != "Sentinel.+":
            written |= _alternatives(value)
    assert written <= known
    assert "SentinelDown" in written


def _alternatives(value: str) -> set[str]:
    """What `A|B` or `Sentinel(A|B)` stands for."""
    prefix, _, inner = value.partition("(")
    if inner:
        return {prefix + part for part in inner.rstrip(")").split("|")}
    return set(value.split("|"))
