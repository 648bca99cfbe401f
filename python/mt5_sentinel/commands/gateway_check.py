"""``mt5-sentinel gateway --check``: a line for each thing that must be right, and what to do where it is not."""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from mt5_sentinel import _core, curve, wire
from mt5_sentinel.commands import gateway_keys, gateway_venues
from mt5_sentinel.commands.gateway_wire import PATIENCE_S, connected
from mt5_sentinel.errors import Misconfigured, SentinelError
from mt5_sentinel.gateway.authority import AllowList
from mt5_sentinel.gateway.dispatch import Dispatcher
from mt5_sentinel.gateway.memory import Memory
from mt5_sentinel.gateway_client import GatewayClient
from mt5_sentinel.ports import Clock

SKEW_S_MAX = 3.0
"""As far as a daemon lets the two clocks be apart, unless `gtw_skew_max_s` says otherwise."""

EXIT_FAILED = 1


@dataclass(frozen=True)
class Line:
    """One check; ``todo`` says what to do where it failed."""

    passed: bool
    name: str
    detail: str
    todo: str = ""


def run(arguments: argparse.Namespace, clock: Clock) -> int:
    """Make every check, print a line each; never sends an order."""
    passed = True
    for line in _lines(arguments, clock):
        passed = passed and line.passed
        todo = f"; {line.todo}" if line.todo and not line.passed else ""
        print(f"{'✓' if line.passed else '✗'} {line.name:<12} {line.detail}{todo}", flush=True)
    return 0 if passed else EXIT_FAILED


def _lines(arguments: argparse.Namespace, clock: Clock) -> Iterator[Line]:
    with ExitStack() as undo:
        try:
            clients = None if arguments.server_key else gateway_keys.read(arguments)[1]
            yield Line(True, "wire", _wire(arguments))
            if clients is not None:
                yield _allowed(arguments, clients)
        except Misconfigured as error:
            yield Line(False, "wire", str(error))
            return
        client = yield from _reached(arguments, clock, undo)
        if client is not None:
            yield from _asked(client, arguments, clock)


def _wire(arguments: argparse.Namespace) -> str:
    if arguments.server_key:
        return f"encrypted; the gateway's public key is {arguments.server_key}"
    if arguments.key_file is not None:
        return f"encrypted; this gateway's public key is {curve.read_key_pair(arguments.key_file)[0]}"
    return "plain text, for this machine only" if not arguments.allow_plaintext else "PLAIN TEXT, by --allow-plaintext"


def _allowed(arguments: argparse.Namespace, clients: AllowList) -> Line:
    keys = clients.keys
    own = curve.read_key_pair(arguments.client_key_file or arguments.key_file)[0]
    told = f"{len(keys)} keys may connect"
    if arguments.client_key_file is None:
        return Line(True, "clients", told)
    todo = f"add a line with {own} to {arguments.clients}"
    return Line(
        own in keys, "clients", f"{told}; {arguments.client_key_file} is{'' if own in keys else ' not'} one", todo
    )


def _reached(
    arguments: argparse.Namespace, clock: Clock, undo: ExitStack
) -> Generator[Line, None, GatewayClient | None]:
    """A line, then who answers: a running gateway over the wire, else this program itself."""
    running = connected(arguments, clock, undo)
    if running.ask("HEARTBEAT", {}) is not None:
        yield Line(True, "gateway", f"one runs at {running.where} and answers")
        return running
    if arguments.server_key:
        todo = "does it run there, is this key on its list of clients, and does a firewall let the port through?"
        yield Line(False, "gateway", f"none answers at {running.where}", todo)
        return None
    try:
        memory = Memory(arguments.state_dir, clock.wall_s())
        undo.callback(memory.close)
    except SentinelError as error:
        todo = "the gateway that runs does not answer this key: --client-key-file names one that is on its list"
        yield Line(False, "gateway", str(error), todo if error.reason == "memory_locked" else "")
        return None
    yield Line(True, "gateway", f"none answers at {arguments.host}:{arguments.port}; the broker is asked directly")
    try:
        venue = gateway_venues.open_venue(arguments, clock, undo)
    except SentinelError as error:
        yield Line(False, "broker", str(error))
        return None
    limits = {"volume_lots_max": arguments.volume_lots_max, "orders_per_minute_max": arguments.orders_per_minute_max}
    direct = _Direct(Dispatcher(venue, memory, clock, **limits).answer)
    return GatewayClient(direct, clock, where="this program", timeout_s=PATIENCE_S)


class _Direct:
    """A wire without a wire."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self._answer = answer

    def exchange(self, request: bytes, patience_s: float) -> bytes | None:
        return self._answer(request)

    def close(self) -> None:
        pass


def _told(name: str, todo: str, work: Callable[[], Line]) -> Line:
    try:
        return work()
    except SentinelError as error:
        return Line(False, name, str(error), todo)


def about_account(client: GatewayClient, clock: Clock, skew_s_max: float = SKEW_S_MAX) -> Iterator[Line]:
    """What a gateway says of its clock, its terminal and its account; a line each."""
    yield _told("clock", "", lambda: _clock(client, clock, skew_s_max))
    yield _told("terminal", "start the terminal and log in", lambda: _terminal(client))
    yield _told("trading", "see what the terminal says about it", lambda: _trading(client))
    yield _told("kill switch", "", lambda: _halt(client))
    yield _told("account", "is the terminal logged in?", lambda: _account(client))


def about_symbol(client: GatewayClient, symbol: str) -> Line:
    """What a gateway says of a symbol."""
    todo = f"show {symbol} in Market Watch, spelled as the broker spells it"
    return _told(symbol, todo, lambda: _symbol(client, symbol))


def _asked(client: GatewayClient, arguments: argparse.Namespace, clock: Clock) -> Iterator[Line]:
    yield from about_account(client, clock)
    for symbol in arguments.symbol:
        yield about_symbol(client, symbol)
        todo = "the broker would refuse such an order now; its words say why"
        yield _told("order check", todo, lambda symbol=symbol: _order(client, symbol))  # type: ignore[misc]
    yield _told("memory", "give --state-dir a directory that can be written", lambda: _memory(client, clock))


def _clock(client: GatewayClient, clock: Clock, skew_s_max: float) -> Line:
    before_s = clock.wall_s()
    beat = client.answer("HEARTBEAT", {}, wire.Heartbeat)
    try:
        _core.check_gateway_clock(before_s, clock.wall_s(), beat.utc, skew_s_max)
    except SentinelError as error:
        return Line(False, "clock", str(error), "let both machines keep time (NTP)")
    return Line(True, "clock", f"the gateway's is within {skew_s_max:g} s of this machine's")


def _terminal(client: GatewayClient) -> Line:
    beat = client.answer("HEARTBEAT", {}, wire.Heartbeat)
    detail = f"{beat.broker}: {'connected' if beat.connected else beat.reason or 'not connected to its server'}"
    return Line(beat.connected, "terminal", detail, "log in to the account, and see that it is online")


def _trading(client: GatewayClient) -> Line:
    beat = client.answer("HEARTBEAT", {}, wire.Heartbeat)
    detail = "allowed" if beat.trade_allowed else beat.reason or "not allowed"
    return Line(beat.trade_allowed, "trading", detail, "switch Algo Trading on in the terminal")


def _halt(client: GatewayClient) -> Line:
    beat = client.answer("HEARTBEAT", {}, wire.Heartbeat)
    detail = f"on, nothing is opened: {beat.reason or 'no reason was given'}" if beat.halted else "off"
    return Line(not beat.halted, "kill switch", detail, "`mt5-sentinel gateway --resume` switches it off")


def _account(client: GatewayClient) -> Line:
    found = client.answer("ACCOUNT", {}, wire.AccountData)
    kind = "hedging" if found.hedging else "netting: one position a symbol"
    return Line(True, "account", f"{found.login or 'on paper'}, {found.balance:.2f} {found.currency}, {kind}")


def _symbol(client: GatewayClient, symbol: str) -> Line:
    found = client.answer("SYMBOL_INFO", {"symbol": symbol}, wire.SymbolData)
    detail = f"bid {found.bid:g}, ask {found.ask:g}, {found.volume_min:g} lots at least"
    todo = "this account may not trade it; the broker has another name for it, or another account"
    return Line(found.trade_allowed, symbol, detail, todo)


def _order(client: GatewayClient, symbol: str) -> Line:
    facts = client.answer("SYMBOL_INFO", {"symbol": symbol}, wire.SymbolData)
    order = {"symbol": symbol, "type": "OP_BUY", "volume": facts.volume_min, "magic": 0}
    reply = client.ask("ORDER_CHECK", order)
    if reply is None:
        return Line(False, "order check", f"no answer within {PATIENCE_S:g} s")
    detail = f"{symbol}, {facts.volume_min:g} lots: {reply.retcode} {reply.msg}"
    return Line(reply.retcode == wire.DONE, "order check", detail, "the broker would refuse such an order now")


def _memory(client: GatewayClient, clock: Clock) -> Line:
    # An order that never was is buried, which takes a write to the disk.
    wanted = {"req_id": str(uuid.uuid4()), "created": clock.wall_s()}
    found = client.answer("ORDER_LOOKUP", wanted, wire.Looked)
    return Line(True, "memory", f"written, and it answers ({found.state})")
