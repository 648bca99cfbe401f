"""What the older unit sets that ours does not, as a drop-in: its flags and its variables.

older_unit.py OLDER OURS DROP_INS PREFIX OUT: reads both units and a directory of drop-ins, writes the drop-in OUT where
there is something to carry over, and prints a line for each thing: `carry`, `leave` or `refuse` with what it is, `flag`
with a flag that the new launcher has to know. Values of variables are never printed: they may be secrets.
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

SCRIPT = re.compile(r"sentinel_daemon\.py(?=\s|$)")
LISTS = ("Service.Environment", "Service.EnvironmentFile", "Service.PassEnvironment", "Service.UnsetEnvironment")
HEADER = "# Carried over from the older installation's unit by install_service.sh; yours to change from now on.\n"

Fields = dict[str, list[str]]


def say(line: str) -> None:
    """A line for the installer."""
    sys.stdout.write(f"{line}\n")


def read(text: str, found: Fields) -> Fields:
    """Add the assignments of a unit, by systemd's rules: an empty one takes back those before it."""
    section, held = "", ""
    for line in text.splitlines():
        stripped = line.strip()
        if stripped[:1] in ("#", ";") or not (stripped or held):
            continue
        if stripped.endswith("\\"):
            held += stripped[:-1] + " "
            continue
        stripped, held = held + stripped, ""
        if stripped.startswith("["):
            section = stripped.strip("[] ")
            continue
        key, _, value = stripped.partition("=")
        key = f"{section}.{key.strip()}"
        if value.strip():
            found.setdefault(key, []).append(value.strip())
        else:
            found[key] = []
    return found


def command(fields: Fields) -> tuple[str, str] | None:
    """ExecStart up to the launcher, and its flags; None where it is another command."""
    lines = fields.get("Service.ExecStart", [])
    place = SCRIPT.search(lines[0]) if len(lines) == 1 else None
    return (lines[0][: place.end()], lines[0][place.end() :].strip()) if place else None


def flags(older: Fields, ours: Fields, dropped: Fields) -> list[str]:
    """The line for ExecStart, and what is to be said of it."""
    mine, theirs = command(ours), command(older)
    if "Service.ExecStart" in dropped:
        say("leave ExecStart: a drop-in of yours sets it")
        return []
    if mine is None or not older.get("Service.ExecStart"):
        return []
    if theirs is None:
        say("refuse its ExecStart is not one command that runs sentinel_daemon.py")
        return []
    words = shlex.split(theirs[1])
    if words == shlex.split(mine[1]):
        return []
    for word in words:
        if word.startswith("-"):
            say(f"flag {word.partition('=')[0]}")
    say(f"carry flags {theirs[1] or '(none)'}{' - LIVE: real orders' if '--live' in words else ''}")
    return ["ExecStart=", f"ExecStart={mine[0]} {theirs[1]}".rstrip()]


def environment(older: Fields, ours: Fields, dropped: Fields) -> list[str]:
    """Lines for variables that neither our unit nor a drop-in sets."""
    lines = []
    taken = {word.partition("=")[0] for line in dropped.get("Service.Environment", []) for word in shlex.split(line)}
    for line in older.get("Service.Environment", []):
        words = shlex.split(line)
        left = [word for word in words if word.partition("=")[0] not in taken]
        if not left or line in ours.get("Service.Environment", []):
            continue
        if "\\" in line:  # systemd's own escapes
            lines.append(f"Environment={line}")
        else:
            quoted = (word.replace('"', '\\"') for word in left)
            lines.append("Environment=" + " ".join(f'"{word}"' for word in quoted))
        say(f"carry variables {' '.join(word.partition('=')[0] for word in left)}")
    return lines


def files(older: Fields, prefix: str) -> list[str]:
    """Lines for further files of variables, in their order about the one that we read first."""
    given = older.get("Service.EnvironmentFile", [])
    if given and given[0].lstrip("-") == f"{prefix}/.env":
        given = given[1:]
    if all(line.lstrip("-") == f"{prefix}/.env" for line in given):
        return []
    for line in given:
        say(f"carry variables of the file {line.lstrip('-')}")
    return [f"EnvironmentFile={line}" for line in given]


def rest(older: Fields, ours: Fields) -> list[str]:
    """Keys that are left to our unit."""
    same = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}

    def plain(values: list[str]) -> list[str]:
        return [same.get(value, value) for value in values]

    done = ("Unit.Description", "Service.ExecStart", *LISTS)
    return [key for key, values in older.items() if key not in done and plain(values) != plain(ours.get(key, []))]


def main(older_path: str, ours_path: str, drop_ins: str, prefix: str, out: str) -> None:
    """Write the drop-in, print what is to be said."""
    older, dropped = read(Path(older_path).read_text(encoding="utf-8"), {}), Fields()
    ours = read(Path(ours_path).read_text(encoding="utf-8"), {})
    for path in sorted(Path(drop_ins).glob("*.conf")):
        text = path.read_text(encoding="utf-8")
        read(text, dropped)
        cleared = read(text, {key: ["?"] for key in LISTS})
        older |= {key: [] for key in LISTS if "?" not in cleared[key]}
    lines = flags(older, ours, dropped) + environment(older, ours, dropped) + files(older, prefix)
    for key in LISTS[2:]:
        for value in older.get(key, []):
            lines.append(f"{key.partition('.')[2]}={value}")
            say(f"carry {lines[-1]}")
    left = rest(older, ours)
    if left:
        say(f"leave {', '.join(key.partition('.')[2] for key in left)}: our unit has its own")
    if lines:
        Path(out).write_text(f"{HEADER}[Service]\n" + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
