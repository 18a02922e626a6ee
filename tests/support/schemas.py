"""Whether events are as their metrics' schemas say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from integrations import samples
from integrations.catalog import catalog
from integrations.models import Event

FORMATS = FormatChecker(["date"])


@FORMATS.checks("date-time", ValueError)
def _is_instant(text: object) -> bool:
    return datetime.fromisoformat(str(text)).tzinfo is not None


def objections(metric: str, properties: dict[str, Any]) -> Iterator[str]:
    """What the schema of a metric says against the properties of an event."""
    schema = samples.schema(catalog.metrics[metric])
    Draft202012Validator.check_schema(schema)
    for error in Draft202012Validator(schema, format_checker=FORMATS).iter_errors(properties):
        yield f"{metric}: {error.json_path}: {error.message}"


def objections_to(events: Iterable[Event]) -> list[str]:
    """The same of recorded events."""
    return [each for event in events for each in objections(event.metric, event.properties)]
