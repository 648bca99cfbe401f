"""Each criterion of ``mt5-sentinel verify``, both ways: on a healthy host, and where one thing of it is broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mt5_sentinel.ops import verify
from mt5_sentinel.ops.verify_service import seconds
from tests.python.verified_host import CAP, GROUP, OLD_PID, PID, VerifiedHost


@pytest.fixture
def host(tmp_path: Path) -> VerifiedHost:
    return VerifiedHost(tmp_path)


def test_everything_holds_on_a_healthy_host(host: VerifiedHost) -> None:
    found = host.look()
    assert {name: one.found for name, one in found.items() if one.verdict != "holds"} == {}
    assert len(found) == len(verify.SEVEN) + len(verify.FURTHER)
    assert verify.exit_code(list(found.values())) == 0
    assert found["memory limit enforced"].found == (
        "memory.max 1024.0 MiB in the kernel (1024.0 MiB promised), now 60.0 MiB, peak 80.0 MiB"
    )
    assert found["never-crash validated"].found == (
        "1 failed cycles in the log, 1 followed by a cycle of the same PID,"
        " 0 ends in all, 0 restarts by systemd; log and database agree"
    )
    assert found["punctual"].found == ("EURUSD: 11 minutes due, 0 missed, cycles at most 0.25 s after second 58")
    assert found["cycles run"].found.startswith(
        "EURUSD: 1 of the newest 12 cycles failed (below_threshold 11, fetch_timeout 1)"
    )


Break = Callable[[VerifiedHost], object]


def shows(**values: str) -> Break:
    """systemctl shows something else."""
    return lambda host: host.show.update(values)


def sets(**values: object) -> Break:
    """Another attribute of the host."""
    return lambda host: vars(host).update(values)


def sets_cap(limit: int) -> Break:
    """Another cap, in the unit and in the kernel."""

    def change(host: VerifiedHost) -> None:
        host.show["MemoryMax"], host.memory["memory.max"] = str(limit), f"{limit}\n"

    return change


def old_hierarchy(limit: str) -> Break:
    """Control groups of version 1."""

    def change(host: VerifiedHost) -> None:
        host.groups, host.hierarchy = f"12:pids:{GROUP}\n4:cpu,memory:{GROUP}\n0::/\n", "/sys/fs/cgroup/memory"
        host.memory = {"memory.limit_in_bytes": limit, "memory.usage_in_bytes": "62914560\n"}

    return change


def edit(place: str, text: str) -> Break:
    """A file that is not as it was; the rest is written around it."""

    def change(host: VerifiedHost) -> None:
        build = host.build

        def built() -> object:
            found = build()
            host.file(place, text)
            return found

        host.build = built  # type: ignore[method-assign, assignment] # the test's own

    return change


def remove(place: str) -> Break:
    """A file that is not there."""

    def change(host: VerifiedHost) -> None:
        build = host.build

        def built() -> object:
            found = build()
            (host.root / place.lstrip("/")).unlink()
            return found

        host.build = built  # type: ignore[method-assign, assignment] # the test's own

    return change


def quiet(host: VerifiedHost) -> None:
    """Nothing for three minutes."""
    host.now_s += 180


def restarted_after_an_error(**ending: str) -> Break:
    """The newest failure was an older process's, which then ended so."""

    def change(host: VerifiedHost) -> None:
        host.failed = {}
        host.log = host.log[:1] + [one for one in host.log[1:] if "ERROR" not in one["MESSAGE"]]
        at_s = host.began_s - 30
        host.starts = [at_s - 1, *host.starts]
        host.failed = {0: "internal_error"}
        host.log = [
            host.line(at_s - 1, "TRADING CYCLE START: x", OLD_PID),
            host.line(at_s - 0.5, "!!! CYCLE ERROR: boom", OLD_PID),
            *([host.line(at_s, "Main process exited", 1, **ending)] if ending else []),
            *host.log,
        ]

    return change


SITE = "/opt/mt5-crs/releases/1/venv/lib/python3.11/site-packages"
SYSTEMS = "include-system-site-packages = true\n"

BROKEN: list[tuple[str, str, Break]] = [
    ("installed", "no unit", shows(LoadState="not-found")),
    ("installed", "another unit file", shows(FragmentPath="/usr/lib/systemd/system/mt5-sentinel.service")),
    ("installed", "changed on disk", shows(NeedDaemonReload="yes")),
    ("active", "is-active says no", sets(is_active=(3, "failed\n"))),
    ("active", "says active, exits otherwise", sets(is_active=(3, "active\n"))),
    ("active", "it starts again and again", shows(ActiveState="activating", SubState="auto-restart")),
    ("enabled", "is-enabled says no", sets(is_enabled=(1, "disabled\n"))),
    ("enabled", "the manager does not know", shows(UnitFileState="disabled")),
    ("auto-restart configured", "never", shows(Restart="no")),
    ("auto-restart configured", "only on failure", shows(Restart="on-failure")),
    ("auto-restart configured", "after hours", shows(RestartUSec="3h")),
    ("auto-restart configured", "after a month", shows(RestartUSec="1month 1s")),
    ("auto-restart configured", "it gives up", shows(StartLimitIntervalUSec="10s")),
    ("memory limit enforced", "no cap", shows(MemoryMax="infinity")),
    ("memory limit enforced", "60 GiB, in the kernel too", sets_cap(60 * CAP)),
    ("memory limit enforced", "only in the unit", sets(memory={"memory.max": "max\n", "memory.current": "1\n"})),
    (
        "memory limit enforced",
        "another in the kernel",
        sets(memory={"memory.max": f"{CAP * 2}\n", "memory.current": "1"}),
    ),
    ("memory limit enforced", "used beyond", sets(memory={"memory.max": f"{CAP}\n", "memory.current": f"{CAP + 1}"})),
    ("memory limit enforced", "v1, unlimited", old_hierarchy("9223372036854771712\n")),
    ("memory limit enforced", "no files", sets(memory={})),
    ("logs accessible", "journalctl fails", sets(journalctl=(1, "No journal files were opened"))),
    ("logs accessible", "no lines", sets(log=[])),
    ("logs accessible", "lines of another process", shows(MainPID="1")),
    ("logs accessible", "old lines", quiet),
    ("never-crash validated", "gone without a word", restarted_after_an_error()),
    ("never-crash validated", "exit 1", restarted_after_an_error(EXIT_CODE="exited", EXIT_STATUS="1")),
    ("never-crash validated", "segfault", restarted_after_an_error(EXIT_CODE="dumped", EXIT_STATUS="11")),
    (
        "never-crash validated",
        "a crash without an error",
        lambda host: host.log.insert(
            0, host.line(host.began_s - 60, "Main process exited", 1, EXIT_CODE="exited", EXIT_STATUS="70")
        ),
    ),
    ("never-crash validated", "only the log knows", lambda host: host.failed.clear()),
    ("never-crash validated", "only the database knows", lambda host: host.failed.update({6: "fetch_timeout"})),
    ("never-crash validated", "no log", sets(log=[])),
    ("process is the unit's", "another program", sets(exe="/usr/bin/sleep")),
    ("process is the unit's", "a program that was replaced", sets(exe="/usr/bin/python3.11 (deleted)")),
    ("process is the unit's", "another command line", sets(command=["/bin/sh"])),
    ("process is the unit's", "another group", sets(groups="0::/user.slice\n")),
    (
        "process is the unit's",
        "another moment",
        shows(ExecMainStartTimestampMonotonic="1000000", ActiveEnterTimestampMonotonic="1500000"),
    ),
    ("process is the unit's", "active before it began", shows(ActiveEnterTimestampMonotonic="1000000")),
    ("process is the unit's", "no process", shows(MainPID="0")),
    ("watchdog", "off", shows(WatchdogUSec="0")),
    ("watchdog", "infinity", shows(WatchdogUSec="infinity")),
    ("watchdog", "after hours", shows(WatchdogUSec="3h")),
    ("watchdog", "silent", shows(WatchdogTimestampMonotonic="9000000000")),
    ("hardened", "exposed", sets(exposure="Overall exposure level for mt5-sentinel.service: 9.2 UNSAFE\n")),
    ("hardened", "not told", sets(exposure="")),
    ("launcher", "gone", remove("/opt/mt5-crs/src/strategy/sentinel_daemon.py")),
    ("files are the wheel's", "a changed file", edit(f"{SITE}/mt5_sentinel/cli.py", "evil()\n")),
    ("files are the wheel's", "a changed core", edit(f"{SITE}/mt5_sentinel/_core.abi3.so", "FLE")),
    ("files are the wheel's", "planted code", edit(f"{SITE}/zz.pth", "import os\n")),
    ("files are the wheel's", "a planted module", edit(f"{SITE}/sitecustomize.py", "evil()\n")),
    ("files are the wheel's", "packages of the system", edit(f"{SITE}/../../../pyvenv.cfg", SYSTEMS)),
    ("files are the wheel's", "no record", remove(f"{SITE}/mt5_sentinel-0.1.dist-info/RECORD")),
    ("cycles run", "the newest is old", quiet),
    ("cycles run", "one symbol is silent", sets(silent={"GBPUSD": tuple(range(5, 12))})),
    ("cycles run", "most failed", lambda host: host.fail(*range(7))),
    ("cycles run", "the database was removed", sets(database="/var/lib/mt5-sentinel/journal.db (deleted)")),
    ("cycles run", "no database is open", sets(database="/dev/null")),
    ("cycles run", "it is no database", edit("/var/lib/mt5-sentinel/journal.db", "x" * 9000)),
    ("punctual", "late", lambda host: host.starts.__setitem__(5, host.starts[5] + 6)),
    ("punctual", "early", lambda host: host.starts.__setitem__(5, host.starts[5] - 1)),
    ("punctual", "one symbol is silent", sets(silent={"GBPUSD": tuple(range(5, 12))})),
    ("punctual", "one symbol since its start", sets(silent={"GBPUSD": tuple(range(1, 12))})),
    ("punctual", "a gap after the start", lambda host: host.starts.__delitem__(slice(1, 8))),
    ("punctual", "a gap until now", lambda host: host.starts.__delitem__(slice(9, 12))),
    ("punctual", "only a cycle at the start", lambda host: host.starts.__delitem__(slice(1, 12))),
    ("punctual", "a minute is missing", lambda host: host.starts.pop(5)),
    ("orders settled", "unknown", sets(orders=["filled", "unknown"])),
    ("orders settled", "intended long ago", sets(orders=["intended"])),
]


@pytest.mark.parametrize(("name", "broken", "change"), BROKEN, ids=[f"{name}: {what}" for name, what, _ in BROKEN])
def test_a_criterion_does_not_hold_where_it_is_broken(
    host: VerifiedHost, name: str, broken: str, change: Break
) -> None:
    change(host)
    found = host.look()
    assert found[name].verdict == "does not hold", found[name].found
    assert found[name].todo
    assert "the criterion itself failed" not in found[name].found
    assert verify.exit_code(list(found.values())) == 1


def test_every_criterion_was_broken() -> None:
    assert {name for name, _, _ in BROKEN} == {*verify.SEVEN, *verify.FURTHER}


HOLDING: list[tuple[str, str, Break]] = [
    ("memory limit enforced", "v1", old_hierarchy(f"{CAP}\n")),
    ("memory limit enforced", "the drop-in's", sets_cap(2 * CAP)),
    ("auto-restart configured", "a drop-in's", shows(RestartUSec="1min")),
    ("memory limit enforced", "a kernel without a peak", lambda host: host.memory.pop("memory.peak")),
    ("never-crash validated", "a kill from outside", restarted_after_an_error(EXIT_CODE="killed", EXIT_STATUS="9")),
    (
        "never-crash validated",
        "text that is no UTF-8",
        lambda host: host.log.append(host.line(host.now_s, "x") | {"MESSAGE": [195, 40]}),
    ),
    ("orders settled", "refused", sets(orders=["refused", "not_sent", "filled"])),
]


@pytest.mark.parametrize(("name", "what", "change"), HOLDING, ids=[f"{name}: {what}" for name, what, _ in HOLDING])
def test_a_criterion_is_not_broken_by_what_is_allowed(host: VerifiedHost, name: str, what: str, change: Break) -> None:
    change(host)
    found = host.look()[name]
    assert found.verdict != "does not hold", found.found
    assert "1 before an end by force" in found.found or what != "a kill from outside"


def test_where_nothing_failed_nothing_was_survived(host: VerifiedHost) -> None:
    host.failed = {}
    host.log = [one for one in host.log if "START" in one["MESSAGE"]]
    found = host.look()
    assert found["never-crash validated"].verdict == "not shown"
    assert found["never-crash validated"].found.startswith("0 failed cycles in the log")
    criteria = list(found.values())
    assert verify.exit_code(criteria) == 3, "no pass by default"
    assert "6 of the 7 criteria hold" in verify.sentence(criteria)


def test_a_failure_just_now_is_not_survived_yet(host: VerifiedHost) -> None:
    host.failed = {}
    host.fail(11)
    found = host.look()["never-crash validated"]
    assert (found.verdict, "1 just now" in found.found) == ("not shown", True)


def test_a_clean_stop_after_a_failure_is_no_death(host: VerifiedHost) -> None:
    restarted_after_an_error()(host)
    host.log.insert(2, host.line(host.began_s - 30, "stopped, the last cycle was finished", OLD_PID))
    found = host.look()["never-crash validated"]
    assert (found.verdict, "1 before a stop" in found.found) == ("not shown", True), found.found


def test_a_death_is_told_with_its_last_words(host: VerifiedHost) -> None:
    restarted_after_an_error(EXIT_CODE="dumped", EXIT_STATUS="11")(host)
    found = host.look()["never-crash validated"]
    assert "after `!!! CYCLE ERROR: boom` the process was gone" in found.found


def test_what_may_not_be_read_does_not_hold(host: VerifiedHost) -> None:
    edit(f"/proc/{PID}/stat", "x")(host)
    found = host.look()["process is the unit's"]
    assert found.verdict == "does not hold"


@pytest.mark.parametrize(
    ("span", "length"),
    [("10s", 10), ("2min", 120), ("1min 30s", 90), ("500ms", 0.5), ("0", None), ("infinity", None), ("", None)],
)
def test_spans_of_systemd_are_read(span: str, length: float | None) -> None:
    assert seconds(span) == length
