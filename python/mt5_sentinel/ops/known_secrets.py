"""Which values must never leave: those of this process's settings, and those of the installed services."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from mt5_sentinel import config, logs
from mt5_sentinel.ops import layout, unit_file
from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.layout import Layout
from mt5_sentinel.settings import Settings

FILE_BYTES_MAX = 1 << 16

SECRET_VARIABLE = re.compile(r"KEY|TOKEN|SECRET|PASS|PWD|CREDENTIAL|AUTH", re.IGNORECASE)

PUBLIC = re.compile(r"public|clients", re.IGNORECASE)
"""Names of what others may know: public keys."""

UNITS = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system")
UNIT_FILES = (f"{layout.SERVICE}*.service", f"{layout.SERVICE}*.service.d/*.conf", "service.d/*.conf")
ASSIGNMENT = re.compile(r"(?P<name>[\w.-]+)[ \t]*=[ \t]*(?P<value>\S.*)")


def learn(host: Host, installed: Layout, settings: Settings | None = None) -> None:
    """Have ``logs.hide`` hide them; files that this user may not read hold nothing it could show."""
    logs.learn(settings.secrets() if settings is not None else ())
    logs.learn(_of_configuration(host.path(layout.CONFIG)))
    variables = [host.path(installed.env_file), host.path(installed.prefix / "gateway.env")]
    directory = host.path(layout.CREDENTIALS)
    credentials = sorted(directory.iterdir()) if _is_listable(directory) else []
    for unit in _units(host):
        for place, value in unit_file.assignments_in(_text(unit)):
            key = place.rpartition(".")[2]
            if key == "Environment":
                logs.learn(_of_variables(_words(value)))
            elif key == "EnvironmentFile":
                pattern = value.removeprefix("-").lstrip("/")
                variables += host.root.glob(pattern) if pattern else []
            elif key == "LoadCredential":
                _, path = unit_file.credential(host, value)
                credentials += sorted(path.iterdir()) if _is_listable(path) else [path]
            elif key == "SetCredential":
                logs.learn([value.partition(":")[2]])
    for path in variables:
        logs.learn(_of_variables(_lines(path)))
    for path in credentials:
        if not PUBLIC.search(path.name):
            logs.learn(_of_credential(path))


def _units(host: Host) -> Iterator[Path]:
    """The units of the daemon, the gateway and the dashboard, and their drop-ins."""
    for place in UNITS:
        for pattern in UNIT_FILES:
            yield from sorted(host.path(place).glob(pattern))


def _words(text: str) -> list[str]:
    """``NAME=VALUE`` words; where a quote is not closed, as they stand."""
    try:
        return [*shlex.split(text), *text.split()]
    except ValueError:
        return text.split()


def _of_variables(lines: Iterable[str]) -> Iterator[str]:
    """Values of variables that are secret settings, or are called like secrets."""
    for line in lines:
        name, _, value = line.strip("\"'").removeprefix("export ").partition("=")
        if name.strip() in config.SECRET_VARIABLES or (
            SECRET_VARIABLE.search(name) and not PUBLIC.search(name) and not _is_path(value)
        ):
            yield value.strip()
            yield value.strip().strip("\"'")


def _is_path(value: str) -> bool:
    """Where a key lies is no secret."""
    return value.strip("\"' ").startswith(("/", "${", "%"))


def _of_credential(path: Path) -> Iterator[str]:
    """Each line of a file that holds a secret; of one with names, as ``keys new`` writes it, the secret values."""
    for line in _lines(path):
        named = ASSIGNMENT.fullmatch(line)
        if named is None or not named["name"].replace("_", "").isalpha():
            if not line.startswith("-----"):
                yield line
        elif not PUBLIC.search(named["name"]) and named["name"] != "algorithm":
            yield named["value"].strip("\"'")
            yield line


def _of_configuration(path: Path) -> Iterator[str]:
    for line in _lines(path):
        name, _, value = line.partition("=")
        if name.strip() in config.SECRETS:
            yield value.split("#")[0].strip().strip("\"'")


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in _text(path).splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(FILE_BYTES_MAX).decode("utf-8", "replace")
    except OSError:
        return ""


def _is_listable(path: Path) -> bool:
    try:
        next(path.iterdir(), None)
    except OSError:
        return False
    return True
