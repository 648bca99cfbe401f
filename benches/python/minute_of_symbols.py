"""How long a minute of many symbols takes, with servers that answer at once and with servers as slow as is allowed.

    python benches/python/minute_of_symbols.py [--symbols N] [--write]

Runs the real daemon with the real clients against servers on 127.0.0.1: bars dripped over 13 of the 15 seconds that a
fetch may take, a hub that answers after 0.9 of its 1.0 seconds. It takes about a minute and a half. Ends with 1 when a
symbol missed its minute.
"""

from __future__ import annotations

import argparse
import logging
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from tests.python import bodies
from tests.python.eodhd_server import Drip, EodhdServer

from mt5_sentinel import Model, bundled
from mt5_sentinel.adapters.clock import SystemClock
from mt5_sentinel.adapters.hub import HubScorer
from mt5_sentinel.commands import assembly, sources
from mt5_sentinel.daemon import Daemon
from mt5_sentinel.schedule import Schedule
from mt5_sentinel.scoring import Scoring
from mt5_sentinel.settings import Settings
from mt5_sentinel.types import CycleRecord
from race import report

DOCUMENT = ROOT / "docs" / "BENCHMARKS.md"
BASES = (
    *("EUR", "GBP", "AUD", "NZD", "CHF", "CAD", "JPY", "SEK", "NOK", "DKK"),
    *("SGD", "HKD", "ZAR", "MXN", "PLN", "CZK", "HUF", "TRY", "CNH", "ILS"),
)
DRIP_S, PARTS = 13.0, 26
HUB_S = 0.9
ANSWER = b'{"predictions": [[0.2, 0.5, 0.3]]}'


def main() -> int:
    """Run the four minutes, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbols", type=int, default=20, help="how many symbols, 20 at most (default: 20)")
    parser.add_argument("--write", action="store_true", help="renew the section of docs/BENCHMARKS.md")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    rows, missed = [], list[str]()
    for slow in (False, True):
        for count in (1, arguments.symbols):
            print(f"{count} symbols, {'slow' if slow else 'quick'} servers", file=sys.stderr, flush=True)
            took_s, stages, reasons = minute(count, slow)
            missed += [reason for reason in reasons if reason not in ("model_hold", "below_threshold", "signal")]
            rows.append(
                [
                    "as slow as is allowed" if slow else "at once",
                    str(count),
                    f"{took_s:.2f} s",
                    f"{stages['fetch']:.2f} s",
                    f"{stages['parse'] * 1e3:.1f} ms",
                    f"{stages['score']:.2f} s",
                ]
            )
    head = ["servers answer", "symbols", "the minute's cycles", "fetch", "parse, clean, store", "score (local and hub)"]
    section = report.table(head, rows)
    print("\n".join(section))
    if missed:
        print(f"missed their minute: {missed}", file=sys.stderr)
        return 1
    if arguments.write:
        text = report.replaced(DOCUMENT.read_text("utf-8"), "symbols", section)
        DOCUMENT.write_text(text, "utf-8")
    return 0


def minute(count: int, slow: bool) -> tuple[float, dict[str, float], list[str]]:
    """Seconds of one minute's cycles from a cold cache, the median of each stage, and every symbol's reason."""
    names = [f"{base}USD" for base in BASES]
    records: list[CycleRecord] = []
    with EodhdServer() as server, hub(HUB_S if slow else 0.0) as port, tempfile.TemporaryDirectory() as state:
        clock = SystemClock()
        body = bodies.body(bodies.hourly(time.time()))
        server.respond(200, body, drip=Drip(len(body) // PARTS + 1, DRIP_S / PARTS) if slow else None)
        made = []
        for name in names[:count]:
            settings = Settings(
                symbol=name, state_dir=state, eodhd_url=server.url, eodhd_api_token="demo", market="always"
            )
            scorer = HubScorer("127.0.0.1", port, form="columns", answer="classes", timeout_s=settings.hub_timeout_s)
            both = Scoring("shadow", local=Model.load(bundled.MODEL), hub=scorer, tolerance=1.0)
            made.append(assembly.Parts(settings, sources.markets(settings, clock)[0], both))
        desks = assembly.open_desks(made, clock, mode="dry-run")
        daemon = Daemon(desks, clock, Schedule(58, 60), mode="dry-run", observers=(records.append,))
        begun = time.perf_counter()
        daemon.run_minute()
        took_s = time.perf_counter() - begun
        daemon.close()
        assembly.close(desks)
        clock.close()
    stages = {
        name: statistics.median(record.stages_s.get(name, 0.0) for record in records)
        for name in ("fetch", "parse", "score")
    }
    failed = [f"hub: {record.symbol}" for record in records if record.conditions]
    return took_s, stages, [record.reason for record in records] + failed


@contextmanager
def hub(delay_s: float) -> Iterator[int]:
    """A scoring server that answers each connection's first request after a delay."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(ANSWER)}\r\n\r\n".encode()

    def serve(connection: socket.socket) -> None:
        with connection:
            connection.recv(1 << 16)
            time.sleep(delay_s)
            connection.sendall(head + ANSWER)

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listening.getsockname()[1]
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()


if __name__ == "__main__":
    sys.exit(main())
