"""The files of deploy/elk against real lines: every field has a place in the index, and its type fits."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mt5_sentinel import logs, trail
from mt5_sentinel.ops.layout import LOGS
from mt5_sentinel.trade_trail import ORDER, POSITION
from tests.python import bodies
from tests.python.conftest import ROOT, Sentinel
from tests.python.ecs_lines import flat, lines, opened, whole_record
from tests.python.eodhd_server import EodhdServer

ELK = ROOT / "deploy/elk"
TEXTS = ("keyword", "match_only_text", "wildcard")


def template() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ELK / "index-template.json").read_text())
    return found


def mapped(properties: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Dotted name and type of each field."""
    for name, what in properties.items():
        if "properties" in what:
            yield from mapped(what["properties"], f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", what["type"]


FIELDS = dict(mapped(template()["template"]["mappings"]["properties"]))


def misfit(name: str, value: Any) -> str:
    """Why a value has no place in the index; empty where it has."""
    if isinstance(value, list):
        return next((why for one in value if (why := misfit(name, one))), "")
    kind = FIELDS.get(name)
    if kind is None:
        return f"{name}: not in the template"
    fits = {
        "long": isinstance(value, int) and not isinstance(value, bool),
        "double": isinstance(value, (int, float)) and not isinstance(value, bool),
        "boolean": isinstance(value, bool),
        "date": isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value) is not None,
        **{text: isinstance(value, str) for text in TEXTS},
    }
    return "" if value is None or fits[kind] else f"{name}: {value!r} is no {kind}"


def misfits(found: list[dict[str, Any]]) -> set[str]:
    return {why for line in found for name, value in flat(line).items() if (why := misfit(name, value))}


@pytest.fixture
def every_line(tmp_path: Path) -> list[dict[str, Any]]:
    """One of each kind that the program can write."""
    path = tmp_path / "every.jsonl"
    record = whole_record(calls={"eodhd": 1, "gateway": 1, "replay": 1})
    with opened(path) as (log, written), logs.tracing(record):
        log.info("text")
        try:
            raise ValueError("x")
        except ValueError:
            log.exception("failed")
        written.observe(record)
        written.observe(whole_record(status="failed"))
    return lines(path)


def test_lines_of_a_daemon_fit_the_index(
    sentinel: Sentinel, server: EodhdServer, tmp_path: Path, every_line: list[dict[str, Any]]
) -> None:
    server.respond(200, bodies.body(bodies.hourly(time.time())))
    variables = {"LOGS_DIRECTORY": str(tmp_path), "MT5_SENTINEL_LOG_ECS": "true", "EODHD_API_TOKEN": "demo"}
    arguments = ("--threshold", "0.01", "--eodhd-url", server.url, "--metrics-port", "0")
    assert sentinel("run", "--once", *arguments, **variables).returncode == 0
    server.respond(500, b"")
    elsewhere = {"STATE_DIRECTORY": str(tmp_path / "without bars")}
    assert sentinel("run", "--once", *arguments, **variables, **elsewhere).returncode == 75
    real = lines(tmp_path / trail.ECS)
    assert {line["event"]["dataset"] for line in real} == {"mt5_sentinel.log", "mt5_sentinel.cycle"}
    assert misfits(real) == set()
    assert misfits(every_line) == set()
    assert misfits([{"trade": line} for line in lines(tmp_path / trail.TRADES)]) == set()


def test_the_index_has_no_field_that_nothing_writes(every_line: list[dict[str, Any]]) -> None:
    stages = set(re.findall(r'stage\(record, "(\w+)"', " ".join(path.read_text() for path in sources())))
    written = {name for line in every_line for name in flat(line)} | {f"sentinel.stages.{name}" for name in stages}
    written |= {f"trade.{name}" for name in ("event", "event_id", *ORDER, *POSITION)} | {"event.ingested"}
    assert set(FIELDS) == written


def sources() -> list[Path]:
    return sorted((ROOT / "python/mt5_sentinel").rglob("*.py"))


def test_a_field_of_another_type_would_be_seen(every_line: list[dict[str, Any]]) -> None:
    line = every_line[-1] | {"labels": {"x": "y"}}
    line["sentinel"] |= {"cycle_id": "7", "settled": 1, "bar_open": 1_700_000_000, "symbol": 3}
    assert len(misfits([line])) == 5


def test_unknown_fields_make_no_mappings() -> None:
    assert template()["template"]["mappings"]["dynamic"] is False
    assert len(FIELDS) < template()["template"]["settings"]["index.mapping.total_fields.limit"]


def test_filebeat_reads_the_files_that_are_written_and_names_the_fields_they_have() -> None:
    """Filebeat is in no Debian package, so it is not run here: what the file says is compared with what is written."""
    said = yaml.safe_load((ELK / "filebeat.yml").read_text())
    log, trades = said["filebeat.inputs"]
    for one, name in ((log, trail.ECS), (trades, trail.TRADES)):
        assert one["type"] == "filestream"
        assert one["paths"] == [str(LOGS / name), f"{LOGS / name}-????????"]
    assert log["id"] != trades["id"]
    assert (log["parsers"][0]["ndjson"]["target"], trades["parsers"][0]["ndjson"]["target"]) == ("", "trade")
    assert log["parsers"][0]["ndjson"]["overwrite_keys"] is True
    text = (ELK / "filebeat.yml").read_text()
    named = set(re.findall(r'event\.(?:Get|Put)\("([^"]+)"', text)) | set(re.findall(r"field: (\S+)", text))
    assert named - {"@metadata._id"} <= set(FIELDS)
    assert [one["timestamp"]["field"] for one in trades["processors"] if "timestamp" in one] == [
        *("trade.created_utc", "trade.settled_utc", "trade.closed_utc")
    ]
    assert said["output.elasticsearch"]["index"] == "mt5-sentinel-%{+yyyy-MM}"
    assert (said["setup.ilm.enabled"], said["setup.template.enabled"]) == (False, False)


def test_both_shippers_write_to_an_index_of_the_template() -> None:
    (pattern,) = template()["index_patterns"]
    assert pattern == "mt5-sentinel-*"
    assert '"_index":"mt5-sentinel-$(substr "${.ecs.@timestamp}" 0 7)"' in (ELK / "syslog-ng.conf").read_text()


def test_the_example_of_an_ingest_pipeline_names_fields_that_are_there() -> None:
    text = (ELK / "ingest-pipeline.json").read_text()
    assert set(json.loads(text)) == {"description", "processors", "on_failure"}
    named = re.findall(r'"field": "([^"]+)"', text) + [
        name.replace("?", "") for name in re.findall(r"ctx\.([\w.?]+)", text)
    ]
    assert named
    assert set(named) <= set(FIELDS)
