"""A program under the daemon's unit that tries what the unit forbids, and what it must allow; prints the outcome."""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import resource
import socket
import threading
from collections.abc import Callable
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER = 0x1000_0000
ADDR_NO_RANDOMIZE = 0x004_0000


def call(name: str, *arguments: int) -> None:
    """A function of the C library that answers with -1 where it is refused."""
    if getattr(LIBC, name)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), name)


def set_uid_file() -> None:
    path = Path(os.environ["STATE_DIRECTORY"]) / "program"
    path.touch()
    path.chmod(0o4755)


def see_others() -> None:
    if not Path("/proc/1").exists():
        raise OSError(0, "processes of others are not there")


def say_to_many() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        door.sendto(b"hello", ("224.0.0.251", 5353))


def say_to_itself() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


def write_into(variable: str) -> None:
    (Path(os.environ[variable]) / "file").touch()


def start_a_thread() -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()


FORBIDDEN: dict[str, Callable[[], object]] = {
    "memory that is written and run": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC),
    "a user namespace": lambda: call("unshare", CLONE_NEWUSER),
    "another personality": lambda: call("personality", ADDR_NO_RANDOMIZE),
    "tracing": lambda: call("ptrace", 0, 0, 0, 0),
    "a socket to the kernel": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
    "a set-uid file": set_uid_file,
    "homes": lambda: list(Path("/home/somebody").iterdir()),
    "other processes": see_others,
    "a file in a world-writable directory": lambda: Path("/srv/open/file").touch(),
    "multicast": say_to_many,
}
ALLOWED: dict[str, Callable[[], object]] = {
    "its state": lambda: write_into("STATE_DIRECTORY"),
    "its logs": lambda: write_into("LOGS_DIRECTORY"),
    "the loopback": say_to_itself,
    "threads": start_a_thread,
    "scheduling, for ZeroMQ": lambda: os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0)),
    "what the processor is": lambda: Path("/proc/cpuinfo").read_text(encoding="utf-8"),
}


def tried(attempt: Callable[[], object]) -> str:
    """``done``, or why not."""
    try:
        attempt()
    except OSError as error:
        return f"{type(error).__name__}: {error.strerror}"
    return "done"


def main() -> None:
    """Print one line of JSON."""
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    facts = dict(line.split(":\t", 1) for line in status if ":\t" in line)
    limits = {
        "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
        "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "umask": facts["Umask"],
        "new privileges": facts["NoNewPrivs"] == "0",
        "capabilities": int(facts["CapBnd"], 16),
    }
    outcome = {kind: {name: tried(work) for name, work in works.items()} for kind, works in WORKS.items()}
    print(json.dumps(outcome | {"limits": limits}), flush=True)  # noqa: T201 - what it is for
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
            door.sendto(b"READY=1", address)


WORKS = {"forbidden": FORBIDDEN, "allowed": ALLOWED}

if __name__ == "__main__":
    main()
