"""How long the dashboard's questions take over a month of minutes, and how large their answers are.

Run it from the repository's root: ``python benches/python/dashboard_load.py``.
"""

from __future__ import annotations

import gzip
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from tests.python import dashboard_month
from tests.python.dashboard_served import QUESTIONS, Client, served

ROUNDS = 20


def measure(client: Client, name: str) -> None:
    """Ask a question some times and print the median and the slowest."""
    wanted = {"overview": "", "start": f"?last_s={30 * 86_400}&points=730&bars=160"}
    query = wanted.get(name, f"?symbol={dashboard_month.SYMBOL}")
    client.ask(f"/api/{name}{query}")
    took_ms = []
    for _ in range(ROUNDS):
        begun_s = time.perf_counter()
        answer = client.ask(f"/api/{name}{query}")
        took_ms.append(1000 * (time.perf_counter() - begun_s))
    size, packed = (len(body) / 1000 for body in (answer.body, gzip.compress(answer.body, 4)))
    told = f"{statistics.median(took_ms):6.1f} ms, at most {max(took_ms):6.1f} ms"
    print(f"{name:<9} {told}, {size:6.1f} kB, {packed:5.1f} kB packed")


def main() -> None:
    """Build the month, ask each question."""
    with tempfile.TemporaryDirectory() as place:
        dashboard_month.build(Path(place), int(time.time()))
        with served(Path(place)) as client:
            for name in QUESTIONS[:-1]:
                measure(client, name)


if __name__ == "__main__":
    main()
