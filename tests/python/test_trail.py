"""The files of lines: trades and what was done to the service; rotation, owners, links, a full disk."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel import logs, trail
from mt5_sentinel.trade_trail import TradeTrail
from mt5_sentinel.types import Execution
from tests.python.memories import BAR_S, FILL, NOW_S, Memory, Open, begun, opened, record, request

__all__ = ["opened"]


def lines(place: Path, name: str = trail.TRADES) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (place / name).read_text().splitlines()]


def test_a_line_is_json_without_secrets_in_a_file_for_owner_and_group(tmp_path: Path) -> None:
    logs.learn(["s3cr3t-t0ken"])
    trail.append(tmp_path, trail.AUDIT, {"what": "ü s3cr3t-t0ken", "n": 1})
    trail.append(tmp_path, trail.AUDIT, {"what": "again"})
    assert lines(tmp_path, trail.AUDIT) == [{"what": "ü [hidden]", "n": 1}, {"what": "again"}]
    assert (tmp_path / trail.AUDIT).stat().st_mode & 0o7177 == 0o040


def test_after_a_rotation_the_new_file_is_written(tmp_path: Path) -> None:
    trail.append(tmp_path, trail.TRADES, {"n": 1})
    (tmp_path / trail.TRADES).rename(tmp_path / "trades.jsonl-20261126")
    trail.append(tmp_path, trail.TRADES, {"n": 2})
    assert lines(tmp_path, "trades.jsonl-20261126") == [{"n": 1}]
    assert lines(tmp_path) == [{"n": 2}]


def test_a_link_or_a_pipe_in_its_place_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("")
    (tmp_path / trail.AUDIT).symlink_to(elsewhere)
    with pytest.raises(OSError, match="symbolic links"):
        trail.append(tmp_path, trail.AUDIT, {})
    assert elsewhere.read_text() == ""
    os.mkfifo(tmp_path / trail.TRADES)
    reader = os.open(tmp_path / trail.TRADES, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(OSError, match="is no file"):
            trail.append(tmp_path, trail.TRADES, {})
    finally:
        os.close(reader)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: who owns a file that root makes")
def test_a_file_made_by_root_belongs_to_the_owner_of_its_directory(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 23456)
    trail.append(tmp_path, trail.AUDIT, {})
    made = (tmp_path / trail.AUDIT).stat()
    assert (made.st_uid, made.st_gid) == (12345, 23456)


def test_where_commands_find_it(tmp_path: Path) -> None:
    assert trail.directory({"LOGS_DIRECTORY": "/x"}) == Path("/x")
    assert trail.directory({}, tmp_path) == tmp_path
    assert trail.directory({}, tmp_path / "none") is None


@pytest.fixture
def memory(opened: Open) -> Memory:
    return opened()


def trade(memory: Memory, req_id: str, bar: int = 0, state: str = "filled", **fill: Any) -> None:
    one = request(req_id, bar_open_s=BAR_S + bar * 3600, created_s=NOW_S + bar)
    memory.intend(one, begun(memory))
    if state != "intended":
        memory.settle(one, state, fill=Execution(**fill) if fill else FILL if state == "filled" else None)


def test_each_settled_order_is_one_line(memory: Memory, tmp_path: Path) -> None:
    trade(memory, "before")
    seen = TradeTrail(memory.file, tmp_path)
    trade(memory, "r1", 1, ticket=1, price=1.2, lots=0.3)
    trade(memory, "r2", 2, "refused")
    seen.observe(record())
    seen.observe(record())
    first, second = lines(tmp_path)
    assert (first["event"], first["req_id"], first["state"]) == ("order", "r1", "filled")
    assert (first["ticket"], first["price"], first["opened_lots"], first["side"]) == (1, 1.2, 0.3, "BUY")
    assert (second["req_id"], second["state"]) == ("r2", "refused")
    assert len({first["event_id"], second["event_id"]}) == 2


def test_an_unknown_order_is_told_when_it_becomes_so_and_when_it_is_known(memory: Memory, tmp_path: Path) -> None:
    seen = TradeTrail(memory.file, tmp_path)
    trade(memory, "r1", 1, "unknown")
    seen.observe(record())
    seen.observe(record())
    memory.settle(request("r1", BAR_S + 3600, NOW_S + 1), "filled", fill=FILL)
    seen.observe(record())
    assert [(line["req_id"], line["state"]) for line in lines(tmp_path)] == [("r1", "unknown"), ("r1", "filled")]


def test_an_order_left_by_the_process_before_is_told_when_it_settles(memory: Memory, tmp_path: Path) -> None:
    trade(memory, "r1", 1, "intended")
    seen = TradeTrail(memory.file, tmp_path)
    seen.observe(record())
    assert not (tmp_path / trail.TRADES).exists()
    memory.settle(request("r1", BAR_S + 3600, NOW_S + 1), "not_sent")
    seen.observe(record())
    assert [line["state"] for line in lines(tmp_path)] == ["not_sent"]


def test_a_position_that_the_broker_closed_is_one_line(memory: Memory, tmp_path: Path) -> None:
    trade(memory, "r1", 1)
    seen = TradeTrail(memory.file, tmp_path)
    memory.orders.accounted(FILL.ticket, 0.0, (-12.5, 1.09, NOW_S + 60), "stop_loss")
    seen.observe(record())
    seen.observe(record())
    (line,) = lines(tmp_path)
    assert (line["event"], line["ticket"], line["closed_by"]) == ("position_closed", FILL.ticket, "stop_loss")
    assert (line["profit"], line["closed_price"], line["opened_lots"]) == (-12.5, 1.09, 0.1)


def test_other_ways_of_trading_have_their_own_lines(opened: Open, tmp_path: Path) -> None:
    live = opened("live")
    trade(live, "r1")
    live.close()
    dry = opened("dry-run")
    seen = TradeTrail(dry.file, tmp_path)
    seen.observe(record())
    assert not (tmp_path / trail.TRADES).exists()


def test_what_cannot_be_written_waits_is_told_once_and_costs_no_cycle(
    memory: Memory, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "logs"
    seen = TradeTrail(memory.file, place)
    for bar in (1, 2):
        trade(memory, f"r{bar}", bar)
        seen.observe(record())
    assert len([line for line in caplog.messages if "trades.jsonl cannot be written" in line]) == 1
    place.mkdir()
    seen.observe(record())
    assert [line["req_id"] for line in lines(place)] == ["r1", "r2"]
