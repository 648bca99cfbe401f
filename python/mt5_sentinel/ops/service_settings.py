"""The settings the service runs with: what its unit gives it, read the way the daemon reads it."""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from mt5_sentinel import config, credentials, logs
from mt5_sentinel.commands import assembly, run, sources
from mt5_sentinel.config import Settings
from mt5_sentinel.errors import Misconfigured, SentinelError
from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.layout import CONFIG
from mt5_sentinel.ops.questions import Broken
from mt5_sentinel.ops.unit_file import Unit

CHECKS = (*sources.CHECKS, *assembly.CHECKS)
"""What the daemon asks about its settings at start."""


@dataclass(frozen=True)
class Given:
    """What the service is given: variables, flags as they are parsed, its TOML file."""

    environ: Mapping[str, str]
    flags: Mapping[str, Any]
    file: Path | None


@contextmanager
def given(host: Host) -> Iterator[Given]:
    """What the installed unit gives; its secrets are hidden from now on. Credentials are there within the block.

    Raises:
        Misconfigured: ExecStart has a flag that `run` has not.
        Broken: the unit or a file of variables cannot be understood.
        OSError: a file cannot be read.
    """
    unit = Unit(host)
    environ = unit.environment(host)
    learn(environ)
    arguments = flags_of(unit.command())
    flags = {name: getattr(arguments, name, None) for name in config.TABLE}
    memory = "/run" if os.access("/run", os.W_OK) else None  # what is decrypted touches no disk
    with tempfile.TemporaryDirectory(dir=memory) as scratch:
        for name, path in unit.credentials(host).items():
            logs.learn([path.read_text(encoding="utf-8", errors="replace").strip()])
            (Path(scratch) / name).symlink_to(path.resolve())
        for name, path in unit.sealed(host).items():
            (Path(scratch) / name).unlink(missing_ok=True)
            (Path(scratch) / name).write_text(unsealed(host, name, path), encoding="utf-8")
        environ["CREDENTIALS_DIRECTORY"] = scratch
        yield Given(environ, flags, _file(host, arguments, environ))


def unsealed(host: Host, name: str, path: Path) -> str:
    """What an encrypted credential holds; hidden from now on.

    Raises:
        Broken: this machine cannot decrypt it, or this is not root.
    """
    told = host.run("systemd-creds", "decrypt", f"--name={name}", path, "-")
    if told.code:
        why = (told.err.strip().splitlines() or [f"exit code {told.code}"])[-1]
        raise Broken(
            f"the credential {name} in {path} cannot be decrypted: {why}",
            "encrypt it anew on this machine, as root: see deploy/credentials/README.md, Encrypted",
        )
    logs.learn([told.out.strip()])
    return told.out


def learn_all(host: Host) -> None:
    """Hide the secrets that the unit gives, as far as it can be read; what is wrong with it is for others to say."""
    with contextlib.suppress(Broken, SentinelError, OSError), given(host):
        pass


def learn(environ: Mapping[str, str]) -> None:
    """Hide the secrets that variables and credentials hold, whatever else is wrong with the settings."""
    logs.learn(environ[name] for name in config.SECRET_VARIABLES if name in environ)
    logs.learn(text for _, text in credentials.read(environ, config.SECRETS, []))


def load(host: Host) -> tuple[Settings, ...]:
    """The settings of each symbol; errors as ``given``, and all mistakes at once as ``config.load_all``."""
    with given(host) as found:
        symbols = config.load_all(found.flags, found.environ, found.file, CHECKS)
    sources.quota(symbols, time.time())
    return symbols


def _file(host: Host, arguments: argparse.Namespace, environ: Mapping[str, str]) -> Path | None:
    """The TOML file; None where there is none, as on a host that is configured by variables alone."""
    named = arguments.config or environ.get(f"{config.ENV_PREFIX}CONFIG")
    if named:
        return host.path(named)
    return host.path(CONFIG) if host.path(CONFIG).exists() else None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Misconfigured(f"ExecStart: {message}", "bad_configuration")


def flags_of(command: list[str]) -> argparse.Namespace:
    """The flags of ``run`` in ExecStart: after the launcher, or after the verb.

    Raises:
        Misconfigured: one that ``run`` has not.
    """
    words = command[command.index("run") :] if "run" in command else ["run", *command[2:]]
    parser = _Parser(add_help=False)
    run.add_parser(parser.add_subparsers())
    return parser.parse_args(words)
