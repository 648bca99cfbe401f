"""Who the service is and what is made for it at boot: its lines for systemd-sysusers and systemd-tmpfiles.

Read here, for systemd passes over a line it does not understand at boot, and nobody sees it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from mt5_sentinel.ops.host import EXIT_MISSING
from mt5_sentinel.ops.layout import CREDENTIALS, LOGS, STATE
from mt5_sentinel.ops.place import Place
from mt5_sentinel.ops.questions import INSTALL, Broken

KINDS_OF_USERS = ("u", "u!", "g", "m", "r")
KIND_OF_FILE = re.compile(r"[a-zA-Z][-+!=~^]*")
MODE = re.compile(r"-|[:~]{0,2}0?[0-7]{3,4}")
FIELDS_MAX = 7


def sysusers(place: Place) -> str:
    """Every line is one of sysusers.d, one of them makes the service's user, and systemd-sysusers takes the file."""
    path, user = place.sysusers, place.read_unit().value("Service.User", "root")
    made = False
    for number, words in _lines(place, path):
        if words[0] not in KINDS_OF_USERS or len(words) < 2 or not re.fullmatch(r"[A-Za-z_][\w-]*|-", words[1]):
            raise Broken(f"{path}, line {number}: no line of sysusers.d: {' '.join(words)[:80]}", INSTALL)
        if words[0] in ("u", "u!") and words[1] == user:
            made = True
            if len(words) > 2 and words[2] in ("0", "root"):
                raise Broken(f"{path}, line {number}: {user} would be root", INSTALL)
    if not made:
        raise Broken(f"{path} makes no user {user}, as whom the unit starts the service", INSTALL)
    ran = place.host.run("systemd-sysusers", "--dry-run", f"--root={place.host.root}", place.real(path))
    if ran.code == EXIT_MISSING:
        return f"{path} makes {user}; systemd-sysusers is not there to try it"
    if ran.code:
        said = [line for line in ran.err.splitlines() if line.strip()]
        raise Broken(f"systemd-sysusers --dry-run: {said[-1][:200] if said else ran.code}", INSTALL)
    return f"{path} makes {user}"


def tmpfiles(place: Place) -> str:
    """Every line is one of tmpfiles.d, and the directories are made with their owners and modes."""
    path, user = place.tmpfiles, place.read_unit().value("Service.User", "root")
    made: dict[str, tuple[str, str]] = {}
    for number, words in _lines(place, path):
        fault = _fault(words)
        if fault:
            raise Broken(f"{path}, line {number}: {fault}: {' '.join(words)[:80]}", INSTALL)
        if words[0][0] in "dD" and len(words) > 4:
            made[words[1].rstrip("/")] = (words[2].lstrip(":~").lstrip("0"), words[3])
    for directory, wanted in _wanted(user).items():
        found = made.get(str(directory))
        if found is None:
            raise Broken(f"{path} does not make {directory}", INSTALL)
        if found != wanted:
            told = f"{path} makes {directory} with mode {found[0] or '-'} for {found[1]}"
            raise Broken(f"{told}, not {wanted[0]} for {wanted[1]}", INSTALL)
    return f"{path} makes {', '.join(str(one) for one in _wanted(user))}"


def _wanted(user: str) -> Mapping[Path, tuple[str, str]]:
    return {CREDENTIALS: ("700", "root"), STATE: ("700", user), LOGS: ("750", user)}


def _fault(words: list[str]) -> str:
    """What is wrong with a line of tmpfiles.d: type, path, mode, user, group, age, argument."""
    if not KIND_OF_FILE.fullmatch(words[0]) or len(words) < 2:
        return "no line of tmpfiles.d"
    if not words[1].startswith(("/", "%")):
        return "the path does not begin with /"
    if len(words) > 2 and not MODE.fullmatch(words[2]):
        return "no mode"
    return "too many words" if len(words) > FIELDS_MAX and words[0][0] in "dDz" else ""


def _lines(place: Place, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Words of each line that says something, with its number."""
    for number, line in enumerate(place.real(path).read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.lstrip()[0] in "#;":
            continue
        try:
            yield number, shlex.split(line)
        except ValueError:
            raise Broken(f"{path}, line {number}: a quote is not closed", INSTALL) from None
