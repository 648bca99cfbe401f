"""The preflight: a build that cannot score recorded bars never says it is ready."""

from __future__ import annotations

from pathlib import Path

import pytest

from mt5_sentinel import _core, bundled, preflight
from mt5_sentinel.errors import Misconfigured
from tests.python.fakes import FakeModel


def test_this_build_with_its_own_model_is_sound() -> None:
    preflight.check([_core.Model.load_for_trading(bundled.MODEL, False, [])])
    preflight.check([])


@pytest.mark.parametrize("scores", [(float("nan"), 0.5, 0.5), (0.5, 0.5), (0.9, 0.9, 0.9)])
def test_a_model_that_does_not_score_is_told(scores: tuple[float, ...]) -> None:
    model = FakeModel()
    model.scores = scores  # type: ignore[assignment]
    with pytest.raises(Misconfigured, match="preflight: recorded bars do not come to scores") as told:
        preflight.check([model])
    assert (told.value.reason, told.value.exit_code) == ("preflight_failed", 78)


def test_a_package_without_its_bars_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "BARS", tmp_path / "none.csv.gz")
    with pytest.raises(Misconfigured, match=r"none\.csv\.gz"):
        preflight.check([])


def test_bars_that_cannot_be_read_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text("timestamp,open,high,low,close,volume\n1,a,b,c,d,e\n")
    monkeypatch.setattr(bundled, "BARS", broken)
    with pytest.raises(Misconfigured, match="preflight"):
        preflight.check([])
