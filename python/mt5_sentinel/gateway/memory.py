"""What the gateway remembers across its restarts: each order's fate by its ``req_id``, the kill switch, the time.

States of an order, and what a question about its ``req_id`` gets (``find`` is the venue's own history):

| state    | how it came to be                                   | the same order again   | ``ORDER_LOOKUP``       |
|----------|-----------------------------------------------------|------------------------|------------------------|
| (no row) | it never came, or the memory of it was lost         | checked, then executed | ``find``: remembered;  |
|          |                                                     | (``find`` first where  | complete and not       |
|          |                                                     | memory is young)       | there: ``unseen``      |
| sending  | written before the venue was asked: it may or may   | ``find``, as a lookup; | executed or refused by |
|          | not be executed; also where memory is young and     | 10012 until that tells | ``find``; not there 60 |
|          | ``find`` could not tell whether it was              |                        | s past its end:        |
|          |                                                     |                        | refused; else unknown  |
| executed | the venue said so, or its history did               | the first outcome      | the first outcome      |
| refused  | by the venue, a limit, the clock or the kill switch | the first refusal      | the first refusal      |
| unseen   | looked up before it came                            | -5, for good           | ``unseen``             |

While memory is young and ``find`` cannot tell, two kinds of orders are not ``sending`` at once. A closing of a whole
position, on a hedging account, of which nothing was closed before, made after the file was, is given to the venue: had
it been executed before, by clocks set back since, its ticket would be gone for good. If the venue refuses it, it stays
``sending``, for it may be gone by that very order. An order more than 5 s ahead of this clock is refused (-3) and gets
no row: of it, a lookup knows what ``find`` knows.

No row is ever removed, and an outcome, once written, never changes. The same ``req_id`` with another payload is
refused (-3) and changes nothing.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Any, Literal

import msgspec

from mt5_sentinel import database, file_lock
from mt5_sentinel.errors import Misconfigured, SentinelError, Transient, Unsafe
from mt5_sentinel.gateway.memory_schema import SCHEMA, VERSION
from mt5_sentinel.gateway.venue import Outcome
from mt5_sentinel.wire import EXECUTED, EXPIRED, INVALID, UNKNOWN, Executed

MSG_CHARS_MAX = 200

AHEAD_S_MAX = 5.0
"""How far a request's time may lie ahead of this machine's: the two clocks may differ by so much."""

State = Literal["sending", "executed", "refused", "unseen"]


class Entry(msgspec.Struct, frozen=True):
    """An order as it came; times are UTC seconds, ``timestamp_s`` and ``not_after_s`` by the clock of who sent it."""

    req_id: str
    action: str = ""
    digest: str = ""
    payload: str = "{}"
    timestamp_s: float = 0.0
    not_after_s: float = 0.0
    came_s: float = 0.0


class Fate(msgspec.Struct, frozen=True):
    """An order, and what became of it."""

    entry: Entry
    state: State
    outcome: Outcome


class Switch(msgspec.Struct, frozen=True):
    """The kill switch; ``commanded_s`` is the time of the newest command, by the clock of who gave it."""

    on: bool = False
    reason: str = ""
    commanded_s: float = 0.0


class Memory:
    """``gateway.db`` in the state directory, held by this process and used by one thread at a time.

    What a method writes is on disk when it returns.
    """

    def __init__(self, state_dir: Path, now_s: float, *, durable: bool = True) -> None:
        """Open or create it.

        Args:
            state_dir: its directory; created when missing.
            now_s: UTC, written into a new file.
            durable: fsync every write; only tests do without.

        Raises:
            Misconfigured: it cannot be written, or the file is not ours.
            Transient: another gateway holds it, or the disk is full.
        """
        self.path = state_dir / "gateway.db"
        with contextlib.ExitStack() as undo:
            self._open(state_dir, now_s, durable, undo)
            undo.pop_all()
        known = self._rows("SELECT created_s, settled, newest_s, halted, halt_reason, halt_commanded_s FROM known")[0]
        self.created_s: float = known[0]
        self.settled = bool(known[1])
        self.newest_s: float = known[2]
        """The newest time this machine's clock was known to show."""
        self.switch = Switch(bool(known[3]), known[4], known[5])

    def fate(self, req_id: str) -> Fate | None:
        """What is known about an order."""
        rows = self._rows(f"SELECT {COLUMNS} FROM fate WHERE req_id = ?", (req_id,))  # noqa: S608 - our own names
        return _fate(rows[0]) if rows else None

    def sending(self) -> list[Fate]:
        """Orders of which it is not known whether they are executed, oldest first."""
        rows = self._rows(f"SELECT {COLUMNS} FROM fate WHERE state = 'sending' ORDER BY came_s, rowid")  # noqa: S608
        return [_fate(row) for row in rows]

    def begin(self, entry: Entry, why: str = "the gateway ended while it was being executed") -> None:
        """Write an order down before the venue is asked.

        Raises:
            Unsafe: the file was removed or replaced under us.
            sqlite3.Error: it cannot be written, and nothing of it is.
        """
        self._insert(entry, "sending", Outcome(UNKNOWN[0], why))

    def end(self, req_id: str, outcome: Outcome) -> None:
        """Write down what became of an order that was ``sending``. Raises as ``begin``."""
        values = (_state(outcome), outcome.retcode, outcome.msg[:MSG_CHARS_MAX], _json(outcome.executed), req_id)
        statement = "UPDATE fate SET state = ?, retcode = ?, msg = ?, executed = ? WHERE req_id = ?"
        self.write(f"{statement} AND state = 'sending'", values)

    def remember(self, entry: Entry, outcome: Outcome) -> None:
        """Write an order down together with what became of it. Raises as ``begin``."""
        self._insert(entry, _state(outcome), outcome)

    def bury(self, req_id: str, now_s: float) -> None:
        """Write down that an order was looked up before it came: it is refused for good. Raises as ``begin``."""
        words = "it was looked up before it came, and is refused for good"
        self._insert(Entry(req_id, came_s=now_s), "unseen", Outcome(EXPIRED, words))

    def openings_since(self, from_s: float) -> int:
        """Openings that were handed to the venue at ``from_s`` of this machine's clock or later."""
        query = "SELECT count(*) FROM fate WHERE action = 'ORDER_SEND' AND state != 'refused' AND came_s >= ?"
        handed: int = self._rows(query, (from_s,))[0][0]
        return handed

    def opened_since(self, from_s: float) -> frozenset[int]:
        """Tickets of the positions opened by orders that came at ``from_s`` of this machine's clock or later."""
        query = "SELECT executed FROM fate WHERE action = 'ORDER_SEND' AND executed IS NOT NULL AND came_s >= ?"
        return frozenset(msgspec.json.decode(row[0], type=Executed).ticket for row in self._rows(query, (from_s,)))

    def newest_order_s(self) -> float:
        """Newest ``timestamp`` of an order whose time was plausible; 0 where there is none."""
        # What a clock refused has no plausible time; the venue, a limit and the kill switch are asked after it.
        query = f"SELECT coalesce(max(timestamp_s), 0) FROM fate WHERE retcode NOT IN ({INVALID}, {EXPIRED})"  # noqa: S608
        newest: float = self._rows(query)[0][0]
        return newest

    def note_time(self, now_s: float, settled: bool, created_s: float, commanded_s: float) -> None:
        """Write down what this machine's clock shows, and what that corrects of before. Raises as ``begin``.

        Args:
            now_s: UTC, by a clock that is believed.
            settled: whether every order that is not in here is too old to be executed.
            created_s: when the file was made, at the latest.
            commanded_s: time of the newest command to the kill switch.
        """
        statement = "UPDATE known SET newest_s = ?, settled = ?, created_s = ?, halt_commanded_s = ?"
        self.write(statement, (now_s, int(settled), created_s, commanded_s))
        self.newest_s, self.settled, self.created_s = now_s, settled, created_s

    def throw(self, switch: Switch, now_s: float) -> None:
        """Write the kill switch down, and that it was changed. Raises as ``begin``."""
        with database.whole(self._db):
            values = (int(switch.on), switch.reason, switch.commanded_s)
            self.write("UPDATE known SET halted = ?, halt_reason = ?, halt_commanded_s = ?", values)
            changed = (now_s, int(switch.on), switch.reason)
            self.write("INSERT INTO halt_change (at_s, halted, reason) VALUES (?, ?, ?)", changed)
        self.switch = switch

    def may_have_forgotten(self, timestamp_s: float) -> bool:
        """Whether an order of this time could have been executed before this file was made."""
        return not self.settled or not self.is_older_than(timestamp_s)

    def is_older_than(self, timestamp_s: float) -> bool:
        """Whether this file was there when an order was made, by clocks that were not set back since."""
        return timestamp_s > self.created_s + AHEAD_S_MAX

    def write(self, statement: str, values: tuple[Any, ...] = ()) -> None:
        """Run a statement that changes something; on disk when this returns. Raises as ``begin``."""
        if not database.is_in_place(self.path, self._inode):
            raise Unsafe(f"the memory {self.path} was removed or replaced while in use; restart", "memory_gone")
        self._db.execute(statement, values)

    def close(self) -> None:
        """Close the file and give up the lock."""
        self._db.close()
        os.close(self._lock)

    def _insert(self, entry: Entry, state: State, outcome: Outcome) -> None:
        told = (outcome.retcode, outcome.msg[:MSG_CHARS_MAX], _json(outcome.executed))
        values = (state, *msgspec.structs.astuple(entry), *told)
        self.write(f"INSERT INTO fate ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)  # noqa: S608

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        return self._db.execute(query, values).fetchall()

    def _open(self, state_dir: Path, now_s: float, durable: bool, undo: contextlib.ExitStack) -> None:
        try:
            state_dir.mkdir(parents=True, exist_ok=True)
            self._lock = file_lock.acquire(state_dir / "gateway.lock")
            undo.callback(os.close, self._lock)
            self._db = database.connect(self.path, durable=durable)
            undo.callback(self._db.close)
            version = self._rows("PRAGMA user_version")[0][0]
            if version == 0 and not self._rows("SELECT 1 FROM sqlite_schema"):
                with database.whole(self._db):
                    for statement in filter(str.strip, SCHEMA.split(";\n")):
                        self._db.execute(statement)
                    self._db.execute("INSERT INTO known (id, created_s, newest_s) VALUES (1, ?, ?)", (now_s, now_s))
                    self._db.execute(f"PRAGMA user_version = {VERSION}")
            elif version != VERSION:
                message = f"{self.path} has schema {version}, this program writes schema {VERSION}"
                raise Misconfigured(message, "memory_schema")
            self._inode = self.path.stat().st_ino
        except BlockingIOError:
            message = f"another gateway is writing {state_dir}; stop it, or take another state directory"
            raise Transient(message, "memory_locked") from None
        except sqlite3.OperationalError as error:
            raise self._unwritable(error) from None
        except sqlite3.DatabaseError as error:
            message = f"{self.path} is no memory of a gateway ({error}); move it away, or take another state directory"
            raise Misconfigured(message, "memory_foreign") from None
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: Exception) -> SentinelError:
        place = "give --state-dir a writable directory"
        return database.unwritable("the memory", self.path, error, place=place, reason="memory_unwritable")


COLUMNS = "state, req_id, action, digest, payload, timestamp_s, not_after_s, came_s, retcode, msg, executed"


def _state(outcome: Outcome) -> State:
    if outcome.retcode in UNKNOWN:
        return "sending"
    return "executed" if outcome.retcode in EXECUTED else "refused"


def _json(executed: Executed | None) -> str | None:
    return None if executed is None else msgspec.json.encode(executed).decode()


def _fate(row: Any) -> Fate:  # noqa: ANN401 - a row of COLUMNS
    executed = None if row[10] is None else msgspec.json.decode(row[10], type=Executed)
    return Fate(Entry(*row[1:8]), row[0], Outcome(row[8], row[9], executed))
