"""A host for the installer's tests: a directory as its root, a stand-in package, programs that answer for systemd."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import pytest

from tests.python.conftest import ROOT

INSTALLER = ROOT / "deploy" / "install_service.sh"
TOKEN = "a-token-of-the-older-installation"

CLI = """
import sys

def main(argv=None):
    if "--help" not in argv:
        print("standing in for", argv)
    return 0 if argv[0] in ("run", "gateway") else 2

def script():
    sys.exit(main(sys.argv[1:]))
"""


def wheel(folder: Path, version: str = "0.1.0", *, content: str = "", broken: bool = False) -> Path:
    """A well-formed wheel named mt5-sentinel, of plain Python and without dependencies."""
    info = f"mt5_sentinel-{version}.dist-info"
    files = {
        "mt5_sentinel/__init__.py": f'__version__ = "{version}"\n{"import no_such_module" if broken else ""}\n',
        "mt5_sentinel/cli.py": CLI + f"# {content}\n",
        "mt5_sentinel/__main__.py": "from mt5_sentinel.cli import script\n\nscript()\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: mt5-sentinel\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nmt5-sentinel = mt5_sentinel.cli:script\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"mt5_sentinel-{version}-py3-none-any.whl"
    record = []
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(text.encode())}")
        archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,", ""]))
    return path


@cache
def interpreter() -> str:
    """A Python that a service user can read, as the installer demands it."""
    for name in (os.path.realpath(sys.executable), "/usr/bin/python3", "/usr/local/bin/python3"):
        probe = [name, "-c", "import ensurepip, sys; sys.exit(sys.version_info < (3, 10))"]
        ways = [Path(os.path.realpath(name)), *Path(os.path.realpath(name)).parents]
        if Path(name).exists() and all(way.stat().st_mode & stat.S_IXOTH for way in ways):
            if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
                return name
    pytest.skip("no Python 3.10 with ensurepip that everybody can read (apt-get install python3-venv)")
