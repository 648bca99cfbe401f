"""Who scores: the local model, the hub, the one for the other, or both."""

from __future__ import annotations

import difflib
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from mt5_sentinel import _core, host_names
from mt5_sentinel.errors import Misconfigured, Transient, Unusable
from mt5_sentinel.ports import Scorer
from mt5_sentinel.settings import Settings
from mt5_sentinel.stages import stage
from mt5_sentinel.types import HUB_STEPS, CycleRecord
from mt5_sentinel.types import ScoringMode as Mode

Who = Literal["local", "hub"]
Scores = tuple[float, float, float]

MODES: tuple[Mode, ...] = get_args(Mode)

ASKED: dict[Mode, tuple[Who, ...]] = {
    "local": ("local",),
    "hub": ("hub",),
    "hub_with_local_fallback": ("hub", "local"),
    "shadow": ("hub", "local"),
}

FAULTS = (Transient, Unusable, Misconfigured)
"""What a model may fail of without this program being wrong; a panic of the core is none of them."""

log = logging.getLogger("mt5_sentinel")


@dataclass(frozen=True)
class Scoring:
    """The models at hand and the mode in which they are asked.

    ``local`` may be None in the mode ``hub``, ``hub`` in the mode ``local``; ``trades`` and ``tolerance`` (a difference
    of probabilities) are for ``shadow``.
    """

    mode: Mode
    local: Scorer | None = None
    hub: Scorer | None = None
    trades: Who = "local"
    tolerance: float = 0.02
    answered: dict[Who, tuple[list[list[float]], Scores]] = field(default_factory=dict, compare=False, repr=False)
    """The rows a model was last asked, and its answer: a bar is looked at each minute, the hub is asked once."""

    def __post_init__(self) -> None:
        """Miss a model now rather than within a cycle."""
        missing = [who for who in asked(self.mode) if self._model(who) is None]
        if missing:
            raise Misconfigured(f"model: the mode {self.mode} needs a {missing[0]} model", "bad_configuration")

    def score(self, bars: _core.Bars, record: CycleRecord) -> Scores:
        """[SELL, HOLD, BUY] to decide on; the record is told whose they are, what the other said and what was odd.

        Raises:
            Transient, Unusable, Misconfigured: the model that is to be traded, and any that may stand in, failed.
        """
        if self.mode == "hub_with_local_fallback":
            return self._hub_or_local(bars, record)
        if self.mode == "shadow":
            return self._both(bars, record)
        return self._trade(self.mode, bars, record)

    def _hub_or_local(self, bars: _core.Bars, record: CycleRecord) -> Scores:
        try:
            return self._trade("hub", bars, record)
        except FAULTS as fault:
            record.conditions.append("hub_fallback")
            log.warning("The hub did not score (%s), the local model does: %s", fault.reason, fault)
        return self._trade("local", bars, record)

    def _both(self, bars: _core.Bars, record: CycleRecord) -> Scores:
        other: Who = "hub" if self.trades == "local" else "local"
        told = self.answered.get("hub")
        scores = self._trade(self.trades, bars, record)
        try:
            record.other_scores = shadow = self._ask(other, bars, record)
        except FAULTS as fault:
            record.conditions.append(f"{other}_failed")
            log.warning("Shadow: the %s model failed (%s), which costs no trade: %s", other, fault.reason, fault)
            return scores
        distance = _core.compare_scores(scores, shadow)
        if distance > self.tolerance and told is not self.answered.get("hub"):  # once a bar
            record.conditions.append("hub_disagrees")
            log.warning(
                "Shadow: the models disagree by %.4f (hub_tolerance %g): %s, which trades, says %s; %s says %s",
                distance,
                self.tolerance,
                self.trades,
                _shown(scores),
                other,
                _shown(shadow),
            )
        return scores

    def _trade(self, who: Who, bars: _core.Bars, record: CycleRecord) -> Scores:
        scores = self._ask(who, bars, record)
        record.scored_by = who
        return scores

    def _ask(self, who: Who, bars: _core.Bars, record: CycleRecord) -> Scores:
        model = self._model(who)
        if model is None:
            raise Misconfigured(f"model: there is no {who} model to ask", "bad_configuration")
        with stage(record, "features"):
            rows = _core.latest_rows(bars, model.steps, model.layout)
        record.features = rows[-1]
        last = self.answered.get("hub") if who == "hub" else None
        if last is not None and last[0] == rows:
            return last[1]
        if who == "local":
            return _score(model, rows, record)
        record.hub_calls += 1
        try:
            scores = _score(model, rows, record)
        except FAULTS as fault:
            record.hub_error = fault.reason
            raise
        self.answered[who] = rows, scores
        return scores

    def _model(self, who: Who) -> Scorer | None:
        return self.local if who == "local" else self.hub


def _score(model: Scorer, rows: list[list[float]], record: CycleRecord) -> Scores:
    with stage(record, "score"):
        return _core.check_scores(model.score_rows(rows))


def asked(mode: Mode) -> tuple[Who, ...]:
    """Which models a mode asks; the others need not be loaded."""
    return ASKED[mode]


def read_mode(settings: Settings) -> tuple[Mode, str]:
    """The mode and the local model's bundle of the settings ``model`` and ``model_bundle``.

    ``model`` is a mode, or in short a bundle that scores locally.

    Raises:
        Misconfigured: both name a bundle, and not the same one.
    """
    for mode in MODES:
        if settings.model == mode:
            return mode, settings.model_bundle
    default = Settings.__dataclass_fields__["model_bundle"].default
    if settings.model_bundle not in (default, settings.model):
        message = f"model names the bundle {settings.model!r} and model_bundle {settings.model_bundle!r}; name one"
        raise Misconfigured(message, "bad_configuration")
    return "local", settings.model


def check(settings: Settings) -> None:
    """Whether the settings of the models fit together; the local model itself is asked elsewhere.

    Raises:
        Misconfigured: they do not; one line says which and what to do.
    """
    mode, bundle = read_mode(settings)
    likely = difflib.get_close_matches(bundle.lower(), MODES, n=1, cutoff=0.8)
    if bundle == settings.model and likely and not Path(bundle).exists():
        raise Misconfigured(f"model: no bundle {bundle!r} is there; did you mean `{likely[0]}`?", "bad_configuration")
    if "hub" not in asked(mode):
        return
    if not settings.hub_host:
        raise Misconfigured(f"hub_host: model = {mode} needs the scoring server's host", "bad_configuration")
    if not _is_host(settings.hub_host):
        message = f"hub_host: {settings.hub_host!r} is no host; give a name or an address, the port is hub_port"
        raise Misconfigured(message, "bad_configuration")
    needed = _core.needed_bars_for(HUB_STEPS[settings.hub_form])
    if settings.history_bars < needed:
        message = f"history_bars: {settings.history_bars} is too few, hub_form = {settings.hub_form} needs {needed}"
        raise Misconfigured(message, "bad_configuration")


def _is_host(text: str) -> bool:
    """A name or an address, not a URL and without a port."""
    is_name = text.isascii() and all(character.isalnum() or character in "-._" for character in text)
    return is_name or host_names.is_address(text)


def _shown(scores: Scores) -> str:
    return "SELL {:.4f}, HOLD {:.4f}, BUY {:.4f}".format(*scores)
