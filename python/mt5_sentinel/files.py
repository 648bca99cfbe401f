"""Files of a person's own: read whole, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from mt5_sentinel.errors import SentinelError, Unusable


def read(path: str) -> bytes:
    """Bytes of a file, or of standard input for ``-``.

    Raises:
        Unusable: the file cannot be read.
    """
    try:
        return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}", "unreadable_file") from None


def write(path: str | None, lines: Iterable[str]) -> None:
    """Write lines to standard output, or to a file that appears complete or not at all.

    Raises:
        Unusable: the file cannot be written.
    """
    with replacing(path) as file:
        for line in lines:
            file.write(line.encode())


@contextmanager
def replacing(path: str | None) -> Iterator[BinaryIO]:
    """Standard output, or a file to write bytes to that appears under its name complete or not at all.

    Raises:
        Unusable: the file cannot be written.
    """
    if path is None:
        sys.stdout.flush()
        yield sys.stdout.buffer
        return
    target = Path(path)
    try:
        if target.exists() and not target.is_file():  # a pipe or a device is written to, never replaced
            with target.open("wb") as special:
                yield special
            return
        target = target.resolve()
        with tempfile.NamedTemporaryFile("wb", dir=target.parent, prefix=f".{target.name}.", delete=False) as part:
            try:
                yield cast("BinaryIO", part)
                part.flush()
                os.fsync(part.fileno())
                umask = os.umask(0)
                os.umask(umask)
                Path(part.name).chmod(0o666 & ~umask)
                part.close()  # an open file has no new name on Windows
                Path(part.name).replace(target)
            except BaseException:
                Path(part.name).unlink(missing_ok=True)
                raise
        sync_directory(target.parent)
    except OSError as error:
        raise Unusable(f"{path}: cannot be written: {error.strerror or error}", "unwritable_file") from None


def sync_directory(path: Path) -> None:
    """Bring the names in a directory to disk. Windows opens no directories, and keeps their names by itself.

    Raises:
        OSError: it cannot be done.
    """
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lay_down(directory: Path, name: str, text: str) -> None:
    """Put a small file into a directory that may be another user's, whole or not at all.

    What stands under the name is replaced, never followed nor opened: whoever owns the directory may have put a link or
    a pipe there, and this may be root. The file belongs to the directory's owner, who has to read it.

    Raises:
        Unusable: it cannot be written.
    """
    if sys.platform == "win32":
        write(str(directory / name), [text])
        return
    part = f".{name}.{secrets.token_hex(8)}"
    try:
        place = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _lay_down(place, directory, part, name, text)
        finally:
            os.close(place)
    except OSError as error:
        message = f"{directory / name}: cannot be written: {error.strerror or error}"
        raise Unusable(message, "unwritable_file") from None


def _lay_down(place: int, directory: Path, part: str, name: str, text: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(part, "wb", opener=lambda path, _: os.open(path, flags, 0o600, dir_fd=place)) as file:
        try:
            file.write(text.encode())
            file.flush()
            give_to_owner_of(directory, file.fileno())
            os.fsync(file.fileno())
            os.replace(part, name, src_dir_fd=place, dst_dir_fd=place)
            os.fsync(place)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part, dir_fd=place)
            raise


def give_to_owner_of(directory: Path, descriptor: int) -> None:
    """Let a file that root makes belong to the owner of its directory, who has to read it, rotate it or remove it.

    Raises:
        OSError: it cannot be done.
    """
    if sys.platform != "win32" and os.geteuid() == 0:
        owner = directory.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def naming(path: str, error: SentinelError) -> SentinelError:
    """The same error, with the file it is about in front."""
    return type(error)(f"{path}: {error}", error.reason)
