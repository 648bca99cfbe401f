"""Where the service's secrets lie, and that root alone can read them there.

Looked at: what the unit and its drop-ins say themselves, their files of variables, the sources of their credentials,
the TOML file, and the key file of the gateway's wire.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from mt5_sentinel import config
from mt5_sentinel.errors import SentinelError
from mt5_sentinel.logs import PUBLIC_TOKEN
from mt5_sentinel.ops import service_settings
from mt5_sentinel.ops.layout import CONFIG, CREDENTIALS
from mt5_sentinel.ops.place import Place, mode
from mt5_sentinel.ops.questions import Broken
from mt5_sentinel.ops.unit_file import Unit, assignments

OTHERS = stat.S_IRWXG | stat.S_IRWXO
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
OF_A_RUN = Path("/run/credentials")
"""Where systemd lays credentials down while the service runs; it sees to their rights."""

IN_TOML = re.compile(rf"""(?m)^[^#\n]*?\b({"|".join(config.SECRETS)})\b["']?\s*=\s*(?:"+|'+)([^"'\n]+)""")


def secrets(place: Place) -> str:
    """Files of secrets are root's alone; says which secrets are there, never what they are."""
    unit, kept = Unit(place.host), place.real(CREDENTIALS)
    for path in unit.paths:
        _says_no_secret(place, path)
    files = [place.layout.env_file] if place.real(place.layout.env_file).exists() else []
    if kept.exists():
        _roots_alone(place, CREDENTIALS, "700")
        files += [CREDENTIALS / one.name for one in sorted(kept.iterdir())]
    files += [one for one in _sources(place, unit) if one not in files]
    for path in files:
        _roots_alone(place, path, "600", may_link=path == place.layout.env_file)
    files += [*_variables(place, unit, files), *_toml(place), *_key_file(place)]
    return f"root's alone: {', '.join(map(str, files)) or 'no files'}; set: {', '.join(_configured(place)) or 'none'}"


def _says_no_secret(place: Place, path: Path) -> None:
    """Whether a file of the unit is free of secrets: everyone may read it, and ``systemctl show`` prints it."""
    for key, value in assignments(place.host, path):
        named = ""
        if key == "Service.Environment":
            words = dict(word.partition("=")[::2] for word in _words(value))
            named = next((one for one in config.SECRET_VARIABLES if words.get(one, "") not in ("", PUBLIC_TOKEN)), "")
        elif key == "Service.SetCredential":
            name, _, text = value.partition(":")
            text = text.replace("\\n", "").replace("\\r", "").strip()
            named = name if name in config.SECRETS and text not in ("", PUBLIC_TOKEN) else ""
        if named:
            setting = config.SECRET_VARIABLES.get(named, named)
            found = f"{path} holds a secret ({named}), which everyone can read there and in `systemctl show`"
            todo = f"take that line out, put the secret into {CREDENTIALS}/{setting} (0600 root), LoadCredential= it"
            raise Broken(found, f"{todo}, systemctl daemon-reload; and get a new one, this one was open")


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _sources(place: Place, unit: Unit) -> list[Path]:
    """Files that systemd hands over as credentials, as paths of the host."""
    return [_shown(place, path) for path in unit.credentials(place.host).values()]


def _shown(place: Place, path: Path) -> Path:
    return Path("/") / path.relative_to(place.host.root)


def _variables(place: Place, unit: Unit, known: list[Path]) -> Iterator[Path]:
    """Other files of variables: nobody else may change one, nor read one that holds a secret."""
    for _, real in unit.variable_files(place.host):
        path = _shown(place, real)
        if path in known or not real.exists():
            continue
        facts = real.lstat()
        is_roots = stat.S_ISREG(facts.st_mode) and facts.st_uid == place.root_uid
        if is_roots and not facts.st_mode & OTHERS_WRITE:
            text = real.read_text(encoding="utf-8", errors="replace")
            if not any(re.search(rf"(?m)^\s*{one}\s*=\s*\S", text) for one in config.SECRET_VARIABLES):
                continue
        _roots_alone(place, path, "600")
        yield path


def _toml(place: Place) -> Iterator[Path]:
    """The TOML file, where it holds a secret: the service reads it itself, so its group may read it, and no other."""
    real = place.host.path(CONFIG)
    with contextlib.suppress(Broken, SentinelError, OSError), service_settings.given(place.host) as found:
        real = found.file or real
    if not real.exists():
        return
    held = [name for name, value in IN_TOML.findall(real.read_text(encoding="utf-8")) if value != PUBLIC_TOKEN]
    if not held:
        return
    path, facts, account = _shown(place, real), real.stat(), place.account()
    todo = f"better, move {held[0]} to {CREDENTIALS}/{held[0]} (0600 root); or: chown root:{account.name} {path}"
    is_open = facts.st_mode & (stat.S_IRWXO | stat.S_IWGRP) or (facts.st_mode & OTHERS and facts.st_gid != account.gid)
    if is_open or facts.st_uid not in (place.root_uid, account.uid):
        raise Broken(
            f"{path} holds {held[0]} and can be read by others (mode {mode(facts)})", f"{todo} && chmod 640 {path}"
        )
    yield path


def _key_file(place: Place) -> Iterator[Path]:
    """The key of the gateway's wire, where it is no credential: root's or the service's, and no other's."""
    try:
        named = service_settings.load(place.host)[0].gtw_key_file
    except (Broken, SentinelError):
        return  # `settings` says what is wrong
    path = Path(named)
    if not named or path.is_relative_to(OF_A_RUN):
        return
    facts, account = place.real(path).lstat(), place.account()
    if not stat.S_ISREG(facts.st_mode):
        raise Broken(f"{path} (gtw_key_file) is no regular file", f"ls -l {path}; a new pair: mt5-sentinel keys new")
    if facts.st_uid not in (place.root_uid, account.uid) or facts.st_mode & OTHERS:
        found = f"{path} (gtw_key_file) is open to others (uid {facts.st_uid}, mode {mode(facts)})"
        raise Broken(
            found, f"chown {account.name} {path} && chmod 600 {path}; and make a new pair: mt5-sentinel keys new"
        )
    yield path


def _roots_alone(place: Place, path: Path, wanted: str, *, may_link: bool = False) -> None:
    facts = place.real(path).lstat()
    if stat.S_ISLNK(facts.st_mode) and may_link:  # the variables of several programs may lie in one file
        if facts.st_uid != place.root_uid:
            raise Broken(f"{path} belongs to uid {facts.st_uid}, not to root", f"chown -h root:root {path}")
        facts = place.real(path).stat()
    if stat.S_ISLNK(facts.st_mode):
        todo = f'cp --remove-destination "$(readlink -f {path})" {path}; chmod {wanted} {path}'
        raise Broken(f"{path} is a link; a secret lies in a file of its own", todo)
    if facts.st_uid != place.root_uid:
        raise Broken(f"{path} belongs to uid {facts.st_uid}, not to root", f"chown root:root {path}")
    if facts.st_mode & OTHERS:
        raise Broken(f"{path} can be read by others (mode {mode(facts)})", f"chmod {wanted} {path}")


def _configured(place: Place) -> list[str]:
    """Names of the secret settings that are not empty, and where each comes from."""
    unit = Unit(place.host)
    told = {name: "credential" for name, path in unit.credentials(place.host).items() if path.read_bytes().strip()}
    told |= dict.fromkeys(unit.sealed(place.host), "encrypted credential")
    environ = unit.environment(place.host)
    for variable, name in config.SECRET_VARIABLES.items():
        if environ.get(variable):
            told.setdefault(name, variable)
    return [f"{name} ({told[name]})" for name in config.SECRETS if name in told]
