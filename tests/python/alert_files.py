"""The shipped alerts as a test reads them: rules, their unit tests, and what an expression asks for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.python.conftest import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES = PROMETHEUS / "mt5-sentinel.rules.yml"
TESTS = ("rules", "alive", "drift", "features", "death", "edges", "memory")
RULE_TESTS = tuple(PROMETHEUS / f"mt5-sentinel.{of}.test.yml" for of in TESTS)
ALERTMANAGER = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
PAGE = ROOT / "docs" / "ALERTS.md"

SELECTOR = re.compile(r"\b((?:(?:sentinel|process)_|sentinel:)[\w:]+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
BY = re.compile(r"\b(?:by|on|group_left|ignoring)\s*\(([^)]*)\)")
TOLD = re.compile(r"\$labels\.(\w+)")

OF_A_TARGET = {"job", "instance"}


class Alert(NamedTuple):
    """One rule that alerts."""

    name: str
    expr: str
    labels: dict[str, str]
    annotations: dict[str, str]


class Asked(NamedTuple):
    """A metric in an expression, and the labels by which it is chosen."""

    metric: str
    labels: frozenset[str]


def loaded(path: Path) -> Any:
    """A YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def rules() -> list[dict[str, Any]]:
    """Every rule, those that record too."""
    return [rule for group in loaded(RULES)["groups"] for rule in group["rules"]]


def alerts() -> list[Alert]:
    """Every rule that alerts; a name may stand twice, with another severity."""
    return [
        Alert(rule["alert"], rule["expr"], rule["labels"], rule["annotations"]) for rule in rules() if "alert" in rule
    ]


def names() -> list[str]:
    """Each alert's name once."""
    return sorted({alert.name for alert in alerts()})


def asked(expr: str) -> set[Asked]:
    """The metrics that an expression asks for."""
    return {Asked(name, frozenset(MATCHER.findall(chosen))) for name, chosen in SELECTOR.findall(expr)}


def grouped(expr: str) -> set[str]:
    """Labels by which an expression matches or sums."""
    return {label.strip() for listed in BY.findall(expr) for label in listed.split(",") if label.strip()}


def told(annotations: dict[str, str]) -> set[str]:
    """Labels that the texts name."""
    return {label for text in annotations.values() for label in TOLD.findall(text)}


def cases() -> list[tuple[str, list[dict[str, Any]]]]:
    """Each expectation of the unit tests: the alert, and what shall fire."""
    return [
        (case["alertname"], case["exp_alerts"])
        for path in RULE_TESTS
        for test in loaded(path)["tests"]
        for case in test["alert_rule_test"]
    ]


def anchors(page: str) -> set[str]:
    """What a link to a heading of this page may name, as GitHub makes it."""
    headings = re.findall(r"^#+ +(.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
