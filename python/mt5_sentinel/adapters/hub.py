"""Scores from a hub: a remote MLflow scoring server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from mt5_sentinel import _core
from mt5_sentinel.bounded_http import Answer, FetchError
from mt5_sentinel.errors import Misconfigured, SentinelError, Transient, Unusable
from mt5_sentinel.kept_http import KeptHttp
from mt5_sentinel.types import HUB_STEPS

BODY_BYTES_MAX = 1 << 20
"""Tracebacks of a failing model are long; an answer that may be traded is far shorter, which the core sees to."""

JSON = "application/json"

Rows = list[list[float]]


@dataclass(frozen=True)
class Form:
    """One form of a request: which rows it is made of, and how they stand in it."""

    layout: str
    width: int
    body: Callable[[Rows, list[str]], object]


def _columns(rows: Rows, names: list[str]) -> object:
    return {"dataframe_split": {"columns": names, "data": rows}}


def _inputs(rows: Rows, _: list[str]) -> object:
    return {"inputs": rows}


def _legacy_pair(rows: Rows, _: list[str]) -> object:
    """One line of two cells: the newest row as a list of one, and all rows."""
    return {"dataframe_split": {"columns": ["X_tabular", "X_sequential"], "data": [[rows[-1:], rows]]}}


FORMS: dict[str, Form] = {
    "columns": Form("catalogue", 22, _columns),
    "inputs": Form("catalogue", 22, _inputs),
    "legacy_pair": Form("legacy23", 23, _legacy_pair),
}
"""The forms by their names in the setting ``hub_form``."""


class HubScorer:
    """Asks the hub for each row, within a deadline; whatever goes wrong has its class and its reason."""

    def __init__(self, host: str, port: int, *, form: str, answer: str, timeout_s: float) -> None:
        """Nothing is sent yet.

        Args:
            host: name or address of the scoring server.
            port: its TCP port.
            form: of the request: ``columns``, ``inputs`` or ``legacy_pair``.
            answer: what a prediction is: ``classes`` or ``p_up``.
            timeout_s: seconds from connecting to the last byte of the answer.
        """
        self._form = FORMS[form]
        self._steps = HUB_STEPS[form]
        self._answer = answer
        self._names = [spec.name for spec in _core.catalogue()]
        self._place = f"{host}:{port}"
        self._http = KeptHttp(host, port, timeout_s=timeout_s, body_bytes_max=BODY_BYTES_MAX)

    @property
    def steps(self) -> int:
        """Rows a request holds."""
        return self._steps

    @property
    def layout(self) -> str:
        """Which columns a row holds: ``catalogue`` or ``legacy23``."""
        return self._form.layout

    def score_rows(self, rows: Rows) -> list[float]:
        """[SELL, HOLD, BUY] for the newest of ``steps`` rows, oldest first.

        Raises:
            Transient: ``hub_unreachable``, ``hub_timeout``, ``hub_model_error`` (an exception inside the model, which
                MLflow tells as a 400), ``hub_<status>``.
            Unusable: ``bad_hub_answer``, and ``bad_row`` for rows that JSON cannot carry; these are not sent.
            Misconfigured: ``hub_415``.
        """
        _core.check_request(rows, self._steps, self._form.width)
        body = msgspec.json.encode(self._form.body(rows, self._names))
        answer = self._ask("POST", "/invocations", body)
        if answer.status != 200:
            raise self._refusal(answer)
        return list(_core.read_answer(answer.body, self._answer))

    def ping(self) -> None:
        """Whether the hub says that it is well.

        Raises:
            Transient: it does not, or does not answer; reasons as ``score_rows``.
        """
        answer = self._ask("GET", "/ping")
        if answer.status != 200:
            raise Transient(f"the hub {self._place} is not well ({answer.status})", f"hub_{answer.status}")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        try:
            return self._http.request(method, path, body, {"Content-Type": JSON} if body else None)
        except FetchError as error:
            raise self._fault(error) from None

    def _fault(self, error: FetchError) -> SentinelError:
        said = f"hub {self._place}: {error}"
        if error.reason == "too_large":
            return Unusable(said, "bad_hub_answer")
        return Transient(said, "hub_timeout" if error.reason == "timeout" else "hub_unreachable")

    def _refusal(self, answer: Answer) -> SentinelError:
        status, said = answer.status, _core.failure_text(answer.body)
        if status == 400:
            return Transient(f"the model of the hub {self._place} failed: {said}", "hub_model_error")
        if status == 415:
            return Misconfigured(f"the hub {self._place} refuses JSON; is it an MLflow 2 server? {said}", "hub_415")
        return Transient(f"the hub {self._place} did not score ({status}): {said}", f"hub_{status}")
