"""``python -m mt5_sentinel``."""

import sys

from mt5_sentinel.cli import main

if __name__ == "__main__":
    sys.exit(main())
