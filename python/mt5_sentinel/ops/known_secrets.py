"""Which values must never leave: those of this process's settings, and those of the installed service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mt5_sentinel import config, logs
from mt5_sentinel.ops import layout
from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.layout import Layout
from mt5_sentinel.settings import Settings

FILE_BYTES_MAX = 1 << 16

SECRET_VARIABLE = re.compile(r"KEY|TOKEN|SECRET|PASS|PWD|CREDENTIAL|AUTH", re.IGNORECASE)


def learn(host: Host, installed: Layout, settings: Settings | None = None) -> None:
    """Have ``logs.hide`` hide them; files that this user may not read hold nothing it could show."""
    logs.learn(settings.secrets() if settings is not None else ())
    logs.learn(_of_environment_file(host.path(installed.env_file)))
    logs.learn(_of_configuration(host.path(layout.CONFIG)))
    directory = host.path(layout.CREDENTIALS)
    names = sorted(directory.iterdir()) if _is_listable(directory) else []
    logs.learn(line for path in names for line in (_text(path).strip(), *_lines(path)))


def _of_environment_file(path: Path) -> Iterator[str]:
    """Values of variables that are secret settings, or are called like secrets."""
    known = {f"{config.ENV_PREFIX}{name.upper()}" for name in config.SECRETS}
    known |= {variable for name in config.SECRETS for variable in config.TABLE[name].metadata["env"]}
    for line in _lines(path):
        name, _, value = line.removeprefix("export ").partition("=")
        if name.strip() in known or SECRET_VARIABLE.search(name):
            yield value.strip()
            yield value.strip().strip("\"'")


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
