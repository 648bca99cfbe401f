"""A machine of its own for tests: systemd boots on an overlay of this machine's root, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from tests.python.host import cgroups

PROGRAMS = {
    "systemd-nspawn": "systemd-container",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "pgrep": "procps",
    "mount": "mount",
}
BOOT_S = 60.0
HALT_S = 20.0
DISK_BYTES = 6 * 1024**3
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    **{"HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb", "SYSTEMD_PAGER": "cat", "SYSTEMD_COLORS": "0"},
}
OF_SYSTEMD = (
    "/var/log/journal/",
    "/var/lib/systemd/",
    "/var/lib/logrotate/",
    "/run/",
    "/etc/machine-id",
    "/root/",
)

Done = subprocess.CompletedProcess[str]


def missing() -> str:
    """Why no machine can be booted here; empty where one can."""
    if os.geteuid() != 0:
        return "booting a systemd takes root"
    lacks = [f"{program} (apt: {package})" for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if not Path("/lib/systemd/systemd").exists():
        lacks.append("systemd itself (apt: systemd systemd-sysv dbus)")
    return f"booting a systemd takes {', '.join(lacks)}" if lacks else ""


def wait_until(told: str, is_so: Callable[[], bool], timeout_s: float, why: Callable[[], str] = str) -> float:
    """Poll until it is so; the seconds it took.

    Raises:
        AssertionError: it did not become so in time; says what was waited for, and ``why``.
    """
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < timeout_s, f"{told}: not within {timeout_s:g} s\n{why()}"
        time.sleep(0.1)
    return time.monotonic() - began


@dataclass
class Machine:
    """A container, and all there is to undo; its state is also in a file, for the command line."""

    place: Path
    name: str
    shares: dict[str, str] = field(default_factory=dict)
    """Directories of this machine it can read, by their path in it."""
    outlives: bool = False
    """Whether it goes on running when the process that started it has ended, however that ended."""
    nspawn: int = 0
    leader: int = 0
    groups: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    """Of nspawn, where this process has started it."""

    @property
    def root(self) -> Path:
        """Its root directory as this machine sees it."""
        return self.place / "root"

    @property
    def console(self) -> str:
        """What it wrote to its console."""
        path = self.place / "console.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def boot(self) -> None:
        """Make its disk, start it and wait until its systemd is up."""
        self._mount()
        self._forget_this_machine()
        self.groups = [str(path) for path in cgroups.create(self.name)]
        self.start()

    def start(self) -> None:
        """Switch it on, and wait until its systemd is up."""
        # The shell joins the groups before it becomes nspawn, so that nothing of the container is outside of them.
        join = "".join(
            f'echo $$ > "{path}/cgroup.procs"; ' for path in cgroups.joined([Path(path) for path in self.groups])
        )
        command = [
            *("sh", "-c", f'{join}exec "$@"', "sh", *([] if self.outlives else ["setpriv", "--pdeathsig", "TERM"])),
            *("systemd-nspawn", "--quiet", "--register=no", "--keep-unit"),
            *(f"--directory={self.root}", f"--machine={self.name}", "--private-network", "--link-journal=no"),
            # So that IPAddressDeny= can be put into the kernel, as on a host.
            *("--system-call-filter=bpf", "--console=read-only"),
            *(f"--bind-ro={source}:{target}" for target, source in self.shares.items()),
            *("--boot", "systemd.unit=multi-user.target"),
        ]
        with (self.place / "console.log").open("ab") as console:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True
            )
        self.nspawn = self.process.pid
        self.save()
        self.settle()

    def settle(self) -> None:
        """Wait until it is up, and see that limits of memory hold in it."""
        self.leader = 0
        wait_until("systemd is up", self._is_up, BOOT_S, lambda: self.console[-3000:])
        if not cgroups.is_unified():
            # nspawn mounts the controllers of version 1 read-only, and systemd silently limits nothing then.
            for name in ("memory", "pids", "cpu"):
                remount = ["mount", "-o", "remount,bind,rw", f"/sys/fs/cgroup/{name}"]
                subprocess.run(["nsenter", "-t", str(self.leader), "-m", *remount], check=False, capture_output=True)
            self.run("systemctl", "daemon-reexec")
            wait_until("systemd is up again", self._is_up, BOOT_S, lambda: self.console[-3000:])
        self.save()

    def run(
        self, *command: str, timeout_s: float = 60, environ: Mapping[str, str] | None = None, stdin: str = ""
    ) -> Done:
        """Run a program in it to its end."""
        variables = [f"{name}={value}" for name, value in (ENVIRONMENT | dict(environ or {})).items()]
        entered = ["nsenter", "-t", str(self.leader), "-a", "env", "-i", *variables, *command]
        return subprocess.run(entered, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False)

    def check(self, *command: str, timeout_s: float = 60, environ: Mapping[str, str] | None = None) -> str:
        """The same for one that has to succeed; its standard output."""
        done = self.run(*command, timeout_s=timeout_s, environ=environ)
        assert done.returncode == 0, f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file in it; directories are made."""
        script = 'mkdir -p "${1%/*}" && umask 077 && cat > "$1" && chmod "$2" "$1"'
        done = self.run("sh", "-c", script, "sh", path, f"{mode:o}", stdin=text)
        assert done.returncode == 0, f"{path}: {done.stderr}"

    def changed_files(self) -> set[str]:
        """Every file and link that is not as on this machine; without what a systemd leaves behind by itself."""
        upper = self.place / "disk" / "upper"
        found = {f"/{path.relative_to(upper)}" for path in upper.rglob("*") if path.is_symlink() or not path.is_dir()}
        return {path for path in found if not path.startswith(OF_SYSTEMD)}

    def contents(self, *places: str) -> dict[str, str]:
        """Files and links below these places that are not as on this machine: time, mode, size and hash, or target."""
        script = (
            'find "$@" ! -type d -printf "%p\\t%T@ %m %s %l\\n" | sort; find "$@" -type f -exec sha256sum {} + | sort'
        )
        found: dict[str, str] = {}
        mine = self.changed_files()
        for line in self.check("sh", "-c", script, "sh", *places).splitlines():
            name, told = line.split("\t") if "\t" in line else line.split("  ", 1)[::-1]
            if name in mine:
                found[name] = f"{found.get(name, '')} {told}"
        return found

    def reboot(self) -> None:
        """Let its systemd reboot it; nspawn ends then, and leaves it to its caller to switch it on again."""
        self.run("systemctl", "reboot")
        wait_until("it goes down", self._is_gone, HALT_S, lambda: self.console[-3000:])
        self.start()

    def close(self) -> None:
        """Halt it, and undo everything; can be called at any time, and again."""
        if self.nspawn:
            for signum in (signal.SIGTERM, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.nspawn, signum)
                with contextlib.suppress(AssertionError):
                    wait_until("it halts", self._is_gone, HALT_S)
                    break
        for name in ("root", "disk", "lower"):
            subprocess.run(["umount", "--lazy", str(self.place / name)], check=False, capture_output=True)
        left = cgroups.remove([Path(path) for path in self.groups])
        for name in ("disk.img", "machine.json"):
            (self.place / name).unlink(missing_ok=True)
        self.nspawn, self.leader, self.process = 0, 0, None
        assert not left, f"control groups that could not be removed: {left}"

    def save(self) -> None:
        """Write down what ``load`` reads."""
        facts = asdict(replace(self, process=None)) | {"place": str(self.place)}
        (self.place / "machine.json").write_text(json.dumps(facts), encoding="utf-8")

    def _is_gone(self) -> bool:
        """Whether nspawn has ended."""
        if self.process is not None:
            return self.process.poll() is not None
        try:
            facts = Path(f"/proc/{self.nspawn}/stat").read_text(encoding="utf-8")
        except FileNotFoundError:
            return True
        return facts.rpartition(")")[2].split()[0] == "Z"

    def _is_up(self) -> bool:
        assert not self._is_gone(), f"the container ended:\n{self.console[-3000:]}"
        if not self.leader:
            found = subprocess.run(["pgrep", "-o", "-P", str(self.nspawn)], capture_output=True, text=True, check=False)
            self.leader = int(found.stdout or 0)
        if not self.leader:
            return False
        state = self.run("systemctl", "is-system-running").stdout.strip()
        return state in ("running", "degraded")

    def _mount(self) -> None:
        """An overlay of this machine's root; what is written goes to a disk image, or to memory where that fails."""
        for name in ("lower", "disk", "root"):
            (self.place / name).mkdir()
        lower, disk = self.place / "lower", self.place / "disk"
        # Without what is mounted below it (/proc, /sys, /dev); read-only, for whatever is removed here by mistake.
        _must("mount", "--bind", "/", str(lower))
        _must("mount", "-o", "remount,bind,ro", str(lower))
        with (self.place / "disk.img").open("wb") as image:
            image.truncate(DISK_BYTES)
        # Files in memory would count against the limit of the unit that writes them.
        made = _ran("mkfs.ext4", "-q", "-F", str(image.name)) and _ran(
            "mount", "-o", "loop", str(image.name), str(disk)
        )
        if not made:
            _must("mount", "-t", "tmpfs", "tmpfs", str(disk))
        for name in ("upper", "work"):
            (disk / name).mkdir()
        layers = f"lowerdir={lower},upperdir={disk / 'upper'},workdir={disk / 'work'}"
        _must("mount", "-t", "overlay", "-o", layers, "overlay", str(self.root))
        _must("umount", str(lower))  # the overlay keeps it

    def _forget_this_machine(self) -> None:
        """None of the programs that this machine would start; a journal on disk, and an identity drawn at boot."""
        units = self.root / "etc" / "systemd" / "system"
        for wants in units.glob("*.wants"):
            shutil.rmtree(wants)
        (units / "default.target").unlink(missing_ok=True)
        (self.root / "etc" / "machine-id").write_text("", encoding="utf-8")
        (self.root / "var" / "log" / "journal").mkdir(parents=True, exist_ok=True)


def load(place: Path) -> Machine:
    """The machine that was booted in ``place``, by another process too."""
    facts = json.loads((place / "machine.json").read_text(encoding="utf-8"))
    return Machine(**facts | {"place": place})


def _ran(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _must(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
