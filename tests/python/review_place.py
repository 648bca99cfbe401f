"""A repository, a reviewer and an evidence directory for the tests of ``review``."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mt5_sentinel import trail

DIFF = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n"
KEY = "r3v13w/k3y&1"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


class Place:
    """One diff, reviewed again and again."""

    def __init__(self, folder: Path, sentinel: Run, url: str) -> None:
        """Write the diff."""
        self.evidence, self._sentinel = folder / "evidence", sentinel
        self.diff = folder / "change.diff"
        self.diff.write_text(DIFF, encoding="utf-8")
        self.variables = {
            "MT5_SENTINEL_REVIEW_URL": url,
            "MT5_SENTINEL_REVIEW_MODEL": "reviewer-1",
            "MT5_SENTINEL_REVIEW_API_KEY": KEY,
            "MT5_SENTINEL_CONFIG": str(folder / "config.toml"),
            "LOGS_DIRECTORY": str(folder),
        }
        (folder / "config.toml").write_text("", encoding="utf-8")
        self.folder = folder

    def review(self, *flags: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the command on the diff, or on what the flags say."""
        source = () if "--git" in flags or "--diff" in flags else ("--diff", self.diff)
        prefix = ("--prefix", self.folder / "opt")
        given = ("review", *source, *prefix, "--evidence", self.evidence, *flags)
        return self._sentinel(*given, **(self.variables | variables))

    def records(self) -> list[dict[str, Any]]:
        """The evidence, oldest first as audit.jsonl tells."""
        told = (self.folder / trail.AUDIT).read_text(encoding="utf-8").splitlines()
        return [json.loads(Path(json.loads(line)["file"]).read_bytes()) for line in told]

    def strikes(self) -> list[dict[str, Any]]:
        """Those of the one diff."""
        content = json.loads((self.evidence / "review-strikes.json").read_bytes())
        return [one for strikes in content.values() for one in strikes]


def repository(folder: Path) -> Path:
    """A repository with a branch ``work`` that leads away from ``main``."""

    def git(*words: str) -> None:
        identity = ("-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", folder, *identity, *words], check=True, capture_output=True)

    folder.mkdir()
    git("init", "-q", "-b", "main")
    (folder / "a.py").write_bytes(b"x = 1\r\n")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    git("checkout", "-q", "-b", "work")
    (folder / "a.py").write_bytes(b"x = 2\r\n")
    git("commit", "-q", "-a", "-m", "two")
    return folder
