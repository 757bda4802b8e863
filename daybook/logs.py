"""Structured logs: one JSON object a line on standard output, or text for people."""

import logging
import sys
from typing import Any

import structlog
from pydantic_core import to_json

from daybook.settings import Place
from daybook.tracebacks import told


def configure_logs(settings: Place) -> None:
    """Set up structlog once, at the start of a process. Levels: info and above; of libraries, warnings.

    Errors are told by where they came from and what they are, and never in their own words.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(_told),
    ]
    renderer: structlog.typing.Processor
    factory: structlog.BytesLoggerFactory | structlog.PrintLoggerFactory
    if settings.log_format == "json":
        renderer, factory = _json, structlog.BytesLoggerFactory(sys.stdout.buffer)
    else:
        renderer, factory = (
            structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty()),
            structlog.PrintLoggerFactory(),
        )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    # It prints a traceback every second while the database is away; those who wait for it say so once.
    logging.getLogger("asyncpg.pool").setLevel(logging.CRITICAL)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Formatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


class _Formatter(logging.Formatter):
    def formatException(self, ei: Any) -> str:  # noqa: N802
        """As ours: see daybook.tracebacks."""
        return _told(ei)


def _told(exc_info: Any) -> str:
    return told(exc_info[1])


def _json(_logger: object, _method: str, event: structlog.typing.EventDict) -> bytes:
    return to_json(event, fallback=str)
