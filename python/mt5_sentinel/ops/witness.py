"""Looking at the machine, and noting each look."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from mt5_sentinel.ops.host import Host, Ran
from mt5_sentinel.ops.verify_log import Log

LINKS_MAX = 40


class Witness:
    """Asks programs, reads files and links; what it saw stands in the log."""

    def __init__(self, host: Host, log: Log) -> None:
        """Look at this machine, write into this log."""
        self.host, self.log = host, log

    def run(self, *command: str) -> Ran:
        """A program, to its end."""
        ran = self.host.run(*command)
        self.log.add("run", " ".join(command), ran.out, ran.err, ran.code)
        return ran

    def read(self, place: str) -> str:
        """A file of the kernel's or of the service's.

        Raises:
            OSError: it cannot be read.
        """
        try:
            text = self.host.path(place).read_bytes().decode("utf-8", "replace")
        except OSError as error:
            self.log.add("read", place, "", error.strerror or str(error))
            raise
        self.log.add("read", place, text)
        return text

    def has(self, place: str) -> bool:
        """Whether a file is there."""
        return self.host.path(place).exists()

    def link(self, place: str) -> str:
        """Where a link leads.

        Raises:
            OSError: it is none, or may not be read.
        """
        target = str(self.host.path(place).readlink())
        self.log.add("link", place, target)
        return target

    def sha256(self, place: str) -> str:
        """The hash of a file.

        Raises:
            OSError: it cannot be read.
        """
        digest = hashlib.sha256(self.host.path(place).read_bytes()).hexdigest()
        self.log.add("sha256", place, digest)
        return digest

    def note(self, what: str, asked: str, output: str) -> None:
        """Keep what was found by other means."""
        self.log.add(what, asked, output)

    def resolve(self, place: str) -> str:
        """A path with all its links followed, as the machine below the root sees it."""
        done, todo = PurePosixPath("/"), list(PurePosixPath(place).parts[1:])
        for _ in range(LINKS_MAX * 10):
            if not todo:
                break
            part = todo.pop(0)
            here = done.parent if part == ".." else done / part
            real: Path = self.host.path(str(here))
            if real.is_symlink():
                target = PurePosixPath(real.readlink())
                done = PurePosixPath("/") if target.is_absolute() else done
                todo = [one for one in target.parts if one != "/"] + todo
            else:
                done = here
        return str(done)
