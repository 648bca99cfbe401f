"""Whether a symbol could trade now: every check both ways, and the cases in which a plain rule would be wrong."""

from __future__ import annotations

from typing import Any

import pytest

from mt5_sentinel.readiness import CHECKS, SILENT_AFTER_S, Check, Readiness, Seen
from mt5_sentinel.types import CycleRecord
from tests.python.fakes import HOUR_S, NOW_S
from tests.python.scraped import facts

FRESH_S = NOW_S // HOUR_S * HOUR_S - HOUR_S
"""Open time of the bar that closed 58 seconds ago, on a Wednesday."""

SATURDAY_S = NOW_S + 3 * 86_400
WORKED = {"book": 0.1, "fetch": 0.1, "parse": 0.1, "features": 0.1, "score": 0.1, "decide": 0.1}
FETCHED = {"book": 0.1, "fetch": 1.0}


def cycled(**changed: Any) -> CycleRecord:
    """A cycle that went well, changed."""
    found: dict[str, Any] = {
        **{"status": "done", "reason": "model_hold", "equity": 10_000.0, "risk_state": "ACTIVE", "unknown_orders": 0},
        **{"scores": (0.1, 0.8, 0.1), "stages_s": WORKED},
    }
    return CycleRecord(symbol="EURUSD", mode="dry-run", started_s=NOW_S, finished_s=NOW_S + 1.0, **(found | changed))


def failed(reason: str, **changed: Any) -> CycleRecord:
    return cycled(**{"status": "failed", "reason": reason, "detail": "told", "scores": None} | changed)


def checked(last: CycleRecord | None, *, now_s: float = NOW_S, scoring: str = "local", **seen: Any) -> dict[str, Check]:
    known: dict[str, Any] = {"bar_open_s": FRESH_S, "silent_s": 5.0, "account": cycled()} | seen
    found = Readiness(facts(scoring=scoring)).checks(Seen(last, **known), now_s)
    assert tuple(check.name for check in found) == CHECKS
    return {check.name: check for check in found}


def wrong(found: dict[str, Check]) -> set[str]:
    return {name for name, check in found.items() if not check.ok}


def test_all_is_well() -> None:
    assert wrong(checked(cycled())) == set()


def test_before_the_first_cycle_nothing_is_known() -> None:
    assert wrong(checked(None, bar_open_s=None)) == {"loop", "data", "broker", "orders", "halt"}


def test_the_loop_is_silent() -> None:
    assert wrong(checked(cycled(), silent_s=SILENT_AFTER_S)) == set()
    assert wrong(checked(cycled(), silent_s=SILENT_AFTER_S + 1)) == {"loop"}


def test_a_minute_was_skipped_for_the_cycle_before_still_runs() -> None:
    found = checked(cycled(), silent_s=70.0, is_late=True)
    assert wrong(found) == {"loop"}, "what the cycle before it found still holds"
    assert "70 s" in found["loop"].why


def test_data_are_late_only_while_the_market_is_open() -> None:
    limit_s = Readiness(facts()).data_age_limit_s
    assert limit_s == HOUR_S + 900
    closed_s = FRESH_S + HOUR_S
    assert wrong(checked(cycled(), now_s=closed_s + limit_s)) == set()
    assert wrong(checked(cycled(), now_s=closed_s + limit_s + 1)) == {"data"}
    assert wrong(checked(cycled(), now_s=SATURDAY_S)) == set()


def test_no_bar_was_brought() -> None:
    assert wrong(checked(cycled(reason="market_closed", scores=None), bar_open_s=None)) == {"data"}
    assert wrong(checked(cycled(reason="market_closed"), bar_open_s=None, now_s=SATURDAY_S)) == set()


@pytest.mark.parametrize("reason", ["fetch_timeout", "fetch_502", "fetch_held", "quota_budget", "gateway_timeout"])
def test_a_source_that_did_not_answer_costs_nothing_while_data_are_fresh(reason: str) -> None:
    one = failed(reason, stages_s=FETCHED)
    found = checked(one)
    assert wrong(found) == set()
    assert reason in found["loop"].why, "it is told all the same"
    assert wrong(checked(one, now_s=NOW_S + 2 * HOUR_S)) == {"loop", "data"}
    assert wrong(checked(one, bar_open_s=None)) == {"loop", "data"}


@pytest.mark.parametrize("reason", ["clock_skew", "clock_step", "fetch_401", "fetch_404", "internal_error", "no_bars"])
def test_a_failure_that_does_not_pass_by_itself_is_not_excused_by_fresh_data(reason: str) -> None:
    found = checked(failed(reason, stages_s=FETCHED))
    assert wrong(found) == {"loop"}
    assert found["loop"].why == f"the newest cycle failed: {reason}: told"


def test_the_hub_is_down() -> None:
    down = failed("hub_timeout", hub_error="hub_timeout", stages_s=WORKED)
    for scoring in ("hub", "hub_with_local_fallback", "shadow"):
        assert wrong(checked(down, scoring=scoring)) == {"loop", "model"}, f"{scoring}: nothing was scored"
    stood_in = cycled(hub_error="hub_timeout", scored_by="local", conditions=["hub_fallback"])
    found = checked(stood_in, scoring="hub_with_local_fallback")
    assert (wrong(found), "stands in" in found["model"].why) == (set(), True)
    found = checked(cycled(hub_error="hub_timeout", scored_by="local"), scoring="shadow")
    assert (wrong(found), "compares" in found["model"].why) == (set(), True)


def test_a_row_that_cannot_be_scored_is_the_model_s_matter() -> None:
    for reason, stages in (("bad_scores", WORKED), ("history_too_short", {"book": 0.1, "parse": 0.1, "features": 0.1})):
        assert wrong(checked(failed(reason, stages_s=stages))) == {"loop", "model"}, reason


def test_a_model_that_has_not_been_asked_is_told_as_what_it_is() -> None:
    waiting = cycled(reason="market_closed", scores=None, stages_s={"book": 0.1})
    assert checked(waiting)["model"].why == "it is loaded"
    assert checked(waiting, scoring="hub")["model"].why == "the hub is asked"


def test_the_broker_does_not_answer() -> None:
    away = failed("gateway_timeout", equity=None, stages_s={"book": 5.0})
    assert wrong(checked(away)) == {"loop", "broker"}
    late = failed("gateway_timeout", stages_s=WORKED, scores=(0.1, 0.2, 0.7))
    assert wrong(checked(late)) == {"loop", "broker"}, "its book was read, and then it went away"


def test_a_broker_that_is_away_while_the_market_is_closed_costs_nothing() -> None:
    away = cycled(reason="market_closed", equity=None, scores=None, conditions=["broker_away"])
    assert wrong(checked(away, now_s=SATURDAY_S)) == set()
    assert wrong(checked(away)) == {"broker"}, "the market has opened, and nobody has heard of it since"
    halt = checked(away, now_s=SATURDAY_S)["halt"]
    assert "not known whether the gateway does" in halt.why
    never = checked(away, now_s=SATURDAY_S, account=None)
    assert (wrong(never), "never read" in never["halt"].why) == ({"halt"}, True)


def test_an_order_whose_fate_is_unknown() -> None:
    unclear = failed("order_pending", equity=None, unknown_orders=1, stages_s={"book": 0.1})
    assert wrong(checked(unclear)) == {"loop", "orders"}, "the broker answered: it does not know yet"
    assert wrong(checked(cycled(unknown_orders=2))) == {"orders"}


def test_orders_that_could_not_be_read_are_not_called_known() -> None:
    found = checked(failed("journal_failed", unknown_orders=None))
    assert wrong(found) == {"loop", "model", "orders"}
    assert "could not read" in found["orders"].why


def test_halted_by_the_guard_the_gateway_and_risk() -> None:
    assert wrong(checked(cycled(halted_because="daemon: 3 unexpected errors in a row"))) == {"halt"}
    assert wrong(checked(cycled(halted_because="gateway: its kill switch is on"))) == {"halt"}
    found = checked(cycled(risk_state="HALTED", risk_because="drawdown"))
    assert (wrong(found), found["halt"].why) == ({"halt"}, "risk: HALTED: drawdown")
    found = checked(cycled(risk_state="REDUCING", risk_because="daily_loss"))
    assert (wrong(found), found["halt"].why) == ({"halt"}, "risk: REDUCING: daily_loss")


def test_a_halt_is_not_forgotten_when_the_broker_goes_away() -> None:
    away = failed("gateway_timeout", equity=None, risk_state=None, stages_s={"book": 5.0})
    for before in (
        cycled(risk_state="HALTED", risk_because="drawdown"),
        cycled(risk_state="REDUCING"),
        cycled(halted_because="gateway: its kill switch is on"),
    ):
        assert wrong(checked(away, account=before, risk=before)) == {"loop", "broker", "halt"}
    unlooked = checked(away, risk=cycled())
    assert (wrong(unlooked), unlooked["halt"].why) == (
        {"loop", "broker", "halt"},
        "it is not known whether risk halts: gateway_timeout: told",
    )
    looked = failed("gateway_timeout", equity=None, stages_s={"book": 5.0})
    assert wrong(checked(looked, account=cycled(halted_because="daemon: of an earlier process"))) == {"loop", "broker"}
    was = cycled(halted_because="daemon: a fault")
    assert wrong(checked(cycled(), account=was)) == set(), "a book was read since, and nothing is halted"
