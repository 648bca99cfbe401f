"""docs/OPERATIONS.md on a real systemd: each of its commands is run, in its order, as it stands there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.python.conftest import ROOT
from tests.python.host.machine import Machine
from tests.python.host.service import TOKEN, Service

GUIDE = ROOT / "docs" / "OPERATIONS.md"
ENDED_BY_HAND = "# Ctrl-C ends it"
EXIT_TIMEOUT = 124
COMMANDS_MIN = 40


def commands() -> Iterator[tuple[str, bool]]:
    """The commands of the ``sh`` blocks, and whether a person ends them."""
    for block in re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            yield re.sub(r"\s+# .*", "", line), ENDED_BY_HAND in line


def run(machine: Machine, command: str, *, ended_by_hand: bool) -> str:
    """One line in the checkout; what it printed."""
    bounded = ["timeout", "2"] if ended_by_hand else []
    done = machine.run("env", "-C", "/mnt/checkout", *bounded, "bash", "-c", command, timeout_s=120, stdin=TOKEN)
    wanted = (EXIT_TIMEOUT,) if ended_by_hand else (0,)
    assert done.returncode in wanted, f"{command}\nended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def test_the_guide_does_what_it_says(service: Service, wheel: Path, wheelhouse: str) -> None:
    service.bring_market_data()
    service.configure()
    service.machine.check("rm", "-r", "/etc/mt5-sentinel")  # the guide lays down the token itself
    package = f"deploy/install_service.sh --wheel /mnt/wheels/{wheel.name} --wheelhouse {wheelhouse}"
    told = {}
    for command, ended_by_hand in commands():
        is_install = command.startswith("deploy/install_service.sh")
        line = command.replace("deploy/install_service.sh", package) if is_install else command
        told[command] = run(service.machine, line, ended_by_hand=ended_by_hand)
    assert len(told) >= COMMANDS_MIN
    assert "HOLD" in told["mt5-sentinel journal --last 10"] or "signal" in told["mt5-sentinel journal --last 10"]
    assert '"status":"ok"' in told["curl -s http://127.0.0.1:8000/healthz"].replace(" ", "")
    assert "✗" not in told["mt5-sentinel doctor --service"], told["mt5-sentinel doctor --service"]
    failed = [line.split()[1] for line in told["mt5-sentinel audit || true"].splitlines() if line.startswith("✗")]
    assert failed in ([], ["clock"]), told["mt5-sentinel audit || true"]  # nobody sets the clock of a container
    assert "WatchdogUSec=3min" in told["systemctl show mt5-sentinel -p MemoryMax -p WatchdogUSec"]
    assert "Decision:" in told['journalctl -u mt5-sentinel -g "Decision:" -n 20 --no-pager']
    assert "ExecMainStatus=0" in next(text for line, text in told.items() if "ExecMainStatus" in line)
    by_hand = next(line for line in told if line.startswith("systemd-run"))
    assert "--dry-run" in by_hand, "a configuration that trades live must not, by hand and with a journal thrown away"
    assert "Decision:" in told[by_hand]
