#!/usr/bin/env python3
"""Launcher for the older daemon's path, so that its ExecStart line works unchanged.

ExecStart=/opt/mt5-crs/venv/bin/python /opt/mt5-crs/src/strategy/sentinel_daemon.py --dry-run --threshold 0.6
"""

import sys

from mt5_sentinel.cli import main

sys.exit(main(["run", *sys.argv[1:]]))
