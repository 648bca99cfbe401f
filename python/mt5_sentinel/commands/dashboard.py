"""``mt5-sentinel dashboard``: the page about the daemon, served by a process that only reads."""

from __future__ import annotations

import argparse
import importlib.util
import os
from pathlib import Path
from typing import Any

from mt5_sentinel import config, host_names, logs
from mt5_sentinel.config import Settings
from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.systemd import Notifier

TOKEN_CHARS_MIN = 16
NEEDED = ("starlette", "uvicorn")

EXAMPLE = """example:
  mt5-sentinel dashboard --state-dir /var/lib/mt5-sentinel
  mt5-sentinel dashboard --port 0

From another machine, best through SSH: `ssh -L 8001:127.0.0.1:8001 HOST`, then http://127.0.0.1:8001/ there.
An address that other machines reach takes `dashboard_token`, given as a credential or a variable, never as a flag."""


def add_parser(verbs: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """Flags of the command."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "dashboard",
        help="serve a page that shows how it trades; needs the extra [dashboard]",
        description="Serve a page about the daemon: prices, decisions, equity, scores, health, live. It reads the"
        " daemon's journal and cache of bars, and writes nothing.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", metavar="HOST", help="address to serve on (default: 127.0.0.1)")
    parser.add_argument("--port", metavar="PORT", help="port to serve on, 0 for a free one (default: 8001)")
    parser.add_argument("--state-dir", metavar="DIR", help="state directory of the daemon")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help=f"the daemon's TOML file (default: {config.DEFAULT_FILE})"
    )
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Serve until it is ended."""
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        message = "the dashboard needs the extra [dashboard]: pip install 'mt5-sentinel[dashboard]'"
        raise Misconfigured(message, "missing_extra")
    flags = {"dashboard_host": arguments.host, "dashboard_port": arguments.port, "state_dir": arguments.state_dir}
    settings = config.load_all(flags, os.environ, arguments.config, [check_token])[0]
    logs.set_up("warning", settings.secrets())

    from mt5_sentinel.dashboard import app, serving  # noqa: PLC0415 - import an extra

    listener = serving.bind(settings.dashboard_host, settings.dashboard_port)
    host, port = listener.getsockname()[:2]
    url = f"http://{host_names.in_url(host)}:{port}/"

    def ready() -> None:
        print(f"dashboard: {url} on {settings.state_path}", flush=True)
        Notifier().ready(f"serving {url}")

    names = (settings.dashboard_host, *settings.dashboard_hosts)
    served = app.create(settings.state_path, settings.dashboard_token, names, port=port)
    serving.serve(served, listener, ready)
    return 0


def check_token(settings: Settings) -> None:
    """Whoever reaches the page must know a token, but for this machine's own users.

    Raises:
        Misconfigured: other machines could reach it without one, or it is short.
    """
    token, host = settings.dashboard_token, settings.dashboard_host
    if token and len(token) < TOKEN_CHARS_MIN:
        message = f"dashboard_token: it has fewer than {TOKEN_CHARS_MIN} characters; make one: openssl rand -hex 24"
        raise Misconfigured(message, "bad_configuration")
    if not token and not host_names.is_loopback(host):
        message = (
            f"dashboard_host: {host} can be reached from other machines; set dashboard_token, {TOKEN_CHARS_MIN}"
            " characters or more, or serve on 127.0.0.1"
        )
        raise Misconfigured(message, "bad_configuration")
