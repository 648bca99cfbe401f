"""Before the first cycle: does this build, with these models, come to scores at all?"""

from __future__ import annotations

from collections.abc import Sequence

from mt5_sentinel import _core, bundled
from mt5_sentinel.errors import Misconfigured, SentinelError
from mt5_sentinel.ports import Scorer


def check(models: Sequence[Scorer]) -> None:
    """Recorded bars through the parser, the gate, the features and each local model.

    Nothing is asked of the network: a source that is down at boot must not keep the daemon from starting.

    Raises:
        Misconfigured: it does not; the daemon could never decide.
    """
    try:
        rows = _core.parse(bundled.BARS.read_bytes())
        bars = _core.clean(rows, interval_s=bundled.INTERVAL_S, now_s=bundled.REPLAY_FROM_S).bars
        for model in models:
            _core.check_scores(model.score_rows(_core.latest_rows(bars, model.steps, model.layout)))
    except (SentinelError, OSError) as error:
        message = f"preflight: recorded bars do not come to scores: {error}; install this release anew, or roll back"
        raise Misconfigured(message, "preflight_failed") from error
