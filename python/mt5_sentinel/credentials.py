"""Secrets that systemd hands over as files (``LoadCredential=``): neither in the environment nor in a readable file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

CREDENTIAL_BYTES_MAX = 4096


def read(environ: Mapping[str, str], names: Iterable[str], mistakes: list[str]) -> list[tuple[str, str]]:
    """The credentials that are there and not empty, as (setting, text without its line end).

    Args:
        environ: systemd names the directory in ``CREDENTIALS_DIRECTORY``; without it there are none.
        names: settings that may come this way; a credential has its setting's name.
        mistakes: takes what is wrong with one, never its text.
    """
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        return []
    found = []
    for name in names:
        path = Path(directory) / name
        try:
            text = _text(path)
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text of a single line"
            mistakes.append(f"credential: {path}: {reason}")
            continue
        if text:
            found.append((name, text))
    return found


def _text(path: Path) -> str:
    with path.open("rb") as file:
        body = file.read(CREDENTIAL_BYTES_MAX + 1)
    text = body.decode("utf-8").rstrip("\r\n")
    if len(body) > CREDENTIAL_BYTES_MAX or not text.isprintable():
        raise ValueError(path.name)
    return text
