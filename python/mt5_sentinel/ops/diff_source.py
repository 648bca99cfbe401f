"""The diff that is reviewed: from a file, a pipe or git, whole or not at all."""

from __future__ import annotations

import hashlib
import re
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from mt5_sentinel.errors import Misconfigured, Transient, Unusable
from mt5_sentinel.ops.host import EXIT_MISSING, EXIT_TIMEOUT, Host, Ran

BYTES_MAX = 200_000
GIT_TIMEOUT_S = 60.0
BASES = ("@{upstream}", "origin/HEAD", "main", "master")
"""What a branch usually leads back to; the first that is there."""

PLAIN = (
    "--no-replace-objects",
    *(word for setting in ("fsmonitor=false", "attributesFile=/dev/null") for word in ("-c", f"core.{setting}")),
    *("-c", "diff.orderFile=/dev/null"),
)
"""Options of git itself: no programs that a repository names, no object in place of another."""

WHOLE = (
    *("--patch", "--text", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--no-relative"),
    *("--submodule=short", "--ignore-submodules=none", "--src-prefix=a/", "--dst-prefix=b/", "--unified=3"),
)
"""Whatever attributes and configuration say: every line that is changed, as it is."""

NOT_SHOWN = re.compile(r"^(?:Binary files |Files .* differ$|GIT binary patch|Only in )", re.MULTILINE)
"""Where a diff only says that there is a change."""


class Diff(NamedTuple):
    """A diff as it was found: where, its text, and the SHA-256 of its bytes."""

    origin: str
    text: str
    sha256: str


def from_file(name: str, bytes_max: int) -> Diff:
    """Read a file, or standard input for ``-``, no further than one byte beyond the bound.

    Raises:
        Unusable: it cannot be read, is empty, or is larger than ``bytes_max``.
    """
    try:
        if name == "-":
            body = sys.stdin.buffer.read(bytes_max + 1)
        else:
            with Path(name).open("rb") as file:
                body = file.read(bytes_max + 1)
    except OSError as error:
        raise Unusable(f"{name}: {error.strerror}", "unreadable_file") from None
    return _diff("standard input" if name == "-" else name, body, bytes_max)


def from_git(host: Host, directory: Path, base: str | None, bytes_max: int) -> Diff:
    """What ``HEAD`` changes since it left ``base``, as ``git diff base...HEAD`` shows it.

    Raises:
        Misconfigured: there is no git, no repository, or no such base.
        Transient: git took too long.
        Unusable: nothing is changed, or more than ``bytes_max`` bytes.
    """
    found = _commit(host, directory, base)
    with tempfile.TemporaryDirectory(prefix="mt5-sentinel-review-") as room:
        target = Path(room) / "diff"  # as a file: its bytes stay what they are
        ran = _git(host, directory, "diff", *WHOLE, f"--output={target}", f"{found}...HEAD")
        if ran.code != 0:
            raise Misconfigured(f"git diff {found}...HEAD in {directory}: {_first_line(ran)}", "no_diff")
        with target.open("rb") as file:
            body = file.read(bytes_max + 1)
    return _diff(f"git {directory}: {found[:12]}...HEAD", body, bytes_max)


def _commit(host: Host, directory: Path, base: str | None) -> str:
    """The commit a name stands for; its end keeps a name that begins with a dash from being an option."""
    for name in BASES if base is None else (base,):
        ran = _git(host, directory, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        if ran.code == 0:
            return ran.out.strip()
    inside = _git(host, directory, "rev-parse", "--git-dir")
    if inside.code != 0:
        raise Misconfigured(f"{directory}: {_first_line(inside)}; name a repository with --git", "no_repository")
    tried = base if base is not None else f"any of {', '.join(BASES)}"
    raise Misconfigured(f"{directory}: there is no commit {tried}; name one with --base", "no_base")


def _git(host: Host, directory: Path, *words: str) -> Ran:
    """Run git without what a repository's configuration may name."""
    ran = host.run("git", "-C", directory, *PLAIN, *words, timeout_s=GIT_TIMEOUT_S)
    if ran.code == EXIT_MISSING:
        raise Misconfigured("git is not installed; give the diff as a file with --diff", "no_git")
    if ran.code == EXIT_TIMEOUT:
        raise Transient(f"{directory}: git gave no answer within {GIT_TIMEOUT_S:g} s", "git_timeout")
    return ran


def _first_line(ran: Ran) -> str:
    return (ran.err.strip() or f"exit code {ran.code}").splitlines()[0]


def _diff(origin: str, body: bytes, bytes_max: int) -> Diff:
    if len(body) > bytes_max:
        message = (
            f"{origin}: the diff is larger than {bytes_max} bytes; it is not cut: review it in parts"
            " (git diff BASE...HEAD -- PATH), or raise --max-bytes if the model can read so much"
        )
        raise Unusable(message, "too_large")
    if not body.strip():
        raise Unusable(f"{origin}: the diff is empty, there is nothing to review", "empty_diff")
    return Diff(origin, _whole_text(origin, body), hashlib.sha256(body).hexdigest())


def _whole_text(origin: str, body: bytes) -> str:
    """The text, where it shows every change: what a reviewer does not see, it cannot pass.

    Raises:
        Unusable: a file is named as binary, or its bytes are no text.
    """
    leave_out = "leave the file out (git diff BASE...HEAD -- . ':(exclude)PATH') and have a person look at it"
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise Unusable(f"{origin}, line {line}: bytes that are no UTF-8 text; {leave_out}", "binary_diff") from None
    found = NOT_SHOWN.search(text)
    begin = found.start() if found else text.find("\0")
    if begin >= 0:
        line = text.count("\n", 0, begin) + 1
        told = "a change that the diff names and does not show (git diff --text shows it)" if found else "a binary file"
        raise Unusable(f"{origin}, line {line}: {told}; {leave_out}", "binary_diff")
    return text
