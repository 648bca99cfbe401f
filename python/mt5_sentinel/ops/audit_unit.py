"""The unit: is it there, does systemd accept it without a word, how exposed is the service, is it the one in use?"""

from __future__ import annotations

import re
import stat
import tempfile
from pathlib import Path

from mt5_sentinel.ops.host import EXIT_MISSING, Ran
from mt5_sentinel.ops.layout import SERVICE, UNIT
from mt5_sentinel.ops.place import Place, may_be_changed, mode
from mt5_sentinel.ops.questions import INSTALL, Broken
from mt5_sentinel.ops.unit_file import Unit, folders

EXPOSURE_MAX = 1.2
"""What the unit that comes with a release stays below; the older one had 9.2."""

BESIDE = ("mt5-sentinel-gateway.service", "mt5-sentinel-dashboard.service")
"""Units that the installer lays down on demand; looked at where they are."""

NO_SYSTEMD = "apt-get install systemd"


def present(place: Place) -> str:
    """A regular file that root alone may change."""
    facts = place.real(place.unit).lstat()
    if not stat.S_ISREG(facts.st_mode):
        raise Broken(f"{place.unit} is no regular file", INSTALL)
    if facts.st_size == 0:
        raise Broken(f"{place.unit} is empty", INSTALL)
    if place.deploy is None and (facts.st_uid != place.root_uid or facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
        todo = f"chown root:root {place.unit} && chmod 644 {place.unit}"
        raise Broken(f"{place.unit} can be changed by others than root (uid {facts.st_uid}, mode {mode(facts)})", todo)
    drop_ins = _owned(place) if place.deploy is None else 0
    return f"{place.unit}" + (f", {drop_ins} drop-ins" if drop_ins else "")


def _owned(place: Place) -> int:
    """How many drop-ins there are; who may write one decides as whom the service runs."""
    drop_ins = Unit(place.host).paths[1:]
    there = [one for one in folders() if place.real(one).exists()]
    for path in (UNIT, *drop_ins, *there):
        if (found := may_be_changed(place, path)) is not None:
            where = found.split(" can be ", 1)[0]
            todo = (
                f"who wrote what stands there? systemctl cat {SERVICE}; chown root:root {where} && chmod go-w {where}"
            )
            raise Broken(found, todo)
    return len(drop_ins)


def verified(place: Place) -> str:
    """``systemd-analyze verify`` says nothing at all: it exits with 0 after a warning about a key it ignores."""
    beside = [place.unit.with_name(name) for name in BESIDE]
    units = [place.unit, *(one for one in beside if place.deploy is not None or place.real(one).exists())]
    for unit in units:
        _verify(place, unit)
    return f"systemd-analyze verify has nothing to say of {', '.join(one.name for one in units)}"


def _verify(place: Place, unit: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        path = place.real(unit)
        if place.deploy is not None or place.host.root != Path("/"):
            path = _with_programs_that_exist(place, unit, Path(scratch))
        ran = place.host.run("systemd-analyze", "verify", "--man=no", path)
    _must_exist(ran)
    own = {str(place.real(one)) for one in Unit(place.host, unit).paths} if place.deploy is None else set()
    said = [line for line in (ran.out + ran.err).splitlines() if line.strip() and not _is_of_another(line, path, own)]
    if said or ran.code:
        found = said[0].replace(str(path), str(unit)) if said else f"exit code {ran.code}"
        more = f" ({len(said) - 1} lines more)" if said[1:] else ""
        raise Broken(f"{found}{more}", f"systemd-analyze verify --man=no {unit}, and correct what it names")


def exposure(place: Place) -> str:
    """The figure of ``systemd-analyze security``."""
    figure = systemds_figure(place)
    if figure > EXPOSURE_MAX:
        raise Broken(f"{figure:.1f}, more than {EXPOSURE_MAX}", _todo_of_exposure(place))
    return f"{figure:.1f}, {EXPOSURE_MAX} at most"


def systemds_figure(place: Place) -> float:
    """How exposed systemd calls the service, 0 to 10, drop-ins included.

    Raises:
        Broken: it tells none.
    """
    ran = place.host.run("systemd-analyze", "security", "--no-pager", "--offline=true", place.real(place.unit))
    _must_exist(ran)
    told = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", ran.out + ran.err)
    if told is None:
        said = " ".join((ran.err or ran.out).split())[:200]
        raise Broken(f"systemd-analyze security tells no figure ({ran.code}): {said}", _todo_of_exposure(place))
    return float(told[1])


def _todo_of_exposure(place: Place) -> str:
    return f"systemd-analyze security --offline=true {place.unit}; its drop-ins may take hardening back"


def loaded(place: Place) -> str:
    """What systemd goes by is this file, as it is now."""
    ran = place.host.run(
        *("systemctl", "show", f"{SERVICE}.service", "--no-pager"),
        *("-p", "LoadState,FragmentPath,DropInPaths,NeedDaemonReload,UnitFileState"),
    )
    if ran.code == EXIT_MISSING:
        raise Broken("there is no systemctl", NO_SYSTEMD)
    if ran.code:
        said = " ".join(ran.err.split())[:200]
        raise Broken(f"systemctl show: {said}", f"systemctl show {SERVICE}; is systemd the init of this machine?")
    facts = dict(line.partition("=")[::2] for line in ran.out.splitlines())
    if facts.get("LoadState") != "loaded":
        todo = f"systemctl daemon-reload && systemctl status {SERVICE}"
        raise Broken(f"systemd has not loaded {UNIT}: {facts.get('LoadState', 'no answer')}", todo)
    if facts.get("FragmentPath") != str(UNIT):
        todo = f"systemctl cat {SERVICE}; remove the other file, then systemctl daemon-reload"
        raise Broken(f"systemd goes by {facts.get('FragmentPath')}, not by {UNIT}", todo)
    todo = f"systemctl daemon-reload && systemctl restart {SERVICE}"
    # A drop-in in a directory that is new does not make systemd say that it has to read again.
    known = {f"/usr{path}" if path.startswith("/lib/") else path for path in facts.get("DropInPaths", "").split()}
    if other := known ^ {str(path) for path in Unit(place.host).paths[1:]}:
        raise Broken(f"{min(other)}: a drop-in was added or removed after systemd read the unit", todo)
    if facts.get("NeedDaemonReload") != "no":
        raise Broken(f"{UNIT} or a drop-in was changed after systemd read it", todo)
    return f"the unit on disk is what systemd goes by ({facts.get('UnitFileState') or 'not enabled'})"


def _must_exist(ran: Ran) -> None:
    if ran.code == EXIT_MISSING:
        raise Broken("there is no systemd-analyze", NO_SYSTEMD)


def _is_of_another(line: str, path: Path, own: set[str]) -> bool:
    """Whether a line is about another unit's file, which verify reads because ours refers to it.

    A drop-in for all services (``service.d``) is one of ours.
    """
    told = re.match(r"(/\S+\.(?:service|target|socket|mount|timer|slice|path|conf)):\d+:", line)
    return (
        told is not None
        and Path(told[1]).name != path.name
        and f"{path.name}.d/" not in told[1]
        and not {told[1], f"/usr{told[1]}"} & own
    )


def _with_programs_that_exist(place: Place, unit: Path, scratch: Path) -> Path:
    """A copy, drop-ins included, whose Exec lines name a program that is here: what is not installed cannot be run."""
    paths = Unit(place.host, unit).paths[1:] if place.deploy is None else []
    (scratch / f"{unit.name}.d").mkdir()
    for path in (unit, *paths):
        text = place.real(path).read_text(encoding="utf-8")
        copy = scratch / (unit.name if path == unit else f"{unit.name}.d/{path.name}")
        copy.write_text(re.sub(r"(?m)^(Exec\w+=)[-@:+!]*/\S+", r"\1/bin/true", text), encoding="utf-8")
    return scratch / unit.name
