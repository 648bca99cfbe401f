"""What an alert and its page tell to run shows what they say it shows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

import pytest

from mt5_sentinel import cli
from tests.python import alert_files
from tests.python.standing_place import Place, place, places  # noqa: F401 (fixtures)

SYMBOLS = ["EURUSD", "GBPUSD", "USDJPY", "AUDUSD", "USDCHF", "USDCAD"]
REQ_ID = "0d01e176-ad55-5590-9c39-fe254a128cd3"
COMMAND = re.compile(r"mt5-sentinel journal(?: --[a-z-]+(?: (?:\d\w*|EURUSD|orders|csv|failed)\b)?)+")

SHOWN = {
    "SentinelCycleHangs": ('"fetch": 44.0',),
    "SentinelCyclesFailing": ("EURUSD", "order_unknown", "the fate of an order is not known"),
    "SentinelCyclesOftenFailing": ("order_unknown",),
    "SentinelOrderUnknown": (REQ_ID, '"state": "unknown"', '"side": "BUY"', '"magic": 7'),
    "SentinelOrdersRefused": ("retcode_10019", "no money"),
    "SentinelScoringFallback": ('"hub_error": "hub_503"',),
    "SentinelScoreDrift": ("score_sell", "0.5"),
}
"""What is read in the output of the command that the alert of this name tells, for EURUSD of six symbols."""

Fill = Callable[[Place], None]


def _hangs(one: Place) -> None:
    one.cycle(180, stages_s={"book": 0.1, "fetch": 44.0})


def _fails(one: Place) -> None:
    one.failed(120, reason="order_unknown", detail="the fate of an order is not known", unknown_orders=1)


def _is_unknown(one: Place) -> None:
    cycle = one.cycle(600, reason="signal", action="BUY", req_id=REQ_ID, outcome="unknown", unknown_orders=1)
    one.order(REQ_ID, cycle)
    one.execute("UPDATE intent SET state='unknown'")


def _is_refused(one: Place) -> None:
    cycle = one.cycle(240, reason="retcode_10019", outcome="refused", action="BUY", detail="no money", req_id=REQ_ID)
    one.order(REQ_ID, cycle)


def _falls_back(one: Place) -> None:
    one.cycle(180, hub_error="hub_503", conditions=["hub_fallback"], hub_calls=2)


STORIES: dict[str, Fill] = {
    "SentinelCycleHangs": _hangs,
    "SentinelCyclesFailing": _fails,
    "SentinelCyclesOftenFailing": _fails,
    "SentinelOrderUnknown": _is_unknown,
    "SentinelOrdersRefused": _is_refused,
    "SentinelScoringFallback": _falls_back,
    "SentinelScoreDrift": _hangs,
}


def commands(text: str) -> list[str]:
    """The journal commands in a text, for one symbol, whenever that was."""
    filled = text.replace("{{ $labels.symbol }}", "EURUSD").replace("SYMBOL", "EURUSD")
    return [re.sub(r" --since \w+", "", one) for one in COMMAND.findall(filled)]


def on_the_page(name: str) -> str:
    """What docs/ALERTS.md says of an alert."""
    return alert_files.PAGE.read_text(encoding="utf-8").split(f"### {name}\n")[1].split("\n### ")[0].replace("\n", " ")


def test_every_alert_that_tells_of_the_journal_is_looked_at() -> None:
    told = {alert.name for alert in alert_files.alerts() if "mt5-sentinel journal" in alert.annotations["description"]}
    assert told == set(SHOWN) == set(STORIES)


@pytest.mark.parametrize("name", SHOWN)
def test_what_it_tells_to_run_shows_what_it_says(
    name: str,
    place: Place,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    place.desk(*SYMBOLS)
    STORIES[name](place)
    for ago_s in (60, 0):
        for symbol in SYMBOLS:
            place.cycle(ago_s, symbol)
    place.close()
    texts = [alert.annotations["description"] for alert in alert_files.alerts() if alert.name == name]
    for text in [*texts, on_the_page(name)]:
        (command,) = commands(text)
        assert cli.main([*shlex.split(command)[1:], "--state-dir", str(place.directory)]) == 0
        shown = capsys.readouterr().out
        assert all(word in shown for word in SHOWN[name]), (command, shown)


def test_a_command_without_its_symbol_is_found(place: Place, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    """With six symbols the newest five cycles are of others."""
    place.desk(*SYMBOLS)
    _fails(place)
    for symbol in SYMBOLS[1:]:
        place.cycle(0, symbol)
    place.close()
    assert cli.main(["journal", "--last", "5", "--state-dir", str(place.directory)]) == 0
    assert "order_unknown" not in capsys.readouterr().out
