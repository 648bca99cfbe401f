"""The package MetaTrader5 as it is called here: failures are told, and a terminal that was restarted is found again."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from mt5_sentinel import wire
from mt5_sentinel.gateway import mt5_codes as codes
from mt5_sentinel.gateway.venue import VenueError
from mt5_sentinel.guard import Guard
from mt5_sentinel.secret import Secret

START_TIMEOUT_MS = 60_000
"""How long the terminal may take to start and to log in."""

RESTART_TIMEOUT_MS = 3_000
"""The same within a request, which others wait for: a later one finds what this one has started."""

RESTART_EVERY_S = 10.0
"""Requests that come sooner after such a try fail at once."""

SAID_CHARS_MAX = 120


class Launch(NamedTuple):
    """How the terminal is started; the account it keeps is used where ``login`` is 0."""

    path: str
    login: int
    password: Secret
    server: str


class Failure(NamedTuple):
    """What ``last_error`` said, or the exception (code 0)."""

    code: int
    words: str

    def __str__(self) -> str:
        """Words and code, bounded."""
        return f"{self.words[:SAID_CHARS_MAX]} ({self.code})"


class TerminalError(VenueError):
    """The terminal did not answer a question."""

    def __init__(self, asked: str, failure: Failure) -> None:
        """Keep what was asked and what came."""
        super().__init__(f"the terminal did not answer {asked}: {failure}", wire.INTERNAL)
        self.failure = failure


class Terminal:
    """One terminal and the account it trades; called by one thread only, as the package demands."""

    def __init__(self, package: Any, launch: Launch, steady_s: Callable[[], float]) -> None:  # noqa: ANN401
        """Nothing is called yet.

        Args:
            package: the module ``MetaTrader5``.
            launch: how its terminal is started.
            steady_s: seconds that never step.
        """
        self.package = package
        self.launch = launch
        self._login = launch.login
        self._may_restart = False
        self._steady_s = steady_s
        self._restarted_s = -math.inf
        self.starts = 0
        """How often it was started or found; each time its history may have to be fetched anew."""

    def start(self, timeout_ms: int = START_TIMEOUT_MS) -> Failure | None:
        """Find or start the terminal and log in; what went wrong, if anything did."""
        launch = self.launch
        named: dict[str, Any] = {"timeout": timeout_ms}
        if launch.login:
            named |= {"login": launch.login, "password": launch.password.reveal(), "server": launch.server}
        is_up, failure = self._call("initialize", (launch.path,) if launch.path else (), named)
        self.starts += bool(is_up)
        return None if is_up else failure

    def stop(self) -> None:
        """Let go of the terminal, which goes on running."""
        self._call("shutdown", (), {})

    def begin(self) -> Any:  # noqa: ANN401
        """Begin a request, which may start the terminal anew; gives its ``account_info``.

        Raises:
            VenueError: the terminal does not answer, or trades another account than at the start.
        """
        self._may_restart = self._steady_s() >= self._restarted_s + RESTART_EVERY_S
        account = self.ask("account_info")
        self._login = self._login or account.login
        if account.login != self._login:
            message = (
                f"the terminal is logged in to account {account.login}, not {self._login}:"
                " log in to that one again, or restart the gateway to trade the other"
            )
            raise VenueError(message, wire.INTERNAL)
        return account

    def begin_quick(self) -> None:
        """Begin what nobody waits for: it starts no terminal."""
        self._may_restart = False

    def ask(self, name: str, *args: object, **named: object) -> Any:  # noqa: ANN401
        """The answer to a question, asked again where the terminal had to be found anew.

        Raises:
            TerminalError: None or False came.
        """
        answer, failure = self._call(name, args, named)
        if _is_none(answer) and failure.code in codes.GONE and self._restart():
            answer, failure = self._call(name, args, named)
        if _is_none(answer):
            raise TerminalError(name, failure)
        return answer

    def rows(self, name: str, *args: object, **named: object) -> tuple[Any, ...]:
        """As ``ask``, of what gives a tuple; some builds give None and no error where there is nothing."""
        try:
            return tuple(self.ask(name, *args, **named))
        except TerminalError as error:
            if error.failure.code == codes.SUCCESS:
                return ()
            raise

    def order(self, request: dict[str, Any]) -> tuple[Any, Failure]:
        """``order_send``, called once whatever happens: its result, or None and what was said."""
        return self._call("order_send", (request,), {})

    def _restart(self) -> bool:
        if not self._may_restart:
            return False
        self._may_restart, self._restarted_s = False, self._steady_s()
        return self.start(RESTART_TIMEOUT_MS) is None

    def _call(self, name: str, args: tuple[object, ...], named: dict[str, Any]) -> tuple[Any, Failure]:
        came: list[Any] = []
        error = attempt(lambda: came.append(getattr(self.package, name)(*args, **named)))
        if error is not None:
            return None, Failure(0, f"{type(error).__name__} in {name}")
        if not _is_none(came[0]):
            return came[0], Failure(codes.SUCCESS, "")
        said: list[Any] = []
        error = attempt(lambda: said.append(Failure(*self.package.last_error())))
        return None, said[0] if error is None else Failure(0, f"{type(error).__name__} in last_error")


def never_works(launch: Launch, failure: Failure) -> str:
    """What must be changed before the terminal can start; empty where another try may do."""
    if launch.path and not Path(launch.path).is_file():
        return "--terminal: there is no such file"
    if not launch.login and (launch.server or launch.password.reveal()):
        return "MT5_SERVER and MT5_PASSWORD do nothing without MT5_LOGIN: set it, or none of them"
    return "check MT5_LOGIN, MT5_PASSWORD and MT5_SERVER" if failure.code == codes.INVALID_PARAMS else ""


def hint(failure: Failure) -> str:
    """What to look at while it is tried again."""
    if failure.code == codes.AUTH_FAILED:
        return "is the network up? Otherwise check MT5_LOGIN, MT5_PASSWORD and MT5_SERVER"
    return "start it by hand once, and see that it is not run as another user"


def attempt(work: Callable[[], None]) -> Exception | None:
    """Run ``work``; give back what it died of. A package written in C may raise anything."""
    return Guard().attempt(work)


def _is_none(answer: object) -> bool:
    return answer is None or answer is False
