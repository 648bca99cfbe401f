"""What an audit looks at: an installed host, or the files of a checkout that would be installed."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.layout import LOGROTATE, SERVICE, UNIT, USER, Layout
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
