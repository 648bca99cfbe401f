"""What a doctor looks at: settings as they would be run with, and what is left of its time."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from mt5_sentinel import config, logs
from mt5_sentinel.commands import assembly, sources
from mt5_sentinel.config import Settings
from mt5_sentinel.errors import Misconfigured, SentinelError
from mt5_sentinel.ops import service_settings
from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.layout import UNIT, Layout
from mt5_sentinel.ops.questions import Broken, Unset, within
from mt5_sentinel.ops.service_settings import Given

BUDGET_S = 25.0
"""What all questions to the network may take together."""

LEAST_S = 0.2

CHECKS = (*sources.CHECKS, *assembly.CHECKS)


class WallClock:
    """This machine's time, read and never waited by."""

    def wall_s(self) -> float:
        """UTC unix seconds."""
        return time.time()

    def monotonic_s(self) -> float:
        """Seconds that never step."""
        return time.monotonic()

    def wait_s(self, timeout_s: float) -> None:
        """Nobody waits here."""
        raise NotImplementedError


@dataclass
class Subject:
    """Settings of each symbol, all that was given, and the answers that later checks build on."""

    given: Given
    host: Host
    layout: Layout = field(default_factory=Layout)
    is_service: bool = False
    is_offline: bool = False
    symbols: tuple[Settings, ...] = ()
    clock: WallClock = field(default_factory=WallClock)
    dates: list[tuple[float, str]] = field(default_factory=list)
    """When an answer of the API came by this machine's clock, and its header ``Date``."""
    deadline_s: float = field(default_factory=lambda: time.monotonic() + BUDGET_S)

    @property
    def shared(self) -> Settings:
        """Settings that hold for all symbols.

        Raises:
            Broken: they did not load.
        """
        return self.loaded[0]

    @property
    def loaded(self) -> tuple[Settings, ...]:
        """Settings of each symbol; errors as ``shared``."""
        if not self.symbols:
            raise Broken("not looked at: the settings cannot be read", "first correct what `configuration` names")
        return self.symbols

    def network(self, limit_s: float, what: str, todo: str, question: Callable[[], str]) -> str:
        """Ask something of a network, within the limit and what is left of the whole doctor's time.

        Raises:
            Unset: offline.
            Broken: no answer in time.
        """
        if self.is_offline:
            raise Unset(f"--offline: {what} is not asked")
        left_s = min(limit_s, self.deadline_s - time.monotonic())
        if left_s < LEAST_S:
            raise Broken(f"{what} was not asked: the doctor's {BUDGET_S:g} s are over", todo)
        return within(left_s, what, todo, question)

    def command(self, *words: str) -> str:
        """The words of a command line as a person types them; through sudo for the service."""
        return " ".join((*(("sudo",) if self.is_service else ()), "mt5-sentinel", *words))


def examine(arguments: argparse.Namespace, host: Host, undo: ExitStack) -> Subject:
    """Find out what settings there are; what is wrong with them is for ``configuration`` to say.

    Raises:
        Broken: the service's unit cannot be understood.
        OSError: it is not there.
    """
    if arguments.service:
        found = undo.enter_context(service_settings.given(host))
        flags = {**found.flags, **_flags(arguments)}
        found = Given(found.environ, flags, arguments.config or found.file)
    else:
        found = Given(dict(os.environ), _flags(arguments), arguments.config)
    service_settings.learn(found.environ)
    subject = Subject(found, host, is_service=arguments.service, is_offline=arguments.offline)
    try:
        subject.symbols = config.load_all(found.flags, found.environ, found.file)
    except Misconfigured:
        return subject
    for one in subject.symbols:
        logs.learn(one.secrets())
    return subject


def _flags(arguments: argparse.Namespace) -> dict[str, object]:
    given = {name: getattr(arguments, name, None) for name in config.TABLE}
    return {name: value for name, value in given.items() if value is not None}


def configuration(subject: Subject) -> str:
    """Every setting is known and fits, all mistakes with their places."""
    found = subject.given
    places = f"{found.file or config.DEFAULT_FILE}, the environment, or a flag"
    if subject.is_service:
        places = f"{found.file or config.DEFAULT_FILE}, {subject.layout.env_file}, or a drop-in of {UNIT}"
    try:
        symbols = config.load_all(found.flags, found.environ, found.file, CHECKS)
        sources.quota(symbols, subject.clock.wall_s())
    except SentinelError as error:
        raise Broken(str(error), f"correct it in {places}; then {subject.command('doctor')}") from None
    way = "LIVE" if symbols[0].live else "dry run"
    return f"{', '.join(f'{one.symbol} {one.interval}' for one in symbols)}, {way}, threshold {symbols[0].threshold:g}"


def joined(told: Iterable[str]) -> str:
    """What was found of each symbol, said once where it is the same."""
    return "; ".join(dict.fromkeys(told))


def nearest(path: Path) -> Path:
    """The path, or the directory above it that is there."""
    return next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())
