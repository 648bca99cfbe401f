"""A process without the rights that root has over files."""

from __future__ import annotations

import os
import shutil

import pytest


def as_any_user() -> tuple[str, ...]:
    """What begins a command that may do only what the modes of files allow.

    Root without any right of root's: another user might be unable to read the checkout, or this interpreter.
    """
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv (util-linux) is not installed")
    return "setpriv", "--bounding-set", "-all", "--inh-caps", "-all", "--"
