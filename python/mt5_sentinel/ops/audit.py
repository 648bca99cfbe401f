"""Gate 1: is the installed service as it must be? Every check can fail, and says what to do when it does."""

from __future__ import annotations

from mt5_sentinel.ops.findings import Finding
from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.layout import Layout


def run(host: Host, layout: Layout) -> list[Finding]:
    """Make every check of an installed host, in order.

    Args:
        host: the machine, or a directory that stands for one.
        layout: where the service is installed.

    Returns:
        A finding for each check; ``findings.passed`` says whether Gate 1 is passed. What cannot be looked at has failed.
    """
    raise NotImplementedError
