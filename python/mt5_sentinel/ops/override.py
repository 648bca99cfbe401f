"""A person's decision in place of Gate 2: possible only while Gate 1 passes, and never called a pass."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from pathlib import Path

from mt5_sentinel.errors import Misconfigured
from mt5_sentinel.ops import audit, findings, review, strikes
from mt5_sentinel.ops.diff_source import Diff
from mt5_sentinel.ops.endpoint import Blocked
from mt5_sentinel.ops.host import Host
from mt5_sentinel.ops.layout import Layout


def run(
    host: Host,
    installed: Layout,
    diff: Diff,
    said: tuple[str, str],
    directory: Path,
    environ: Mapping[str, str],
) -> tuple[review.Record, Path]:
    """Run Gate 1 now, and write the override down where all of it passes.

    Args:
        host: the machine.
        installed: where the service is installed.
        diff: what is let through.
        said: who decided, and why.
        directory: the evidence.
        environ: names the directory of audit.jsonl.

    Returns:
        The evidence, and its file.

    Raises:
        Misconfigured: the authority or the reason is empty.
        Blocked: Gate 1 has not passed; the checks that failed are named.
    """
    authority, reason = (" ".join(text.split()) for text in said)
    if not authority or not reason:
        raise Misconfigured("--override needs --authority NAME and --reason TEXT, neither empty", "bad_override")
    found = audit.run(host, installed)
    told = findings.as_data(found)
    record = review.Record(str(uuid.uuid4()), diff.origin, diff.sha256, override=True, audit=told)
    record.authority, record.override_reason = authority, reason
    record.audit_sha256 = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    subject = strikes.subject(diff.text)
    with strikes.held(directory) as held:
        record.strikes = held.of(subject)
        if not found or not findings.passed(found):
            failing = ", ".join(one.check for one in found if one.verdict == "failed") or "it made no check"
            message = f"no override: Gate 1 has not passed ({failing}); see mt5-sentinel audit"
            record.override, record.failure, record.detail = False, "override_refused", message
            review.keep(record, directory, environ)
            raise Blocked(message, "override_refused")
        held.end_row(subject)
        return record, review.keep(record, directory, environ)


def lines(record: review.Record) -> list[str]:
    """The outcome for people."""
    counts = record.audit or {}
    return [
        f"OVERRIDDEN by {record.authority}, not reviewed  {record.diff_origin}, sha256 {record.diff_sha256}",
        f"  reason: {record.override_reason}",
        f"  Gate 1: {counts.get('ok')} checks passed, {counts.get('skipped')} not configured; sha256"
        f" {record.audit_sha256}",
        f"  strikes before: {', '.join(str(one.get('reason')) for one in record.strikes) or 'none'}",
    ]
