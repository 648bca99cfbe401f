"""What the installer's tests begin with: a venv to copy, hosts, wheels."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.python.installed_host import Host, interpreter, wheel
from tests.python.older_installation import lay_down


@pytest.fixture(scope="session")
def venv_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A venv with pip, made once."""
    place = tmp_path_factory.mktemp("template") / "venv"
    subprocess.run([interpreter(), "-m", "venv", str(place)], check=True, capture_output=True)
    return place


@pytest.fixture
def host(tmp_path: Path, venv_template: Path) -> Host:
    """An empty host with a token."""
    made = Host(tmp_path / "host").fast(venv_template)
    made.token()
    return made


@pytest.fixture
def older_host(tmp_path: Path, venv_template: Path) -> Host:
    """A host with the older installation."""
    made = Host(tmp_path / "host").fast(venv_template)
    lay_down(made)
    return made


@pytest.fixture
def wheels(tmp_path: Path) -> dict[str, Path]:
    """Two versions, another content of the first, and one that cannot be imported."""
    return {
        "0.1.0": wheel(tmp_path / "wheels"),
        "0.2.0": wheel(tmp_path / "wheels", "0.2.0"),
        "other": wheel(tmp_path / "wheels" / "other", content="other"),
        "broken": wheel(tmp_path / "wheels" / "broken", "0.3.0", broken=True),
    }
