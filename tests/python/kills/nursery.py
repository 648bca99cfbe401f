"""A process that has imported everything and starts the real one by a fork, so that two hundred starts take seconds.

It reads a line for each start from its standard input and answers with the process id; it ends with its input.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable


def serve(work: Callable[[], None]) -> None:
    """Fork for each line; ``work`` runs in the child, until it is killed or ends by itself."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the killed
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            _live(work)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


def _live(work: Callable[[], None]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    code = 1
    try:
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - the log of the test shows why a process ended by itself
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)
