"""Failed tries to have a diff reviewed: three, then nothing more is sent for it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mt5_sentinel import file_lock, files
from mt5_sentinel.errors import Transient, Unsafe, Unusable
from mt5_sentinel.ops.endpoint import Blocked, now_utc

STRIKES_MAX = 3
FILE = "review-strikes.json"
UNANSWERED = "unanswered"
"""What a strike says from before the asking until its answer: a try that was killed counts too."""


class Strikes:
    """The file of strikes, by the SHA-256 of a diff; held by one review at a time."""

    def __init__(self, path: Path) -> None:
        """Read it.

        Raises:
            Unsafe: it is there and is not what this program writes; it is not taken for an empty one.
        """
        self._path = path
        try:
            content = json.loads(path.read_bytes())
        except FileNotFoundError:
            content = {}
        except ValueError:
            content = None
        except OSError as error:
            raise Unusable(f"{path}: {error.strerror}", "unreadable_file") from None
        if not isinstance(content, dict) or not all(_is_list(one) for one in content.values()):
            raise Unsafe(f"{path}: no file of strikes; move it away after you have looked at it", "strikes_damaged")
        self._by_diff: dict[str, list[dict[str, Any]]] = content

    def of(self, sha256: str) -> list[dict[str, Any]]:
        """The strikes of a diff, each with its time and reason."""
        return list(self._by_diff.get(sha256, []))

    def begin(self, sha256: str, session: str) -> None:
        """Write a strike before the asking.

        Raises:
            Blocked: three are used up.
        """
        if len(self.of(sha256)) >= STRIKES_MAX:
            reasons = ", ".join(str(one.get("reason")) for one in self.of(sha256))
            message = (
                f"{STRIKES_MAX} strikes for this diff ({reasons}); nothing was sent. Change the diff, or record a"
                " decision of a person: mt5-sentinel review --override --authority NAME --reason TEXT"
            )
            raise Blocked(message, "strikes_used_up")
        one = {"at": now_utc(), "session": session, "reason": UNANSWERED}
        self._by_diff.setdefault(sha256, []).append(one)
        self._write()

    def explain(self, sha256: str, reason: str) -> None:
        """Say why the newest try failed."""
        self._by_diff[sha256][-1]["reason"] = reason
        self._write()

    def clear(self, sha256: str) -> None:
        """A PASS takes the strikes of its diff away; time does not."""
        del self._by_diff[sha256]
        self._write()

    def _write(self) -> None:
        files.write(str(self._path), [json.dumps(self._by_diff, indent=1) + "\n"])


@contextmanager
def held(directory: Path) -> Iterator[Strikes]:
    """The strikes of an evidence directory, for this process alone.

    Raises:
        Transient: another review runs.
        Unusable: the directory cannot be written.
        Unsafe: the file is damaged.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = file_lock.acquire(directory / f"{FILE}.lock")
    except BlockingIOError:
        raise Transient(f"{directory}: another review runs; wait for it", "review_runs") from None
    except OSError as error:
        message = f"{directory}: cannot be written: {error.strerror}; run as root, or name another with --evidence"
        raise Unusable(message, "unwritable_file") from None
    try:
        yield Strikes(directory / FILE)
    finally:
        os.close(lock)


def _is_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)
