"""Criteria about the unit and its process: the service manager's word, and the kernel's beside it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from mt5_sentinel.ops.layout import UNIT as UNIT_FILE
from mt5_sentinel.ops.questions import INSTALL, Broken
from mt5_sentinel.ops.scene import UNIT, Scene

START_APART_S_MAX = 2.0
READY_S_MAX = 120.0
PAGE_BYTES = 4096
EXPOSURE_MAX = 1.2

MEMORY_PROMISED, MEMORY_MAX = 1 << 30, 1 << 31
"""Bytes of the unit as it is delivered, and with the drop-in for larger models; a cap beyond is none."""

PAUSE_PROMISED_S, PAUSE_S_MAX = 10.0, 60.0
"""Between an end and the restart: as the unit says, and with a drop-in."""

WATCHDOG_S_MAX = 300.0
"""A hang that lasts longer is no surveillance; the unit says 120 s, the drop-in for larger models 180 s."""

ENABLE = "sudo systemctl enable --now mt5-sentinel"
RELOAD = "sudo systemctl daemon-reload && sudo systemctl restart mt5-sentinel"

SPANS_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
SPANS_S |= {"month": 2_629_800.0, "y": 31_557_600.0}


def seconds(span: str) -> float | None:
    """What systemd prints for a time span, as ``1min 30s``; None where there is no limit, or it is none."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(us|ms|min|month|s|h|d|w|y)(?= |$)", span)
    return sum(float(number) * SPANS_S[unit] for number, unit in parts) if parts else None


def is_installed(scene: Scene) -> str:
    """The manager has loaded the unit file that is on disk."""
    show = scene.show
    if show.get("LoadState") != "loaded" or show.get("FragmentPath") != str(UNIT_FILE):
        raise Broken(f"LoadState={show.get('LoadState')}, FragmentPath={show.get('FragmentPath') or 'none'}", INSTALL)
    if show.get("NeedDaemonReload") != "no":
        raise Broken(f"{UNIT_FILE} was changed after it was loaded", RELOAD)
    return f"loaded from {UNIT_FILE}, sha256 {scene.witness.sha256(str(UNIT_FILE))}"


def is_active(scene: Scene) -> str:
    """It runs, as two answers agree."""
    ran = scene.witness.run("systemctl", "is-active", UNIT)
    show = scene.show
    told = f"is-active {ran.out.strip() or ran.err.strip()}, {show.get('ActiveState')} ({show.get('SubState')})"
    if (ran.code, ran.out.strip(), show.get("ActiveState"), show.get("SubState")) != (0, "active", "active", "running"):
        raise Broken(told, "look at journalctl -u mt5-sentinel -n 50")
    return f"{told} since {show.get('ActiveEnterTimestamp')}"


def is_enabled(scene: Scene) -> str:
    """It starts at boot."""
    ran = scene.witness.run("systemctl", "is-enabled", UNIT)
    told = f"is-enabled {ran.out.strip() or ran.err.strip()}, UnitFileState {scene.show.get('UnitFileState')}"
    if (ran.code, ran.out.strip(), scene.show.get("UnitFileState")) != (0, "enabled", "enabled"):
        raise Broken(told, ENABLE)
    return told


def restarts_itself(scene: Scene) -> str:
    """The manager will start it again, however it ends, and never gives up."""
    show = scene.show
    pause_s = seconds(show.get("RestartUSec", ""))
    limit = show.get("StartLimitIntervalUSec", "")
    told = (
        f"Restart={show.get('Restart')} after {show.get('RestartUSec')} ({PAUSE_PROMISED_S:.0f} s are promised),"
        f" {show.get('NRestarts')} restarts so far"
    )
    if show.get("Restart") != "always" or pause_s is None:
        raise Broken(told, INSTALL)
    if pause_s > PAUSE_S_MAX:
        raise Broken(f"{told}; {PAUSE_S_MAX:.0f} s at most", "set RestartSec=10")
    if seconds(limit):
        raise Broken(f"{told}; but it gives up after some starts in {limit}", "set StartLimitIntervalSec=0")
    return told


def is_the_process(scene: Scene) -> str:
    """The process that systemd means is the one it started: program, command line, group, moment."""
    pid, argv = scene.pid, re.search(r"argv\[\]=(.*?) ;", scene.show.get("ExecStart", ""))
    command = [word for word in scene.proc("cmdline").split("\0") if word]
    if argv is None or command != argv[1].split():
        raise Broken(f"PID {pid} runs `{' '.join(command)}`, the unit says `{argv[1] if argv else '?'}`", RELOAD)
    program, wanted = scene.witness.link(f"/proc/{pid}/exe"), scene.witness.resolve(command[0])
    if program != wanted:
        raise Broken(f"PID {pid} is {program}, and {command[0]} is {wanted} now", "sudo systemctl restart mt5-sentinel")
    if not any(line.endswith(f"/{UNIT}") for line in scene.proc("cgroup").split("\n")):
        raise Broken(f"PID {pid} is not in the unit's control group", "sudo systemctl restart mt5-sentinel")
    started_s = int(scene.show.get("ExecMainStartTimestampMonotonic", "0")) / 1e6
    apart_s = abs(started_s - scene.started_after_boot_s)
    if apart_s > START_APART_S_MAX:
        told = f"PID {pid} began {scene.started_after_boot_s:.1f} s after boot, systemd says {started_s:.1f} s"
        raise Broken(told, "it is another process; look at systemctl status mt5-sentinel")
    ready_s = int(scene.show.get("ActiveEnterTimestampMonotonic", "0")) / 1e6 - started_s
    if not -START_APART_S_MAX <= ready_s <= READY_S_MAX:
        raise Broken(f"it counts as active {ready_s:.1f} s after its start", "look at systemctl status mt5-sentinel")
    return f"PID {pid}, {program}, started {scene.show.get('ExecMainStartTimestamp')}, active {ready_s:.1f} s later"


def memory_is_capped(scene: Scene) -> str:
    """The cap is in the kernel, not only in the unit, and holds."""
    cap = scene.show.get("MemoryMax", "")
    if not cap.isdecimal():
        raise Broken(f"MemoryMax={cap or 'unknown'}: the unit has no cap", INSTALL)
    if int(cap) > MEMORY_MAX:
        told = f"MemoryMax={_mib(int(cap))}; {_mib(MEMORY_PROMISED)} are promised, {_mib(MEMORY_MAX)} at most"
        raise Broken(told, "look at systemctl cat mt5-sentinel for the drop-in that sets it")
    folder, names = _memory_files(scene)
    limit = scene.witness.read(f"{folder}/{names[0]}").strip()
    if not limit.isdecimal() or abs(int(limit) - int(cap)) >= PAGE_BYTES:
        told = f"MemoryMax={_mib(int(cap))}, but the kernel's {folder}/{names[0]} says {limit}"
        raise Broken(told, "the memory controller is not writable for systemd, or the unit was changed: " + RELOAD)
    now = int(scene.witness.read(f"{folder}/{names[1]}"))
    has_peak = scene.witness.has(f"{folder}/{names[2]}")
    peak = _mib(int(scene.witness.read(f"{folder}/{names[2]}"))) if has_peak else "not told by this kernel"
    if now > int(limit):
        raise Broken(f"{_mib(now)} are used, above the cap of {_mib(int(limit))}", "the kernel does not enforce it")
    promised = f"{_mib(MEMORY_PROMISED)} promised"
    return f"{names[0]} {_mib(int(limit))} in the kernel ({promised}), now {_mib(now)}, peak {peak}"


def _memory_files(scene: Scene) -> tuple[str, tuple[str, str, str]]:
    """Folder and names (limit, now, peak) of the unit's memory files: control groups of version 1, else 2."""
    groups = [line.split(":", 2) for line in scene.proc("cgroup").split("\n") if line.count(":") >= 2]
    old = [path for _, controllers, path in groups if "memory" in controllers.split(",")]
    new = [path for _, controllers, path in groups if not controllers]
    names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "memory.max_usage_in_bytes")
    base, paths = "/sys/fs/cgroup/memory", old
    if not old:
        base, paths, names = "/sys/fs/cgroup", new, ("memory.max", "memory.current", "memory.peak")
    for path in (*paths, scene.show.get("ControlGroup", "")):
        folder = str(PurePosixPath(base) / path.lstrip("/"))
        if path.endswith(f"/{UNIT}") and scene.witness.has(f"{folder}/{names[0]}"):
            return folder, names
    raise Broken("the unit's control group has no memory files", "is the kernel's memory controller on?")


def watchdog_bites(scene: Scene) -> str:
    """A hang would be noticed, and there is none now."""
    span = scene.show.get("WatchdogUSec", "")
    limit_s = seconds(span)
    if not limit_s:
        raise Broken(f"WatchdogUSec={span or 'unknown'}: a daemon that hangs would hang for ever", INSTALL)
    if limit_s > WATCHDOG_S_MAX:
        raise Broken(f"it bites after {span} only; {WATCHDOG_S_MAX:.0f} s at most", "set WatchdogSec=120")
    silent_s = scene.booted_for_s - int(scene.show.get("WatchdogTimestampMonotonic", "0")) / 1e6
    if silent_s > limit_s:
        raise Broken(
            f"the last sign of life is {silent_s:.0f} s old, {span} are allowed", "systemctl status mt5-sentinel"
        )
    return f"bites after {span} of silence; the last sign of life is {max(silent_s, 0.0):.0f} s old"


def is_hardened(scene: Scene) -> str:
    """systemd's own figure of exposure, 0 to 10."""
    ran = scene.witness.run("systemd-analyze", "security", "--no-pager", UNIT)
    found = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", ran.out)
    if found is None:
        raise Broken(f"systemd-analyze security: exit code {ran.code}: {ran.err.strip()}", "is it installed?")
    if float(found[1]) > EXPOSURE_MAX:
        raise Broken(f"exposure {found[1]}, {EXPOSURE_MAX} at most", INSTALL)
    return f"exposure {found[1]} of 10"


def _mib(count: int) -> str:
    return f"{count / 2**20:.1f} MiB"
