"""A wheel that stands in for the package in the installer's tests."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path

CLI = """
import sys

def main(argv=None):
    if "--help" not in argv:
        print("standing in for", argv)
    elif argv[0] == "run":
        print("usage: run [--dry-run | --live] [--threshold T] --symbol S, --gtw-host H, --metrics-port PORT")
    return 0 if argv[0] in ("run", "gateway", "VERB") else 2

def script():
    sys.exit(main(sys.argv[1:]))
"""


EXTRA = """Provides-Extra: dashboard
Requires-Dist: starlette; extra == "dashboard"
Requires-Dist: uvicorn; extra == "dashboard"
"""

RELEASE_CHECK = """
import pathlib, sys

root = pathlib.Path(sys.argv[1])
unit = root / "etc/systemd/system/mt5-sentinel.service"
drop_ins = sorted(unit.with_name("mt5-sentinel.service.d").glob("*.conf"))
config = root / "etc/mt5-sentinel/config.toml"
seen = unit.read_text() + "".join(path.read_text() for path in drop_ins)
(root.parent.parent / "judged").write_text(seen)
if config.exists() and "treshold" in config.read_text():
    sys.exit(f"configuration {config}: unknown setting treshold")
if "--live" in seen.split("ExecStart=")[-1]:
    sys.exit("configuration: live takes a model of your own")
"""


def wheel(
    folder: Path,
    version: str = "0.1.0",
    *,
    content: str = "",
    broken: bool = False,
    requires: str = "",
    schema: int = 0,
    dashboard: bool = False,
) -> Path:
    """A well-formed wheel named mt5-sentinel, of plain Python, without dependencies unless one is named.

    With a ``dashboard`` it has the command and the extra, as the real one does.
    """
    info = f"mt5_sentinel-{version}.dist-info"
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    needs += EXTRA if dashboard else ""
    files = {
        "mt5_sentinel/__init__.py": f'__version__ = "{version}"\n{"import no_such_module" if broken else ""}\n',
        "mt5_sentinel/cli.py": CLI.replace("VERB", "dashboard" if dashboard else "run") + f"# {content}\n",
        "mt5_sentinel/commands/release_check.py": RELEASE_CHECK,
        "mt5_sentinel/__main__.py": "from mt5_sentinel.cli import script\n\nscript()\n",
        **({"mt5_sentinel/journal_schema.py": f"VERSION = {schema}\n"} if schema else {}),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: mt5-sentinel\nVersion: {version}\n" + needs,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nmt5-sentinel = mt5_sentinel.cli:script\n",
    }
    return _pack(folder, f"mt5_sentinel-{version}", files)


def library(folder: Path, name: str) -> Path:
    """A wheel that stands in for a library: a module without anything in it."""
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}/__init__.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    return _pack(folder, f"{name}-1.0", files)


def _pack(folder: Path, stem: str, files: dict[str, str]) -> Path:
    info = f"{stem}.dist-info"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}-py3-none-any.whl"
    record = []
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(text.encode())}")
        archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,", ""]))
    return path
