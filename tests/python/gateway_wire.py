"""A gateway on a real ZeroMQ socket of 127.0.0.1 that answers, lies, or keeps silent."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

import zmq

Answer = Callable[[dict[str, Any]], "bytes | None"]


class Gateway:
    """Serves ``answer`` of each request; None is silence."""

    def __init__(self, answer: Answer) -> None:
        """Listen at once; requests are answered inside of ``with``."""
        self.answer = answer
        self.requests: list[dict[str, Any]] = []
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.set(zmq.LINGER, 0)
        self.port = self._socket.bind_to_random_port("tcp://127.0.0.1")
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Gateway:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        self._thread.join(10)
        self._context.destroy(linger=0)

    def _serve(self) -> None:
        while not self._ends.is_set():
            if self._socket.poll(20) == 0:
                continue
            peer, empty, body = self._socket.recv_multipart()
            self.requests.append(json.loads(body))
            said = self.answer(self.requests[-1])
            if said is not None:
                self._socket.send_multipart([peer, empty, said])
