"""kill -9 of the installer before each step that changes something: the next run repairs what was left."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.python import older_installation
from tests.python.install_fixtures import older_host, venv_template, wheels
from tests.python.installed_host import Host, program

__all__ = ["older_host", "venv_template", "wheels"]

Wheels = dict[str, Path]

CHANGES = re.compile(
    r"(mv|ln|cp|rmdir|userdel) |rm .*/root/(?!.*\.new$)|systemctl (stop|start|enable|disable|daemon-r)"
)
ALL = ("mv", "ln", "rm", "systemctl")
VENV = "opt/mt5-crs/releases/0.1.0/venv"  # its RECORD has hashes of scripts that name --root's directory
CARRIED = "etc/systemd/system/mt5-sentinel.service.d/older.conf"
ACCOUNTS = (VENV, "etc/passwd", "etc/group", "etc/shadow", "etc/gshadow", "etc/.pwd.lock")


def hurried(host: Host) -> Host:
    """A host on which nobody sleeps, whose older unit has flags of its own.

    Its .env needs no change of mode, which copies of the host would share.
    """
    unit = host.root / "etc/systemd/system/mt5-sentinel.service"
    unit.write_text(unit.read_text().replace("--threshold 0.6", "--threshold 0.75"))
    (host.prefix / ".env").chmod(0o600)
    program(host.bin / "sleep", "#!/bin/sh\n")
    return host


def killed_everywhere(
    start: Host, arguments: Iterable[str | Path], judge: Callable[[Host], str], *, names: tuple[str, ...] = ALL
) -> tuple[int, list[str]]:
    """Kill a run before each change; how often, and what ``judge`` had to say about the run after it."""
    words, place = list(arguments), start.place.parent / f"{start.place.name}-{names[0]}"
    place.mkdir()
    watched = start.copy(place / "watched")
    watched.kill_at(0, names)
    watched.done(*words, with_systemd=True)
    points = [number for number, call in enumerate(watched.watched(), start=1) if CHANGES.match(call)]
    told = []
    for number in points:
        one = start.copy(place / f"killed{number}")
        one.kill_at(number, names)
        ran = one.run(*words, with_systemd=True)
        call = one.watched()[-1] if one.watched() else "nothing"
        one.live()
        if ran.returncode != -9:
            told.append(f"{number} {call}: it ended with {ran.returncode}")
        if found := judge(one):
            told.append(f"{number} {call}: {found}")
    return len(points), told


def differences(found: dict[str, str], wanted: dict[str, str]) -> str:
    """What is not as it should be, in short."""
    names = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
    return ", ".join(f"{name}: {found.get(name)} instead of {wanted.get(name)}" for name in names[:4])


def test_upgrade_from_the_older_installation(older_host: Host, wheels: Wheels, tmp_path: Path) -> None:
    start, install = hurried(older_host), ("--wheel", wheels["0.1.0"])
    wanted_host = start.copy(tmp_path / "wanted")
    wanted_host.done(*install, with_systemd=True)
    wanted = wanted_host.snapshot(without=ACCOUNTS)

    def judge(host: Host) -> str:
        ran = host.run(*install, with_systemd=True)
        if ran.returncode:
            return ran.stderr
        return differences(host.snapshot(without=ACCOUNTS), wanted) or (host.state() != "active") * "not active"

    # Killed as it stops the service: all is built, nothing is switched; what comes after is tried from there.
    built = start.copy(tmp_path / "built")
    stop = next(
        number for number, call in enumerate(wanted_host.calls(), start=1) if call.startswith("stop mt5-sentinel")
    )
    built.kill_at(stop, ("systemctl",))
    assert built.run(*install, with_systemd=True).returncode == -9
    built.live()
    assert older_installation.files(built.root) == older_installation.files(start.root), "the older one is untouched"
    count, told = killed_everywhere(built, install, judge)
    assert not told, "\n".join(told)
    assert count > 20
    count, told = killed_everywhere(start, install, judge, names=("cp",))
    assert not told, "\n".join(told)
    assert count > 5


def test_rollback(older_host: Host, wheels: Wheels, tmp_path: Path) -> None:
    start = hurried(older_host)
    before = older_installation.files(start.root)
    start.done("--wheel", wheels["0.1.0"], with_systemd=True)
    assert (start.root / CARRIED).exists()

    def judge(host: Host) -> str:
        ran = host.run("--rollback", with_systemd=True)
        if ran.returncode:
            return ran.stderr
        if older_installation.files(host.root) != before or (host.root / CARRIED).exists():
            return "the older files are not in place"
        return (host.state() != "active") * "not active" + (host.current() != "older") * "not current"

    count, told = killed_everywhere(start, ["--rollback"], judge)
    assert not told, "\n".join(told)
    assert count > 8


def test_switching_back(older_host: Host, wheels: Wheels, tmp_path: Path) -> None:
    start = hurried(older_host)
    start.done("--wheel", wheels["0.1.0"], with_systemd=True)
    (start.systemd / "behaviour/0.2.0").write_text("fails")
    upgrade = ("--wheel", wheels["0.2.0"])
    start.kill_at(0)
    start.run(*upgrade, with_systemd=True)  # its release is built from here on
    start.live()
    failed = [number for number, call in enumerate(start.watched(), start=1) if call == "systemctl start mt5-sentinel"]
    assert len(failed) == 2, "the new one, then the one before"
    watched = start.copy(tmp_path / "again")
    watched.kill_at(0)
    assert watched.run(*upgrade, with_systemd=True).returncode == 1
    calls = list(enumerate(watched.watched(), start=1))
    begins = next(number for number, call in calls if call == "systemctl start mt5-sentinel")
    points = [number for number, call in calls if number > begins and CHANGES.match(call)]
    assert len(points) > 8
    for number in points:
        one = start.copy(tmp_path / f"killed{number}")
        one.kill_at(number)
        one.run(*upgrade, with_systemd=True)
        one.live()
        (one.systemd / "behaviour/0.2.0").unlink()
        one.done(*upgrade, with_systemd=True)
        assert (one.current(), one.state()) == ("0.2.0", "active")
        assert (one.prefix / "previous").readlink() == Path("releases/0.1.0"), watched.watched()[number - 1]


def test_uninstall(older_host: Host, wheels: Wheels, tmp_path: Path) -> None:
    start, remove = hurried(older_host), ("--uninstall", "--purge", "--yes")
    start.done("--wheel", wheels["0.1.0"], with_systemd=True)
    wanted_host = start.copy(tmp_path / "wanted")
    wanted_host.done(*remove, with_systemd=True)
    wanted = wanted_host.snapshot(without=ACCOUNTS)

    def judge(host: Host) -> str:
        ran = host.run(*remove, with_systemd=True)
        if ran.returncode and "there is no manifest" not in ran.stderr:
            return ran.stderr
        return differences(host.snapshot(without=ACCOUNTS), wanted)

    count, told = killed_everywhere(start, remove, judge)
    assert not told, "\n".join(told)
    assert count > 10


def test_giving_the_older_one_back(older_host: Host, wheels: Wheels, tmp_path: Path) -> None:
    start, remove = hurried(older_host), ("--uninstall", "--purge", "--yes")
    wanted = start.snapshot(without=ACCOUNTS)
    start.done("--wheel", wheels["0.1.0"], with_systemd=True)
    start.done("--rollback", with_systemd=True)

    def judge(host: Host) -> str:
        ran = host.run(*remove, with_systemd=True)
        if ran.returncode and "there is no manifest" not in ran.stderr:
            return ran.stderr
        return differences(host.snapshot(without=ACCOUNTS), wanted)

    count, told = killed_everywhere(start, remove, judge)
    assert not told, "\n".join(told)
    assert count > 6
