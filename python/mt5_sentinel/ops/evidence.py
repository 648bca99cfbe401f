"""Where reports are kept, and the line that audit.jsonl gets for each."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

from mt5_sentinel import files, trail
from mt5_sentinel.errors import Unusable
from mt5_sentinel.logs import hide
from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.layout import Layout


def place(given: str | None, host: Host, installed: Layout, state: Path) -> Path:
    """The directory: as given, else the installation's where there is one, else below the state directory."""
    if given is not None:
        return Path(given)
    usual = host.path(installed.evidence)
    return usual if usual.is_dir() else state / "evidence"


def stamp() -> str:
    """UTC to the second, for names of files."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())


def write_json(path: Path, facts: Mapping[str, object]) -> None:
    """Write a report without secrets, whole or not at all.

    Raises:
        Unusable: it cannot be written.
    """
    files.write(str(path), [hide(json.dumps(facts, indent=1, ensure_ascii=False)) + "\n"])


def note(environ: Mapping[str, str], directory: Path, facts: Mapping[str, object]) -> Path:
    """Add a line to audit.jsonl: of the service where this user may write it, else beside the evidence.

    Returns:
        The file.

    Raises:
        Unusable: it cannot be written.
    """
    service = trail.directory(environ)
    chosen = service if service is not None and os.access(service, os.W_OK) else directory
    try:
        trail.append(chosen, trail.AUDIT, facts)
    except OSError as error:
        message = f"{chosen / trail.AUDIT}: cannot be written: {error.strerror or error}"
        raise Unusable(message, "unwritable_file") from None
    return chosen / trail.AUDIT
