"""What waits to be told, on disk before it is sent: ``alerts.db``, written by this process alone.

Each message waits for each endpoint by itself, so that one that fails holds up no other and doubles nothing there. A
message is marked when the endpoint took it: a crash between the two sends it twice, with the same id.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import msgspec

from mt5_sentinel import database, logs
from mt5_sentinel.alerting import letters
from mt5_sentinel.alerting.letters import Letter, Message
from mt5_sentinel.alerting.matters import Matter
from mt5_sentinel.alerting.shown import Shown

WAITING_MAX = 500
"""Messages that may wait for one endpoint."""

KEPT_S = 7 * 86400.0
"""How long messages stay that every endpoint took."""

TABLES = """
CREATE TABLE IF NOT EXISTS series (name TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS matter (key TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS shown (key TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS message (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    at_s     REAL NOT NULL,
    key      TEXT NOT NULL,
    body     TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS message_at ON message (at_s);
CREATE TABLE IF NOT EXISTS waiting (
    number   INTEGER NOT NULL REFERENCES message (number),
    endpoint TEXT NOT NULL,
    PRIMARY KEY (endpoint, number)
) STRICT;
CREATE TABLE IF NOT EXISTS dropped (endpoint TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT;
"""


class Outbox:
    """Messages, for whom they wait, and what is known of each matter; safe for several threads."""

    def __init__(self, path: Path | str, endpoints: Sequence[str], machine: str) -> None:
        """Open or create the file; what waits for an endpoint that is no longer configured is given up.

        Args:
            path: the file, or ``:memory:``.
            endpoints: their keys, which tell nothing of their URLs.
            machine: its name, for the messages.

        Raises:
            sqlite3.Error: it cannot be opened, or is none of ours.
        """
        self._endpoints = tuple(endpoints)
        self._machine = machine
        self._turn = threading.Lock()
        self._db = database.connect(Path(path), durable=True)
        try:
            self._db.executescript(TABLES)
            if self._db.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("it is damaged")
            with database.whole(self._db):
                if self._db.execute("SELECT 1 FROM series").fetchone() is None:
                    self._db.execute("INSERT INTO series VALUES (?)", (os.urandom(3).hex(),))
                known = ", ".join("?" for _ in self._endpoints)
                for table in ("waiting", "dropped"):
                    query = f"DELETE FROM {table} WHERE endpoint NOT IN ({known})"  # noqa: S608 - only places
                    self._db.execute(query, self._endpoints)
            self._series = str(self._db.execute("SELECT name FROM series").fetchone()[0])
        except BaseException:
            self._db.close()
            raise

    def matters(self) -> dict[str, Matter]:
        """What was known when it was last saved."""
        with self._turn:
            rows = self._db.execute("SELECT key, state FROM matter").fetchall()
        return {key: msgspec.json.decode(state, type=Matter) for key, state in rows}

    def shown(self) -> list[Shown]:
        """What each matter had shown when it was last saved."""
        with self._turn:
            rows = self._db.execute("SELECT state FROM shown").fetchall()
        return [msgspec.json.decode(state, type=Shown) for (state,) in rows]

    def told_since(self, since_s: float, now_s: float) -> list[Message]:
        """The messages that were queued since then; those of a clock that was ahead do not count."""
        query = "SELECT body FROM message WHERE at_s > ? AND at_s <= ?"
        with self._turn:
            rows = self._db.execute(query, (since_s, now_s + 60)).fetchall()
        return [msgspec.json.decode(body, type=Message) for (body,) in rows]

    def queue(
        self, messages: Iterable[Message], matters: Iterable[Matter], now_s: float, shown: Iterable[Shown] = ()
    ) -> None:
        """Put messages, what is known of their matters and what those have shown on disk, all or nothing."""
        with self._turn, database.whole(self._db):
            for matter in matters:
                row = (matter.key, msgspec.json.encode(matter).decode())
                self._db.execute("INSERT OR REPLACE INTO matter VALUES (?, ?)", row)
            for one in shown:
                self._db.execute("DELETE FROM shown WHERE key = ?", (one.key,))
                if not one.is_empty:
                    row = (one.key, msgspec.json.encode(one).decode())
                    self._db.execute("INSERT INTO shown VALUES (?, ?)", row)
            for message in messages:
                self._put(message)
            self._db.execute(
                "DELETE FROM message WHERE at_s < ? AND number NOT IN (SELECT number FROM waiting)", (now_s - KEPT_S,)
            )

    def next(self, endpoint: str, *, passing: Collection[int] = (), alone: bool = False) -> Letter | None:
        """The oldest that waits for an endpoint, with what belongs to it.

        Args:
            endpoint: its key.
            passing: numbers of messages that others go before.
            alone: tell one matter, not those of the same kind with it.
        """
        with self._turn:
            waiting = [one for one in self._waiting(endpoint) if one.number not in passing]
            found = self._db.execute("SELECT count FROM dropped WHERE endpoint = ?", (endpoint,)).fetchone()
        if not waiting:
            return None
        dropped = 0 if found is None else int(found[0])
        return letters.write(waiting, machine=self._machine, series=self._series, dropped=dropped, alone=alone)

    def mark(self, endpoint: str, letter: Letter) -> None:
        """The endpoint took it."""
        with self._turn, database.whole(self._db):
            rows = [(endpoint, number) for number in letter.numbers]
            self._db.executemany("DELETE FROM waiting WHERE endpoint = ? AND number = ?", rows)
            self._db.execute("DELETE FROM dropped WHERE endpoint = ?", (endpoint,))

    def set_aside(self, endpoint: str, letter: Letter, told: str) -> None:
        """Give a letter up that the endpoint will not take, and queue for each endpoint that this was so."""
        with self._turn, database.whole(self._db):
            rows = [(endpoint, number) for number in letter.numbers]
            self._db.executemany("DELETE FROM waiting WHERE endpoint = ? AND number = ?", rows)
            (at_s,) = self._db.execute("SELECT max(at_s) FROM message").fetchone()
            self._put(Message("alerts", "note", "warn", told, at_s, at_s))

    def count(self, endpoint: str) -> int:
        """How many wait for an endpoint."""
        with self._turn:
            return self._count(endpoint)

    def close(self) -> None:
        """Close the file."""
        with self._turn:
            self._db.close()

    def _put(self, message: Message) -> None:
        message.text = letters.shorten(logs.hide(message.text))
        entry = (message.at_s, message.key, msgspec.json.encode(message).decode())
        done = self._db.execute("INSERT INTO message (at_s, key, body) VALUES (?, ?, ?)", entry)
        for endpoint in self._endpoints:
            self._make_room(endpoint)
            self._db.execute("INSERT INTO waiting VALUES (?, ?)", (done.lastrowid, endpoint))

    def _waiting(self, endpoint: str) -> list[Message]:
        query = "SELECT number, body FROM message JOIN waiting USING (number) WHERE endpoint = ? ORDER BY number"
        found = []
        for number, body in self._db.execute(query, (endpoint,)):
            message = msgspec.json.decode(body, type=Message)
            message.number = number
            found.append(message)
        return found

    def _count(self, endpoint: str) -> int:
        return int(self._db.execute("SELECT count(*) FROM waiting WHERE endpoint = ?", (endpoint,)).fetchone()[0])

    def _make_room(self, endpoint: str) -> None:
        """Drop the oldest that is not bad, or the oldest, where too many wait; how many is told with the next."""
        if self._count(endpoint) < WAITING_MAX:
            return
        waiting = self._waiting(endpoint)
        goes = next((one for one in waiting if one.level != "bad"), waiting[0])
        self._db.execute("DELETE FROM waiting WHERE endpoint = ? AND number = ?", (endpoint, goes.number))
        statement = "INSERT INTO dropped VALUES (?, 1) ON CONFLICT (endpoint) DO UPDATE SET count = count + 1"
        self._db.execute(statement, (endpoint,))
