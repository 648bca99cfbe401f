"""What a paper account is worth after a restart: what it was, whatever symbols are still traded."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mt5_sentinel import _core
from mt5_sentinel.errors import Refused, Unusable
from mt5_sentinel.paper_account import PaperAccount
from tests.python.paper_orders import DEPOSIT, NOON_S, account, book, closing, count, opening, quote

Reopen = Callable[[PaperAccount], PaperAccount]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the deals are."""
    return tmp_path / "paper.db"


@pytest.fixture
def reopen(path: Path) -> Iterator[Reopen]:
    """Close an account and open it again."""
    made: list[PaperAccount] = []

    def start(held: PaperAccount) -> PaperAccount:
        held.close()
        made.append(account(path))
        return made[-1]

    yield start
    for one in made:
        one.close()


@pytest.fixture
def long(path: Path) -> PaperAccount:
    """An account with a long of 0.1 lots from 1.1001, stop 1.09, target 1.12."""
    held = account(path)
    held.mark("EURUSD", quote(1.1000))
    held.send(opening("a"), NOON_S)
    return held


def test_the_equity_is_what_it_was_and_nothing_is_filled_at_the_price_of_then(
    long: PaperAccount, reopen: Reopen, path: Path
) -> None:
    for price in (1.11, 1.095):
        long.mark("EURUSD", quote(price, NOON_S + 60))
    before = book(long)
    assert long.account().equity == DEPOSIT - 51.0
    again = reopen(long)
    assert book(again) == before
    assert count(path, "quote") == 1
    with pytest.raises(Refused, match="no price") as caught:
        again.send(closing("b"), NOON_S)
    assert (caught.value.reason, caught.value.retcode) == ("no_price", 10018)
    again.mark("EURUSD", quote(1.095, NOON_S + 120))
    assert again.send(closing("c"), NOON_S).profit == -51.0


def test_without_any_known_price_positions_stand_at_their_own(long: PaperAccount, reopen: Reopen, path: Path) -> None:
    long.mark("EURUSD", quote(1.095), is_kept=False)
    db = sqlite3.connect(path)
    assert db.execute("SELECT bid FROM quote").fetchall() == [(1.1,)], "what can be told again is not written"
    db.execute("DELETE FROM quote")
    db.commit()
    db.close()
    again = reopen(long)
    assert (again.account().equity, again.positions()[0].profit) == (DEPOSIT, 0.0)


def test_a_file_from_before_quotes_were_kept_is_opened(long: PaperAccount, reopen: Reopen, path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("DROP TABLE quote")
    db.close()
    again = reopen(long)
    assert again.account().equity == DEPOSIT
    again.mark("EURUSD", quote(1.095))
    assert again.account().equity == DEPOSIT - 51.0


def test_a_symbol_that_is_traded_no_longer_keeps_its_facts_and_its_worth(path: Path, reopen: Reopen) -> None:
    held = account(path)
    held.know("GBPUSD", _core.SymbolFacts("GBPUSD", "USD"))
    held.mark("GBPUSD", quote(1.25))
    held.send(opening("a", symbol="GBPUSD", sl=1.2, tp=None), NOON_S)
    held.mark("GBPUSD", quote(1.24))
    before = book(held)
    again = reopen(held)
    assert again.facts("GBPUSD").account_currency == "USD"
    assert book(again) == before
    assert before[1] == DEPOSIT - 101.0


def test_what_is_told_later_goes_before_the_usual_facts(long: PaperAccount, path: Path) -> None:
    long.close()
    bare = PaperAccount(path, deposit=DEPOSIT, currency="USD")
    told = _core.SymbolFacts.from_broker(
        account_currency="USD",
        point=0.001,
        tick_size=0.001,
        tick_value=50.0,
        contract_size=50_000.0,
        volume_min=0.1,
        volume_step=0.1,
        volume_max=5.0,
        stops_level_points=0.0,
    )
    assert bare.facts("EURUSD").point == 1e-5
    bare.know("EURUSD", told)
    assert bare.facts("EURUSD").point == 0.001
    bare.close()


def test_a_position_of_what_is_no_currency_pair_stays_unknown(long: PaperAccount, path: Path) -> None:
    long.close()
    db = sqlite3.connect(path)
    db.execute("UPDATE deal SET symbol = 'DAX'")
    db.commit()
    db.close()
    bare = PaperAccount(path, deposit=DEPOSIT, currency="USD")
    with pytest.raises(Unusable, match="DAX"):
        bare.facts("DAX")
    assert [one.symbol for one in bare.positions()] == ["DAX"]
    bare.close()
