"""The log as JSON lines in Elastic Common Schema; imported only where that is asked for."""

from __future__ import annotations

import logging
import socket
from pathlib import Path
from typing import Any

import ecs_logging
import msgspec

from mt5_sentinel import __version__, cycle_fields, logs
from mt5_sentinel.cycle_fields import Fields
from mt5_sentinel.guard import Guard
from mt5_sentinel.line_file import LineFile
from mt5_sentinel.log_text import cut, in_place_of, readable
from mt5_sentinel.systemd import told
from mt5_sentinel.types import CycleRecord, Mode

SERVICE = "mt5-sentinel"
LINES, CYCLES = "mt5_sentinel.log", "mt5_sentinel.cycle"
"""``event.dataset`` of a line of the log, and of the one that each cycle ends with."""

LINE_BYTES_MAX = 256 * 1024
"""Far below what deploy/elk/syslog-ng.conf reads of a line, which it would cut."""

TEXT_CHARS_MAX = (32_000, 8_000, 2_000, 500)
"""How long a text may be, the first with which the line is short enough; Elasticsearch finds no longer stack traces."""

OWN = frozenset(vars(logging.makeLogRecord({})))
"""Attributes that every record of ``logging`` has; what libraries add is not written."""

log = logging.getLogger("mt5_sentinel")


class EcsFormatter(ecs_logging.StdlibFormatter):
    """As the library formats, with what names the line, its cycle and the service; no secrets, only known fields."""

    def __init__(self, mode: Mode) -> None:
        """``mode``: how orders are traded, the environment of the service."""
        # The text is in `message`; the library's traceback leaves out what an error was raised from.
        super().__init__(exclude_fields=("log.original", "process.name", "error.stack_trace"))
        self._service = {"name": SERVICE, "version": __version__, "environment": mode}
        self._host = {"name": socket.gethostname()}

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON; a number that is none is null. What cannot be formatted becomes a line that says so."""
        logs.event_id(record)  # now, so that whatever stands in place of the record has it too
        made: list[bytes] = []
        error = Guard().attempt(lambda: made.append(self._line(record)))
        return (made[0] if error is None else self._line(in_place_of(record, error))).decode()

    def _line(self, record: logging.LogRecord) -> bytes:
        """JSON with texts that are cut where it would be too long."""
        found = self._fields(record)
        first = {name: found.pop(name) for name in ("@timestamp", "message")}
        found, line = first | dict(sorted(found.items())), b""
        for chars_max in TEXT_CHARS_MAX:
            line = msgspec.json.encode(_clean(found, chars_max))
            if len(line) <= LINE_BYTES_MAX:
                break
        return line

    def _fields(self, record: logging.LogRecord) -> Fields:
        """What the line says, by name."""
        finished: CycleRecord | None = getattr(record, "finished_cycle", None)
        cycle = finished or logs.traced()
        known = {name: value for name, value in vars(readable(record)).items() if name in OWN}
        found: Fields = self.format_to_ecs(logging.makeLogRecord(known))
        if record.exc_info:
            found.setdefault("error", {})["stack_trace"] = self.formatException(record.exc_info)
        elif record.stack_info:
            found.setdefault("error", {})["stack_trace"] = record.stack_info
        found |= {"event": {"kind": "event"}, "service": self._service, "host": self._host}
        if finished is not None:
            found |= cycle_fields.told(finished)
        elif cycle is not None:
            found |= cycle_fields.so_far(cycle)
        if cycle is not None:
            found["trace"] = {"id": cycle.trace_id}
        found["event"] |= {
            "id": logs.event_id(record),
            "module": "mt5_sentinel",
            "dataset": LINES if finished is None else CYCLES,
        }
        return found


class EcsLog(logging.Handler):
    """Writes each line of the log, and one for each finished cycle; a disk that takes none is told once."""

    def __init__(self, path: Path, mode: Mode) -> None:
        """Nothing is opened yet."""
        super().__init__()
        self._file = LineFile(path)
        self.setFormatter(EcsFormatter(mode))
        self._lost = 0

    def observe(self, record: CycleRecord) -> None:
        """Write the finished cycle with all its facts, whatever level the log has."""
        level = logging.ERROR if record.status == "failed" else logging.INFO
        line = logging.LogRecord(CYCLES, level, __file__, 0, told(record), None, None, "observe")
        line.finished_cycle = record
        self.handle(line)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; called under the handler's lock, in the thread that logs."""
        error = Guard().attempt(lambda: self._file.append(f"{self.format(record)}\n".encode()))
        if error is None:
            lost, self._lost = self._lost, 0
            if lost:
                log.warning("%s is written again; %d lines are missing", self._file.path, lost)
            return
        self._lost += 1
        if self._lost == 1:
            log.warning("%s cannot be written, the log goes on elsewhere: %s", self._file.path, error)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def _clean(value: Any, chars_max: int) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Without secrets, without what is not known, and with text that UTF-8 can hold and that is not too long."""
    if isinstance(value, str):
        return cut(logs.hide(value).encode("utf-8", "backslashreplace").decode(), chars_max)
    if isinstance(value, dict):
        return {name: _clean(held, chars_max) for name, held in value.items() if held is not None}
    if isinstance(value, (list, tuple)):
        return [_clean(held, chars_max) for held in value]
    return value
