"""A report committed to a git repository: its files, nothing else, and no push."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mt5_sentinel.errors import Misconfigured, Unusable
from mt5_sentinel.ops.host import Host, Ran

GIT_TIMEOUT_S = 60.0


def check(host: Host, repository: Path, directory: Path) -> None:
    """Whether files of this directory can be committed there, before anything is collected.

    Raises:
        Misconfigured: it is no repository, something is staged already, or the directory lies outside.
    """
    top = _git(host, repository, "rev-parse", "--show-toplevel")
    if top.code != 0:
        raise Misconfigured(f"--commit {repository}: {_told(top)}", "no_repository")
    if not directory.resolve().is_relative_to(Path(top.out.strip()).resolve()):
        message = f"--commit {repository}: {directory} lies outside of it; choose --out inside"
        raise Misconfigured(message, "bad_flags")
    if _git(host, repository, "diff", "--cached", "--quiet").code != 0:
        message = f"--commit {repository}: something is staged there already; commit or unstage it first"
        raise Misconfigured(message, "dirty_index")
    if _git(host, repository, "var", "GIT_AUTHOR_IDENT").code != 0:
        message = f"--commit {repository}: git knows no author; set user.name and user.email there"
        raise Misconfigured(message, "no_author")


def commit(host: Host, repository: Path, files: Sequence[Path], message: str) -> str:
    """Commit these files.

    Returns:
        The commit's id.

    Raises:
        Unusable: git refused; what was staged for it is unstaged again.
    """
    names = [str(path.resolve()) for path in files]
    ran = _git(host, repository, "add", "--", *names)
    if ran.code == 0:
        ran = _git(host, repository, "commit", "--quiet", "-m", message, "--", *names)
    if ran.code != 0:
        _git(host, repository, "reset", "--quiet", "--", *names)
        raise Unusable(f"--commit {repository}: {_told(ran)}; the files stay where they are", "not_committed")
    return _git(host, repository, "rev-parse", "HEAD").out.strip()


def _git(host: Host, repository: Path, *words: str) -> Ran:
    return host.run("git", "-C", repository, *words, timeout_s=GIT_TIMEOUT_S)


def _told(ran: Ran) -> str:
    return " ".join((ran.err or ran.out).split())[:300] or f"git ended with {ran.code}"
