"""Which metrics and labels a PromQL expression names, told against what the exporter has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prometheus_client import ProcessCollector
from prometheus_client.registry import CollectorRegistry

from mt5_sentinel.gauges import TABLE
from mt5_sentinel.metrics import Metrics

TARGET = {"instance", "job"}
"""Labels that Prometheus itself adds."""

WORD = re.compile(r"[a-zA-Z_:][\w:]*")
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\s*\{([^{}]*)\}")
GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^()]*)\)")
RANGE = re.compile(r"\[[^\]]*\]|\boffset\s+\$?\w+")
FILTER = re.compile(r"\band on \([^()]*\) [\w:]+")
"""A metric that only says whether the others count; no label of it is left."""

KNOWN = {
    *("sum", "min", "max", "avg", "count", "topk", "rate", "increase", "changes", "resets", "histogram_quantile"),
    *("and", "or", "unless", "by", "on", "group_left", "le", "absent", "time", "label_values", "abs", "clamp_min"),
    "vector",
}
"""Functions and words of the language that are used."""


def exported() -> dict[str, set[str]]:
    """Every sample the exporter can have, and its labels; and ``up``, which Prometheus adds for each target."""
    found: dict[str, set[str]] = {"up": set(TARGET)}
    for family in [*Metrics(lambda: 0.0).table, *TABLE]:
        labels = set(family.labels) | TARGET
        if family.kind == "histogram":
            found |= {f"{family.name}_{part}": labels for part in ("sum", "count")}
            found[f"{family.name}_bucket"] = labels | {"le"}
        else:
            found[family.name] = labels
    process = CollectorRegistry()
    ProcessCollector(registry=process)
    found |= {sample.name: set(TARGET) for family in process.collect() for sample in family.samples}
    return found


def unknown(expression: str, known: dict[str, set[str]]) -> list[str]:
    """What an expression names that the exporter does not have, a line each."""
    bare = RANGE.sub("", TEXT.sub('""', expression))
    names = set(_metrics(bare))
    told = [f"there is no metric {name}" for name in sorted(names - known.keys())]
    for name, selector in SELECTOR.findall(bare):
        asked = {part.split("=")[0].strip(" !~") for part in selector.split(",") if part.strip()}
        told += [f"{name} has no label {label}" for label in sorted(asked - known.get(name, asked))]
    for match in GROUPING.finditer(bare):
        word, labels = match[1], {label.strip() for label in match[2].split(",") if label.strip()}
        within = _metrics(FILTER.sub("", _argument(bare, match.end()))) if word in ("by", "without") else names
        each = [known.get(name, labels) for name in within]
        having = set.union(*each) if word.startswith("group") else set.intersection(*each) if each else set[str]()
        told += [f"{word} ({label}): not every metric has it" for label in sorted(labels - having)]
    return told


def _metrics(bare: str) -> Iterator[str]:
    """Names that are neither words of the language nor labels."""
    without_labels = GROUPING.sub(" ", re.sub(r"\{[^{}]*\}", " ", bare))
    for word in WORD.findall(without_labels):
        if word not in KNOWN and not word.isdigit():
            yield word


def _argument(bare: str, start: int) -> str:
    """What stands in the brackets that follow a grouping."""
    depth, begin = 0, bare.find("(", start)
    for at in range(begin, len(bare)):
        depth += {"(": 1, ")": -1}.get(bare[at], 0)
        if depth == 0:
            return bare[begin : at + 1]
    return bare[begin:]
