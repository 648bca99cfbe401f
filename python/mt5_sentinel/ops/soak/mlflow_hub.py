"""MLflow's own scoring server around the soak's model, where MLflow is installed."""

from __future__ import annotations

import importlib.util
import socket
import sys
from pathlib import Path

from mt5_sentinel import files
from mt5_sentinel.errors import Transient
from mt5_sentinel.ops.soak.children import Children

NEEDED = ("mlflow", "uvicorn", "fastapi", "pandas")
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "GIT_PYTHON_REFRESH": "quiet"}
SAVE = (
    "import mlflow, sys; mlflow.pyfunc.save_model("
    "sys.argv[1], python_model=sys.argv[2], artifacts={'bundle': sys.argv[3]}, pip_requirements=[])"
)
MODEL = '''"""Scores with the bundle that was saved beside it."""

from pathlib import Path

import mlflow

from mt5_sentinel import _core


class Bundled(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self._model = _core.Model.load_for_trading(Path(context.artifacts["bundle"]), False, [])

    def predict(self, context, model_input, params=None):
        return [list(self._model.score_row(list(map(float, row)))) for row in model_input.to_numpy()]


mlflow.models.set_model(Bundled())
'''
"""A file of its own beside the model: a module of this package would need MLflow to be imported at all."""

APP = "mlflow.pyfunc.scoring_server.app:app"


def missing() -> list[str]:
    """What the real server lacks here."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def start(children: Children, work: Path, bundle: Path) -> int:
    """Save the model as MLflow does, serve it as its command does; the port.

    Raises:
        Transient: it did not start.
    """
    model, code = work / "mlflow_model", work / "mlflow_code.py"
    files.write(str(code), [MODEL])
    saving = children.start("mlflow_save", [sys.executable, "-c", SAVE, *map(str, (model, code, bundle))], QUIET)
    if saving.wait() != 0:
        raise Transient(f"MLflow did not save the model: {saving.last_words()}", "soak_start")
    del children.all["mlflow_save"]
    environ = QUIET | {"__pyfunc_model_path__": str(model), "PYTHONUNBUFFERED": "1"}
    with socket.create_server(("127.0.0.1", 0)) as listening:  # it listens before it starts: nobody takes the port
        port = int(listening.getsockname()[1])
        command = [sys.executable, "-m", "uvicorn", APP, "--fd", str(listening.fileno()), "--no-access-log"]
        hub = children.start("hub", command, environ, keep=listening.fileno())
    hub.await_line(r"(Application startup complete)")
    return port
