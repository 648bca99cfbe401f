"""A paper account from its file, or from that of the older paper broker."""

from __future__ import annotations

from mt5_sentinel import _core
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.paper_file import PaperFile, Terms


def rebuild(core: _core.PaperAccount, file: PaperFile, terms: Terms, magic: int) -> None:
    """Fold the deals on disk; a new file is opened with these terms, and with the fills of an older one.

    Raises:
        Misconfigured: the file was opened with other terms.
        Unsafe: its deals do not follow from each other.
    """
    known = file.terms()
    if known is None:
        for _, deposit, currency in file.old_accounts():
            _check_terms(file, (deposit, currency, terms[2]), terms)
        file.begin(terms, _carried(core, file, terms[1], magic))
        return
    _check_terms(file, known, terms)
    for deal in file.deals():
        core.apply(deal)
    for symbol, newest_s in file.executed():
        core.note_executed(symbol, newest_s)
    for symbol, quote in file.quotes():
        core.recall(symbol, quote)


def _check_terms(file: PaperFile, known: Terms, own: Terms) -> None:
    """An account is worth what its first deposit says; another one would rewrite the past."""
    if known != own:
        message = (
            f"the paper book {file.path} was opened with {known[0]:.2f} {known[1]} and leverage {known[2]:g}, not"
            f" {own[0]:.2f} {own[1]} and {own[2]:g}; set deposit, account_currency and leverage back, or move the"
            " file away; each symbol of which the journal still has a position open is then frozen until"
            " `mt5-sentinel resume --adopt SYMBOL`"
        )
        raise Misconfigured(message, "paper_account")


def _carried(core: _core.PaperAccount, file: PaperFile, currency: str, magic: int) -> list[_core.Deal]:
    """Deals of the fills of an older file, taken in already."""
    carried: list[_core.Deal] = []
    for req_id, symbol, side, close_lots, open_lots, time_s, bid, ask in file.old_fills():
        core.know(symbol, _core.SymbolFacts(symbol, currency), shows="bid")
        deals = core.propose_carried(
            req_id=req_id,
            symbol=symbol,
            side=side,
            close_lots=close_lots,
            open_lots=open_lots,
            quote=_core.Quote(time_s=time_s, bid=bid, ask=ask),
            magic=magic,
        )
        for deal in deals:
            core.apply(deal)
        carried += deals
    return carried
