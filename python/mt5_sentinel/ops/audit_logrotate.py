"""The rules of logrotate: run on a copy in a directory of its own, for its dry run says 0 about a broken file."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from pathlib import Path

from mt5_sentinel import trail
from mt5_sentinel.ops.host import EXIT_MISSING
from mt5_sentinel.ops.layout import LOGS
from mt5_sentinel.ops.place import Place, mode
from mt5_sentinel.ops.questions import Broken

FILES = (trail.TRADES, trail.AUDIT, trail.ECS)

SCRIPTS = re.compile(
    r"(?ms)^[ \t]*(?:prerotate|postrotate|firstaction|lastaction|preremove)\b.*?^[ \t]*endscript\b[^\n]*$"
)
"""What a rotation runs; the copy leaves it out, for it would act on the service."""


def rotates(place: Place) -> str:
    """Rotate files that stand for the service's, by a copy of the rules, and see that each was rotated."""
    path = place.logrotate
    facts = place.real(path).stat()
    # logrotate itself ignores such a file, with a message that nobody reads.
    if place.deploy is None and (facts.st_uid != place.root_uid or facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
        found = f"logrotate ignores {path}: others than root may change it (uid {facts.st_uid}, mode {mode(facts)})"
        raise Broken(found, f"chown root:root {path} && chmod 644 {path}")
    rules = place.real(path).read_text(encoding="utf-8", errors="replace")
    if place.deploy is None:
        _names_the_user(place, rules)
    with tempfile.TemporaryDirectory() as scratch:
        return _rotate(place, rules, Path(scratch))


def _names_the_user(place: Place, rules: str) -> None:
    """Whether it works as the owner of the directory, without which logrotate refuses one that is not root's."""
    account = place.account()
    named = re.search(r"(?m)^\s*su\s+(\S+)\s+(\S+)", rules)
    if named is None or named[1] != account.name:
        found = f"{place.logrotate} has no line `su {account.name} {account.name}`, as whom the logs are written"
        raise Broken(found, f"install this release again, or: sudoedit {place.logrotate}")


def _rotate(place: Place, rules: str, scratch: Path) -> str:
    logs = scratch / "logs"
    logs.mkdir(mode=0o750)
    for name in FILES:
        (logs / name).write_text("{}\n", encoding="utf-8")
    rules = SCRIPTS.sub("", rules).replace(str(LOGS), str(logs))
    rules = re.sub(r"(?m)^(\s*)su\s.*$", r"\1", rules)
    rules = re.sub(r"(?m)^(\s*create\s+\d+)\s+\S+\s+\S+", r"\1", rules)
    if os.geteuid() == 0:  # the scratch directory is root's, for whom logrotate then works
        rules = re.sub(r"\{", "{\n    su root root", rules, count=1)
    copy = scratch / "rules"
    copy.write_text(rules, encoding="utf-8")
    copy.chmod(0o600)
    ran = place.host.run("logrotate", "-f", "-s", scratch / "state", copy)
    if ran.code == EXIT_MISSING:
        raise Broken("there is no logrotate: trade and audit files grow without end", "apt-get install logrotate")
    todo = f"logrotate -f -s /tmp/state {place.logrotate}, and correct what it calls an error"
    said = [line for line in (ran.out + ran.err).splitlines() if "error:" in line]
    if said or ran.code:
        found = said[0].replace(str(copy), str(place.logrotate)) if said else f"exit code {ran.code}"
        raise Broken(found.replace(str(logs), str(LOGS)), todo)
    kept = [name for name in FILES if not any(one.name != name for one in logs.glob(f"{name}*"))]
    if kept:
        raise Broken(f"{place.logrotate} does not rotate {', '.join(str(LOGS / name) for name in kept)}", todo)
    return f"{place.logrotate} rotates {', '.join(FILES)}"
