"""Doctor: the model, and whether this build comes to scores with it."""

from __future__ import annotations

from mt5_sentinel import _core, preflight
from mt5_sentinel.commands import assembly
from mt5_sentinel.commands.doctor_subject import Subject, joined
from mt5_sentinel.config import Settings
from mt5_sentinel.errors import SentinelError
from mt5_sentinel.ops.questions import Broken, Unset
from mt5_sentinel.scoring import asked, read_mode


def model(subject: Subject) -> str:
    """Each local model loads, is whole and signed as demanded, and is one for its symbol and interval."""
    scoring = [one for one in subject.loaded if "local" in asked(read_mode(one)[0])]
    if not scoring:
        raise Unset("the hub alone scores")
    return joined(_loaded(one) for one in scoring)


def _loaded(settings: Settings) -> str:
    path = assembly.bundle(settings)
    try:
        assembly.live_model(settings)
        assembly.model(settings)
        signer = (
            _core.Bundle.open(path).check_signature(list(settings.model_public_keys)) if _core.is_bundle(path) else None
        )
    except SentinelError as error:
        todo = f"mt5-sentinel model verify {path}; another one: --model PATH, a bundle for {settings.symbol}"
        raise Broken(str(error), f"{todo} {settings.interval}") from None
    signed = "not signed" if signer is None else f"signed by {signer[:16]}"
    if assembly.scores_with_demonstration(settings):
        return f"the bundled demonstration, no promise of profit ({signed})"
    return f"{path} for {settings.symbol} {settings.interval}, {signed}"


def comes_to_scores(subject: Subject) -> str:
    """Recorded bars through parser, gate, features and each local model, as at every start of the daemon."""
    try:
        models = [assembly.model(one) for one in subject.loaded if "local" in asked(read_mode(one)[0])]
    except SentinelError as error:
        raise Broken(f"not tried: {error}", "see `model`") from None
    try:
        preflight.check(models)
    except SentinelError as error:
        todo = "pip install --force-reinstall mt5-sentinel, or: sudo deploy/install_service.sh --rollback"
        raise Broken(str(error), todo) from None
    return f"recorded bars come to scores, version {_core.__version__}"
