"""Files of secret keys: written once, whole, for their owner alone; what they hold is never shown."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Any

from mt5_sentinel.errors import Misconfigured, Unusable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE_BYTES_MAX = 4096
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def create(path: Path, text: str) -> None:
    """Write a new file of mode 0600; it appears complete or not at all.

    Raises:
        Misconfigured: something is there already.
        Unusable: it cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            _name(part, path)
        finally:
            part.unlink(missing_ok=True)
    except FileExistsError:
        raise Misconfigured(f"{path}: it exists already; a key is never overwritten", "exists") from None
    except OSError as error:
        raise Unusable(f"{path}: cannot be written: {error.strerror}", "unwritable_file") from None


def read(path: Path, *, algorithm: str, which: str, made_by: str) -> dict[str, Any]:
    """What a key file holds.

    Args:
        path: the file.
        algorithm: what it must be a key of.
        which: what its key is called: private, secret.
        made_by: the command that writes such files, for messages.

    Raises:
        Misconfigured: it cannot be read, others may read it, or it is none; never shows what it holds.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(FILE_BYTES_MAX)
    except OSError as error:
        raise Misconfigured(f"{path}: the key file cannot be read: {error.strerror}", "bad_key") from None
    if sys.platform != "win32" and not _is_credential(path) and mode & OTHERS:  # Windows keeps rights elsewhere
        shown = oct(stat.S_IMODE(mode))[2:]
        raise Misconfigured(f"{path}: mode {shown} lets others read the {which} key; chmod 600 it", "bad_key")
    try:
        values = tomllib.loads(content.decode())
    except ValueError:
        raise Misconfigured(f"{path}: no key file; `{made_by}` writes one", "bad_key") from None
    if values.get("algorithm") != algorithm:
        raise Misconfigured(f'{path}: `algorithm` is not "{algorithm}"', "bad_key")
    return values


def _is_credential(path: Path) -> bool:
    """Whether systemd handed the file to this service alone; from version 254 on, its mode shows 0440 then."""
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    return bool(directory) and path.parent == Path(str(directory))


def _name(part: Path, path: Path) -> None:
    """Give a complete file its name unless the name is taken; in one step where the file system can."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # no hard links here; on Windows a rename refuses a name that is taken
        if path.exists():
            raise FileExistsError from None
        part.rename(path)
