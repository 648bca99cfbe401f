"""An interpreter that lacks what Windows lacks: the beginning of a program that runs in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LIKE_WINDOWS = """
import fcntl, importlib, os, pkgutil, signal, sys, types

def every_module():
    import mt5_sentinel
    found = pkgutil.walk_packages(mt5_sentinel.__path__, "mt5_sentinel.")
    left_out = ("__main__", "mlflow_model")  # runs at once; is loaded within MLflow's server only
    return sorted(each.name for each in found if ".research" not in each.name and not each.name.endswith(left_out))

def import_all():
    return [importlib.import_module(name) for name in every_module()]

# Other people's modules are those of this system; ours are loaded anew.
import_all()
for name in [name for name in sys.modules if name.startswith("mt5_sentinel") and not name.endswith("._core")]:
    del sys.modules[name]
flock = fcntl.flock
for name in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog"):
    sys.modules[name] = None
for name in ("fork", "geteuid", "getuid", "getegid", "getgid", "register_at_fork", "uname", "sysconf", "nice"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGHUP", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGCHLD", "pthread_sigmask", "alarm", "setitimer"):
    if hasattr(signal, name):
        delattr(signal, name)
real_open = os.open

def open_no_directory(path, flags, *rest, **named):
    if os.path.isdir(path):
        raise PermissionError(13, "Permission denied", str(path))
    return real_open(path, flags, *rest, **named)

real_replace = os.replace

def replace_no_open_file(source, target, **named):
    for each in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        shown = f"/proc/self/fd/{each}"
        if os.path.lexists(shown) and os.readlink(shown) == os.path.abspath(source):
            raise PermissionError(13, "The process cannot access the file", str(source))
    return real_replace(source, target, **named)

os.open, os.replace = open_no_directory, replace_no_open_file
msvcrt = types.ModuleType("msvcrt")
msvcrt.LK_NBLCK = 2
msvcrt.locking = lambda descriptor, mode, count: flock(descriptor, 6 if (mode, count) == (2, 1) else 0)
sys.modules["msvcrt"] = msvcrt
sys.platform = "win32"
from mt5_sentinel.cli import main
"""


def run_there(text: str, home: Path, encoding: str = "utf-8") -> subprocess.CompletedProcess[bytes]:
    """Run a program as if on Windows."""
    environment = os.environ | {"LOCALAPPDATA": str(home), "PYTHONIOENCODING": encoding, "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-c", LIKE_WINDOWS + text]
    return subprocess.run(command, env=environment, cwd=home, capture_output=True, timeout=120, check=False)
