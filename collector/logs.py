"""The log: one JSON event a line, on stderr."""

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger


def write_json_lines(*, process: int | None = None) -> None:
    """Send our events, and what libraries log, to stderr as JSON lines.

    `process` is the number of one of several, and stands in each line.
    """

    def tell_process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if process is not None:
            event["process"] = process
        return event

    shared: list[Processor] = [
        tell_process,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        # One write a line: several processes share this stderr, and print() writes the line's end apart.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    # Libraries speak up only when something is wrong: uvicorn's own progress is told by ours.
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
