"""Logs: events with bound values, for people on a terminal and as JSON lines for servers.

Every text is redacted on its way out, whoever logged it: foreign libraries put URLs with passwords
into their messages. What a terminal would obey is made harmless: messages of devices are foreign text.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, MutableMapping
from typing import TextIO

from drivers.errors import redact
from drivers.printable import clean, escaped
from engine.runtime.lean import structlog

#: Libraries whose own messages are noise or repeat what we report ourselves.
QUIET = {
    "zeep": logging.CRITICAL,
    "onvif": logging.CRITICAL,
    "aiohttp.access": logging.WARNING,
    "aiohttp.server": logging.CRITICAL,
    "aioice": logging.WARNING,
    "aiortc": logging.WARNING,
    "libav": logging.CRITICAL,
    "numba": logging.WARNING,
    "asyncio": logging.WARNING,
}


def _redacted(_: object, __: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    return {key: _clean(value) for key, value in event.items()}


def _clean(value: object) -> object:
    """Return a value without secrets; whatever is no plain data becomes text, so that it can be looked at."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _clean(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_clean(each) for each in value]
    return redact(value if isinstance(value, str) else repr(value))


def _printable(_: object, __: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """Make every text one harmless line, a traceback lines that cannot be taken for others."""
    trace = event.pop("exception", None)
    told: MutableMapping[str, object] = {clean(key): _one_line(value) for key, value in event.items()}
    if trace is not None:
        told["exception"] = "\n".join(f"  {clean(each)}" for each in str(trace).split("\n"))
    return told


def _one_line(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {_one_line(key): _one_line(each) for key, each in value.items()}
    return [_one_line(each) for each in value] if isinstance(value, list) else value


def _json(_: object, __: str, event: MutableMapping[str, object]) -> str:
    return escaped(str(_JSON(None, "", event)))


_JSON = structlog.processors.JSONRenderer(ensure_ascii=False)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes records; of one that cannot be written it says so, without what was to be in it.

    Python's own prints the arguments as they are: an address with its password, where a library logs with the wrong
    number of them.
    """

    def handleError(self, record: logging.LogRecord) -> None:
        """Say on stderr which record could not be written."""
        kind = getattr(sys.exc_info()[0], "__name__", "?")
        try:
            sys.stderr.write(f"log: a record of {clean(record.name)} cannot be written ({kind})\n")
        except (OSError, ValueError):
            return  # there is nowhere left to say it


class _LastResort(_Handler):
    """Writes to what stderr is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        self.stream = sys.stderr
        super().emit(record)


class _Plain(logging.Formatter):
    """One harmless line for whoever logs and set up nothing."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record without secrets, a traceback on lines that cannot be taken for others."""
        return "\n  ".join(clean(redact(each)) for each in super().format(record).split("\n"))


def configure(level: str = "info", *, stream: TextIO | None = None, json: bool | None = None) -> None:
    """Set up logging for the process; call once, before any library is imported that logs.

    Args:
        level: ``debug`` | ``info`` | ``warning`` | ``error``.
        stream: Where to; default stderr.
        json: JSON lines; default: where the stream is no terminal.
    """
    target = stream or sys.stderr
    as_json = not target.isatty() if json is None else json
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    console = structlog.dev.ConsoleRenderer(
        colors=target.isatty() and not os.environ.get("NO_COLOR"),
        exception_formatter=structlog.dev.plain_traceback,
    )
    renderers: list[structlog.typing.Processor] = [_json] if as_json else [_printable, console]
    # A traceback becomes text before redaction: exceptions of PyAV carry the URL with its password.
    last: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        _redacted,
        *renderers,
    ]
    handler = _Handler(target)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(least)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def last_resort() -> None:
    """Set structlog up for whoever never calls `configure`: a command, a test, a foreign program.

    Its own default prints to stdout, where a command's answer goes, and shows the local variables of
    every frame of a traceback: a password could be among them.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            _redacted,
            _printable,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        cache_logger_on_first_use=False,
    )
    foreign = _LastResort()
    foreign.setLevel(logging.WARNING)
    foreign.setFormatter(_Plain())
    logging.lastResort = foreign


def get(name: str) -> structlog.stdlib.BoundLogger:
    """Return a module's logger."""
    if not structlog.is_configured():
        last_resort()
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
