"""What the symbols of a daemon share at a source: its account, so its units and its wish for rest."""

from __future__ import annotations

from mt5_sentinel.commands import assembly
from mt5_sentinel.daemon import Desks
from mt5_sentinel.errors import Transient
from tests.python.desk_floor import Open, opened
from tests.python.fakes import HOLD, HOUR_S
from tests.python.test_desks import raising, reload_with

__all__ = ["opened"]


def test_a_source_that_asked_for_rest_rests_for_all_symbols_until_a_reload(opened: Open) -> None:
    floor = opened("EURUSD", "GBPUSD")
    spent = Transient("the day's quota is spent", "quota_spent")
    spent.hold_s = 6 * HOUR_S
    floor.markets["EURUSD"].gate = raising(spent)
    floor.markets["GBPUSD"].answer = Transient("no answer", "fetch_timeout")
    floor.minute()
    floor.markets["EURUSD"].gate, floor.markets["GBPUSD"].answer = lambda: None, None
    assert {record and record.reason for record in floor.minute(after_s=120).values()} == {"fetch_held"}

    def rebuild(old: Desks) -> Desks:
        return assembly.reopen_desks([floor.parts(desk.settings) for desk in old], floor.clock, old)

    reload_with(floor, rebuild)
    assert {record and record.reason for record in floor.minute(after_s=120).values()} == {"signal"}


def test_units_are_those_of_all_symbols_together(opened: Open) -> None:
    names = [f"A{letter}XUSD" for letter in "ABCDEFGH"]
    floor = opened(*names, changed={"eodhd_quota_units": 100, "eodhd_quota_share": 0.2})
    for model in floor.models.values():
        model.scores = HOLD
    reasons = [record and record.reason for record in floor.minute().values()]
    assert (reasons.count("model_hold"), reasons.count("quota_budget")) == (4, 4)
