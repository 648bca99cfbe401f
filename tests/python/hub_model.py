"""The model as MLflow takes it: saved with the model, run by the server from the root of the sources."""

from __future__ import annotations

from typing import Any

import mlflow

from tests.python.hub_orders import arrived, echo, obey


class Echo(mlflow.pyfunc.PythonModel):  # type: ignore[misc] # mypy does not read MLflow
    """Answers with a checksum of what arrived, or does what that says."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        form, columns, rows = arrived(model_input)
        return obey(int(rows[-1][0]), echo(form, columns, rows))


mlflow.models.set_model(Echo())
