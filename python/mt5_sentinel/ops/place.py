"""What an audit looks at: an installed host, or the files of a checkout that would be installed."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.layout import LOGROTATE, SERVICE, SYSUSERS, TMPFILES, UNIT, USER, Layout
from mt5_sentinel.ops.questions import Broken
from mt5_sentinel.ops.unit_file import Unit


class Account(NamedTuple):
    """A user of the host, by its password file."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Place:
    """A host and where things lie on it; ``deploy`` names the deploy folder of a checkout to be looked at instead."""

    host: Host
    layout: Layout
    deploy: Path | None = None

    @property
    def unit(self) -> Path:
        """The unit file, as a path of the host."""
        return UNIT if self.deploy is None else self.deploy / UNIT.name

    @property
    def installer(self) -> Path:
        """The installer's script."""
        return (self.deploy or self.layout.current / "deploy") / "install_service.sh"

    @property
    def logrotate(self) -> Path:
        """The rules for the trade and audit files."""
        return LOGROTATE if self.deploy is None else self.deploy / "logrotate.d" / SERVICE

    @property
    def sysusers(self) -> Path:
        """The line that makes the service's user."""
        return SYSUSERS if self.deploy is None else self.deploy / "sysusers.d" / SYSUSERS.name

    @property
    def tmpfiles(self) -> Path:
        """The lines that make its directories."""
        return TMPFILES if self.deploy is None else self.deploy / "tmpfiles.d" / TMPFILES.name

    @property
    def launcher(self) -> Path:
        """The script that ExecStart names."""
        return self.layout.launcher if self.deploy is None else self.deploy / self.layout.launcher.name

    @property
    def root_uid(self) -> int:
        """Whose the system's files are: 0, or who made the directory that stands for a host."""
        return self.host.root.stat().st_uid

    def real(self, path: Path) -> Path:
        """A path of the host as it lies on this machine; files of a checkout lie where they lie."""
        return path if self.deploy is not None else self.host.path(path)

    def read_unit(self) -> Unit:
        """What the unit says, with its drop-ins on a host; errors as ``Unit``."""
        return Unit(self.host) if self.deploy is None else Unit(Host(), self.unit, has_drop_ins=False)

    def account(self) -> Account:
        """The user the service runs as.

        Raises:
            Broken: the host has no such user, or it is root.
        """
        name = Unit(self.host).value("Service.User", "root")
        for line in self.host.path("/etc/passwd").read_text(encoding="utf-8").splitlines():
            parts = line.split(":")
            if len(parts) > 3 and parts[0] == name:
                found = Account(name, int(parts[2]), int(parts[3]))
                break
        else:
            raise Broken(f"there is no user {name}, as which {UNIT} starts the service", "systemd-sysusers")
        if found.uid == 0:
            todo = f"name a user of its own: User={USER} in {UNIT}, then systemctl daemon-reload"
            raise Broken(f"{UNIT} starts the service as root", todo)
        return found


def may_be_changed(place: Place, path: Path) -> str | None:
    """Who else than root may change a file or directory of the host, or put another in its place; None: nobody.

    Every directory on the way to it counts, and where it is a link, what it leads to as well.
    """
    real = place.real(path)
    ends = [real, real.resolve()] if real.is_symlink() else [real]
    seen: set[Path] = set()
    for end in ends:
        for one in (end, *end.parents):
            if one in seen or not (one == place.host.root or one.is_relative_to(place.host.root)):
                continue
            seen.add(one)
            facts = one.lstat()
            if stat.S_ISLNK(facts.st_mode):
                continue
            is_open = facts.st_mode & stat.S_IWOTH or (facts.st_mode & stat.S_IWGRP and facts.st_gid != 0)
            if facts.st_uid != place.root_uid or is_open:
                shown = Path("/") / one.relative_to(place.host.root)
                return f"{shown} can be changed by others than root (uid {facts.st_uid}, mode {mode(facts)})"
    return None


def mode(facts: os.stat_result) -> str:
    """The rights as chmod takes them."""
    return f"{stat.S_IMODE(facts.st_mode):04o}"


def may_write(account: Account, facts: os.stat_result) -> bool:
    """Whether this user may change a file or directory, by owner and mode."""
    if facts.st_uid == account.uid:
        return True  # an owner may give itself the right
    bit = stat.S_IWGRP if facts.st_gid == account.gid else stat.S_IWOTH
    return bool(facts.st_mode & bit)


def may_enter(account: Account, facts: os.stat_result) -> bool:
    """Whether this user may go through a directory."""
    if facts.st_uid == account.uid:
        return bool(facts.st_mode & stat.S_IXUSR)
    return bool(facts.st_mode & (stat.S_IXGRP if facts.st_gid == account.gid else stat.S_IXOTH))
