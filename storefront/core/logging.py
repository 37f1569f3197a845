"""Structured logs: one line an event, with the request id, without secrets."""

import logging
import re
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, FilteringBoundLogger

_EMAIL = re.compile(r"([A-Za-z0-9._%+-])[A-Za-z0-9._%+-]*@([A-Za-z0-9.-]+\.[A-Za-z]{2,})")
_SECRET = re.compile(r"\b((?:sk|rk|whsec|pk)_[A-Za-z0-9_]{4})[A-Za-z0-9_]+")

# As ids.new_token() makes them, such as in the address of a mailed link.
_TOKEN = re.compile(r"(?<![A-Za-z0-9_-])([A-Za-z0-9_-]{4})[A-Za-z0-9_-]{39}(?![A-Za-z0-9_-])")

_TOKEN_LENGTH = 43


def configure_logging(level: str = "INFO", json_lines: bool = False) -> None:
    """Send our events and those of libraries to standard error."""
    renderer: Any = structlog.processors.JSONRenderer() if json_lines else _for_people
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _hide_secrets,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level="WARNING", stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def get_logger() -> FilteringBoundLogger:
    """Return the logger that everybody uses."""
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


def mask(text: str) -> str:
    """Return the text with e-mail addresses, keys and tokens shortened: ``m***@example.org``."""
    # Most texts are short words of our own; each has to show that it may hold such a thing.
    if "@" in text:
        text = _EMAIL.sub(r"\1***@\2", text)
    if "_" in text:
        text = _SECRET.sub(r"\1***", text)
    return _TOKEN.sub(r"\1***", text) if len(text) >= _TOKEN_LENGTH else text


def _for_people(_logger: Any, _name: str, event: EventDict) -> str:
    """Return ``time [level] what happened  name=value ...``; structlog's own renderer takes 60 µs for it."""
    head = f"{event.pop('timestamp', '')} [{event.pop('level', '')}] {event.pop('event', '')}"
    trace = event.pop("exception", "")
    values = " ".join(f"{name}={value}" for name, value in event.items())
    return f"{head}  {values}{chr(10) if trace else ''}{trace}"


def _hide_secrets(_logger: Any, _name: str, event: EventDict) -> EventDict:
    return {key: mask(value) if isinstance(value, str) else value for key, value in event.items()}
