"""The market data API within the machine: ``python3 -m tests.python.host.stand_in PORT TOKEN DELAY_FILE SEED_FILE``."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from tests.python import bodies
from tests.python.eodhd_server import Answer, EodhdServer, Request


def main(port: int, token: str, delay: Path, seed: Path) -> None:
    """Answer with hourly bars up to now, as late as a file says in seconds; another token is refused."""

    def answer(request: Request) -> Answer:
        if request.query["api_token"] != [token]:
            return Answer(401, b"Unauthenticated", {"Content-Type": "text/html"}, dated=True)
        delay_s = float(delay.read_text(encoding="utf-8")) if delay.exists() else 0.0
        drawn = int(seed.read_text(encoding="utf-8")) if seed.exists() else 1
        return Answer(200, bodies.body(bodies.hourly(time.time(), seed=drawn)), delay_s=delay_s, dated=True)

    with EodhdServer(port) as server:
        server.play(answer)
        threading.Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
