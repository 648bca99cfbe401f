"""A real MLflow scoring server on 127.0.0.1, and a scripted one for what a real one never does."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
HOST = "127.0.0.1"
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "GIT_PYTHON_REFRESH": "quiet"}
SAVE = "import mlflow, sys; mlflow.pyfunc.save_model(sys.argv[1], python_model=sys.argv[2], pip_requirements=[])"
START_S_MAX = 120


def missing() -> str | None:
    """What the real server lacks on this machine."""
    lacks = [name for name in ("mlflow", "uvicorn", "fastapi", "pandas") if importlib.util.find_spec(name) is None]
    return f"{', '.join(lacks)} not installed (they come with mlflow-skinny)" if lacks else None


@dataclass(frozen=True)
class MlflowServer:
    """A running server; ``log`` holds what it printed, a line a request."""

    port: int
    process: subprocess.Popen[bytes]
    log_path: Path
    model: Path

    @property
    def log(self) -> str:
        """What it has printed so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")


@contextlib.contextmanager
def mlflow_server(folder: Path, model: Path | None = None) -> Iterator[MlflowServer]:
    """Serve the model, saved now where none is given, as MLflow's own command does; stop at the end."""
    is_saved, model = model is not None, model or folder / "model"
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
    env = kept | QUIET | {"__pyfunc_model_path__": str(model), "PYTHONUNBUFFERED": "1"}
    code = Path(__file__).with_name("hub_model.py")
    if not is_saved:
        subprocess.run([sys.executable, "-c", SAVE, model, code], env=env, cwd=ROOT, check=True, capture_output=True)
    # A socket that listens already: no other process can take the port meanwhile.
    with socket.create_server((HOST, 0)) as listening, (folder / "hub.log").open("wb") as sink:
        port = listening.getsockname()[1]
        app = "mlflow.pyfunc.scoring_server.app:app"
        command = [sys.executable, "-m", "uvicorn", app, "--fd", str(listening.fileno()), "--timeout-keep-alive", "60"]
        process = subprocess.Popen(
            command, env=env, cwd=ROOT, stdout=sink, stderr=subprocess.STDOUT, pass_fds=[listening.fileno()]
        )
    running = MlflowServer(port, process, folder / "hub.log", model)
    try:
        deadline = time.monotonic() + START_S_MAX
        while "Application startup complete" not in running.log:
            assert process.poll() is None, f"the server ended:\n{running.log}"
            assert time.monotonic() < deadline, f"the server did not start:\n{running.log}"
            time.sleep(0.05)
        yield running
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


Step = bytes | float | str
"""Bytes to send, seconds to wait, or ``close`` and ``reset``."""


class ScriptedHub:
    """Plays a script for each request it reads, in their order; counts connections and keeps what was asked.

    ``connections`` were accepted, of which ``ended`` are over; ``played`` scripts came to their end.
    """

    def __init__(self, *scripts: list[Step]) -> None:
        """Listen; the last script is played again where more is asked."""
        self._scripts = list(scripts)
        self._closing = threading.Event()
        self._listening = socket.create_server((HOST, 0))
        self.port: int = self._listening.getsockname()[1]
        self.connections = self.ended = self.played = 0
        self.requests: list[bytes] = []
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._accept, name="hub", daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listening.accept()
            except OSError:
                return
            if self._closing.is_set():
                connected.close()
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connected,), name="hub", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connected: socket.socket) -> None:
        try:
            with connected, contextlib.suppress(OSError):
                connected.settimeout(30)
                while request := _request(connected):
                    with self._lock:
                        self.requests.append(request)
                        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
                    if not all(self._play(connected, step) for step in script):
                        return
                    with self._lock:
                        self.played += 1
        finally:
            with self._lock:
                self.ended += 1

    def _play(self, connected: socket.socket, step: Step) -> bool:
        """Do one step; whether the connection goes on."""
        if isinstance(step, bytes):
            connected.sendall(step)
        elif isinstance(step, float):
            return not self._closing.wait(step)
        else:
            if step == "reset":
                linger_none = b"\x01\0\0\0\0\0\0\0"
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_none)
            return False
        return True

    def __enter__(self) -> ScriptedHub:
        """Serve within a ``with`` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop; answers under way end early."""
        self._closing.set()
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), 5):
            pass
        self._threads[0].join()
        self._listening.close()


def _request(connected: socket.socket) -> bytes:
    """One request, head and body; empty when the other side has closed."""
    received = b""
    while b"\r\n\r\n" not in received:
        if not (part := connected.recv(1 << 16)):
            return b""
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < int(lengths[0] if lengths else 0):
        body += connected.recv(1 << 16)
    return head + b"\r\n\r\n" + body


def whole(body: bytes, *, status: str = "200 OK", headers: str = "", length: int | None = None) -> bytes:
    """An answer as it stands on the wire; ``length`` replaces the true one."""
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\n{headers}\r\n".encode() + body


def dead_port() -> int:
    """A port of the loopback on which nobody listens."""
    with socket.create_server((HOST, 0)) as closed:
        return int(closed.getsockname()[1])
