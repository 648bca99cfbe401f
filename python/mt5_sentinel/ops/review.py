"""Gate 2: a diff goes to a reviewing model, its verdict counts, and what happened stays as evidence."""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mt5_sentinel import config
from mt5_sentinel.errors import Misconfigured, SentinelError
from mt5_sentinel.ops import evidence, redaction, reviewer, strikes
from mt5_sentinel.ops.diff_source import Diff
from mt5_sentinel.ops.endpoint import Endpoint, check_url, now_utc
from mt5_sentinel.secret import Secret
from mt5_sentinel.settings import Settings


@dataclass
class Record:
    """Evidence of one try, or of one override; hashes are SHA-256, times UTC."""

    session: str
    diff_origin: str
    diff_sha256: str
    sent_sha256: str | None = None
    redactions: dict[str, int] = field(default_factory=dict)
    redacted_chars: int = 0
    model: str = ""
    endpoint_host: str = ""
    started_at: str = field(default_factory=now_utc)
    ended_at: str = ""
    verdict: str | None = None
    """PASS or FAIL as the reviewer said; None where there is no verdict. An override has none either."""
    failure: str | None = None
    """Name of what kept the verdict away."""
    detail: str = ""
    reasons: list[str] = field(default_factory=list)
    usage: dict[str, Any] = field(default_factory=dict)
    answered_by: str = ""
    answer_id: str = ""
    strikes: list[dict[str, Any]] = field(default_factory=list)
    override: bool = False
    authority: str = ""
    override_reason: str = ""
    audit: dict[str, Any] | None = None
    audit_sha256: str | None = None


def endpoint(settings: Settings) -> Endpoint:
    """The reviewing API, with everything it needs.

    Raises:
        Misconfigured: naming what is missing.
    """
    mistakes = []
    if not settings.review_url:
        mistakes.append("review_url is not set (as https://host/v1, an OpenAI-compatible API)")
    if not settings.review_model:
        mistakes.append("review_model is not set")
    api = Endpoint("review", settings.review_url, Secret(settings.review_api_key), "review_url", "review_api_key")
    if settings.review_url:
        check_url("review_url", settings.review_url)
        if not settings.review_api_key and api.host not in config.LOOPBACK:
            mistakes.append("review_api_key is not set; put it into a credential of that name")
    if not settings.review_api_key.isascii() or not settings.review_api_key.isprintable():
        mistakes.append("review_api_key has signs that no key has")
    if mistakes:
        raise Misconfigured(f"review: {'; '.join(mistakes)}", "bad_configuration")
    return api


def run(settings: Settings, diff: Diff, directory: Path, environ: Mapping[str, str]) -> tuple[Record, Path]:
    """Ask once, and write down what came of it, whatever that is.

    Returns:
        The evidence with its verdict, and its file.

    Raises:
        SentinelError: no verdict came; the evidence says why. Where the diff cannot be shown whole, nothing was tried.
    """
    api = endpoint(settings)
    text, gaps = redaction.redact(diff.text)
    record = Record(str(uuid.uuid4()), diff.origin, diff.sha256, redactions=redaction.counts(gaps))
    record.redacted_chars = sum(gap.chars for gap in gaps)
    record.model, record.endpoint_host = settings.review_model, api.host
    record.sent_sha256 = hashlib.sha256(text.encode()).hexdigest()
    nonce = secrets.token_hex(16)
    question = reviewer.question(settings.review_model, text, nonce, gaps)
    subject = strikes.subject(diff.text)
    with strikes.held(directory) as held:
        record.strikes = held.of(subject)
        try:
            held.begin(subject, record.session)
        except SentinelError as error:
            record.sent_sha256 = None
            _keep(record, error, directory, environ)
            raise
        try:
            said = reviewer.ask(api, question, nonce, settings.review_timeout_s)
        except SentinelError as error:
            held.explain(subject, error.reason)
            record.strikes = held.of(subject)
            _keep(record, error, directory, environ)
            raise
        record.verdict, record.reasons, record.usage = said.verdict, said.reasons, said.usage
        record.answered_by, record.answer_id = said.answered_by, said.answer_id
        if said.verdict == "PASS":
            held.clear(subject)
        else:
            held.explain(subject, "FAIL")
        record.strikes = held.of(subject)
        return record, keep(record, directory, environ)


def _keep(record: Record, error: SentinelError, directory: Path, environ: Mapping[str, str]) -> None:
    record.failure, record.detail = error.reason, str(error)
    keep(record, directory, environ)


def keep(record: Record, directory: Path, environ: Mapping[str, str]) -> Path:
    """Write the evidence and its line in audit.jsonl.

    Raises:
        Unusable: one of them cannot be written.
    """
    record.ended_at = now_utc()
    path = directory / f"review-{evidence.stamp()}-{record.session[:8]}.json"
    facts = dataclasses.asdict(record)
    evidence.write_json(path, facts)
    short = {name: value for name, value in facts.items() if name not in ("audit", "detail")}
    what = "override" if record.override else "review"
    evidence.note(environ, directory, {"at": record.ended_at, "what": what, **short, "file": str(path)})
    return path


def lines(record: Record) -> list[str]:
    """The outcome for people."""
    tokens = ", ".join(f"{name} {count}" for name, count in record.usage.items()) or "not told"
    redactions = ", ".join(f"{count} {kind}" for kind, count in record.redactions.items()) or "none"
    shown = [f"{record.verdict}  {record.diff_origin}, sha256 {record.diff_sha256}"]
    shown += [f"  - {reason}" for reason in record.reasons]
    shown.append(f"  {record.model} at {record.endpoint_host}, session {record.session}, tokens: {tokens}")
    shown.append(f"  taken out before sending: {redactions}, {record.redacted_chars} characters")
    if record.strikes:
        shown.append(f"  strike {len(record.strikes)} of {strikes.STRIKES_MAX} for this diff")
    return shown
