"""One look at everything: journal, cache of bars, process, /livez; whatever fails there is a light too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from mt5_sentinel.alerting.growth import Growth
from mt5_sentinel.alerting.shown import SlowLight
from mt5_sentinel.alerting.steady_time import SteadyTime
from mt5_sentinel.errors import SentinelError
from mt5_sentinel.guard import Guard
from mt5_sentinel.types import INTERVAL_S, DeskFacts
from mt5_sentinel.view import lights, pulse, standing
from mt5_sentinel.view.light import Light
from mt5_sentinel.view.pulse import Pulse
from mt5_sentinel.view.standing import Standing


class Eyes:
    """Looks at one daemon."""

    def __init__(self, state_dir: Path, feel: Callable[[DeskFacts], Pulse] = pulse.feel) -> None:
        """Look into this state directory, to read only."""
        self._state_dir = state_dir
        self._feel = feel
        self._growth = Growth()
        self._facts: DeskFacts | None = None
        self._alive_s = 0.0
        """When the daemon last showed that it lives, monotonic."""
        self._time = SteadyTime()

    def look(self, now_s: float, monotonic_s: float) -> list[Light]:
        """Every light; ``now_s`` in UTC unix seconds, which may step. Raises nothing."""
        found: list[Standing | None] = []
        shown: list[Light] = []
        error = Guard().attempt(lambda: found.append(self._stands(now_s, monotonic_s)))
        stands = found[0] if found else None
        if error is not None:
            shown.append(Light("journal", "bad", _why(error)))
        elif stands is None:
            shown.append(Light("journal", "bad", f"{self._state_dir}: no daemon of this release has written there"))
        else:
            self._facts = stands.symbols[0].facts
            self._alive_s = monotonic_s - min(one.silent_s for one in stands.symbols)
            shown.append(Light("journal", "ok", "it is read"))
            error = Guard().attempt(lambda: shown.extend(_lights(stands)))
            if error is not None:
                shown.append(Light("watcher", "bad", f"the lights could not be made: {_why(error)}"))
        if self._facts is not None:
            felt = self._feel(self._facts)
            shown += [pulse.light(felt, monotonic_s - self._alive_s), self._growth.light(felt, monotonic_s)]
        return shown

    def _stands(self, wall_s: float, monotonic_s: float) -> Standing | None:
        found = standing.look(self._state_dir, self._time.now_s(wall_s, monotonic_s))
        ends_s = [] if found is None else [one.heard_s for one in found.symbols]
        if self._time.hear(ends_s, wall_s, monotonic_s):
            return standing.look(self._state_dir, wall_s)
        return found


def _lights(stands: Standing) -> list[Light]:
    """Every light; that of what a bar is like follows the bars."""
    steps_s = {one.facts.symbol: float(INTERVAL_S[one.facts.interval]) for one in stands.symbols}
    return [
        SlowLight(**msgspec.structs.asdict(light), step_s=steps_s[light.symbol])
        if light.name == "drift" and light.symbol is not None
        else light
        for light in lights.lights(stands)
    ]


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, SentinelError) else f"{type(error).__name__}: {error}"
