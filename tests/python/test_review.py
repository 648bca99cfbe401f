"""``mt5-sentinel review`` as a process, against a local API that answers each way there is."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.python.chat_server import CHALLENGE, JSON, Asked, ChatServer, Reply, Script, always, completion, verdict
from tests.python.conftest import Sentinel
from tests.python.eodhd_server import free_port
from tests.python.review_place import DIFF, KEY, Place, repository


@pytest.fixture
def api() -> Iterator[ChatServer]:
    with ChatServer(verdict("PASS", "a.py:1 is fine")) as running:
        yield running


@pytest.fixture
def place(tmp_path: Path, sentinel: Sentinel, api: ChatServer) -> Place:
    return Place(tmp_path, sentinel, api.url)


def test_a_pass_exits_0_and_leaves_evidence(place: Place, api: ChatServer) -> None:
    done = place.review()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("PASS  ")
    record = place.records()[0]
    sha256 = hashlib.sha256(DIFF.encode()).hexdigest()
    assert (record["verdict"], record["reasons"], record["failure"]) == ("PASS", ["a.py:1 is fine"], None)
    assert (record["diff_sha256"], record["sent_sha256"], record["redactions"]) == (sha256, sha256, {})
    assert (record["model"], record["answered_by"], record["endpoint_host"]) == (
        "reviewer-1",
        "reviewer-1-2026",
        "127.0.0.1",
    )
    assert record["usage"] == {"prompt_tokens": 120, "completion_tokens": 7, "total_tokens": 127}
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", record["session"])
    assert record["started_at"] <= record["ended_at"]
    assert place.strikes() == []
    asked = api.asked[0]
    assert (asked.path, asked.headers["Authorization"]) == ("/v1/chat/completions", f"Bearer {KEY}")
    assert asked.content["response_format"] == {"type": "json_object"}
    assert asked.framed == f"BEGIN CHANGE {asked.nonce}\n{DIFF}\nEND CHANGE {asked.nonce}"


def test_a_fail_exits_1_with_its_reasons_and_is_a_strike(place: Place, api: ChatServer) -> None:
    api.script = verdict("FAIL", "a.py:1 doubles the order", "no test")
    done = place.review()
    assert (done.returncode, done.stderr) == (1, "")
    assert "a.py:1 doubles the order" in done.stdout
    assert "strike 1 of 3" in done.stdout
    assert [one["reason"] for one in place.strikes()] == ["FAIL"]


def test_each_review_has_a_nonce_of_its_own(place: Place, api: ChatServer) -> None:
    place.review()
    place.review()
    assert api.asked[0].nonce != api.asked[1].nonce


def said(text: str, finish: str | None = "stop", **more: object) -> Script:
    """The reviewer writes this, with its nonce where NONCE stands."""
    return lambda asked: completion(text.replace("NONCE", asked.nonce), finish, **more)


GOOD = '{"nonce": "NONCE", "verdict": "PASS", "reasons": []}'

FAILURES: dict[str, tuple[Script, int, str]] = {
    "CDN challenge": (always(403, CHALLENGE, Content_Type="text/html"), 77, "challenge"),
    "CDN challenge by its header": (always(503, b"", cf_mitigated="challenge"), 77, "challenge"),
    "CDN challenge with 200": (always(200, CHALLENGE), 77, "challenge"),
    "CDN challenge with 429": (always(429, CHALLENGE), 77, "challenge"),
    "401": (always(401, b'{"error": {"message": "Incorrect API key"}}'), 78, "unauthorized"),
    "403": (always(403, b'{"error": {"message": "Just a moment: no rights"}}'), 78, "forbidden"),
    "404": (always(404, b"not here"), 78, "not_found"),
    "400": (always(400, b'{"error": {"message": "no such model"}}'), 78, "rejected"),
    "429": (always(429, b"{}", Retry_After="17"), 75, "rate_limited"),
    "500": (always(500, b"oops"), 75, "server_error"),
    "503 without a challenge": (always(503, b"<html>maintenance</html>"), 75, "server_error"),
    "redirect": (always(302, b"", Location="http://127.0.0.1:1/other"), 78, "redirect"),
    "HTML with 200": (always(200, b"<html>welcome</html>"), 65, "non_json"),
    "a list": (always(200, b"[]"), 65, "non_json"),
    "error inside 200": (always(200, b'{"error": {"message": "overloaded"}}'), 75, "server_error"),
    "too large": (always(200, b" " * (2 << 20)), 65, "too_large"),
    "no choices": (said(GOOD, choices=[]), 65, "empty_choices"),
    "two choices": (said(GOOD, choices=[{"message": {"content": "a"}}] * 2), 65, "empty_choices"),
    "empty answer": (said(""), 65, "empty_choices"),
    "cut off": (said(GOOD, "length"), 65, "truncated"),
    "filtered": (said(GOOD, "content_filter"), 65, "filtered"),
    "tool calls": (said(GOOD, "tool_calls"), 65, "unfinished"),
    "prose": (said("I would say PASS."), 65, "non_json"),
    "JSON inside prose": (said(f"Here it is: {GOOD}"), 65, "non_json"),
    "two objects": (said(GOOD + GOOD), 65, "non_json"),
    "two verdicts in one object": (said(GOOD.replace("PASS", 'FAIL", "verdict": "PASS')), 65, "non_json"),
    "two fences": (said(f"```json\n{GOOD}\n```\n```json\n{GOOD}\n```"), 65, "non_json"),
    "no nonce": (said('{"verdict": "PASS", "reasons": []}'), 65, "wrong_nonce"),
    "another nonce": (said(GOOD.replace("NONCE", "0" * 32)), 65, "wrong_nonce"),
    "another word": (said(GOOD.replace("PASS", "pass")), 65, "no_verdict"),
    "no reasons": (said('{"nonce": "NONCE", "verdict": "PASS"}'), 65, "no_verdict"),
    "FAIL without a reason": (said(GOOD.replace("PASS", "FAIL")), 65, "no_verdict"),
    "reasons that are none": (said(GOOD.replace("[]", "[1]")), 65, "no_verdict"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_of_the_asking_is_named_kept_and_a_strike(place: Place, api: ChatServer, name: str) -> None:
    api.script, code, reason = FAILURES[name]
    done = place.review()
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert "Traceback" not in done.stderr
    record = place.records()[0]
    assert (record["verdict"], record["failure"]) == (None, reason)
    assert record["detail"] in done.stderr
    assert [one["reason"] for one in place.strikes()] == [reason]
    assert len(api.asked) == 1, "nothing is repeated, nothing is followed"


def test_a_429_tells_how_long_to_wait(place: Place, api: ChatServer) -> None:
    api.script = FAILURES["429"][0]
    assert "ask again in 17 s" in place.review().stderr


@pytest.mark.parametrize("text", [f"```json\n{GOOD}\n```", f"```\n{GOOD}\n```\n", f"\n {GOOD}\n"])
def test_one_object_may_stand_in_a_fence(place: Place, api: ChatServer, text: str) -> None:
    api.script = said(text)
    assert place.review().returncode == 0


def test_a_silent_api_is_a_timeout(place: Place, api: ChatServer) -> None:
    def hang(asked: Asked) -> Reply:
        api.release.wait(30)
        return 200, JSON, b"{}"

    api.script = hang
    done = place.review(MT5_SENTINEL_REVIEW_TIMEOUT_S="1")
    assert done.returncode == 75
    assert place.records()[0]["failure"] == "timeout"


def test_nobody_there_is_a_refused_connection(place: Place) -> None:
    done = place.review(MT5_SENTINEL_REVIEW_URL=f"http://127.0.0.1:{free_port()}/v1")
    assert done.returncode == 75
    assert place.records()[0]["failure"] == "refused"


def test_an_api_that_speaks_no_tls_is_told(place: Place, api: ChatServer) -> None:
    done = place.review(MT5_SENTINEL_REVIEW_URL=api.url.replace("http:", "https:"))
    assert done.returncode == 78
    assert place.records()[0]["failure"] == "tls"


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("URL", "", "review_url is not set"),
        ("MODEL", "", "review_model is not set"),
        ("URL", "http://example.com/v1", "review_url: http would show the key"),
        ("URL", "https://user:pass@example.com/v1", "review_url: the value is not a base URL"),
        ("URL", "https://example.com/v1?key=x", "review_url: the value is not a base URL"),
        ("API_KEY", "k€y-with-a-sign", "review_api_key has signs"),
    ],
)
def test_what_is_misconfigured_is_no_try(place: Place, variable: str, value: str, told: str) -> None:
    done = place.review(**{f"MT5_SENTINEL_REVIEW_{variable}": value})
    assert done.returncode == 78
    assert told in done.stderr
    assert not place.evidence.exists()


def test_the_key_stands_nowhere(place: Place, api: ChatServer) -> None:
    api.script = always(401, json.dumps({"error": {"message": f"bad key {KEY}"}}).encode())
    done = place.review()
    api.script = verdict("FAIL", f"it shows {KEY}")
    again = place.review("--json")
    place.diff.write_text(DIFF + f"+k = '{KEY}'\n", encoding="utf-8")
    place.review()
    texts = [path.read_text(encoding="utf-8") for path in place.folder.rglob("*.json*")]
    for text in (done.stdout, done.stderr, again.stdout, *texts):
        assert KEY not in text
    assert "[hidden]" in done.stderr
    assert KEY not in api.asked[2].framed
    record = place.records()[2]
    assert record["redactions"] == {"known": 1}
    assert record["sent_sha256"] != record["diff_sha256"]


def test_secrets_are_taken_out_before_sending(place: Place, api: ChatServer) -> None:
    place.diff.write_text(DIFF + "+password = 'correct horse'\n+id = AKIAIOSFODNN7EXAMPLE\n", encoding="utf-8")
    done = place.review()
    assert done.returncode == 0
    assert "correct horse" not in api.asked[0].framed
    assert "AKIAIOSFODNN7EXAMPLE" not in api.asked[0].framed
    assert "taken out before sending: 1 assignment, 1 provider_token" in done.stdout


def test_a_diff_that_is_too_large_is_refused_not_cut(place: Place, api: ChatServer) -> None:
    exact = len(DIFF.encode())
    assert place.review("--max-bytes", str(exact)).returncode == 0
    done = place.review("--max-bytes", str(exact - 1))
    assert (done.returncode, len(api.asked)) == (65, 1)
    assert "--max-bytes" in done.stderr


def test_an_empty_diff_is_nothing_to_review(place: Place, api: ChatServer) -> None:
    place.diff.write_text("\n", encoding="utf-8")
    assert place.review().returncode == 65
    assert api.asked == []


def test_git_gives_the_diff_byte_for_byte(place: Place, api: ChatServer, tmp_path: Path) -> None:
    folder = repository(tmp_path / "repo")
    command = ["git", "-C", str(folder), "diff", "main...HEAD"]
    bytes_of_git = subprocess.run(command, check=True, capture_output=True).stdout
    assert b"\r\n" in bytes_of_git
    assert place.review("--git", folder).returncode == 0
    assert place.review("--git", folder, "--base", "HEAD~1").returncode == 0
    assert [one["diff_sha256"] for one in place.records()] == [hashlib.sha256(bytes_of_git).hexdigest()] * 2
    assert "+x = 2" in api.asked[0].framed


@pytest.mark.parametrize("base", ["nothing-here", "--output=stolen"])
def test_a_base_that_is_none_is_told(place: Place, tmp_path: Path, base: str) -> None:
    done = place.review("--git", repository(tmp_path / "repo"), f"--base={base}")
    assert done.returncode == 78
    assert "--base" in done.stderr
    assert not (tmp_path / "repo" / "stolen").exists()


def test_no_repository_is_told(place: Place, tmp_path: Path) -> None:
    done = place.review("--git", tmp_path)
    assert done.returncode == 78
    assert "--git" in done.stderr
