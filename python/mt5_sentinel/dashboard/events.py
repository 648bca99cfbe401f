"""Live news as server-sent events: one look at the journal a second for all who listen."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

import msgspec

from mt5_sentinel.dashboard.reader import Book, book
from mt5_sentinel.errors import SentinelError

POLL_S, BEAT_S = 1.0, 10.0
STREAMS_MAX = 100
WAITING_MAX = 200
"""Events that wait for a slow reader; then its stream ends, and it asks anew."""
MISSED_MAX = 100
"""Cycles that are told to one who comes back."""
AT_ONCE = 1000
"""Cycles that are read in one look."""
RUNNING_MAX = 100
"""Cycles that are waited for: a symbol has one that runs, more are left behind by kills."""

log = logging.getLogger("mt5_sentinel")


class News:
    """Cycles that ended since the last look.

    Symbols end their cycles in any order: those that still run are looked at again until they have ended.
    """

    def __init__(self, state_dir: Path) -> None:
        """Look at the journal of a state directory, whether it is there or not."""
        self._state_dir = state_dir
        self._file: tuple[int, int] | None = None
        self._seen_to = 0
        self._running: set[int] = set()

    def fresh(self) -> list[tuple[int, str]]:
        """Ids and symbols of cycles that ended since the last call, oldest first; of a new file its newest one."""
        path = self._state_dir / "journal.db"
        try:
            facts = path.stat()
        except OSError:
            return []
        file = facts.st_dev, facts.st_ino
        is_new, self._file = file != self._file, file
        with book(self._state_dir) as found:
            if is_new:
                return self._begin(found)
            query = "SELECT id, symbol, status FROM cycle WHERE id > ? AND mode = ? ORDER BY id LIMIT ?"
            rows = found.db.execute(query, (self._seen_to, found.mode, AT_ONCE)).fetchall()
            running = sorted(self._running)
            query = f"SELECT id, symbol, status FROM cycle WHERE id IN ({', '.join('?' * len(running))})"  # noqa: S608
            looked_at = found.db.execute(query, running).fetchall() + rows
        still = [row["id"] for row in looked_at if row["status"] == "running"]
        self._running = set(still[-RUNNING_MAX:])
        if rows:
            self._seen_to = rows[-1]["id"]
        return sorted((row["id"], row["symbol"]) for row in looked_at if row["status"] != "running")

    def since(self, cycle_id: int) -> list[tuple[int, str]]:
        """Cycles that ended after one, oldest first, the newest ``MISSED_MAX``."""
        query = (
            "SELECT id, symbol FROM cycle WHERE id > ? AND mode = ? AND status <> 'running' ORDER BY id DESC LIMIT ?"
        )
        with book(self._state_dir) as found:
            rows = found.db.execute(query, (cycle_id, found.mode, MISSED_MAX)).fetchall()
        return [(row["id"], row["symbol"]) for row in reversed(rows)]

    def _begin(self, found: Book) -> list[tuple[int, str]]:
        query = "SELECT id, symbol, status FROM cycle WHERE mode = ? ORDER BY id DESC LIMIT ?"
        rows = found.db.execute(query, (found.mode, AT_ONCE)).fetchall()
        self._seen_to = rows[0]["id"] if rows else 0
        self._running = {row["id"] for row in rows if row["status"] == "running"}
        return [(row["id"], row["symbol"]) for row in rows if row["status"] != "running"][:1]


class Streams:
    """Those who listen, and the one task that looks for them."""

    def __init__(self, state_dir: Path) -> None:
        """Nobody listens yet, so nothing is read."""
        self._state_dir = state_dir
        self._queues: set[asyncio.Queue[bytes | None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False

    @property
    def is_full(self) -> bool:
        """Whether no further stream may begin."""
        return self._is_closed or len(self._queues) >= STREAMS_MAX

    def close(self) -> None:
        """End every stream, and let none begin."""
        self._is_closed = True
        for queue in self._queues:
            _end(queue)
        if self._task is not None:
            self._task.cancel()

    async def listen(self, missed_from: int | None, is_welcome: Callable[[], bool]) -> AsyncIterator[bytes]:
        """The text of a stream: what was missed, then what happens, and a beat while nothing does.

        Ends when ``is_welcome`` says no, at the latest with the next beat.
        """
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING_MAX)
        self._queues.add(queue)
        try:
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._look())
            yield _beat()
            if missed_from is not None:
                for one in await asyncio.to_thread(self._missed, missed_from):
                    yield _told(*one)
            while is_welcome() and not self._is_closed:
                try:
                    text = await asyncio.wait_for(queue.get(), BEAT_S)
                except asyncio.TimeoutError:
                    text = _beat()
                if text is None:
                    return
                yield text
        finally:
            self._queues.discard(queue)

    async def _look(self) -> None:
        """Read the journal each second while someone listens."""
        news = News(self._state_dir)
        await asyncio.to_thread(self._fresh, news)  # what happened before is on the page already
        while self._queues:
            await asyncio.sleep(POLL_S)
            for one in await asyncio.to_thread(self._fresh, news):
                _tell(self._queues, _told(*one))

    def _fresh(self, news: News) -> list[tuple[int, str]]:
        try:
            return news.fresh()
        except (SentinelError, PermissionError) as error:
            log.debug("no news: %s", error)
            return []

    def _missed(self, cycle_id: int) -> list[tuple[int, str]]:
        try:
            return News(self._state_dir).since(cycle_id)
        except (SentinelError, PermissionError):
            return []


def _tell(queues: Iterable[asyncio.Queue[bytes | None]], text: bytes) -> None:
    for queue in queues:
        if queue.full():
            _end(queue)
        else:
            queue.put_nowait(text)


def _end(queue: asyncio.Queue[bytes | None]) -> None:
    while queue.full():
        queue.get_nowait()
    queue.put_nowait(None)


def _told(cycle_id: int, symbol: str) -> bytes:
    return b"id: %d\nevent: cycle\ndata: %s\n\n" % (cycle_id, msgspec.json.encode({"id": cycle_id, "symbol": symbol}))


def _beat() -> bytes:
    return b"event: beat\ndata: %s\n\n" % msgspec.json.encode({"now_s": round(time.time(), 3)})
