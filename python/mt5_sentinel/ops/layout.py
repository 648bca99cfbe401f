"""Where the installed service keeps its things; ``deploy/install_service.sh`` lays them there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SERVICE = "mt5-sentinel"
USER = "mt5-sentinel"
PREFIX = Path("/opt/mt5-crs")

UNIT = Path("/etc/systemd/system/mt5-sentinel.service")
CONFIG = Path("/etc/mt5-sentinel/config.toml")
CREDENTIALS = Path("/etc/mt5-sentinel/credentials")
SYSUSERS = Path("/etc/sysusers.d/mt5-sentinel.conf")
TMPFILES = Path("/etc/tmpfiles.d/mt5-sentinel.conf")
LOGROTATE = Path("/etc/logrotate.d/mt5-sentinel")
STATE = Path("/var/lib/mt5-sentinel")
LOGS = Path("/var/log/mt5-sentinel")


@dataclass(frozen=True)
class Layout:
    """Below the prefix: the older installation's places, and the releases behind them."""

    prefix: Path = PREFIX

    @property
    def env_file(self) -> Path:
        """Variables of the service; secrets of the older installation stand here."""
        return self.prefix / ".env"

    @property
    def venv(self) -> Path:
        """The virtual environment that ExecStart names: a link to the current release's."""
        return self.prefix / "venv"

    @property
    def python(self) -> Path:
        """The interpreter that ExecStart names."""
        return self.venv / "bin" / "python"

    @property
    def launcher(self) -> Path:
        """The script that ExecStart names."""
        return self.prefix / "src" / "strategy" / "sentinel_daemon.py"

    @property
    def releases(self) -> Path:
        """A directory for each release: ``venv/``, ``deploy/``, ``VERSION``."""
        return self.prefix / "releases"

    @property
    def current(self) -> Path:
        """A link to the release in use, switched by a rename; ``previous`` beside it is what ``--rollback`` takes."""
        return self.prefix / "current"

    @property
    def previous(self) -> Path:
        """A link to the release that was in use before."""
        return self.prefix / "previous"

    @property
    def manifest(self) -> Path:
        """What the installer laid down, a path a line; nothing else is ever removed."""
        return self.prefix / "manifest"

    @property
    def evidence(self) -> Path:
        """Reports of ``audit``, ``review`` and ``verify``; root's, for they are about the service user."""
        return self.prefix / "evidence"
