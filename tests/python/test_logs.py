"""Log lines: no secret leaves, whichever road it takes; the journal's time is not printed twice."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mt5_sentinel import journald, logs

TOKEN = "s3cr3t-t0ken"


@pytest.fixture(autouse=True)
def _root_as_it_was() -> Iterator[None]:
    root, http = logging.getLogger(), logging.getLogger("urllib3")
    handlers, level, http_level = root.handlers[:], root.level, http.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    http.setLevel(http_level)


@pytest.fixture(autouse=True)
def _no_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)


def printed(level: str = "info", secrets: tuple[str, ...] = (TOKEN,)) -> tuple[logging.Logger, io.StringIO]:
    stream = io.StringIO()
    logs.set_up(level, secrets, stream)
    return logging.getLogger("mt5_sentinel"), stream


def test_a_secret_in_the_message_is_hidden() -> None:
    log, stream = printed()
    log.info("GET /api?api_token=%s&fmt=json" % TOKEN)  # noqa: UP031 - the secret is in the format itself
    assert stream.getvalue().endswith("GET /api?api_token=[hidden]&fmt=json\n")


@pytest.mark.parametrize("argument", [TOKEN, {"token": TOKEN}, [TOKEN], ValueError(TOKEN), TOKEN.encode()])
def test_a_secret_in_an_argument_is_hidden(argument: object) -> None:
    log, stream = printed()
    log.info("it came: %s", argument)
    assert TOKEN not in stream.getvalue()
    assert "[hidden]" in stream.getvalue()


def test_a_secret_in_a_traceback_is_hidden_in_the_whole_chain() -> None:
    log, stream = printed()
    try:
        try:
            raise OSError(f"cannot reach http://x/?api_token={TOKEN}")
        except OSError as error:
            raise RuntimeError(f"gave up on {TOKEN}") from error
    except RuntimeError:
        log.exception("cycle failed")
    text = stream.getvalue()
    assert TOKEN not in text
    assert text.count("[hidden]") == 2
    assert "Traceback" in text
    assert "RuntimeError: gave up on [hidden]" in text


@pytest.mark.parametrize("quoted", [repr, lambda one: repr(one.encode()), lambda one: repr({"in": [one]})])
def test_a_secret_that_python_quotes_otherwise_is_hidden(quoted: Callable[[str], str]) -> None:
    awkward = "s3cr3t\\t0k'n\"\n-ü"
    log, stream = printed(secrets=(awkward,))
    log.info("%s", quoted(awkward))
    assert "s3cr3t" not in stream.getvalue()


def test_a_secret_in_a_stack_is_hidden() -> None:
    log, stream = printed()
    log.info("where am I", stack_info=True)
    assert "Stack (most recent call last)" in stream.getvalue()
    assert TOKEN not in stream.getvalue()


def test_a_secret_that_contains_another_leaves_no_rest() -> None:
    log, stream = printed(secrets=("abcdef", "abcdefghi"))
    log.info("one abcdefghi, two abcdef")
    assert stream.getvalue().endswith("one [hidden], two [hidden]\n")


def test_other_loggers_are_redacted_too() -> None:
    _, stream = printed()
    logging.getLogger("some.library").warning("leaks %s", TOKEN)
    assert stream.getvalue().endswith("leaks [hidden]\n")


def test_urllib3_says_nothing_of_urls_even_at_debug() -> None:
    _, stream = printed("debug", secrets=())
    logging.getLogger("urllib3.connectionpool").debug("GET /?api_token=%s", TOKEN)
    logging.getLogger("urllib3.util.retry").warning("retrying /?api_token=%s", TOKEN)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("value", ["8:12345", "9:1"])
def test_under_systemd_the_journal_keeps_the_time(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", value)
    log, stream = printed()
    log.info("TRADING CYCLE START: now")
    assert stream.getvalue() == "TRADING CYCLE START: now\n"


def test_elsewhere_a_line_begins_with_the_time() -> None:
    log, stream = printed()
    log.info("TRADING CYCLE START: now")
    stamp, text = stream.getvalue()[:23], stream.getvalue()[23:]
    assert stamp[:2] == "20"
    assert stamp[4:8:3] == "--"
    assert text == " TRADING CYCLE START: now\n"


@pytest.mark.parametrize(("level", "lines"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_is_the_least_severe_line_printed(level: str, lines: int) -> None:
    log, stream = printed(level)
    for severity in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        log.log(severity, "line")
    assert stream.getvalue().count("line\n") == lines


def test_setting_up_again_does_not_double_the_lines() -> None:
    printed()
    log, stream = printed()
    log.info("once")
    assert stream.getvalue().count("once") == 1


def test_the_check_above_would_see_a_leak() -> None:
    """The same line through the standard formatter shows the token: what hides it is the redaction."""
    log, stream = printed()
    logging.getLogger().handlers[0].setFormatter(logging.Formatter("%(message)s"))
    log.info("GET /api?api_token=%s", TOKEN)
    assert TOKEN in stream.getvalue()


def test_each_line_tells_the_journal_how_severe_it_is_where_it_takes_no_fields(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "stream").open("w") as stream:
        facts = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{facts.st_dev}:{facts.st_ino}")
        monkeypatch.setattr(journald, "SOCKET", str(tmp_path / "nobody"))
        logs.set_up("debug", (), stream)
        log = logging.getLogger("mt5_sentinel")
        log.debug("a")
        log.info("b")
        log.warning("c")
        try:
            raise ValueError("x")
        except ValueError:
            log.exception("d")
    first, *rest = (tmp_path / "stream").read_text().splitlines()
    assert first == "<7>a"
    assert rest[:2] == ["<6>b", "<4>c"]
    assert rest[2] == "<3>d"
    assert all(line.startswith("<3>") for line in rest[2:]), "every line of the traceback"
    assert len(rest) > 4


def test_a_stream_that_is_not_the_journal_has_no_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")  # a process above is a service, this one writes to a file
    with (tmp_path / "stream").open("w") as stream:
        logs.set_up("info", (), stream)
        logging.getLogger("mt5_sentinel").info("b")
    assert (tmp_path / "stream").read_text() == "b\n"


class Mute:
    def __str__(self) -> str:
        raise RuntimeError(TOKEN)


@pytest.mark.parametrize(
    ("form", "arguments", "told"),
    [
        (f"a %d {TOKEN}", ("x",), "(TypeError), its format is 'a %d [hidden]'"),
        ("b %s", (Mute(),), "(RuntimeError), its format is 'b %s'"),
        (Mute(), (), "(RuntimeError), its format is a Mute"),
    ],
)
def test_a_line_that_cannot_be_formatted_says_so(
    form: object, arguments: tuple[object, ...], told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    log, stream = printed()
    try:
        raise OSError("why it was said")
    except OSError:
        log.exception(form, *arguments)
    first, *rest = stream.getvalue().splitlines()
    assert " a line of test_logs.py:" in first
    assert first.endswith(f" cannot be formatted {told}")
    assert rest[-1] == "OSError: why it was said", "its traceback is there"
    assert capfd.readouterr().err == ""
