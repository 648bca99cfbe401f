"""What was installed: the installer, the launcher, the release and its links, the manifest."""

from __future__ import annotations

import ast
import hashlib
import os
import stat
from pathlib import Path

from mt5_sentinel.errors import SentinelError
from mt5_sentinel.ops import service_settings
from mt5_sentinel.ops.host import EXIT_MISSING
from mt5_sentinel.ops.layout import Layout
from mt5_sentinel.ops.place import Place, mode
from mt5_sentinel.ops.questions import INSTALL, Broken

LINES = ("import sys", "from mt5_sentinel.cli import main", 'sys.exit(main(["run", *sys.argv[1:]]))')
LAUNCHER = "\n".join(LINES)
"""All that the launcher does: compared, not run, since one that is another could do anything."""

VERSION_OF = "import importlib.metadata as m; print(m.version('mt5-sentinel'))"


def installer(place: Place) -> str:
    """The script by which it can be rolled back is there, may be run, and the shell can read all of it."""
    path = place.installer
    real = place.real(path)
    facts = real.stat()
    if not (stat.S_ISREG(facts.st_mode) and facts.st_mode & stat.S_IXUSR):
        raise Broken(f"{path} may not be executed (mode {mode(facts)})", f"chmod 755 {path}")
    scripts = [real, *sorted((real.parent / "lib").glob("*.sh"))]
    for one in scripts:
        ran = place.host.run("bash", "-n", one)
        if ran.code:
            raise Broken(f"bash -n {one}: {_first(ran.err, ran.code)}", INSTALL)
    ran = place.host.run("shellcheck", "-x", "-S", "warning", "-P", real.parent, *scripts)
    if ran.code == EXIT_MISSING:
        return f"{path}, bash -n has nothing to say; shellcheck is not installed"
    if ran.code:
        raise Broken(f"shellcheck {path}: {_first(ran.out or ran.err, ran.code)}", INSTALL)
    return f"{path}, bash -n and shellcheck have nothing to say"


def launcher(place: Place) -> str:
    """ExecStart names the script that starts this program; its code is what this release expects, comments aside."""
    path = place.launcher
    command = place.read_unit().command()
    expected = place.layout if place.deploy is None else Layout()  # the installer puts its own prefix for the default
    wanted = [str(expected.python), str(expected.launcher)]
    if command[:2] != wanted:
        todo = f"ExecStart= begins with {' '.join(wanted)}: "
        todo += "systemctl cat mt5-sentinel" if place.deploy is None else f"correct {place.unit}"
        raise Broken(f"ExecStart starts {' '.join(command[:2])}, not {' '.join(wanted)}", todo)
    try:
        service_settings.flags_of(command)
    except SentinelError as error:
        raise Broken(f"{place.unit}: {error}", "mt5-sentinel run --help lists what there is") from None
    try:
        tree = ast.parse(place.real(path).read_bytes(), filename=str(path))
    except (SyntaxError, ValueError) as error:
        raise Broken(f"{path} is no Python: {error}", INSTALL) from None
    if ast.get_docstring(tree) is not None:
        del tree.body[0]
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    modules += [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    if not any(name.split(".")[0] == "mt5_sentinel" for name in modules):
        raise Broken(f"{path} does not import mt5_sentinel; it is not this program's launcher", INSTALL)
    if ast.dump(tree) != ast.dump(ast.parse(LAUNCHER)):
        raise Broken(f"{path} does something else than to start `run`; its lines must be: {'; '.join(LINES)}", INSTALL)
    return f"{path} starts this program"


def interpreter(place: Place) -> str:
    """The Python that ExecStart names runs."""
    ran = place.host.run(place.real(place.layout.python), "-I", "-c", "import sys; print(sys.version.split()[0])")
    if ran.code:
        raise Broken(f"{place.layout.python} does not run: {_first(ran.err, ran.code)}", INSTALL)
    return f"{place.layout.python}, Python {ran.out.strip()}"


def release(place: Place) -> str:
    """The links lead to one release, which is what its name file and its package say."""
    layout = place.layout
    target = _link(place, layout.current)
    if target.parent != layout.releases:
        raise Broken(f"{layout.current} leads to {target}, not into {layout.releases}", INSTALL)
    venv = _link(place, layout.venv)
    if venv not in (layout.current / "venv", target / "venv"):
        raise Broken(f"{layout.venv} leads to {venv}, not to {layout.current}/venv", INSTALL)
    said = place.real(target / "VERSION").read_text(encoding="utf-8").strip()
    ran = place.host.run(place.real(layout.python), "-I", "-c", VERSION_OF)
    found = ran.out.strip()
    if ran.code:
        raise Broken(f"{layout.venv} holds no package mt5-sentinel: {_first(ran.err, ran.code)}", INSTALL)
    if said != found:
        raise Broken(f"{target}/VERSION says {said[:60]}, the package in its venv is {found}", INSTALL)
    return f"{target.name}, mt5-sentinel {found}"


def manifest(place: Place) -> str:
    """Every file and link that the installer laid down is as it laid it down."""
    path = place.layout.manifest
    count, wrong = 0, list[str]()
    for number, line in enumerate(place.real(path).read_text(encoding="utf-8").splitlines(), start=1):
        kind, wanted, name = [*line.split(" ", 2), "", "", ""][:3]
        if kind in ("user", "older", "dir") and name:
            continue  # for an uninstall: whom it made, what is the older installation's own, what goes when it is empty
        if kind not in ("file", "link", "tree") or not name.startswith("/"):
            raise Broken(f"{path}, line {number}: not `KIND WHAT PATH`: {line[:80]}", INSTALL)
        count += kind in ("file", "link")
        if (fault := _fault(place.real(Path(name)), kind, wanted)) is not None:
            wrong.append(f"{name}: {fault}")
    if not count:
        raise Broken(f"{path} lists no file and no link", INSTALL)
    if wrong:
        more = f" ({len(wrong) - 1} more)" if wrong[1:] else ""
        raise Broken(f"{wrong[0]}{more}", f"what you changed belongs into a drop-in or config.toml; {INSTALL}")
    return f"{count} files and links are as they were installed"


def _fault(real: Path, kind: str, wanted: str) -> str | None:
    """What is wrong with something of the manifest: a hash for a file, where it leads for a link."""
    try:
        if kind == "link":
            return None if str(real.readlink()) == wanted else f"the link leads to {real.readlink()}, not to {wanted}"
        if kind == "file":
            is_same = hashlib.sha256(real.read_bytes()).hexdigest() == wanted
            return None if is_same else "it was changed after it was installed"
        return None if real.is_dir() else "the directory is not there"
    except OSError as error:
        return str(error.strerror)


def _link(place: Place, path: Path) -> Path:
    """Where a link leads, as a path of the host."""
    real = place.real(path)
    if not real.is_symlink():
        raise Broken(f"{path} is no link" if real.exists() else f"{path} is not there", INSTALL)
    told = real.readlink()
    return told if told.is_absolute() else Path(os.path.normpath(path.parent / told))


def _first(said: str, code: int) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    return " ".join(lines[-1 if "Traceback" in said else 0].split())[:200] if lines else f"exit code {code}"
