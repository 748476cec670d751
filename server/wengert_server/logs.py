"""Log lines, as text or as one JSON object each. They never carry what a user sent.

A line logged while a call is handled, whoever logs it, has the call's id, its subject where it has one,
and the beginning of the id of the function it is about.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from wengert_server.caller import current

if TYPE_CHECKING:
    from wengert_server.settings import Settings

_FIELDS = "fields"
#: The variable that says which of several workers a process is, from 0 on.
WORKER = "WENGERT_WORKER"
# Lines of several workers go to one place: each says which worker it is.
_OF_PROCESS = {"worker": os.environ[WORKER]} if WORKER in os.environ else {}


def configure(settings: Settings) -> None:
    """Send log lines to standard error, in the format and from the level that is set."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if settings.log_format == "json" else _Text())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    # The compiler's own debugging lines are about its inside.
    logging.getLogger("numba").setLevel(logging.WARNING)


def with_fields(**fields: object) -> dict[str, Any]:
    """Give what a logging call takes as ``extra`` for a line to have these fields."""
    return {_FIELDS: fields}


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        parts = [_time(record), record.levelname.lower(), record.getMessage()]
        parts += [f"{name}={value}" for name, value in _fields(record).items()]
        line = " ".join(parts)
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    call = current()
    of_call = {"request_id": call.request_id, "subject": call.subject.name, "function": call.function}
    of_call["trace_id"] = call.trace_id
    given: dict[str, Any] = _OF_PROCESS | getattr(record, _FIELDS, {})
    return given | {name: value for name, value in of_call.items() if value}


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
