"""Orders in the journal: unique, resolved once, and each way of trading sees its own."""

from __future__ import annotations

import sqlite3

import pytest

from tests.python.memories import BAR_S, FILL, NOW_S, Open, begun, kill, opened, request

__all__ = ["opened"]


def test_an_intent_is_unique(opened: Open) -> None:
    one = opened()
    cycle = begun(one)
    one.intend(request("r1"), cycle)
    with pytest.raises(sqlite3.IntegrityError):
        one.intend(request("r1", bar_open_s=BAR_S + 3600), cycle)
    assert one.unresolved("EURUSD") == ["r1"]
    with pytest.raises(sqlite3.IntegrityError):
        one.settle(request("r1"), "perhaps")


@pytest.mark.parametrize("state", ["filled", "refused", "not_sent"])
def test_a_settled_intent_is_resolved(opened: Open, state: str) -> None:
    one = opened()
    cycle = begun(one)
    one.intend(request("new", created_s=NOW_S + 60), cycle)
    one.intend(request("old"), cycle)
    assert one.unresolved("EURUSD") == ["old", "new"]
    one.settle(request("old"), "unknown", detail="no answer")
    assert one.unresolved("EURUSD") == ["old", "new"]
    one.settle(request("old"), state, fill=FILL if state == "filled" else None)
    assert one.unresolved("EURUSD") == ["new"]
    assert one.unresolved("GBPUSD") == []


def test_a_bar_is_decided_once_settled_or_intended(opened: Open) -> None:
    one = opened()
    assert one.decided_bar_s("EURUSD") is None
    cycle = begun(one)
    cycle.bar_open_s = BAR_S
    one.finish(cycle)
    assert one.decided_bar_s("EURUSD") is None, "seen, not decided"
    cycle.settled = True
    one.finish(cycle)
    assert one.decided_bar_s("EURUSD") == BAR_S
    assert one.decided_bar_s("GBPUSD") is None
    one.intend(request("r1", bar_open_s=BAR_S + 3600), begun(one))
    assert one.decided_bar_s("EURUSD") == BAR_S + 3600


def test_a_crash_between_intent_and_finish_leaves_the_bar_decided(opened: Open) -> None:
    one = opened()
    one.intend(request("r1"), begun(one))
    kill(one)
    two = opened()
    assert two.decided_bar_s("EURUSD") == BAR_S
    assert two.unresolved("EURUSD") == ["r1"]


def test_a_bar_whose_order_never_was_may_be_decided_again(opened: Open) -> None:
    one = opened()
    one.intend(request("r1"), begun(one))
    one.settle(request("r1"), "not_sent")
    assert one.decided_bar_s("EURUSD") is None


def test_a_transaction_is_whole_or_not_at_all(opened: Open) -> None:
    one = opened()
    one.intend(request("r1"), begun(one))
    one.file._db.execute("DROP TABLE position")
    with pytest.raises(sqlite3.Error):
        one.settle(request("r1"), "filled", fill=FILL)
    assert one.unresolved("EURUSD") == ["r1"], "a fill without its position would be lost"
    assert not one.file._db.in_transaction


def test_modes_do_not_see_each_other(opened: Open) -> None:
    one = opened("demo")
    cycle = begun(one, mode="demo")
    one.intend(request("r1"), cycle)
    cycle.bar_open_s, cycle.settled = BAR_S, True
    one.finish(cycle)
    one.close()
    two = opened("dry-run")
    assert two.decided_bar_s("EURUSD") is None
    assert two.unresolved("EURUSD") == []
    two.close()
    assert opened("demo").unresolved("EURUSD") == ["r1"]
