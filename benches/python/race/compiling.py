"""Compilers of models may take hours: they run in a child process, for a limited time, and their product is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

limit_s = 300.0
"""Wall time a compiler gets."""


def compiled(code: str, product: Path, *arguments: str) -> Path:
    """Run ``code``, whose ``sys.argv[1:]`` is a file to write and the ``arguments``; returns ``product``.

    A compiler that did not finish is not tried again unless it gets more time.

    Raises:
        TimeoutError: it did not finish within ``limit_s``.
        RuntimeError: it failed; says its last line.
    """
    if product.exists():
        return product
    gave_up = product.with_name(product.name + ".gave_up")
    if gave_up.exists() and float(gave_up.read_text("utf-8")) >= limit_s:
        raise TimeoutError(_unfinished(float(gave_up.read_text("utf-8"))))
    product.parent.mkdir(parents=True, exist_ok=True)
    unfinished = product.with_name("unfinished_" + product.name)
    command = [sys.executable, "-c", code, str(unfinished), *arguments]
    # A session of its own: what the compiler itself starts must end with it.
    child = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        _, told = child.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired as error:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        gave_up.write_text(f"{limit_s}", "utf-8")
        raise TimeoutError(_unfinished(limit_s)) from error
    if child.returncode != 0:
        last = (told.strip().splitlines() or ["it says nothing"])[-1]
        problem = f"compiling failed: {last[:200]}"
        raise RuntimeError(problem)
    unfinished.replace(product)
    return product


def _unfinished(seconds: float) -> str:
    return f"it did not finish compiling within {seconds:.0f} s"
