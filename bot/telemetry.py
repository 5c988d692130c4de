"""Logs and metrics. Neither carries secrets, openids or what people wrote."""

import logging
import sys
from typing import TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure_logs(level: str, out: TextIO = sys.stderr) -> None:
    """JSON lines; other libraries' loggers follow from warnings up."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _only_the_exception_type,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    # A round that is late, or still at work when the next is due, is no news: the next finds what is due.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def _only_the_exception_type(
    _logger: object, _method: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    # A driver's exception text may quote the row it failed on.
    exc_info = event.pop("exc_info", None)
    if isinstance(exc_info, tuple) and exc_info[0] is not None:
        event["exception"] = exc_info[0].__name__
    return event


class Metrics:
    """What Prometheus reads; one registry for each application, so that tests do not share counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.refused = Counter(
            "yishi_callbacks_refused",
            "Callbacks that were refused, by account and reason",
            ["account", "reason"],
            registry=self.registry,
        )
        self.stored = Counter(
            "yishi_callbacks_stored",
            "Callbacks that were made durable, retries included",
            registry=self.registry,
        )
        self.commits = Histogram(
            "yishi_inbox_commit_messages",
            "Messages that shared one durable commit",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
            registry=self.registry,
        )
        self.handled = Counter(
            "yishi_messages", "Messages worked on, by outcome", ["outcome"], registry=self.registry
        )
        self.sends = Counter(
            "yishi_sends",
            "Attempts to send, by account and verdict",
            ["account", "verdict"],
            registry=self.registry,
        )
        self.unheard = Counter(
            "yishi_alerts_unheard",
            "Alerts that reached nobody, by what was done: raised, escalated",
            ["done"],
            registry=self.registry,
        )
        self.photos = Counter(
            "yishi_photos",
            "Attempts to fetch a photo, by account and what came of it (kept, gone, refused, again)",
            ["account", "outcome"],
            registry=self.registry,
        )
        self.clock_work = Counter(
            "yishi_clock_work",
            "What the clock's ticks did, by work and outcome (done, failed)",
            ["work", "outcome"],
            registry=self.registry,
        )
        self.inbox = Gauge(
            "yishi_inbox_messages", "Messages in the inbox, by state", ["state"], registry=self.registry
        )
        self.outbox = Gauge(
            "yishi_outbox_messages", "Messages in the outbox, by state", ["state"], registry=self.registry
        )
