"""What the unit promises: it comes back, it is stopped when it hangs or grows, it is nobody's root, it starts at boot.

On a host as systemd has loaded it, drop-ins included; of a checkout as its unit file says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mt5_sentinel.ops.host import EXIT_MISSING
from mt5_sentinel.ops.layout import SERVICE, UNIT
from mt5_sentinel.ops.place import Place
from mt5_sentinel.ops.questions import Broken

RESTART_S_MAX = 60.0
MEMORY_BYTES_MAX = 2 << 30
"""With the room that deploy/drop-ins/resources.conf gives; the unit itself has half of it."""

MB = 1_000_000
SHOWN = ("Type", "Restart", "RestartUSec", "WatchdogUSec", "MemoryMax", "User", "NoNewPrivileges", "UnitFileState")
SPANS_S = {
    **{"us": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "": 1.0, "m": 60.0, "min": 60.0},
    **{"h": 3600.0, "hr": 3600.0, "d": 86_400.0, "w": 604_800.0},
}
SIZES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
YES = ("yes", "true", "on", "1")


def kept(place: Place) -> str:
    """Each promise holds; the first that does not is told."""
    told = _shown(place) if place.deploy is None else _written(place)
    back = f"systemctl cat {SERVICE} shows which drop-in takes it away; without it: systemctl daemon-reload"
    if place.deploy is not None:
        back = f"correct it in {place.unit}"
    for key in ("Type", "Restart"):
        wanted = {"Type": "notify", "Restart": "always"}[key]
        if told[key] != wanted:
            raise Broken(f"{key}={told[key] or 'nothing'}, not {wanted}", back)
    pause_s, watchdog_s, memory = span_s(told["RestartSec"]), span_s(told["WatchdogSec"]), size(told["MemoryMax"])
    if pause_s is None or pause_s > RESTART_S_MAX:
        raise Broken(f"RestartSec={told['RestartSec'] or 'nothing'}, {RESTART_S_MAX:g} s at most", back)
    if not watchdog_s:
        raise Broken(f"WatchdogSec={told['WatchdogSec'] or 'nothing'}: a daemon that hangs hangs for ever", back)
    if memory is None or not 0 < memory <= MEMORY_BYTES_MAX:
        found = f"MemoryMax={told['MemoryMax'] or 'nothing'}, {MEMORY_BYTES_MAX} bytes (2G) at most"
        raise Broken(found, back)
    if told["User"] in ("", "root", "0"):
        raise Broken(f"User={told['User'] or 'nothing'}: the service runs as root", back)
    if told["NoNewPrivileges"] not in YES:
        raise Broken("NoNewPrivileges is off: a program it starts can gain rights", back)
    if told["UnitFileState"] != "enabled":
        todo = f"systemctl enable {SERVICE}" if place.deploy is None else f"[Install] with WantedBy= in {place.unit}"
        raise Broken(f"{told['UnitFileState'] or 'not enabled'}: it does not start at boot", todo)
    return (
        f"{told['Type']}, restarted always after {pause_s:g} s, watchdog {watchdog_s:g} s, "
        f"{memory // MB} MB at most, as {told['User']}, enabled"
    )


def _shown(place: Place) -> Mapping[str, str]:
    """As systemd goes by it."""
    ran = place.host.run("systemctl", "show", f"{SERVICE}.service", "--no-pager", "-p", ",".join(SHOWN))
    if ran.code == EXIT_MISSING:
        raise Broken("there is no systemctl", "apt-get install systemd")
    if ran.code:
        todo = f"systemctl show {SERVICE}; is systemd the init of this machine?"
        raise Broken(f"systemctl show: {' '.join(ran.err.split())[:200]}", todo)
    found = dict(line.partition("=")[::2] for line in ran.out.splitlines())
    return {key.replace("USec", "Sec"): found.get(key, "").strip() for key in SHOWN}


def _written(place: Place) -> Mapping[str, str]:
    """As the file says."""
    unit = place.read_unit()
    told = {key: unit.value(f"Service.{key.replace('USec', 'Sec')}") for key in SHOWN}
    told = {key.replace("USec", "Sec"): value for key, value in told.items()}
    return told | {"UnitFileState": "enabled" if unit.value("Install.WantedBy") else f"{UNIT.name} has no WantedBy="}


def span_s(text: str) -> float | None:
    """Seconds of a time span as systemd reads and prints it (``120``, ``1min 30s``); None: none, or without end."""
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([a-z]*)", text)
    if not parts or any(unit not in SPANS_S for _, unit in parts) or re.search(r"infinity", text):
        return None
    return sum(float(number) * SPANS_S[unit] for number, unit in parts)


def size(text: str) -> int | None:
    """Bytes of a size as systemd reads and prints it (``1G``, ``1073741824``); None: none, a share, or without end."""
    told = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)", text)
    return int(float(told[1]) * SIZES[told[2]]) if told else None
