"""Make the bundled bars from the FOREX_EURUSD_1H_ASK.csv of the PyPI package gym-anytrading (MIT).

python -m mt5_sentinel.research.bundle_bars FOREX_EURUSD_1H_ASK.csv
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
from datetime import datetime, timezone
from pathlib import Path

from mt5_sentinel.bundled import BARS


def main() -> None:
    """Write open time in unix seconds, OHLC and volume; the times of the source are GMT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="FOREX_EURUSD_1H_ASK.csv of gym-anytrading 2.0.0")
    source = parser.parse_args().source
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["timestamp", "open", "high", "low", "close", "volume"])
    with source.open(newline="", encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            opened = datetime.strptime(row["Time"], "%d.%m.%Y %H:%M:%S.%f").replace(tzinfo=timezone.utc)
            prices = [row[name] for name in ("Open", "High", "Low", "Close", "Volume")]
            writer.writerow([int(opened.timestamp()), *prices])
    BARS.write_bytes(gzip.compress(text.getvalue().encode(), compresslevel=9, mtime=0))


if __name__ == "__main__":
    main()
