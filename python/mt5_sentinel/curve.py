"""CURVE keys of the wire to the gateway: files of key pairs, written once, and what they hold is never shown."""

from __future__ import annotations

from pathlib import Path

import zmq

from mt5_sentinel import private_file
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.secret import Secret

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
"""Of Z85, in which 32 bytes are 40 characters: among them ``#``, and neither quotes nor backslashes."""

KEY_CHARS = 40


def is_key(text: str) -> bool:
    """Whether it is spelled as a key is, and stands for 32 bytes."""
    if len(text) != KEY_CHARS or not set(text) <= set(DIGITS):
        return False
    # Five characters count up to 85**5, four bytes only to 2**32: what is above is no key.
    return all(_number(text[at : at + 5]) < 1 << 32 for at in range(0, KEY_CHARS, 5))


def check_public_key(key: str, name: str) -> None:
    """Whether a setting holds a public key.

    Raises:
        Misconfigured: it does not; names the setting, and shows nothing of it: a secret key may have been put there.
    """
    if not is_key(key):
        message = f"{name} is no public key: 40 characters, as `mt5-sentinel keys show FILE` prints them"
        raise Misconfigured(message, "bad_configuration")


def create(path: Path) -> str:
    """Draw a key pair and write it to a new file of mode 0600; returns the public key.

    Raises:
        Misconfigured: something is there already.
        Unusable: it cannot be written.
    """
    public, secret = _pair()
    text = (
        "# Whoever reads this file can trade in its owner's name.\n"
        f'algorithm = "curve25519"\npublic_key = "{public}"\nsecret_key = "{secret.reveal()}"\n'
    )
    private_file.create(path, text)
    return public


def read_key_pair(path: Path) -> tuple[str, Secret]:
    """Public key and secret key of a key file, 40 characters each.

    Raises:
        Misconfigured: it cannot be read, others may read it, or it holds no pair; never shows what it holds.
    """
    values = private_file.read(path, algorithm="curve25519", which="secret", made_by="mt5-sentinel keys new")
    public, secret = values.get("public_key"), values.get("secret_key")
    if not (isinstance(public, str) and isinstance(secret, str) and is_key(public) and is_key(secret)):
        raise Misconfigured(f"{path}: `public_key` and `secret_key` are not 40 characters each", "bad_key")
    if zmq.curve_public(secret.encode()) != public.encode():
        raise Misconfigured(f"{path}: `public_key` does not belong to `secret_key`", "bad_key")
    return public, Secret(secret)


def _pair() -> tuple[str, Secret]:
    """A pair whose public key begins with a letter or a digit, so that no command takes it for a flag."""
    while True:
        public, secret = zmq.curve_keypair()
        if public[:1].isalnum():
            return public.decode(), Secret(secret.decode())


def _number(text: str) -> int:
    number = 0
    for character in text:
        number = number * len(DIGITS) + DIGITS.index(character)
    return number
