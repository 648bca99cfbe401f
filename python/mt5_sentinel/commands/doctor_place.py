"""Doctor: this machine and the daemon's own files: disk, rights, port, lock, kill switch, risk."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import stat
import sys
from pathlib import Path

import msgspec

from mt5_sentinel import config, curve, kill_switch
from mt5_sentinel.bounded_http import FetchError
from mt5_sentinel.commands import brokers
from mt5_sentinel.commands.doctor_subject import Subject, nearest
from mt5_sentinel.errors import SentinelError
from mt5_sentinel.kept_http import KeptHttp
from mt5_sentinel.ops import audit_machine, audit_rights, audit_secrets, state_files
from mt5_sentinel.ops.place import Place, mode
from mt5_sentinel.ops.questions import Broken, Unset

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
OTHERS = stat.S_IRWXG | stat.S_IRWXO
PORT_S = 3.0
HEALTH_BYTES_MAX = 1 << 20

RISK = "SELECT state, because, until_s FROM risk WHERE mode = ?"


def disk(subject: Subject) -> str:
    """Room for journal, bars and logs."""
    told = []
    for path in _directories(subject):
        free_mb = shutil.disk_usage(nearest(path)).free // audit_machine.MB
        if free_mb < audit_machine.FREE_MB_MIN:
            found = f"{path}: {free_mb} MB free, {audit_machine.FREE_MB_MIN} needed"
            raise Broken(found, f"df -h {nearest(path)}, make room, or choose another: --state-dir DIR")
        told.append(f"{path} {free_mb} MB")
    return f"free: {', '.join(told)}"


def directories(subject: Subject) -> str:
    """State and logs can be written by the daemon, and changed by nobody else."""
    if subject.is_service:
        return audit_rights.directories(Place(subject.host, subject.layout))
    told = []
    for path in _directories(subject):
        there = nearest(path)
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            todo = f'--state-dir DIR names another one; or: sudo install -d -o "$(id -un)" -m 700 {path}'
            raise Broken(f"{there} cannot be written by you", todo)
        if there == path.absolute() and sys.platform != "win32" and path.stat().st_mode & OTHERS_WRITE:
            raise Broken(f"{path} can be changed by others (mode {mode(path.stat())})", f"chmod 700 {path}")
        told.append(f"{path}" + ("" if there == path.absolute() else " (will be made)"))
    return ", ".join(told)


def secret_files(subject: Subject) -> str:
    """Files that hold secrets are read by their owner alone."""
    if subject.is_service:
        return audit_secrets.secrets(Place(subject.host, subject.layout))
    told = []
    path = subject.given.file or Path(subject.given.environ.get(f"{config.ENV_PREFIX}CONFIG") or config.DEFAULT_FILE)
    if path.exists() and any(name in path.read_text(encoding="utf-8", errors="replace") for name in config.SECRETS):
        if sys.platform != "win32" and path.stat().st_mode & OTHERS:
            raise Broken(
                f"{path} names secrets and can be read by others (mode {mode(path.stat())})", f"chmod 600 {path}"
            )
        told.append(str(path))
    key_file = subject.shared.gtw_key_file
    if key_file:
        try:
            curve.read_key_pair(Path(key_file))
        except SentinelError as error:
            raise Broken(str(error), f"chmod 600 {key_file}; a new pair: mt5-sentinel keys new NAME") from None
        told.append(key_file)
    return f"read by their owner alone: {', '.join(told)}" if told else "no file holds a secret"


def metrics_port(subject: Subject) -> str:
    """The port is free, or held by the daemon of this state directory."""
    shared = subject.shared
    host, port = shared.metrics_host, shared.metrics_port
    if port == 0:
        raise Unset("metrics_port is 0: no metrics, no health")
    todo = f"ss -ltnp 'sport = :{port}' tells who has it; another one: --metrics-port {port % 65535 + 1}"
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind((host, port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            todo = "--metrics-host 127.0.0.1, or another --metrics-port"
            raise Broken(f"{host}:{port} cannot be listened on: {error.strerror or error}", todo) from None
    else:
        return f"{host}:{port} is free"
    if state_files.is_held(shared.state_path / "journal.lock") and _is_ours(host, port, subject):
        return f"{host}:{port} is held by the daemon that runs here"
    raise Broken(f"{host}:{port} is held by another program", todo)


def _is_ours(host: str, port: int, subject: Subject) -> bool:
    http = KeptHttp({"0.0.0.0": "127.0.0.1"}.get(host, host), port, timeout_s=PORT_S, body_bytes_max=HEALTH_BYTES_MAX)  # noqa: S104 - compared
    try:
        told = msgspec.json.decode(http.get("/healthz").body)
    except (FetchError, msgspec.DecodeError):
        return False
    finally:
        http.close()
    return isinstance(told, dict) and {"mode", "symbol", "symbols"} <= set(told)


def daemon(subject: Subject) -> str:
    """Nobody else writes this state directory; the service's own daemon does."""
    place = subject.shared.state_path
    is_held = state_files.is_held(place / "journal.lock")
    if subject.is_service:
        if not is_held:
            raise Broken(f"no daemon holds {place}", "sudo systemctl start mt5-sentinel; systemctl status mt5-sentinel")
        return f"one runs and holds {place}"
    if is_held:
        todo = "sudo systemctl stop mt5-sentinel, or run beside it: --state-dir DIR --metrics-port 0"
        raise Broken(f"another daemon holds {place}; a second one would refuse to start", todo)
    return f"none holds {place}"


def switch(subject: Subject) -> str:
    """No file halts openings."""
    shared = subject.shared
    own_file = shared.state_path / kill_switch.HALT
    said = {own_file: _halts(own_file)}
    if shared.halt_file:
        said[Path(shared.halt_file)] = kill_switch.read(Path(shared.halt_file))
    if set(said.values()) != {"off"}:
        there = ", ".join(str(path) for path, one in said.items() if one != "off")
        meaning = "positions are closed" if "flatten" in said.values() else "nothing is opened, exits pass"
        own = subject.command("resume", "--state-dir", str(shared.state_path))
        raise Broken(
            f"{there} is there, or cannot be read: {meaning}",
            f"{own}; rm {shared.halt_file}" if shared.halt_file else own,
        )
    return "off"


def _halts(path: Path) -> kill_switch.Switch:
    """What the file in the state directory says; what is no regular file halts, and is not opened."""
    try:
        return kill_switch.read(path) if state_files.is_there(path) else "off"
    except Broken:
        return "halt"


def risk(subject: Subject) -> str:
    """The risk ledger of this way of trading lets positions be opened."""
    shared = subject.shared
    path, way = shared.state_path / "journal.db", brokers.mode(shared)
    has_ledger = state_files.rows(path, "SELECT 1 FROM sqlite_master WHERE name = 'risk'")
    found = state_files.rows(path, RISK, (way,)) if has_ledger else []
    if not found:
        return f"no ledger for a {way} yet"
    state, because, until_s = found[0]
    is_over = until_s is not None and until_s <= subject.clock.wall_s()
    if state != "ACTIVE" and not is_over:
        ends = subject.command("resume", "--state-dir", str(shared.state_path))
        todo = f"{ends} ends it once you know why (docs/RISK.md)"
        raise Broken(f"{way}: {state}, nothing is opened: {because or 'no reason is noted'}", todo)
    return f"{way}: {state}"


def _directories(subject: Subject) -> list[Path]:
    shared = subject.shared
    return [shared.state_path, *([Path(shared.logs_dir)] if shared.logs_dir else [])]
