"""The machine, booted once for the tests of a module; and their table at the end of the run."""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.python.conftest import ROOT
from tests.python.host import machine, wheels
from tests.python.host.machine import Machine
from tests.python.host.service import Service

STEPS: list[tuple[str, str, float]] = []
"""What was done, what of it was measured, seconds of the whole."""

Measured = Callable[[str], None]

FAILED: dict[object, str] = {}
"""The first step of a module that failed."""


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Remember the first step that failed."""
    yield
    if call.excinfo is not None:
        FAILED.setdefault(item.parent, item.name)


@pytest.fixture
def in_order(request: pytest.FixtureRequest) -> None:
    """A step goes on where the one before ended; it makes no sense after one that failed."""
    if request.node.parent in FAILED:
        pytest.fail(f"not tried: {FAILED[request.node.parent]} failed", pytrace=False)


@pytest.fixture(scope="session")
def wheel() -> Path:
    """The wheel of this checkout, beside a directory with all it needs."""
    if lacks := machine.missing():
        pytest.skip(lacks)
    return wheels.built()


@pytest.fixture(scope="session")
def wheelhouse(wheel: Path) -> str:
    """That directory, as the machine sees it."""
    return f"/mnt/wheels/{wheels.house(wheel).name}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What tests make; the machine sees it as ``/mnt/made``."""
    return tmp_path_factory.mktemp("made")


@pytest.fixture(scope="module")
def booted(wheel: Path, made: Path) -> Iterator[Machine]:
    """A machine that sees the checkout, the wheels, and what tests make."""
    # Not in pytest's directory, which is removed later together with what may be mounted there.
    with tempfile.TemporaryDirectory(prefix="sentinel-host-", ignore_cleanup_errors=True) as place:
        shares = {"/mnt/checkout": str(ROOT), "/mnt/wheels": str(wheel.parent), "/mnt/made": str(made)}
        running = Machine(Path(place), f"sentinel-{uuid.uuid4().hex[:12]}", shares)  # no _ may stand in a name
        try:
            running.boot()
            yield running
        finally:
            running.close()


@pytest.fixture(scope="module")
def service(booted: Machine) -> Service:
    """The service that is to be installed there."""
    return Service(booted)


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Iterator[Measured]:
    """Take what a step measured, and put it into the table together with the time of the whole."""
    began, told = time.monotonic(), list[str]()
    yield told.append
    name = request.node.name.removeprefix("test_").replace("_", " ")
    STEPS.append((name, "; ".join(told), time.monotonic() - began))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, where there is one."""
    if not STEPS:
        return
    terminalreporter.section("the service on a real systemd")
    for name, told, took_s in STEPS:
        terminalreporter.write_line(f"{took_s:6.1f} s  {name:<46}  {told}")
    terminalreporter.write_line(f"{sum(took_s for _, _, took_s in STEPS):6.1f} s  in all")
