"""The hub's client against a real MLflow scoring server: what arrives there, and what each of its answers becomes."""

from __future__ import annotations

import http.client
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mt5_sentinel import _core
from mt5_sentinel.adapters.hub import HubScorer
from mt5_sentinel.errors import SentinelError, Transient, Unusable
from tests.python import hub_orders as orders
from tests.python.hub_server import HOST, MlflowServer, mlflow_server

NAMES = [spec.name for spec in _core.catalogue()]
AWKWARD = [0.1, -1e-300, 1 / 3, 5e-324, 1.7976931348623157e308, 1e16, 123456789.12345678, -0.0]
"""Values of which a careless writer loses the last bit, the sign or the size."""

Open = Callable[..., HubScorer]


@pytest.fixture
def hub(mlflow_hub: MlflowServer) -> Iterator[Open]:
    opened: list[HubScorer] = []

    def connect(form: str = "columns", answer: str = "classes", timeout_s: float = 30) -> HubScorer:
        opened.append(HubScorer(HOST, mlflow_hub.port, form=form, answer=answer, timeout_s=timeout_s))
        return opened[-1]

    yield connect
    for scorer in opened:
        scorer.close()


def rows(scorer: HubScorer, order: int = orders.GOOD) -> list[list[float]]:
    """Rows as the scorer wants them, all values different, the newest with an order to the model."""
    width = 23 if scorer.layout == "legacy23" else 22
    made = [
        [float(order), *AWKWARD] + [step + column / 7 for column in range(9, width)] for step in range(scorer.steps)
    ]
    for step, row in enumerate(made[:-1]):
        row[0] = step + 0.5
    return made


def failure(scorer: HubScorer, order: int) -> SentinelError:
    with pytest.raises(SentinelError) as caught:
        scorer.score_rows(rows(scorer, order))
    return caught.value


@pytest.mark.parametrize(
    ("form", "columns", "steps", "layout"),
    [
        ("columns", NAMES, 1, "catalogue"),
        ("inputs", [], 1, "catalogue"),
        ("legacy_pair", ["X_tabular", "X_sequential"], 60, "legacy23"),
    ],
)
def test_every_bit_of_a_request_arrives(hub: Open, form: str, columns: list[str], steps: int, layout: str) -> None:
    scorer = hub(form)
    assert (scorer.steps, scorer.layout) == (steps, layout)
    sent = rows(scorer)
    assert scorer.score_rows(sent) == orders.echo(form, columns, sent)
    changed = [*sent[:-1], [*sent[-1][:-1], math.nextafter(sent[-1][-1], 0)]]
    assert scorer.score_rows(changed) != orders.echo(form, columns, sent), "one bit changes the answer"


@pytest.mark.parametrize("order", [orders.GOOD, orders.BY_CLASS, orders.BY_NAME, orders.FRAME_BY_CLASS])
def test_three_probabilities_are_read_in_every_accepted_form(hub: Open, order: int) -> None:
    scorer = hub()
    sent = rows(scorer, order)
    assert scorer.score_rows(sent) == orders.echo("columns", NAMES, sent)


@pytest.mark.parametrize("order", [orders.FLAT_P, orders.ALONE_P])
def test_the_probability_of_a_rise_counts_only_where_it_is_configured(hub: Open, order: int) -> None:
    assert hub(answer="p_up").score_rows(rows(hub(), order)) == [0.25, 0.0, 0.75]
    error = failure(hub(), order)
    assert (type(error), error.reason) == (Unusable, "bad_hub_answer")
    assert "0.75" in str(error)


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (orders.ONE_ELEMENT, "the number 0.97 came alone, [sell, hold, buy] is needed"),
        (orders.BARE_NAN, "a bare NaN stands at byte 18"),
        (orders.FRAME_NAN, "a bare NaN"),
        (orders.NULL, "[0] is null"),
        (orders.TWO_ROWS, "2 predictions came for 1 row"),
        (orders.OFF_SUM, "sum to 1.5"),
    ],
)
def test_an_answer_that_is_none_is_never_traded(hub: Open, order: int, told: str) -> None:
    error = failure(hub(), order)
    assert (type(error), error.reason) == (Unusable, "bad_hub_answer")
    assert told in str(error)


def test_three_probabilities_are_no_rise(hub: Open) -> None:
    error = failure(hub(answer="p_up"), orders.GOOD)
    assert (type(error), error.reason) == (Unusable, "bad_hub_answer")


def test_an_exception_inside_the_model_is_quoted(hub: Open) -> None:
    error = failure(hub(), orders.RAISES)
    assert (type(error), error.reason) == (Transient, "hub_model_error")
    assert "BAD_REQUEST: Encountered an unexpected error" in str(error)
    assert "ValueError: the model does not like this row" in str(error)
    assert "\n" not in str(error)


def test_a_refusal_of_mlflow_itself_is_quoted(hub: Open) -> None:
    error = failure(hub(), orders.REFUSES)
    assert (type(error), error.reason) == (Transient, "hub_500")
    assert "INTERNAL_ERROR" in str(error)
    assert "Error: no such tenant" in str(error)
    assert len(str(error)) < 500


def test_a_slow_answer_is_not_waited_for_and_not_taken_for_the_next_one(hub: Open) -> None:
    scorer = hub(timeout_s=0.3)
    error = failure(scorer, orders.SLOW)
    assert (type(error), error.reason) == (Transient, "hub_timeout")
    patient = hub()
    sent = rows(patient)
    assert patient.score_rows(sent) == orders.echo("columns", NAMES, sent), "the server is well again"


def test_the_server_is_asked_over_one_connection(hub: Open, mlflow_hub: MlflowServer) -> None:
    scorer = hub()
    before = len(mlflow_hub.log.splitlines())
    for order in (orders.GOOD, orders.RAISES, orders.BARE_NAN, orders.GOOD):
        if order == orders.GOOD:
            scorer.score_rows(rows(scorer, order))
        else:
            failure(scorer, order)
    scorer.ping()
    lines = [line for line in mlflow_hub.log.splitlines()[before:] if "HTTP/1.1" in line]
    peers = {line.split(" - ")[0].split()[-1] for line in lines}
    assert len(lines) == 5
    assert len(peers) == 1, "each connection comes from a port of its own"


def test_a_ping_says_that_the_hub_is_well(hub: Open) -> None:
    hub().ping()


def test_the_server_refuses_another_type_of_content(mlflow_hub: MlflowServer) -> None:
    """The client sends JSON and nothing else, so the 415 of a real server takes a request by hand."""
    connection = http.client.HTTPConnection(HOST, mlflow_hub.port, timeout=30)
    connection.request("POST", "/invocations", b"x", {"Content-Type": "text/plain"})
    answer = connection.getresponse()
    status, said = answer.status, _core.failure_text(answer.read())
    connection.close()
    assert status == 415
    assert "only supports the following content types" in said


def test_a_row_that_json_cannot_carry_is_not_sent(hub: Open, mlflow_hub: MlflowServer) -> None:
    scorer = hub()
    before = mlflow_hub.log
    for value in (math.nan, math.inf, -math.inf):
        with pytest.raises(Unusable, match="column 21") as caught:
            scorer.score_rows([[*rows(scorer)[0][:-1], value]])
        assert caught.value.reason == "bad_row"
    with pytest.raises(Unusable, match="21 values, the hub is asked with 22"):
        scorer.score_rows([rows(scorer)[0][:-1]])
    assert mlflow_hub.log == before


def test_a_server_that_dies_is_unreachable_at_once(mlflow_hub: MlflowServer, tmp_path: Path) -> None:
    """A second real server, killed while the client holds a connection to it."""
    with mlflow_server(tmp_path, model=mlflow_hub.model) as short_lived:
        scorer = HubScorer(HOST, short_lived.port, form="columns", answer="classes", timeout_s=30)
        scorer.score_rows(rows(scorer))
        short_lived.process.kill()
        short_lived.process.wait()
        error = failure(scorer, orders.GOOD)
    assert (type(error), error.reason) == (Transient, "hub_unreachable")
    with pytest.raises(Transient, match="no connection") as caught:
        scorer.ping()
    assert caught.value.reason == "hub_unreachable"
    scorer.close()
