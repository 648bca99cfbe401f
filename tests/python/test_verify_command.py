"""``mt5-sentinel verify`` as a process: report and log, their hashes, git and Notion."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from mt5_sentinel.errors import Transient
from mt5_sentinel.ops import notion
from mt5_sentinel.ops.endpoint import Endpoint
from mt5_sentinel.secret import Secret
from tests.python.chat_server import CHALLENGE, JSON, Asked, ChatServer, Reply, always
from tests.python.conftest import Sentinel
from tests.python.review_place import repository
from tests.python.verified_host import TOKEN, VerifiedHost

Verify = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def host(tmp_path: Path) -> VerifiedHost:
    """Its clock is the machine's; it has cycles of the next minutes already, however slow this test is."""
    return VerifiedHost(tmp_path, (time.time() - 20) // 60 * 60 + 20, minutes=30)


@pytest.fixture
def run(tmp_path: Path, host: VerifiedHost, sentinel: Sentinel) -> Verify:
    """Verify the host; its output goes to ``tmp_path/out`` unless a flag says otherwise."""

    def verify(*flags: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        if not host.root.exists():
            host.build()
        out = () if "--out" in flags or "--commit" in flags else ("--out", tmp_path / "out")
        (tmp_path / "config.toml").touch()
        defaults = {
            "PATH": f"{host.shims}:{os.environ['PATH']}",
            "MT5_SENTINEL_CONFIG": str(tmp_path / "config.toml"),
            "LOGS_DIRECTORY": str(tmp_path),
        }
        return sentinel("verify", "--root", host.root, *out, *flags, **(defaults | variables))

    return verify


def report(tmp_path: Path) -> str:
    return (tmp_path / "out" / "COMPLETION_REPORT.md").read_text(encoding="utf-8")


def test_it_writes_report_and_log(run: Verify, tmp_path: Path) -> None:
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "7 of the 7 criteria hold, 15 of all 15" in done.stdout
    text = report(tmp_path)
    assert "| memory limit enforced | ✅ holds | memory.max 1024.0 MiB in the kernel" in text
    assert "systemctl is-active mt5-sentinel.service`, exit code 0" in text
    assert "EURUSD | done | - | below_threshold" in text
    line = json.loads((tmp_path / "audit.jsonl").read_text(encoding="utf-8"))
    assert line["what"] == "verify"
    assert f"head:   {line['head']}" in done.stdout
    checked = run("--check", tmp_path / "out" / "VERIFY_LOG")
    assert (checked.returncode, line["head"] in checked.stdout) == (0, True)


def test_a_broken_host_exits_1_and_one_without_a_failure_3(run: Verify, host: VerifiedHost, tmp_path: Path) -> None:
    host.failed = {}
    host.log = [one for one in host.log if "START" in one["MESSAGE"]]
    host.build()
    done = run()
    assert done.returncode == 3, done.stdout
    assert "never-crash validated: not shown" in done.stdout
    assert "⏳ not shown" in report(tmp_path)
    (host.shims / ".systemctl.1").write_text("inactive\n", encoding="utf-8")
    done = run("--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["exit_code"]) == (1, 1)
    assert [one["name"] for one in told["criteria"] if one["verdict"] == "does not hold"] == ["active"]


def test_it_verifies_where_the_configuration_is_broken(run: Verify, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("nonsense = 1\n", encoding="utf-8")
    assert run().returncode == 0
    assert run("--notion").returncode == 78


def test_secrets_of_the_service_are_hidden(run: Verify, host: VerifiedHost, tmp_path: Path) -> None:
    host.log.append(host.line(host.now_s, f"what if {TOKEN} and cr3dential stood here"))
    host.show["StatusText"] = f"failed: {quote(TOKEN, safe='')}"
    host.build()
    host.file("/etc/mt5-sentinel/credentials/notion_token", "cr3dential\n")
    done = run("--json")
    assert done.returncode == 0, done.stdout
    texts = [path.read_text(encoding="utf-8") for path in [*(tmp_path / "out").iterdir(), tmp_path / "audit.jsonl"]]
    assert any("[hidden]" in text for text in texts)
    for text in [*texts, done.stdout]:
        assert "t0k3n" not in text
        assert "cr3dential" not in text
    assert run("--check", tmp_path / "out" / "VERIFY_LOG").returncode == 0


def test_texts_with_other_line_ends_are_whole(run: Verify, host: VerifiedHost, tmp_path: Path) -> None:
    host.show["StatusText"] = "EURUSD\u2028NRestarts=9\u0085MainPID=1"
    host.log.append(host.line(host.now_s, "a\u2028b"))
    assert run().returncode == 0
    path = tmp_path / "out" / "VERIFY_LOG"
    assert "\u2028" in path.read_text(encoding="utf-8")
    done = run("--check", path)
    assert done.returncode == 0, done.stderr


def altered(entry: dict[str, Any]) -> dict[str, Any]:
    return entry | {"exit": 7}


EDITS: dict[str, tuple[str, Callable[[list[str]], list[str]]]] = {
    "an exit code": ("was changed", lambda lines: [json.dumps(altered(json.loads(lines[0]))), *lines[1:]]),
    "an output": ("not what was hashed", lambda lines: [lines[0].replace("loaded", "masked"), *lines[1:]]),
    "a line taken out": ("lines are missing", lambda lines: lines[:3] + lines[4:]),
    "two lines swapped": ("lines are missing", lambda lines: [lines[1], lines[0], *lines[2:]]),
    "the end cut off": ("the seal is missing", lambda lines: lines[:-1]),
    "a line added": ("lines are missing", lambda lines: [*lines, lines[-1]]),
    "no line left": ("the seal is missing", lambda lines: []),
    "no JSON": ("it is no entry", lambda lines: ["x", *lines[1:]]),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_log_shows(run: Verify, tmp_path: Path, name: str) -> None:
    run()
    path = tmp_path / "out" / "VERIFY_LOG"
    before = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    told, edit = EDITS[name]
    after = edit(before)
    assert after != before
    path.write_text("".join(f"{line}\n" for line in after), encoding="utf-8")
    done = run("--check", path)
    assert done.returncode == 65, done.stdout
    assert "VERIFY_LOG: line" in done.stderr
    assert told in done.stderr


@pytest.mark.parametrize("name", ["COMPLETION_REPORT.md", "OUTPUT-*.txt"])
def test_an_edited_file_beside_it_shows(run: Verify, host: VerifiedHost, tmp_path: Path, name: str) -> None:
    host.log[0]["MESSAGE"] += " " * 20_000  # too long to stand in the log itself
    host.build()
    assert run().returncode == 0
    path = next((tmp_path / "out").glob(name))
    path.write_text(path.read_text(encoding="utf-8") + "x", encoding="utf-8")
    done = run("--check", tmp_path / "out" / "VERIFY_LOG")
    assert (done.returncode, path.name in done.stderr) == (65, True)


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = repository(tmp_path / "repo")
    git(folder, "config", "user.name", "Jane")
    git(folder, "config", "user.email", "jane@localhost")
    return folder


def test_commit_takes_its_own_files_only(run: Verify, repo: Path) -> None:
    (repo / "a.py").write_text("x = 3\n", encoding="utf-8")
    (repo / "new.txt").write_text("mine\n", encoding="utf-8")
    done = run("--commit", repo)
    assert done.returncode == 0, done.stderr
    names = git(repo, "show", "--name-only", "--format=%an: %s", "HEAD").split("\n")
    assert names[0].startswith("Jane: mt5-sentinel on ")
    assert {Path(name).name.split("-")[0] for name in names[2:-1]} <= {"COMPLETION_REPORT.md", "VERIFY_LOG", "OUTPUT"}
    assert git(repo, "status", "--short").split("\n") == [" M a.py", "?? new.txt", ""]
    assert f"commit: {git(repo, 'rev-parse', 'HEAD').strip()}" in done.stdout


def test_commit_refuses_what_is_staged_and_what_lies_outside(run: Verify, repo: Path, tmp_path: Path) -> None:
    outside = run("--commit", repo, "--out", tmp_path / "out")
    assert (outside.returncode, "lies outside" in outside.stderr) == (78, True)
    (repo / "a.py").write_text("x = 3\n", encoding="utf-8")
    git(repo, "add", "a.py")
    staged = run("--commit", repo)
    assert (staged.returncode, "staged there already" in staged.stderr) == (78, True)
    assert not (repo / "evidence").exists(), "nothing was collected"
    assert run("--commit", tmp_path).returncode == 78


def test_a_refused_commit_leaves_the_report_and_nothing_staged(run: Verify, repo: Path) -> None:
    hook = repo / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\necho the hook says no >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    done = run("--commit", repo)
    assert (done.returncode, "the hook says no" in done.stderr) == (65, True)
    assert len(list(repo.glob("evidence/verify-*/COMPLETION_REPORT.md"))) == 1
    assert git(repo, "diff", "--cached", "--name-only") == ""


def page(asked: Asked) -> Reply:
    """As the API answers."""
    return 200, JSON, json.dumps({"object": "page", "id": "0123-abc"}).encode()


@pytest.fixture
def api() -> Iterator[ChatServer]:
    with ChatServer(page) as running:
        yield running


def variables(api: ChatServer) -> dict[str, str]:
    names = {"URL": api.url.removesuffix("/v1"), "PAGE": "aa-bb", "TOKEN": "ntn-s3cret"}
    return {f"MT5_SENTINEL_NOTION_{name}": value for name, value in names.items()}


def test_the_report_becomes_a_page(run: Verify, api: ChatServer, tmp_path: Path) -> None:
    done = run("--notion", **variables(api))
    assert done.returncode == 0, done.stderr
    assert "notion: 0123-abc" in done.stdout
    first = api.asked[0]
    assert (first.method, first.path) == ("POST", "/v1/pages")
    assert (first.headers["Authorization"], first.headers["Notion-Version"]) == ("Bearer ntn-s3cret", "2022-06-28")
    assert first.content["parent"] == {"page_id": "aa-bb"}
    blocks = [block for one in api.asked for block in one.content["children"]]
    texts = [block[block["type"]]["rich_text"][0]["text"]["content"] for block in blocks]
    flat = "\n".join(texts)
    assert "7 of the 7 criteria hold" in flat
    assert "ntn-s3cret" not in flat
    assert json.loads((tmp_path / "audit.jsonl").read_text(encoding="utf-8"))["head"] in texts[-1]


def test_a_long_report_comes_in_pieces_that_fit(api: ChatServer) -> None:
    text = "# Title\n" + "\n".join(f"## Part {number}\n" + "x😀" * 2500 for number in range(60))
    endpoint = Endpoint("Notion", api.url.removesuffix("/v1"), Secret("t"), "notion_url", "notion_token")
    assert notion.publish(endpoint, "aa", "title", text) == "0123-abc"
    assert {(one.method, one.path) for one in api.asked[1:]} == {("PATCH", "/v1/blocks/0123-abc/children")}
    sizes = [len(one.content["children"]) for one in api.asked]
    assert (max(sizes), sum(sizes)) == (100, 1 + 60 * 5)
    pieces = [
        block[block["type"]]["rich_text"][0]["text"]["content"]
        for one in api.asked
        for block in one.content["children"]
    ]
    assert max(len(piece.encode("utf-16-le")) // 2 for piece in pieces) == 2000
    assert "".join(piece for piece in pieces if "x" in piece) == "x😀" * 2500 * 60


FAILURES = {
    "401": (always(401, b'{"message": "API token is invalid."}'), 78, "key is not accepted"),
    "404": (always(404, b'{"message": "Could not find page"}'), 78, "Could not find page"),
    "429": (always(429, b"{}", Retry_After="3"), 75, "ask again in 3 s"),
    "500": (always(500), 75, "a fault on the other side"),
    "challenge": (always(403, CHALLENGE), 77, "challenge page"),
    "no JSON": (always(200, b"hello"), 65, "no JSON object"),
    "no id": (always(200, b"{}"), 65, "no id of the new page"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_the_report_stands_where_publishing_fails(run: Verify, api: ChatServer, tmp_path: Path, name: str) -> None:
    api.script, code, told = FAILURES[name]
    done = run("--notion", **variables(api))
    assert (done.returncode, told in done.stderr) == (code, True), done.stderr
    assert "7 of the 7 criteria hold" in report(tmp_path)
    assert run("--check", tmp_path / "out" / "VERIFY_LOG").returncode == 0


def test_a_page_that_was_begun_says_so(api: ChatServer) -> None:
    api.script = lambda asked: page(asked) if asked.method == "POST" else (500, {}, b"")
    endpoint = Endpoint("Notion", api.url.removesuffix("/v1"), Secret("t"), "notion_url", "notion_token")
    with pytest.raises(Transient, match="the page 0123-abc has 100 of 151 blocks"):
        notion.publish(endpoint, "aa", "title", "\n".join(f"# {number}" for number in range(151)))


@pytest.mark.parametrize(
    ("name", "value"), [("PAGE", ""), ("TOKEN", ""), ("PAGE", "https://n/x"), ("URL", "http://n.com")]
)
def test_notion_needs_its_settings_before_anything_is_collected(
    run: Verify, api: ChatServer, tmp_path: Path, name: str, value: str
) -> None:
    done = run("--notion", **(variables(api) | {f"MT5_SENTINEL_NOTION_{name}": value}))
    assert (done.returncode, f"notion_{name.lower()}" in done.stderr) == (78, True), done.stderr
    assert not (tmp_path / "out").exists()
