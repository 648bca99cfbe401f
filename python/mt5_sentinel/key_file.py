"""Files of private keys: only their owner may read them, and what they hold is never shown."""

from __future__ import annotations

import secrets
from pathlib import Path

from mt5_sentinel import _core, private_file
from mt5_sentinel.errors import Misconfigured

SEED_BYTES = 32


def create(path: Path) -> str:
    """Draw a key and write it to a new file of mode 0600; returns the public key.

    Raises:
        Misconfigured: something is there already.
        Unusable: it cannot be written.
    """
    seed = secrets.token_bytes(SEED_BYTES)
    text = f'# Whoever reads this file can sign models.\nalgorithm = "ed25519"\nprivate_key = "{seed.hex()}"\n'
    private_file.create(path, text)
    return _core.public_key(seed)


def read(path: Path) -> bytes:
    """The seed of a key file.

    Raises:
        Misconfigured: it cannot be read, others may read it, or it holds no key; never shows what it holds.
    """
    values = private_file.read(path, algorithm="ed25519", which="private", made_by="mt5-sentinel model keygen")
    try:
        seed = bytes.fromhex(values["private_key"])
    except (KeyError, TypeError, ValueError):
        seed = b""
    if len(seed) != SEED_BYTES:
        raise Misconfigured(f"{path}: `private_key` is not 64 hex digits", "bad_key")
    return seed
