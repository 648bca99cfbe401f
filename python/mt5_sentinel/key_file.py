"""Files of private keys: only their owner may read them, and what they hold is never shown."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from pathlib import Path

from mt5_sentinel import _core
from mt5_sentinel.errors import Misconfigured, Unusable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SEED_BYTES = 32
FILE_BYTES_MAX = 4096
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def create(path: Path) -> str:
    """Draw a key and write it to a new file of mode 0600; returns the public key.

    Raises:
        Misconfigured: something is there already.
        Unusable: it cannot be written.
    """
    seed = secrets.token_bytes(SEED_BYTES)
    text = f'# Whoever reads this file can sign models.\nalgorithm = "ed25519"\nprivate_key = "{seed.hex()}"\n'
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise Misconfigured(f"{path}: it exists already; a key is never overwritten", "exists") from None
    except OSError as error:
        raise Unusable(f"{path}: cannot be written: {error.strerror}", "unwritable_file") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise Unusable(f"{path}: cannot be written: {error.strerror}", "unwritable_file") from None
    return _core.public_key(seed)


def read(path: Path) -> bytes:
    """The seed of a key file.

    Raises:
        Misconfigured: it cannot be read, others may read it, or it holds no key; never shows what it holds.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(FILE_BYTES_MAX)
    except OSError as error:
        raise Misconfigured(f"{path}: the key file cannot be read: {error.strerror}", "bad_key") from None
    if sys.platform != "win32" and mode & OTHERS:  # Windows keeps rights elsewhere
        shown = oct(stat.S_IMODE(mode))[2:]
        raise Misconfigured(f"{path}: mode {shown} lets others read the private key; chmod 600 it", "bad_key")
    try:
        values = tomllib.loads(content.decode())
    except ValueError:
        raise Misconfigured(f"{path}: no key file; `mt5-sentinel model keygen` writes one", "bad_key") from None
    if values.get("algorithm") != "ed25519":
        raise Misconfigured(f'{path}: `algorithm` is not "ed25519"', "bad_key")
    try:
        seed = bytes.fromhex(values["private_key"])
    except (KeyError, TypeError, ValueError):
        seed = b""
    if len(seed) != SEED_BYTES:
        raise Misconfigured(f"{path}: `private_key` is not 64 hex digits", "bad_key")
    return seed
