"""A teller that is shown lights every ten seconds, by a clock that the test sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from mt5_sentinel.alerting.letters import Message
from mt5_sentinel.alerting.teller import Teller
from mt5_sentinel.view.light import Light
from tests.python.alert_floor import NOW_S, box

LOOK_S = 10.0


class Desk:
    """A teller, and looks every ten seconds."""

    def __init__(self, path: Path, repeat_s: float = 4 * 3600.0) -> None:
        self.path, self.repeat_s, self.at_s = path, repeat_s, 0.0
        self.told: list[Message] = []
        self.open()

    def open(self) -> None:
        self.outbox = box(self.path)
        self.teller = Teller(self.outbox, self.repeat_s)

    def restart(self) -> None:
        self.outbox.close()
        self.open()

    def show(self, lights: Sequence[Light], for_s: float) -> list[str]:
        """What is told while these lights are shown for so long."""
        new: list[Message] = []
        for _ in range(int(for_s / LOOK_S)):
            new += self.teller.hear(lights, NOW_S + self.at_s, self.at_s)
            self.at_s += LOOK_S
        self.told += new
        return [f"{one.key} {one.kind} {one.level}" for one in new]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    yield one
    one.outbox.close()
