"""Gate 1: is the installed service as it must be? Every check can fail, and says what to do when it does.

The nine checks of the older audit live on as ``release`` (task directory), ``unit``, ``unit verified``, ``installer``
(there, ``bash -n``, executable), ``logrotate``, ``launcher`` with ``interpreter`` (script and Python), ``secrets``.
"""

from __future__ import annotations

import functools
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from mt5_sentinel import _core, trail
from mt5_sentinel.ops import (
    audit_accounts,
    audit_files,
    audit_logrotate,
    audit_machine,
    audit_promises,
    audit_rights,
    audit_secrets,
    audit_service,
    audit_site,
    audit_unit,
    service_settings,
)
from mt5_sentinel.ops.findings import Finding, count, passed, skipped
from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.layout import LOGS, Layout
from mt5_sentinel.ops.place import Place
from mt5_sentinel.ops.questions import INSTALL, ask, within

CHECKS: Mapping[str, Callable[[Place], str]] = {
    "unit": audit_unit.present,
    "unit verified": audit_unit.verified,
    "unit exposure": audit_unit.exposure,
    "unit loaded": audit_unit.loaded,
    "unit promises": audit_promises.kept,
    "installer": audit_files.installer,
    "launcher": audit_files.launcher,
    "interpreter": audit_files.interpreter,
    "release": audit_files.release,
    "package": audit_site.package,
    "manifest": audit_files.manifest,
    "importable": audit_rights.importable,
    "release unwritable": audit_rights.unwritable,
    "secrets": audit_secrets.secrets,
    "directories": audit_rights.directories,
    "sysusers": audit_accounts.sysusers,
    "tmpfiles": audit_accounts.tmpfiles,
    "logrotate": audit_logrotate.rotates,
    "settings": audit_service.settings,
    "gateway": audit_service.gateway,
    "hub": audit_service.hub,
    "databases": audit_machine.databases,
    "disk": audit_machine.disk,
    "journal size": audit_machine.journal_size,
    "clock": audit_machine.clock,
}

LIMIT_S = 90.0
"""What a check may take, whatever holds it; more than any program or wire it asks is given."""

OF_A_CHECKOUT = (
    *("unit", "unit verified", "unit exposure", "unit promises", "installer", "launcher"),
    *("sysusers", "tmpfiles", "logrotate"),
)
"""What can be said of the deploy folder alone."""


def run(host: Host, layout: Layout) -> list[Finding]:
    """Make every check of an installed host, in order.

    Args:
        host: the machine, or a directory that stands for one.
        layout: where the service is installed.

    Returns:
        A finding for each check; ``findings.passed`` says whether Gate 1 is passed. What cannot be looked at failed.
    """
    return list(each(Place(host, layout)))


def each(place: Place) -> Iterator[Finding]:
    """The checks one by one, as they are made; of a checkout those that can be made, the others by name."""
    # Programs that are run quote what they read, so its secrets are learnt first.
    ask("settings", functools.partial(within, LIMIT_S, "the unit", INSTALL, lambda: _learnt(place.host)))
    for name, check in CHECKS.items():
        if place.deploy is not None and name not in OF_A_CHECKOUT:
            yield skipped(name, "about a host; --deploy looks at files")
        else:
            todo = "what does it wait for: a network file system, a file that is none? Look: df -h; ls -la /var/lib"
            bounded = functools.partial(within, LIMIT_S, f"`{name}`", todo, functools.partial(check, place))
            yield ask(name, bounded)


def _learnt(host: Host) -> str:
    service_settings.learn_all(host)
    return ""


def note(findings: Sequence[Finding], host: Host, environ: Mapping[str, str]) -> str | None:
    """Add a line about this audit to ``audit.jsonl``; why not, where that fails."""
    folder = trail.directory(environ, host.path(LOGS))
    if folder is None:
        return f"{host.path(LOGS)} is not there"
    facts = {
        "at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "what": "audit",
        "verdict": "passed" if passed(findings) else "failed",
        **{verdict: count(findings, verdict) for verdict in ("ok", "failed", "skipped")},
        "failed_checks": [one.check for one in findings if one.verdict == "failed"],
        "host": platform.node(),
        "version": _core.__version__,
    }
    try:
        trail.append(folder, trail.AUDIT, facts)
    except OSError as error:
        return f"{folder / trail.AUDIT}: {error.strerror or error}"
    return None


def checkout(host: Host, layout: Layout, deploy: Path) -> Place:
    """The deploy folder of a checkout as what is looked at."""
    return Place(host, layout, deploy.absolute())
