"""The hub's client and answers a real MLflow never gives: each has its class and its reason."""

from __future__ import annotations

from typing import Any

import pytest

from mt5_sentinel.adapters.hub import HubScorer
from mt5_sentinel.errors import Misconfigured, SentinelError, Transient, Unusable
from tests.python.hub_server import HOST, ScriptedHub, dead_port, whole

ROW = [[0.5] * 22]


def failure(port: int, timeout_s: float = 20) -> SentinelError:
    scorer = HubScorer(HOST, port, form="columns", answer="classes", timeout_s=timeout_s)
    with pytest.raises(SentinelError) as caught:
        scorer.score_rows(ROW)
    scorer.close()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700
    assert f"{HOST}:{port}" in str(caught.value) or caught.value.reason == "bad_hub_answer"
    return caught.value


@pytest.mark.parametrize(
    ("script", "kind", "reason"),
    [
        ([whole(b"busy", status="503 Busy")], Transient, "hub_503"),
        ([whole(b"<html>" + b"x" * 5000, status="502 Bad Gateway")], Transient, "hub_502"),
        ([whole(b"Request processing time exceeded limit", status="504 Timeout")], Transient, "hub_504"),
        ([whole(b'{"detail":"Not Found"}', status="404 Not Found")], Transient, "hub_404"),
        ([whole(b"", status="302 Found", headers="Location: http://127.0.0.1:9/\r\n")], Transient, "hub_302"),
        ([whole(b'{"predictions": [[0,0,1]]}', status="201 Created")], Transient, "hub_201"),
        ([whole(b"", status="204 No Content")], Transient, "hub_204"),
        ([whole(b'{"error_code": "BAD_REQUEST"}', status="400 Bad Request")], Transient, "hub_model_error"),
        ([whole(b"no JSON", status="415 Unsupported Media Type")], Misconfigured, "hub_415"),
        ([whole(b"<html>welcome</html>")], Unusable, "bad_hub_answer"),
        ([whole(b"")], Unusable, "bad_hub_answer"),
        ([whole(b'{"error_code": "X", "message": "y"}')], Unusable, "bad_hub_answer"),
        ([whole(b"[" * 500_000)], Unusable, "bad_hub_answer"),
        ([whole(b" " * 2_000_000)], Unusable, "bad_hub_answer"),
        ([whole(b'{"predictions": [[0,0,1', length=26), "close"], Transient, "hub_unreachable"),
        (["reset"], Transient, "hub_unreachable"),
        (["close"], Transient, "hub_unreachable"),
    ],
)
def test_each_fault_says_who_acts(script: list[Any], kind: type[SentinelError], reason: str) -> None:
    with ScriptedHub(script) as hub:
        error = failure(hub.port)
    assert (type(error), error.reason) == (kind, reason)


def test_a_drip_and_a_dead_host_have_their_reasons() -> None:
    answer = whole(b'{"predictions": [[0,0,1]]}')
    with ScriptedHub([part for byte in answer for part in (bytes([byte]), 0.2)]) as hub:
        error = failure(hub.port, 0.4)
    assert (type(error), error.reason) == (Transient, "hub_timeout")
    error = failure(dead_port())
    assert (type(error), error.reason) == (Transient, "hub_unreachable")


def test_a_hub_that_is_not_well_says_so_on_a_ping() -> None:
    with ScriptedHub([whole(b"\n", status="404 Not Found")]) as hub:
        scorer = HubScorer(HOST, hub.port, form="inputs", answer="classes", timeout_s=20)
        with pytest.raises(Transient, match="is not well") as caught:
            scorer.ping()
        scorer.close()
        assert caught.value.reason == "hub_404"
        assert hub.requests[0].startswith(b"GET /ping HTTP/1.1")
