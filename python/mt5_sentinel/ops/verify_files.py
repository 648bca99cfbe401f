"""Criteria about what is installed, and facts that are told without a verdict."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Mapping

from mt5_sentinel.ops import audit_site
from mt5_sentinel.ops.layout import LOGS, STATE
from mt5_sentinel.ops.place import Place
from mt5_sentinel.ops.questions import INSTALL, Broken
from mt5_sentinel.ops.scene import Scene

PACKAGE = "mt5_sentinel"


def files_are_the_wheels(scene: Scene) -> str:
    """Every file of every installed package is as its wheel's RECORD says, and nothing else is there to be loaded."""
    found = audit_site.package(Place(scene.witness.host, scene.installed))
    venv = scene.witness.host.path(scene.witness.resolve(str(scene.installed.venv)))
    for record in sorted(venv.glob("lib/python*/site-packages/*.dist-info/RECORD")):
        scene.witness.note("sha256", str(record), hashlib.sha256(record.read_bytes()).hexdigest())
    natives = sorted(venv.glob(f"lib/python*/site-packages/{PACKAGE}/_core.*.so"))
    if len(natives) != 1:
        raise Broken(f"{scene.installed.venv} holds {len(natives)} files {PACKAGE}/_core.*.so", INSTALL)
    native = hashlib.sha256(natives[0].read_bytes()).hexdigest()
    scene.witness.note("sha256", f"{PACKAGE}/{natives[0].name}", native)
    return f"{found}; _core {native}"


def launcher_is_there(scene: Scene) -> str:
    """The script that ExecStart names."""
    return f"{scene.installed.launcher}, sha256 {scene.witness.sha256(str(scene.installed.launcher))}"


def _restarts(scene: Scene) -> str:
    return f"{scene.show.get('NRestarts')} by systemd since it was started by hand or at boot"


def _uptime(scene: Scene) -> str:
    return f"{scene.age_s:.0f} s"


def _process(scene: Scene) -> str:
    wanted = ("VmRSS", "VmHWM", "Threads", "NoNewPrivs", "Seccomp", "CapEff")
    status = [line.split(":", 1) for line in scene.proc("status").splitlines() if ":" in line]
    parts = [f"{name} {' '.join(value.split())}" for name, value in status if name in wanted]
    limits = [" ".join(line.split()) for line in scene.proc("limits").splitlines() if line.startswith("Max open files")]
    return ", ".join(parts + limits)


def _clock(scene: Scene) -> str:
    ran = scene.witness.run("timedatectl", "show", "--property=NTPSynchronized", "--value")
    return f"synchronised: {ran.out.strip() or ran.err.strip()}"


def _disk(scene: Scene) -> str:
    ran = scene.witness.run("df", "-P", "-k", str(scene.witness.host.path(STATE)), str(scene.witness.host.path(LOGS)))
    rows = [line.split() for line in ran.out.splitlines()[1:]]
    return "; ".join(f"{row[5]} {row[4]} used, {int(row[3]) // 1024} MiB free" for row in rows) or ran.err.strip()


def _versions(scene: Scene) -> str:
    systemd = scene.witness.run("systemctl", "--version").out.splitlines()[:1]
    release = scene.witness.resolve(str(scene.installed.current)).rpartition("/")[2]
    return f"release {release}, {' '.join(systemd)}, kernel {platform.release()}"


def _status(scene: Scene) -> str:
    return scene.show.get("StatusText") or "none"


FACTS: Mapping[str, Callable[[Scene], str]] = {
    "uptime": _uptime,
    "restarts": _restarts,
    "status line": _status,
    "process": _process,
    "disk": _disk,
    "clock": _clock,
    "versions": _versions,
}
