"""A unit and its drop-ins, read as systemd reads them: what the service is started with."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.layout import LOGS, SERVICE, STATE, UNIT
from mt5_sentinel.ops.questions import INSTALL, Broken

DROP_INS = (
    *("/usr/lib/systemd/system", "/usr/local/lib/systemd/system", "/run/systemd/system", "/etc/systemd/system"),
    *("/run/systemd/system.control", "/etc/systemd/system.control"),  # by `systemctl set-property`
)
"""Where drop-ins lie; of two with one name the one from the later place counts."""

Fields = dict[str, list[str]]
"""Values of each ``Section.Key``; an empty assignment takes back those before it."""


class Unit:
    """What a unit says, with its drop-ins."""

    def __init__(self, host: Host, path: Path = UNIT, *, has_drop_ins: bool = True) -> None:
        """Read it, and its drop-ins where it is the unit of a host.

        Raises:
            OSError: it, or a drop-in, cannot be read.
        """
        self.paths = [path, *(_drop_ins(host, path) if has_drop_ins else [])]
        self._fields: Fields = {}
        for place in self.paths:
            for key, value in assignments(host, place):
                if value:
                    self._fields.setdefault(key, []).append(value)
                else:
                    self._fields.pop(key, None)

    def values(self, key: str) -> list[str]:
        """All values of a key such as ``Service.Environment``."""
        return self._fields.get(key, [])

    def value(self, key: str, default: str = "") -> str:
        """The last one."""
        return self.values(key)[-1] if self.values(key) else default

    def command(self) -> list[str]:
        """The words of ExecStart.

        Raises:
            Broken: it has none, or they cannot be told apart.
        """
        text = self.value("Service.ExecStart").lstrip("@-:+!|")
        if not text:
            raise Broken(f"{self.paths[0]} has no ExecStart", INSTALL)
        return [_specifiers(word) for word in _words(text, self.paths[0])]

    def environment(self, host: Host) -> dict[str, str]:
        """Variables the service is given: of systemd, ``Environment=``, then of the files.

        Raises:
            OSError: a file that must be there cannot be read.
            Broken: an assignment cannot be read.
        """
        found = {"STATE_DIRECTORY": str(STATE)} if self.values("Service.StateDirectory") else {}
        if self.values("Service.LogsDirectory"):
            found["LOGS_DIRECTORY"] = str(LOGS)
        for line in self.values("Service.Environment"):
            found |= dict(word.partition("=")[::2] for word in _words(_specifiers(line), self.paths[0]) if "=" in word)
        for line, path in self.variable_files(host):
            if path.exists() or not line.startswith("-"):
                found |= variables(path.read_text(encoding="utf-8"), path)
        for name in " ".join(self.values("Service.UnsetEnvironment")).split():
            found.pop(name.partition("=")[0], None)
        return found

    def variable_files(self, host: Host) -> list[tuple[str, Path]]:
        """Each line of ``EnvironmentFile=``, and each file that it means; what has no pattern need not be there."""
        found = []
        for line in self.values("Service.EnvironmentFile"):
            name = line.removeprefix("-")
            if any(sign in name for sign in "*?["):
                found += [(line, path) for path in sorted(host.root.glob(name.lstrip("/")))]
            else:
                found.append((line, host.path(name)))
        return found

    def credentials(self, host: Host) -> Mapping[str, Path]:
        """Files of the credentials that the service is given, by their names; those that are there."""
        found: dict[str, Path] = {}
        for line in self.values("Service.LoadCredential"):
            name, path = credential(host, line)
            inside = sorted(path.iterdir()) if path.is_dir() else []
            found |= {f"{name}_{one.name}": one for one in inside} if inside else {name: path}
        return {name: path for name, path in found.items() if path.is_file()}

    def sealed(self, host: Host) -> Mapping[str, Path]:
        """Files of the credentials that lie encrypted, by their names; ``LoadCredentialEncrypted=``."""
        lines = self.values("Service.LoadCredentialEncrypted")
        return dict(credential(host, line, "/etc/credstore.encrypted") for line in lines)


def credential(host: Host, line: str, store: str = "/etc/credstore") -> tuple[str, Path]:
    """Name and source of a ``LoadCredential=`` line; a source without a place lies in the store."""
    name, _, source = line.partition(":")
    return name, host.path(source if source.startswith("/") else f"{store}/{source or name}")


def variables(text: str, path: Path) -> dict[str, str]:
    """What a file of variables says, by the rules of systemd's ``EnvironmentFile=``; never shows a value.

    Raises:
        Broken: a quote that is not closed, or a line that is no assignment; names file and line.
    """
    found = {}
    for number, line in _lines(text):
        name, sign, value = line.partition("=")
        name = name.strip()
        if not (sign and re.fullmatch(r"[A-Za-z_]\w*", name)):
            raise Broken(
                f"{path}, line {number}: no NAME=VALUE, so systemd leaves it out",
                f"correct it, or begin it with #: sudoedit {path}",
            )
        try:
            found[name] = "".join(_unquoted(value.strip()))
        except ValueError:
            raise Broken(
                f"{path}, line {number}: a quote of {name} is not closed", f"correct it: sudoedit {path}"
            ) from None
    return found


def _unquoted(value: str) -> list[str]:
    """A value without its quotes; inner blanks stay where they are."""
    lexer = shlex.shlex(value, posix=True)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = "", True, ""
    return list(lexer)


def folders(path: Path = UNIT) -> list[Path]:
    """Directories whose ``*.conf`` systemd adds to the unit: those of all services, of ``mt5-*``, and its own."""
    parts = path.stem.split("-")
    names = [f"{'-'.join(parts[:count])}-.service.d" for count in range(1, len(parts))] + [f"{path.name}.d"]
    return [Path(place) / "service.d" for place in DROP_INS] + [
        Path(place) / name for place in DROP_INS for name in names
    ]


def _drop_ins(host: Host, path: Path) -> list[Path]:
    found: dict[str, Path] = {}
    for folder in folders(path):
        found |= {one.name: folder / one.name for one in sorted(host.path(folder).glob("*.conf"))}
    return [found[name] for name in sorted(found)]


def assignments(host: Host, path: Path) -> Iterator[tuple[str, str]]:
    """What one file of a unit assigns, in its order, as (``Section.Key``, value).

    Raises:
        OSError: it cannot be read.
    """
    yield from assignments_in(host.path(path).read_text(encoding="utf-8", errors="replace"))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, those that end in a backslash joined, without comments and empty ones."""
    held, begun = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not held:
            begun = number
        if not stripped or stripped[0] in "#;":
            if stripped or not held:
                continue
            stripped = ""
        if stripped.endswith("\\"):
            held += stripped[:-1] + " "
            continue
        yield begun, held + stripped
        held = ""
    if held:
        yield begun, held


def assignments_in(text: str) -> Iterator[tuple[str, str]]:
    """The same of a text."""
    section = ""
    for _, line in _lines(text):
        if line.startswith("["):
            section = line.strip("[] ")
            continue
        key, sign, value = line.partition("=")
        if sign:
            yield f"{section}.{key.strip()}", value.strip()


def _words(text: str, path: Path) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise Broken(f"{path}: a quote is not closed", f"correct it: sudoedit {path}") from None


def _specifiers(text: str) -> str:
    """The few that a unit of this service can sensibly have."""
    known = {"%%": "%", "%n": f"{SERVICE}.service", "%N": SERVICE, "%p": SERVICE, "%S": "/var/lib", "%L": "/var/log"}
    return re.sub("%.", lambda found: known.get(found[0], found[0]), text)
