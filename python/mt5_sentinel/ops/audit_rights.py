"""Who may read and write what: secrets, directories, the release; and whether the service's user can run it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from mt5_sentinel import _core
from mt5_sentinel.ops.host import EXIT_MISSING
from mt5_sentinel.ops.layout import CONFIG, LOGS, STATE
from mt5_sentinel.ops.place import Account, Place, may_enter, may_write, mode
from mt5_sentinel.ops.questions import Broken

LINKS_MAX = 40


def directories(place: Place) -> str:
    """State and logs are the service's, with their modes; configuration is root's."""
    account = place.account()
    for path, wanted in ((STATE, 0o700), (LOGS, 0o750)):
        facts = _directory(place, path)
        todo = f"chown {account.name}:{account.name} {path} && chmod {wanted:o} {path}"
        if facts.st_uid != account.uid:
            raise Broken(f"{path} belongs to uid {facts.st_uid}, not to {account.name}", todo)
        if stat.S_IMODE(facts.st_mode) & ~wanted or not facts.st_mode & stat.S_IWUSR:
            raise Broken(f"{path} has mode {mode(facts)}, not {wanted:04o}", todo)
    for path in (CONFIG.parent, CONFIG, place.layout.prefix):
        if place.real(path).exists() and may_write(account, place.real(path).stat()):
            todo = f"chown root:root {path} && chmod go-w {path}"
            raise Broken(f"{path} can be changed by {account.name}", todo)
    return f"{STATE} (0700) and {LOGS} (0750) are {account.name}'s, {place.layout.prefix} is not"


def _directory(place: Place, path: Path) -> os.stat_result:
    facts = place.real(path).lstat()
    if not stat.S_ISDIR(facts.st_mode):
        raise Broken(f"{path} is no directory", f"move it away; systemctl restart mt5-sentinel makes {path}")
    return facts


def unwritable(place: Place) -> str:
    """The service cannot change the program it is: nothing in the release, nor the launcher, is writable by it."""
    account, count = place.account(), 0
    layout = place.layout
    for path in (place.real(layout.current).resolve(), *_up(place.real(layout.launcher), place.real(layout.prefix))):
        for one in _walk(path) if path.is_dir() and path.parent.name == layout.releases.name else [path]:
            count += 1
            if may_write(account, one.lstat()) and not one.is_symlink():
                shown = Path("/") / one.relative_to(place.host.root.resolve())
                todo = f"chown -R root:root {layout.prefix} && chmod -R go-w {layout.releases} {layout.prefix}/src"
                raise Broken(f"{shown} can be changed by {account.name}", todo)
    return f"nothing of {count} files and directories can be changed by {account.name}"


def _up(path: Path, top: Path) -> list[Path]:
    """A path and the directories above it, up to ``top``."""
    path, top = path.resolve(), top.resolve()
    return [path, *(one for one in path.parents if one == top or top in one.parents)]


def _walk(top: Path) -> Iterator[Path]:
    yield top
    for folder, folders, files in os.walk(top):
        yield from (Path(folder) / name for name in (*folders, *files))


def importable(place: Place) -> str:
    """The service's user runs the interpreter and imports the package, of this version."""
    account = place.account()
    for folder in _way(place, place.layout.python):
        if not may_enter(account, place.real(folder).stat()):
            found = f"{account.name} may not go through {folder} (mode {mode(place.real(folder).stat())})"
            todo = f"chmod o+x {folder}, or build the venv from a Python outside it: deploy/install_service.sh --python"
            raise Broken(f"{found}, so it cannot run {place.layout.python}", todo)
    code = "import mt5_sentinel; print(mt5_sentinel.__version__)"
    command: list[str | Path] = [*_as(account), place.real(place.layout.python), "-I", "-c", code]
    ran = place.host.run(*command)
    todo = f"runuser -u {account.name} -- {place.layout.python} -c 'import mt5_sentinel', and see what it says"
    if ran.code == EXIT_MISSING:
        raise Broken(f"{command[0]} is missing", "apt-get install util-linux")
    if ran.code:
        said = [line for line in ran.err.splitlines() if line.strip()]
        raise Broken(f"{account.name} cannot import it: {said[-1][:200] if said else ran.code}", todo)
    if ran.out.strip() != _core.__version__:
        found = f"the venv holds version {ran.out.strip()[:40]}, this command is {_core.__version__}"
        raise Broken(found, f"use the installed command: {place.layout.venv}/bin/mt5-sentinel audit")
    return f"{account.name} imports version {ran.out.strip()}"


def _as(account: Account) -> Sequence[str]:
    """What makes a command run as this user."""
    if os.geteuid() == account.uid:
        return ()
    if os.geteuid() != 0:
        raise Broken(f"only root can run a program as {account.name}", "look as root: sudo mt5-sentinel audit")
    return ("setpriv", f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups")


def _way(place: Place, path: Path) -> list[Path]:
    """Every directory that is gone through on the way to a file, links followed as the host follows them."""
    found: list[Path] = []
    for _ in range(LINKS_MAX):
        ahead = [*reversed(path.parents), path]
        for one in ahead:
            if place.real(one).is_symlink():
                target = place.real(one).readlink()
                rest = path.relative_to(one)
                path = Path(os.path.normpath(one.parent / target)) / rest
                break
            if one != path and one not in found and one != Path("/"):
                found.append(one)
        else:
            return found
    raise Broken(f"{path}: links without end", f"ls -l {path}")
