"""What is told and when: each matter when it turns, again while it stays wrong, and never too often."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from mt5_sentinel.alerting import letters
from mt5_sentinel.alerting.letters import Kind, Message
from mt5_sentinel.alerting.matters import HOUR_S, Matter
from mt5_sentinel.alerting.outbox import Outbox
from mt5_sentinel.alerting.steadiness import Steadiness
from mt5_sentinel.view.light import LEVELS, Level, Light

MATTER_HOUR_MAX = 6
"""Messages an hour about one matter; what it comes to in the end is told when there is room again. The last of them
never says that it is better: then its end could be one that is not told."""

HOUR_MAX = 40
BAD_RESERVE = 15
"""Letters an hour about everything but ``OWN``, and how many of them are kept for what is bad. What one look finds of
several symbols alike is one letter."""

OWN = ("halt", "drawdown", "orders")
OWN_HOUR_MAX = 20
"""What must be told whatever else is: it has room of its own, letters an hour."""

UNTIL_DAEMON = ("daemon", "journal")
"""While one of these is bad, what the journal says of the rest is old, and nothing is told of it."""


class Teller:
    """Turns lights into messages in the outbox."""

    def __init__(self, outbox: Outbox, repeat_s: float) -> None:
        """Go on from what the outbox knows, so that a restart neither repeats an alert nor forgets its end."""
        self._outbox = outbox
        self._repeat_s = repeat_s
        self._steadiness = Steadiness(outbox.shown())
        self._matters = outbox.matters()

    def hear(self, lights: Sequence[Light], now_s: float, monotonic_s: float) -> list[Message]:
        """Take a look into account; what is to be told is on disk when this returns.

        Args:
            lights: one of each matter.
            now_s: UTC unix seconds.
            monotonic_s: seconds that never step.
        """
        before = copy.deepcopy(self._matters)
        shown = {light_key(light): light for light in lights}
        is_blind = any(light.name in UNTIL_DAEMON and light.level == "bad" for light in lights)
        if not is_blind:
            shown |= {
                key: Light(key.split()[-1], "ok", "it is not looked at any more")
                for key, matter in self._matters.items()
                if key not in shown and (matter.level, matter.told) != ("ok", "ok")
            }
        messages = []
        told = _Told(self._outbox.told_since(now_s - HOUR_S, now_s))
        for key, light in shown.items():
            if light.is_old or (is_blind and light.name not in UNTIL_DAEMON):
                continue  # that nothing is heard any more is told already
            message = self._judge(key, light, told, now_s, monotonic_s)
            if message is not None:
                messages.append(message)
                told.add(message)
        changed = [matter for key, matter in self._matters.items() if before.get(key) != matter]
        try:
            unsaved = self._steadiness.unsaved(now_s, monotonic_s)
            if messages or changed or unsaved:
                self._outbox.queue(messages, changed, now_s, unsaved)
                self._steadiness.saved()
        except BaseException:
            self._matters = before  # nothing of it is on disk: it is judged again at the next look
            raise
        return messages

    def _judge(self, key: str, light: Light, told: _Told, now_s: float, monotonic_s: float) -> Message | None:
        matter = self._matters.get(key) or Matter(key)
        level = self._steadiness.level(key, matter.level, light, now_s, monotonic_s)
        if level != matter.level:
            matter.turn(level, now_s, now_s - self._steadiness.lasted_s(key, monotonic_s))
            self._matters[key] = matter
        if key not in self._matters:
            return None
        kind = _kind(matter, now_s, self._repeat_s)
        if kind is None or not _has_room(kind, matter, told, now_s):
            return None
        # A light that is about to change shows something else than what counts.
        text = light.text if light.level == matter.level else matter.text or light.text
        often = self._steadiness.text(key)
        if matter.level == "warn" and often is not None:
            text = often
        if matter.level != "ok":
            matter.text = text
        message = Message(key, kind, matter.level, text + _remarks(matter, now_s), now_s, matter.began_s)
        matter.told, matter.told_s, matter.untold = matter.level, now_s, 0
        return message


def light_key(light: Light) -> str:
    """The matter of a light: its symbol, where it has one, and its name."""
    return light.name if light.symbol is None else f"{light.symbol} {light.name}"


def _kind(matter: Matter, now_s: float, repeat_s: float) -> Kind | None:
    if matter.level != matter.told:
        if matter.level == "ok":
            return "resolve"
        return "raise" if LEVELS.index(matter.level) > LEVELS.index(matter.told) else "ease"
    # After a step back of the clock the moment it was told lies ahead; a small one must not repeat it at once.
    is_due = matter.level != "ok" and abs(now_s - matter.told_s) >= repeat_s
    return "repeat" if is_due else None


def _has_room(kind: Kind, matter: Matter, told: _Told, now_s: float) -> bool:
    count = told.of_matter.get(matter.key, 0)
    is_first = matter.key in UNTIL_DAEMON
    if kind == "raise" and is_first and matter.level == "bad":
        return True
    if kind in ("ease", "resolve") and not is_first:
        count += 1  # room for the raise that may follow
    if count >= MATTER_HOUR_MAX:
        return False
    if kind == "raise" and count and matter.told == "ok":
        return True  # it was called well within the hour, and is not
    name = letters.name(matter.key)
    if (name, kind, matter.level, now_s) in told.groups:
        return True  # the letter goes anyhow
    limit = HOUR_MAX if "bad" in (matter.level, matter.told) else HOUR_MAX - BAD_RESERVE
    return told.own < OWN_HOUR_MAX if name in OWN else len(told.groups) - told.own < limit


class _Told:
    """What was told within the hour."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.of_matter: dict[str, int] = {}
        self.groups: set[tuple[str, Kind, Level, float]] = set()
        for message in messages:
            self.add(message)

    def add(self, message: Message) -> None:
        self.of_matter[message.key] = self.of_matter.get(message.key, 0) + 1
        self.groups.add(message.group)

    @property
    def own(self) -> int:
        """Letters of what has room of its own."""
        return sum(1 for name, *_ in self.groups if name in OWN)


def _remarks(matter: Matter, now_s: float) -> str:
    flaps = matter.flaps(now_s)
    found = f". It flaps: {flaps} changes within the hour" if flaps else ""
    skipped = matter.untold - 1
    return found + (f". {skipped} changes before this one were not told" if skipped > 0 else "")
