"""How ends of the daemon are judged, on lines that a real systemd wrote (``tests/data/systemd``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mt5_sentinel.ops.verify_ends import How, running_of, survival, uncounted
from mt5_sentinel.ops.verify_lines import CYCLE, ERROR, FIELDS, Line, lines
from tests.python.conftest import ROOT
from tests.python.verified_host import BOOT, OLD_PID, VerifiedHost

RECORDED = ROOT / "tests" / "data" / "systemd"

HOWS: dict[str, How] = {
    "segv": "crashed",
    "abort": "crashed",
    "watchdog": "crashed",
    "exit_1": "crashed",
    "exit_0": "crashed",
    "exit_78": "crashed",
    "interrupt": "crashed",
    "hup": "crashed",
    "stop_timeout": "crashed",
    "kill": "forced",
    "killed_on_request": "forced",
    "memory": "forced",
    "term": "stopped",
    "restart": "stopped",
    "stop": "stopped",
    "reboot": "stopped",
}


def entries(name: str) -> list[dict[str, Any]]:
    """The recorded entries of a case."""
    return [json.loads(line) for line in (RECORDED / f"{name}.jsonl").read_text(encoding="utf-8").split("\n") if line]


def printed(found: list[dict[str, Any]]) -> list[Line]:
    """Lines of entries."""
    return lines("".join(json.dumps(one) + "\n" for one in found))


def test_each_recorded_end_has_its_verdict() -> None:
    assert {path.stem for path in RECORDED.glob("*.jsonl")} == set(HOWS)


@pytest.mark.parametrize("name", HOWS)
def test_a_recorded_end_is_judged(name: str) -> None:
    found = printed(entries(name))
    told = survival(found, found[-1].run)
    assert [one.how for one in told.ends] == [HOWS[name]]
    assert told.survived == []
    failed_before = sum(ERROR in one.text and one.run == told.ends[0].run for one in found)
    by_how = {"crashed": told.died, "forced": told.forced, "stopped": told.stopped}
    assert len(by_how[HOWS[name]]) == failed_before
    assert len(told.undecided) == sum(ERROR in one.text for one in found) - failed_before


def test_every_field_that_is_used_is_asked_for() -> None:
    names = {name for case in HOWS for one in entries(case) for name in one}
    assert names - {"__REALTIME_TIMESTAMP"} == set(FIELDS)


def test_a_configuration_refused_before_any_cycle_is_no_crash() -> None:
    found = printed([one for one in entries("exit_78") if one["_PID"] == "1"])
    assert [one.how for one in survival(found, "now").ends] == ["refused"]


@pytest.mark.parametrize("result", ["watchdog", "oom-kill", "timeout", "core-dump"])
def test_a_kill_by_systemd_or_for_memory_is_its_own_doing(result: str) -> None:
    found = [one | ({"UNIT_RESULT": result} if "UNIT_RESULT" in one else {}) for one in entries("kill")]
    assert survival(printed(found), "now").ends[0].how == "crashed"


def test_a_start_that_timed_out_is_a_crash() -> None:
    found = [one for one in entries("kill") if "EXIT_CODE" not in one]
    assert survival(printed(found), "now").ends[0].told.endswith("Failed with result 'signal'.")


def test_an_end_of_another_command_is_none_of_the_main_process() -> None:
    found = [one | ({"COMMAND": "ExecReload"} if "COMMAND" in one else {}) for one in entries("restart")]
    found.insert(0, entries("segv")[3] | {"COMMAND": "ExecReload", "INVOCATION_ID": found[0]["INVOCATION_ID"]})
    assert [one.how for one in survival(printed(found), printed(found)[-1].run).ends] == ["stopped"]


def test_only_systemd_is_believed_about_ends() -> None:
    found = [one | ({"_PID": "999"} if "EXIT_CODE" in one else {}) for one in entries("restart") + entries("segv")]
    assert not [one for one in printed(found) if one.exit_code]


def test_a_machine_that_went_down_is_no_crash() -> None:
    gone = [one | {"_BOOT_ID": BOOT} for one in entries("abort") if CYCLE in one["MESSAGE"] or ERROR in one["MESSAGE"]][
        :2
    ]
    found = printed(gone + entries("stop")[-3:])
    told = survival(found, found[-1].run)
    assert ([one.told for one in told.ends], len(told.forced)) == (["the machine went down"], 1)
    found = printed([one | {"_BOOT_ID": BOOT} for one in gone + entries("stop")[-3:]])
    assert survival(found, found[-1].run).how("crashed")[0].told.endswith("was gone without a word")


def test_lines_whose_start_the_journal_lost_are_of_their_process() -> None:
    found = entries("stop")
    own = next(at for at, one in enumerate(found) if ERROR in one["MESSAGE"])
    run = found[own].pop("_SYSTEMD_INVOCATION_ID")
    assert printed(found)[own].run == run


def test_which_start_runs_is_told_by_systemd_and_by_the_lines() -> None:
    found = printed(entries("stop"))
    assert running_of(found, found[-1].run, found[-1].pid) == found[-1].run
    assert running_of(found, "unknown to the log", found[-1].pid) == found[-1].run
    assert running_of(found, "unknown to the log", 77) == "unknown to the log"


def restarted(*numbers: int) -> list[Line]:
    """A log of restarts."""
    return [Line(float(at), 1, "", restarts=number) for at, number in enumerate(numbers)]


@pytest.mark.parametrize(
    ("seen", "counted", "missing"),
    [
        ((), 0, 0),
        ((1, 2), 2, 0),
        ((4, 5), 5, 0),
        ((1, 2, 3, 1, 2), 2, 0),
        ((1, 2), 0, 0),
        ((1, 2), 1, 0),
        ((1, 2), 3, 3),
        ((1, 3), 3, 2),
        ((1, 4, 1, 3), 3, 2),
        ((1, 2, 1, 3), 3, 2),
    ],
)
def test_restarts_are_held_against_what_systemd_counts(seen: tuple[int, ...], counted: int, missing: int) -> None:
    told = uncounted(restarted(*seen), counted, 100.0)
    assert told == (f"systemd counts {counted} restarts, and the log does not show number {missing}" if missing else "")


def test_restarts_before_the_log_begins_are_not_missed() -> None:
    assert uncounted([Line(50.0, 7, CYCLE)], 2, 40.0) == ""
    assert uncounted([Line(50.0, 7, CYCLE)], 2, 60.0) != ""


def test_two_segfaults_are_told_where_other_failures_were_survived(tmp_path: Path) -> None:
    host = VerifiedHost(tmp_path)
    early = [one | {"__REALTIME_TIMESTAMP": str(int((host.began_s - 900) * 1e6))} for one in entries("segv")]
    host.log = [*early[:4], *host.log]
    found = host.look()["never-crash validated"]
    assert found.verdict == "does not hold"
    assert "1 crashed" in found.found
    assert "status=11/SEGV" in found.found


def test_a_restart_that_the_log_does_not_show_is_told(tmp_path: Path) -> None:
    host = VerifiedHost(tmp_path)
    host.log.insert(0, host.line(host.began_s - 60, "mt5-sentinel 0.1", OLD_PID))
    host.show["NRestarts"] = "1"
    found = host.look()["never-crash validated"]
    assert (found.verdict, "does not show number 1" in found.found) == ("does not hold", True)
    host.show["NRestarts"] = ""
    assert host.look_again()["never-crash validated"].verdict == "does not hold"


@pytest.mark.parametrize("sign", ["\u2028", "\u0085", "\u2029", "\x1c", "\x0b"])
def test_a_line_with_other_line_ends_counts(sign: str) -> None:
    entry = entries("stop")[-2] | {"MESSAGE": f"!!! CYCLE ERROR: a{sign}b"}
    found = lines(json.dumps(entry, ensure_ascii=False) + "\n")
    assert [one.text for one in found] == [f"!!! CYCLE ERROR: a{sign}b"]
