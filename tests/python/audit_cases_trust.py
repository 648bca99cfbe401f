"""Faults of an installed host by which a promise is taken away, a secret lies open, or foreign code would run."""

from __future__ import annotations

from pathlib import Path

from mt5_sentinel.ops.layout import CONFIG, CREDENTIALS, PREFIX, STATE, SYSUSERS, TMPFILES, UNIT
from tests.python.audit_cases import DROP_IN, SITE, Breaks, Case, shows
from tests.python.audited_host import TOKEN, AuditedHost

FOLDER = DROP_IN.parent
OF_ALL = UNIT.parent / "service.d"
LAUNCHER = PREFIX / "src/strategy/sentinel_daemon.py"
PLANTED = "from mt5_sentinel.nothing import main\nraise SystemExit(1)\n"


def loaded(*lines: str, path: Path = DROP_IN, mode: int = 0o644) -> Breaks:
    """A drop-in that systemd has read."""

    def change(host: AuditedHost) -> None:
        host.write(path, "[Service]\n" + "\n".join(lines) + "\n", mode)
        shows(DropInPaths=str(path))(host)

    return change


def _and(*all_of: Breaks) -> Breaks:
    def change(host: AuditedHost) -> None:
        for one in all_of:
            one(host)

    return change


def _file(path: Path, text: str, mode: int) -> Breaks:
    return lambda host: host.write(path, text, mode)


def _own(path: Path) -> Breaks:
    return lambda host: host.own(path)


def _folder(path: Path, mode: int) -> Breaks:
    def change(host: AuditedHost) -> None:
        host.path(path).mkdir(parents=True)
        host.path(path).chmod(mode)

    return change


def _key_file(uid: int, mode: int) -> Breaks:
    def change(host: AuditedHost) -> None:
        path = STATE / "daemon.key"
        host.write(path, "secret = 1\n", mode)
        if uid:
            host.own(path)
        host.write(CONFIG, f'gtw_key_file = "{path}"\ngtw_server_key = "{"a" * 40}"\n')

    return change


def _launcher(text: str) -> Breaks:
    def change(host: AuditedHost) -> None:
        host.write(LAUNCHER, text)
        host.list_files()

    return change


CASES = [
    *(
        Case("unit promises", shows(**{key: value}), told, "systemctl cat mt5-sentinel")
        for key, value, told in (
            ("MemoryMax", "infinity", "MemoryMax=infinity"),
            ("MemoryMax", "3221225472", "MemoryMax=3221225472"),
            ("Restart", "no", "Restart=no"),
            ("RestartUSec", "1min 1s", "RestartSec=1min 1s"),
            ("RestartUSec", "infinity", "RestartSec=infinity"),
            ("WatchdogUSec", "0", "WatchdogSec=0"),
            ("WatchdogUSec", "infinity", "WatchdogSec=infinity"),
            ("Type", "simple", "Type=simple"),
            ("User", "root", "runs as root"),
            ("User", "", "runs as root"),
            ("NoNewPrivileges", "no", "NoNewPrivileges is off"),
        )
    ),
    Case("unit promises", shows(UnitFileState="disabled"), "disabled: it does", "systemctl enable mt5-sentinel"),
    Case("unit", _and(loaded("Nice=1"), _own(DROP_IN)), f"{DROP_IN} can be changed", f"chown root:root {DROP_IN}"),
    Case("unit", _and(loaded("Nice=1"), _own(FOLDER)), f"{FOLDER} can be changed", f"chown root:root {FOLDER}"),
    Case("unit", _folder(OF_ALL, 0o777), f"{OF_ALL} can be changed", f"chmod go-w {OF_ALL}"),
    Case("unit", lambda host: host.path("/etc").chmod(0o777), "/etc can be changed", "chmod go-w /etc"),
    Case("launcher", _launcher(PLANTED), "something else than to start", "install_service.sh"),
    Case("launcher", _launcher("import mt5_sentinel\n"), "something else", "install_service.sh"),
    Case("secrets", _file(CONFIG, f'review_api_key = "{TOKEN}"\n', 0o644), "holds review_api_key", "chmod 640"),
    Case("secrets", _file(CONFIG, f'notion_token = "{TOKEN}"\n', 0o640), "holds notion_token", str(CREDENTIALS)),
    Case(
        "secrets", loaded(f"Environment=MT5_SENTINEL_REVIEW_API_KEY={TOKEN}"), "everyone can read", "take that line out"
    ),
    Case("secrets", loaded(f"Environment=EODHD_API_TOKEN={TOKEN}", mode=0o600), "(EODHD_API_TOKEN)", "get a new one"),
    Case("secrets", loaded(f"SetCredential=notion_token:{TOKEN}"), "(notion_token)", f"{CREDENTIALS}/notion_token"),
    Case(
        "secrets",
        _and(
            loaded("EnvironmentFile=/etc/default/mt5s"),
            _file(Path("/etc/default/mt5s"), f"EODHD_API_TOKEN={TOKEN}\n", 0o644),
        ),
        "/etc/default/mt5s can be read",
        "chmod 600 /etc/default/mt5s",
    ),
    Case(
        "secrets",
        _and(loaded("EnvironmentFile=/etc/default/mt5*"), _file(Path("/etc/default/mt5s"), "A=1\n", 0o666)),
        "/etc/default/mt5s can be read",
        "chmod 600",
    ),
    Case(
        "secrets",
        _and(loaded("LoadCredential=eodhd_api_token:/srv/k/t"), _file(Path("/srv/k/t"), TOKEN, 0o666)),
        "/srv/k/t can be read",
        "chmod 600 /srv/k/t",
    ),
    Case("secrets", _key_file(1, 0o644), "daemon.key (gtw_key_file) is open", "keys new"),
    Case(
        "package", _file(SITE / "a.pth", "import os\n", 0o644), "site-packages/a.pth: no installed", "install_service"
    ),
    Case("package", _file(SITE / "sitecustomize.py", "", 0o644), "sitecustomize.py: no installed", "Look into it"),
    Case("package", _file(SITE / "msgspec/__init__.py", "", 0o644), "msgspec: no installed", "Look into it"),
    Case(
        "package", _file(SITE / "mt5_sentinel/cli.py", "", 0o644), "mt5_sentinel/cli.py: no installed", "Look into it"
    ),
    Case(
        "package",
        lambda host: host.path(SITE / "mt5_sentinel/more").symlink_to("/srv"),
        "mt5_sentinel/more: no installed",
        "Look into it",
    ),
    Case(
        "package", _file(SITE / "b-1.dist-info/RECORD", "b.py,sha256=x,1\n", 0o644), "No such file", "install_service"
    ),
    Case(
        "package",
        _and(_file(SITE / "b-1.dist-info/RECORD", "b.py,sha256=x,1\n", 0o644), _file(SITE / "b.py", "", 0o644)),
        "b.py is not as its wheel",
        "install_service",
    ),
    Case(
        "package",
        _file(SITE.parent.parent.parent / "pyvenv.cfg", "include-system-site-packages = true\n", 0o644),
        "lets packages of the system in",
        "install_service",
    ),
    Case("sysusers", _file(SYSUSERS, "garbage here\n", 0o644), "line 1: no line of sysusers.d", "install_service"),
    Case("sysusers", _file(SYSUSERS, "u another -\n", 0o644), "makes no user mt5-sentinel", "install_service"),
    Case("sysusers", _file(SYSUSERS, "u mt5-sentinel 0\n", 0o644), "would be root", "install_service"),
    Case(
        "sysusers",
        lambda host: host.program("systemd-sysusers", "echo Unknown modifier >&2; exit 1"),
        "Unknown modifier",
        "install_service",
    ),
    Case("tmpfiles", _file(TMPFILES, "garbage here\n", 0o644), "line 1", "install_service"),
    Case("tmpfiles", _file(TMPFILES, "# nothing\n", 0o644), f"does not make {CREDENTIALS}", "install_service"),
    Case(
        "tmpfiles",
        lambda host: host.path(TMPFILES).write_text(host.path(TMPFILES).read_text().replace("0700 root", "0755 root")),
        "with mode 755 for root, not 700",
        "install_service",
    ),
]
