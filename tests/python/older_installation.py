"""The older installation as its deployment report describes it: a root service, a real venv, scripts of its own."""

from __future__ import annotations

from pathlib import Path

from tests.python.installed_host import TOKEN, Host, program

UNIT = """\
[Unit]
Description=MT5-CRS Sentinel Daemon - Automated Trading Orchestrator
After=network-online.target

[Service]
Type=simple
User=root
WorkingDirectory=/opt/mt5-crs
ExecStart=/opt/mt5-crs/venv/bin/python /opt/mt5-crs/src/strategy/sentinel_daemon.py --dry-run --threshold 0.6
EnvironmentFile=/opt/mt5-crs/.env
Restart=always
RestartSec=10
NoNewPrivileges=true
PrivateTmp=true
LimitNOFILE=4096
MemoryLimit=1G

[Install]
WantedBy=multi-user.target
"""

FILES = {
    "etc/systemd/system/mt5-sentinel.service": UNIT,
    "etc/systemd/system/mt5-sentinel.service.d/mine.conf": "[Service]\nNice=5\n",
    "etc/logrotate.d/mt5-sentinel": "/var/log/mt5-sentinel.log {\n    weekly\n}\n",
    "opt/mt5-crs/.env": f"EODHD_API_KEY={TOKEN}\nHUB_HOST=172.19.141.254\n",
    "opt/mt5-crs/src/strategy/sentinel_daemon.py": "import feature_builder\n\nprint('the older daemon')\n",
    "opt/mt5-crs/src/strategy/feature_builder.py": "WINDOW = 60\n",
    "opt/mt5-crs/src/strategy/__init__.py": "",
    "opt/mt5-crs/systemd/mt5-sentinel.service": UNIT,
    "opt/mt5-crs/systemd/mt5-sentinel.logrotate": "/var/log/mt5-sentinel.log {\n    weekly\n}\n",
    "opt/mt5-crs/scripts/install_service.sh": "#!/bin/bash\necho older\n",
    "opt/mt5-crs/scripts/audit_task_077.py": "print('9/9')\n",
    "opt/mt5-crs/docs/archive/tasks/TASK_077/VERIFY_LOG.log": "PID 3110627\n",
    "opt/mt5-crs/venv/pyvenv.cfg": "home = /usr/bin\n",
    "opt/mt5-crs/venv/lib/python3.10/site-packages/pandas/__init__.py": "__version__ = '1.5.3'\n",
    "var/log/mt5-sentinel.log": "TRADING CYCLE START: 2026-01-10T21:18:58\n",
}


def lay_down(host: Host) -> None:
    """Put it onto a host, enabled and running."""
    for name, text in FILES.items():
        path = host.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (host.prefix / "src/strategy/sentinel_daemon.py").chmod(0o755)
    (host.prefix / ".env").chmod(0o644)
    program(host.prefix / "venv/bin/python", "#!/bin/sh\necho the older interpreter\n")
    (host.systemd / "ActiveState").write_text("active\n")
    (host.systemd / "enabled.mt5-sentinel").touch()


def files(root: Path) -> dict[str, bytes]:
    """Its files by their names, as they are read through whatever links lie on the way."""
    names = [*FILES, "opt/mt5-crs/venv/bin/python"]
    return {name: (root / name).read_bytes() for name in names if (root / name).is_file()}
