"""A host on which the service is installed, as files below a directory and programs that say what a test wants."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from mt5_sentinel import _core, journal_schema
from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.layout import (
    CONFIG,
    CREDENTIALS,
    LOGROTATE,
    LOGS,
    PREFIX,
    STATE,
    SYSUSERS,
    TMPFILES,
    UNIT,
    Layout,
)
from tests.python.conftest import ROOT

SERVICE_UID = 64_001
TOKEN = "tok3n-that-nobody-may-see"

UNIT_TEXT = """[Unit]
Description=a unit
[Service]
Type=notify
User=mt5-sentinel
StateDirectory=mt5-sentinel
LogsDirectory=mt5-sentinel
EnvironmentFile=-/opt/mt5-crs/.env
LoadCredential=eodhd_api_token:/etc/mt5-sentinel/credentials/eodhd_api_token
ExecStart=/opt/mt5-crs/venv/bin/python /opt/mt5-crs/src/strategy/sentinel_daemon.py --dry-run --threshold 0.6
"""

LOGROTATE_TEXT = """/var/log/mt5-sentinel/*.jsonl {
    su mt5-sentinel mt5-sentinel
    daily
    rotate 30
    create 0640 mt5-sentinel mt5-sentinel
    dateext
    delaycompress
    missingok
    notifempty
}
"""

PYTHON = f"""#!/bin/bash
case "$*" in
  *sys.version*) echo 3.11.7;;
  *) echo {_core.__version__};;
esac
"""

PROPERTIES = (
    r"LoadState=loaded\nFragmentPath=/etc/systemd/system/mt5-sentinel.service\nNeedDaemonReload=no\n"
    r"UnitFileState=enabled\nType=notify\nRestart=always\nRestartUSec=10s\nWatchdogUSec=2min\n"
    r"MemoryMax=1073741824\nUser=mt5-sentinel\nNoNewPrivileges=yes\n"
)
"""What systemd says of the unit, as printf takes it."""

PROGRAMS = {
    "systemd-analyze": '[ "$1" = verify ] || echo "→ Overall exposure level for mt5-sentinel.service: 1.1 OK"',
    "systemctl": f"printf '{PROPERTIES}'",
    "systemd-sysusers": "exit 0",
    "journalctl": 'echo "Archived and active journals take up 48.0M in the file system."',
    "timedatectl": "echo yes",
    "chronyc": "exit 1",
    "setpriv": 'shift 3; exec "$@"',
    "shellcheck": "exit 0",
}


class AuditedHost:
    """Everything is as the installer leaves it; a test breaks one thing."""

    def __init__(self, folder: Path, prefix: Path = PREFIX) -> None:
        if os.geteuid() != 0:
            pytest.skip("needs root: files of the service's user are made")
        if shutil.which("logrotate") is None:
            pytest.skip("logrotate is not installed")
        self.root, self.programs = folder / "host", folder / "programs"
        self.programs.mkdir()
        for name, text in PROGRAMS.items():
            self.program(name, text)
        environ = {"PATH": f"{self.programs}:{os.environ['PATH']}:/usr/sbin"}
        self.host, self.layout = Host(self.root, environ), Layout(prefix)
        self._lay_down()

    def path(self, place: str | Path) -> Path:
        """A path of the host on this machine."""
        return self.host.path(place)

    def write(self, place: str | Path, text: str, mode: int = 0o644) -> Path:
        """A file of the host, with the directories above it."""
        path = self.path(place)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def program(self, name: str, text: str) -> None:
        """A program that the audit runs."""
        path = self.programs / name
        path.write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
        path.chmod(0o755)

    def unit(self, *lines: str) -> None:
        """Further lines of the unit."""
        self.write(UNIT, UNIT_TEXT + "\n".join(lines) + "\n")
        self.list_files()

    def own(self, place: str | Path) -> None:
        """Give something to the service's user."""
        os.chown(self.path(place), SERVICE_UID, SERVICE_UID)

    def list_files(self) -> None:
        """Write the manifest anew."""
        lines = [
            f"file {hashlib.sha256(self.path(name).read_bytes()).hexdigest()} {name}"
            for name in (UNIT, self.layout.launcher, LOGROTATE)
        ]
        links = [f"link current/venv {self.layout.venv}", f"link releases/1.0 {self.layout.current}"]
        trees = [
            "user - mt5-sentinel",
            "older - /opt/mt5-crs/data",
            f"tree - {self.layout.releases}/1.0",
            "dir - /etc/mt5-sentinel",
        ]
        self.write(self.layout.manifest, "\n".join([*lines, *links, *trees]) + "\n")

    def _lay_down(self) -> None:
        prefix, release = self.layout.prefix, self.layout.releases / "1.0"
        self.write(
            "/etc/passwd", f"root:x:0:0::/root:/bin/sh\nmt5-sentinel:x:{SERVICE_UID}:{SERVICE_UID}::/:/bin/false\n"
        )
        self.write(UNIT, UNIT_TEXT.replace(str(PREFIX), str(prefix)))
        self.write(LOGROTATE, LOGROTATE_TEXT)
        self.write(CONFIG, "threshold = 0.6\n")
        self.write(CREDENTIALS / "eodhd_api_token", TOKEN, 0o600)
        self.path(CREDENTIALS).chmod(0o700)
        self.write(self.layout.env_file, f"EODHD_API_KEY={TOKEN}\n", 0o600)
        for place in (SYSUSERS, TMPFILES):
            self.write(place, (ROOT / "deploy" / place.parent.name / place.name).read_text(encoding="utf-8"))
        self.write(self.layout.launcher, (ROOT / "deploy/sentinel_daemon.py").read_text(encoding="utf-8"))
        self.write(release / "VERSION", f"{_core.__version__}\n")
        self.write(release / "venv/bin/python", PYTHON, 0o755)
        self.write(release / "venv/pyvenv.cfg", "include-system-site-packages = false\n")
        site = release / "venv/lib/python3.11/site-packages"
        code = self.write(site / "mt5_sentinel/__init__.py", "# a program\n").read_bytes()
        digest = base64.urlsafe_b64encode(hashlib.sha256(code).digest()).rstrip(b"=").decode()
        record = f"mt5_sentinel/__init__.py,sha256={digest},{len(code)}\nmt5_sentinel-1.dist-info/RECORD,,\n"
        self.write(site / "mt5_sentinel-1.dist-info/RECORD", record)
        self.write(release / "deploy/install_service.sh", "#!/bin/bash\necho done\n", 0o755)
        self.path(self.layout.current).symlink_to("releases/1.0")
        self.path(prefix / "venv").symlink_to("current/venv")
        for place, mode in ((STATE, 0o700), (LOGS, 0o750)):
            self.path(place).mkdir(parents=True)
            self.path(place).chmod(mode)
            self.own(place)
        db = sqlite3.connect(self.path(STATE / "journal.db"), isolation_level=None)
        journal_schema.migrate(db)
        db.close()
        self.own(STATE / "journal.db")
        self.list_files()
