"""What a paper account is worth after a restart: what it was, whatever symbols are still traded."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mt5_sentinel import _core
from mt5_sentinel.errors import Refused
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
