"""HTTP to one host over kept connections; each request has a hard deadline, from its first byte to its last."""

from __future__ import annotations

import http.client
import socket
import threading
import time

import urllib3

from mt5_sentinel.bounded_http import Answer, FetchError


class KeptHttp:
    """Asks one host over plain HTTP; redirects are not followed.

    Threads may share it: each request has a connection to itself, and leaves it to the next one. A connection that the
    server closed meanwhile is replaced within the same deadline, so only requests may be sent that can be sent twice.
    Looking up the host's name is the system's affair and not under the deadline; an address needs none.
    """

    def __init__(self, host: str, port: int, *, timeout_s: float, body_bytes_max: int) -> None:
        """Nothing is sent yet.

        Args:
            host: name or address.
            port: TCP port.
            timeout_s: seconds a request may take, from connecting to the last byte of the answer.
            body_bytes_max: a larger answer is an error.
        """
        self._host, self._port = host, port
        self._timeout_s = timeout_s
        self._body_bytes_max = body_bytes_max
        self._lock = threading.Lock()
        self._idle: list[_Connection] = []
        self._is_closed = False

    def get(self, path: str) -> Answer:
        """Fetch a path; errors as ``request``."""
        return self.request("GET", path)

    def post(self, path: str, body: bytes, content_type: str) -> Answer:
        """Send a body and fetch its answer; errors as ``request``."""
        return self.request("POST", path, body, {"Content-Type": content_type})

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """One exchange.

        Raises:
            FetchError: ``timeout``, ``too_large``, or ``connection`` when there is none or it broke.
        """
        deadline = _Deadline(self._timeout_s)
        sent = {"User-Agent": "mt5-sentinel", **(headers or {})}
        connection = self._kept()
        try:
            if connection is not None:
                try:
                    return self._exchange(connection, deadline, method, path, body, sent)
                except _Dropped:
                    connection.close()
            connection = _Connection(self._host, self._port)
            return self._exchange(connection, deadline, method, path, body, sent)
        except TimeoutError:
            raise FetchError("timeout", f"no whole answer within {self._timeout_s:g} s") from None
        except (OSError, ValueError, http.client.HTTPException) as error:  # a negative chunk is a ValueError there
            raise FetchError("connection", f"the connection broke: {_kind(error)}") from error

    def close(self) -> None:
        """Close the idle connections now, those under way when their answer is there."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _exchange(
        self,
        connection: _Connection,
        deadline: _Deadline,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
    ) -> Answer:
        try:
            answer, is_whole = connection.exchange(deadline, method, path, body, headers, self._body_bytes_max)
        except BaseException:
            # A later request must never read what is left of this one's answer.
            connection.close()
            raise
        if is_whole:
            self._keep(connection)
            return answer
        connection.close()
        raise FetchError("too_large", f"more than {self._body_bytes_max} bytes came")

    def _kept(self) -> _Connection | None:
        """The connection used last that is still silent; others have ended, or say what nobody asked."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if connection.is_silent():
                return connection
            connection.close()

    def _keep(self, connection: _Connection) -> None:
        if connection.sock is not None:
            with self._lock:
                if not self._is_closed:
                    self._idle.append(connection)
                    return
        connection.close()


class _Dropped(ConnectionError):
    """A kept connection ended before an answer began."""


class _Deadline:
    """A moment on the clock that never steps."""

    def __init__(self, budget_s: float) -> None:
        self._end_s = time.monotonic() + budget_s

    def left_s(self) -> float:
        """Seconds left, more than 0.

        Raises:
            TimeoutError: there are none.
        """
        left_s = self._end_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s


class _TimedSocket(socket.socket):
    """A socket whose every call may take what is left of the deadline; a timeout alone starts anew with every byte."""

    deadline: _Deadline

    def recv_into(self, *args: object, **kwargs: object) -> int:
        """Read, within the deadline."""
        self.settimeout(self.deadline.left_s())
        return super().recv_into(*args, **kwargs)  # type: ignore[arg-type] # the base class says which

    def sendall(self, *args: object, **kwargs: object) -> None:
        """Write, within the deadline."""
        self.settimeout(self.deadline.left_s())
        super().sendall(*args, **kwargs)  # type: ignore[arg-type]


class _Connection(http.client.HTTPConnection):
    """One connection; it is opened by its first request."""

    sock: _TimedSocket | None
    auto_open = 0  # a request must not open another one by itself

    def open(self, deadline: _Deadline) -> None:
        """Connect to the first address that accepts, all within the deadline."""
        try:
            addresses = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise FetchError("connection", f"the host's name has no address: {_kind(error)}") from error
        refusal = "no address"
        for family, kind, protocol, _, address in addresses:
            sock = _TimedSocket(family, kind, protocol)
            try:
                sock.settimeout(deadline.left_s())
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except TimeoutError:
                sock.close()
                raise
            except OSError as error:
                sock.close()
                refusal = _kind(error)
            else:
                self.sock = sock
                return
        raise FetchError("connection", f"no connection: {refusal}")

    def is_silent(self) -> bool:
        """Whether the other side neither closed it nor sent what nobody asked for."""
        if self.sock is None:
            return False
        self.sock.settimeout(0)
        try:
            self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def exchange(
        self,
        deadline: _Deadline,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
        body_bytes_max: int,
    ) -> tuple[Answer, bool]:
        """Send, and read the answer; whether it came whole, or is larger than it may be."""
        is_kept = self.sock is not None
        if not is_kept:
            self.open(deadline)
        if self.sock is not None:
            self.sock.deadline = deadline
        try:
            self.request(method, path, body, headers)
            response = self.getresponse()
        except ConnectionError as error:
            if is_kept:
                raise _Dropped from error
            raise
        received = response.read(body_bytes_max + 1)
        is_whole = len(received) <= body_bytes_max
        if is_whole and response.length:
            raise http.client.IncompleteRead(received, response.length)
        return Answer(response.status, received, urllib3.HTTPHeaderDict(response.getheaders())), is_whole


def _kind(error: Exception) -> str:
    """A word for it: the system's own text where it has one, never a server's words."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
