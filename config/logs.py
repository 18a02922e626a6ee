"""One line per log record, ours and everybody else's, as JSON or for a terminal, without secrets and e-mails."""

from __future__ import annotations

import re
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "[hidden]"
_SECRET_NAME = re.compile(
    r"(.*[_-])?(secret|token|password|authorization|cookie|signature|hmac)s?([_-]sha256)?"
    r"|((api|private|klaviyo|encryption|secret)_)?keys?",
    re.IGNORECASE,
)
# What PostgreSQL adds to an error: the values of the row, which may be a shopper's.
_DETAIL = re.compile(r"^DETAIL: .*?(?=\n\nThe above exception|\n\nDuring handling|\Z)", re.MULTILINE | re.DOTALL)
# An e-mail address, a key of Klaviyo or a token of Shopify. The look-behind keeps the search linear in the length of the text.
_SECRET_TEXT = re.compile(r"(?<![\w.+-])(?:[\w.+-]+(?:@|%40)[\w-]+\.[\w.-]+|(?:pk|shp[a-z]{2})_\w{8,})")


def hide_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Replace the values of secret-sounding names, and whatever looks like an e-mail address or a key, at any depth."""
    return {name: _hidden(name, value) for name, value in event.items()}


def _hidden(name: str, value: Any) -> Any:
    if _SECRET_NAME.fullmatch(name):
        return HIDDEN
    if isinstance(value, dict):
        return {key: _hidden(str(key), item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hidden("", item) for item in value]
    return _SECRET_TEXT.sub(HIDDEN, _DETAIL.sub(f"DETAIL: {HIDDEN}", value)) if isinstance(value, str) else value


def configuration(*, renderer: str, level: str) -> dict[str, Any]:
    """Set structlog up and give Django's LOGGING. `renderer` is "json" or "console"."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(renderer)],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        # These bring handlers of their own; the root's is enough.
        "loggers": {
            name: {"handlers": [], "level": "NOTSET", "propagate": True}
            for name in ("django", "django.server", "gunicorn.error")
        }
        # The cluster's library tells of every task that it queues; what a tick did is told by the tick.
        | {"django-q": {"handlers": [], "level": "WARNING", "propagate": True}}
        # At DEBUG it writes a page's whole context, shoppers and all, for each variable that a template may do without.
        | {"django.template": {"level": "INFO"}}
        # Searches in the admin put what was searched for into the address, and the proxy keeps an access log anyway.
        | {"gunicorn.access": {"handlers": [], "level": "WARNING"}},
    }


def _renderer(name: str) -> Processor:
    if name == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
