"""Numbers of the package MetaTrader5, and what its return codes mean for an order."""

from __future__ import annotations

# Of the package's own failures (`last_error`).
SUCCESS, INVALID_PARAMS, NOT_FOUND, AUTH_FAILED = 1, -2, -4, -6
GONE = (-10001, -10002, -10003, -10004, -10005)
"""The terminal's process does not answer: sending, receiving, starting, connecting, or in time."""

# Requests.
ACTION_DEAL, ACTION_SLTP, ACTION_REMOVE = 1, 6, 8
BUY, SELL = 0, 1
TIME_GTC = 0
FILL_FOK, FILL_IOC, FILL_RETURN = 0, 1, 2
FILLING_NAMES = {FILL_FOK: "FOK", FILL_IOC: "IOC", FILL_RETURN: "RETURN"}

# Symbols.
ALLOWS_FOK, ALLOWS_IOC = 1, 2
MARKET_EXECUTION = 2
TRADE_DISABLED, TRADE_LONG_ONLY, TRADE_SHORT_ONLY, TRADE_CLOSE_ONLY, TRADE_FULL = range(5)

# The account.
MARGIN_HEDGING = 2

# History.
ENTRY_IN, ENTRY_OUT, ENTRY_INOUT, ENTRY_OUT_BY = range(4)
STATE_CANCELED, STATE_PARTIAL, STATE_FILLED, STATE_REJECTED, STATE_EXPIRED = 2, 3, 4, 5, 6
REASON_CLIENT, REASON_MOBILE, REASON_WEB, REASON_EXPERT, REASON_SL, REASON_TP, REASON_SO = range(7)

# Return codes of `order_send` and `order_check`.
REQUOTE, REJECTED, CANCELED, NO_ANSWER = 10004, 10006, 10007, 10012
INVALID_REQUEST, INVALID_VOLUME, INVALID_STOPS, PRICE_OFF = 10013, 10014, 10016, 10021
PRICE_CHANGED, NO_CHANGES, INVALID_FILL, NO_CONNECTION = 10020, 10025, 10030, 10031
DISABLED, LONG_ONLY, SHORT_ONLY, CLOSE_ONLY = 10017, 10042, 10043, 10044

WORDS: dict[int, str] = {
    REQUOTE: "requote",
    REJECTED: "request rejected",
    CANCELED: "request cancelled",
    INVALID_REQUEST: "invalid request",
    INVALID_VOLUME: "invalid volume",
    10015: "invalid price",
    INVALID_STOPS: "invalid stops",
    DISABLED: "trading is disabled",
    10018: "the market is closed",
    10019: "not enough money",
    PRICE_CHANGED: "the price changed",
    PRICE_OFF: "there are no quotes",
    10022: "invalid expiration",
    10024: "too many requests",
    NO_CHANGES: "nothing to change",
    10026: "the server has switched off automatic trading",
    10027: "Algo Trading is switched off in the terminal",
    10029: "order or position is frozen, for the price is too close",
    INVALID_FILL: "no filling mode is accepted",
    10032: "allowed on real accounts only",
    10033: "too many pending orders",
    10034: "the volume of orders and positions of this symbol has reached its limit",
    10035: "invalid type of order",
    10036: "the position is closed already",
    10038: "the volume to close is more than is open",
    10039: "an order to close it is there already",
    10040: "too many positions",
    LONG_ONLY: "only long positions are allowed",
    SHORT_ONLY: "only short positions are allowed",
    CLOSE_ONLY: "only closing is allowed",
    10045: "positions must be closed in the order they were opened",
    10046: "opposite positions of a symbol are not allowed",
}
"""The refusals: after one of these nothing was executed.

Any other code than these and those of a filled order leaves its fate unknown, 10011 (an error while it was worked
on) and 10028 (it is being worked on) included.
"""
