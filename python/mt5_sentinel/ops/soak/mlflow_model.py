"""The soak's model as MLflow takes it: saved with its bundle, run inside MLflow's own scoring server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow

from mt5_sentinel import _core


class Bundled(mlflow.pyfunc.PythonModel):  # type: ignore[misc] # mypy does not read MLflow
    """Scores with the bundle that was saved as the artifact ``bundle``."""

    def load_context(self, context: Any) -> None:  # noqa: ANN401 - MLflow's own
        """Load the bundle once."""
        self._model = _core.Model.load_for_trading(Path(context.artifacts["bundle"]), False, [])

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ANN401 - the same
        """Three probabilities a row."""
        return [list(self._model.score_row(list(map(float, row)))) for row in model_input.to_numpy()]


mlflow.models.set_model(Bundled())
