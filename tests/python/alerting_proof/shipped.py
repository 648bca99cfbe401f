"""The shipped files of Prometheus and Alertmanager, with nothing replaced but hosts, ports and paths of key files."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.python.conftest import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
ALERTMANAGER = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
RULES = PROMETHEUS / "mt5-sentinel.rules.yml"


def replaced(text: str, changes: dict[str, tuple[str, int]]) -> str:
    """The text with each part replaced, which stands in it exactly so many times."""
    for old, (new, count) in changes.items():
        assert text.count(old) == count, f"{old!r} stands {text.count(old)} times in the shipped file, not {count}"
        text = text.replace(old, new)
    return text


def prometheus(folder: Path, alertmanager: str, daemons: list[str]) -> Path:
    """A copy that scrapes these daemons and tells this Alertmanager; the rules lie beside it, as they are."""
    targets = "[" + ", ".join(f'"{one}"' for one in daemons) + "]"
    text = (PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8")
    changes = {'["127.0.0.1:9093"]': (f'["{alertmanager}"]', 1), '["127.0.0.1:8000"]': (targets, 1)}
    shutil.copy(RULES, folder)
    path = folder / "prometheus.yml"
    path.write_text(replaced(text, changes), encoding="utf-8")
    return path


def alertmanager(folder: Path, url: str, routing_key: str, slack_path: str) -> Path:
    """A copy that tells endpoints under one URL; key and Slack's address lie in files beside it."""
    key, slack = folder / "pagerduty_routing_key", folder / "slack_url"
    key.write_text(routing_key + "\n", encoding="ascii")
    slack.write_text(url + slack_path + "\n", encoding="ascii")
    changes = {
        "https://events.pagerduty.com/v2/enqueue": (f"{url}/v2/enqueue", 1),
        "/etc/prometheus/pagerduty_routing_key": (str(key), 1),
        "/etc/prometheus/slack_url": (str(slack), 1),
        "https://heartbeat.invalid/your-own-check": (f"{url}/heartbeat", 1),
    }
    path = folder / "alertmanager.yml"
    path.write_text(replaced(ALERTMANAGER.read_text(encoding="utf-8"), changes), encoding="utf-8")
    return path
