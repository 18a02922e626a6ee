"""What reaches the log, and what must not."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

import pytest
import structlog

from config import logs


def line(event: str, **fields: Any) -> str:
    """One record as JSON, the way a standard logger of another package writes it."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[logs.hide_secrets], processor=structlog.processors.JSONRenderer()
    )
    return formatter.format(logging.LogRecord("tests", logging.INFO, "", 0, event, None, None))


@pytest.mark.parametrize("name", ["api_key", "key", "secret", "token", "Authorization", "X-Shopify-Hmac-Sha256"])
def test_a_secret_is_hidden_by_its_name(name: str) -> None:
    assert logs.hide_secrets(None, "info", {name: "v"}) == {name: logs.HIDDEN}


@pytest.mark.parametrize("name", ["metric_key", "keyword", "merchant"])
def test_an_ordinary_name_is_kept(name: str) -> None:
    assert logs.hide_secrets(None, "info", {name: "v"}) == {name: "v"}


def test_a_secret_is_hidden_at_any_depth() -> None:
    event = {"request": {"headers": [{"authorization": "v"}]}}
    assert logs.hide_secrets(None, "info", event) == {"request": {"headers": [{"authorization": logs.HIDDEN}]}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no customer jane.doe+x@example.co.uk here", "no customer [hidden] here"),
        ("GET /admin/?q=jane%40example.com", "GET /admin/?q=[hidden]"),
        ("key pk_0123456789abcdef refused", "key [hidden] refused"),
    ],
)
def test_addresses_and_keys_are_hidden_in_any_text(text: str, expected: str) -> None:
    assert json.loads(line(text)) == {"event": expected}


def test_long_texts_cost_little() -> None:
    started = time.perf_counter()
    logs.hide_secrets(None, "info", {"event": "a" * 1_000_000})
    assert time.perf_counter() - started < 1


def test_the_traceback_of_an_error_is_cleaned_too() -> None:
    configured = logs.configuration(renderer="json", level="INFO")["formatters"]["line"]
    formatter = configured.pop("()")(**configured)
    try:
        raise ValueError("no such customer: jane@example.com")
    except ValueError as error:
        record = logging.LogRecord("t", logging.ERROR, "", 0, "failed", None, (type(error), error, error.__traceback__))
    assert json.loads(formatter.format(record))["exception"].endswith("ValueError: no such customer: [hidden]")


def test_the_values_of_a_row_that_the_database_refused_are_hidden() -> None:
    refused = "IntegrityError: null value\nDETAIL:  Failing row contains (1, Zebulon\n\nQuagga, +14155552671).\n"
    text = f"{refused}\n\nThe above exception was the direct cause"

    assert json.loads(line(text)) == {
        "event": "IntegrityError: null value\nDETAIL: [hidden]\n\nThe above exception was the direct cause"
    }
