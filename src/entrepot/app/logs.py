"""Logs: one JSON object a line on standard error, never a secret or a full phone number."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_NAMES = re.compile(r"secret|password|token|signature|authorization|cookie|private", re.I)
_SECRET_SHAPES = re.compile(
    r"ek_[a-z2-7]{12}_[a-z2-7]{16}\.[\w-]+"  # a key id with its secret
    r"|whsec_[\w+/=-]+|eks_[\w-]{20,}"  # secrets by their prefix
    r"|\+?\d[\d\s-]{8,}\d"  # phone numbers and other long digit runs
)
_ROWS = re.compile(r"\n(DETAIL|CONTEXT): .*")
"""Where PostgreSQL tells the row that it refuses, names and all."""


def mask(event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide secret fields by name and secret-looking parts of texts by shape."""
    for name, value in event.items():
        if _SECRET_NAMES.search(name):
            event[name] = "***"
        elif isinstance(value, str) and name not in {"timestamp", "trace_id", "tenant"}:
            event[name] = _SECRET_SHAPES.sub("***", _ROWS.sub(r"\n\1: ***", value))
    return event


def _masked(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return mask(event)


def configure_logs(*, readable: bool = False) -> None:
    """Send logs to standard error; `readable` for people at a terminal."""
    last: structlog.typing.Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if readable:
        last = structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _masked,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
