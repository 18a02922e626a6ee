"""Whatever Klaviyo, or what stands in front of it, answers: one of the known errors comes of it, soon, and never the key."""

from __future__ import annotations

import itertools
import time

import pytest

from integrations.destinations.base import DeliveryError, Unavailable
from integrations.destinations.klaviyo.answers import RETRY_AFTER_SECONDS
from integrations.destinations.klaviyo.client import KlaviyoSession
from tests.integrations.klaviyo.examples import KEY, parcel
from tests.integrations.klaviyo.wire import Reply, answers, resets, says, served

WHOLE = b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
CUT = {f"reset after {at} bytes": resets(WHOLE[:at]) for at in range(0, len(WHOLE) + 1, 6)}
CUT |= {f"closed after {at} bytes": says(WHOLE[:at]) for at in range(1, len(WHOLE), 6)}
POINTERS = [
    "/data/attributes/events-bulk-create/data/99/x",
    "/data/-1",
    "/" + "9" * 400,
    "",
    "//",
    "/data/\ud7ff",
    "~1~0",
    "0",
]
BODIES = [
    b"",
    b"null",
    b"[]",
    b"\xff\xfe",
    b"{" * 5000,
    b'{"errors": null}',
    b'{"errors": {"a": 1}}',
    b'{"errors": [1, null, "x", []]}',
    b'{"errors": [{"source": 1, "detail": {}}]}',
    b"<html><title>502</title></html>",
    b'{"errors": [{"detail": "' + KEY.encode() + b'"}]}',
    b'{"errors": [' + b'{"detail": "x"},' * 5000 + b'{"detail": "x"}]}',
    b"x" * 2_000_000,
]
BODIES += [b'{"errors": [{"detail": "no", "source": {"pointer": "%s"}}]}' % pointer.encode() for pointer in POINTERS]
STATUSES: tuple[str, ...] = (
    "100 Continue",
    "200 OK",
    "301 Moved",
    "400 Bad Request",
    "401 Unauthorized",
    "403 Forbidden",
    "418 Teapot",
)
STATUSES += ("418 Teapot", "429 Too Many Requests", "500 Error", "503 Unavailable", "599 Nothing", "999 Beyond")
ODD = {
    f"{status[:3]} with body {place}": answers(status, "", body)
    for (place, body), status in zip(itertools.cycle(enumerate(BODIES)), STATUSES * 4, strict=False)
}
WAITS = ["-1", "1e9", "1000000000", "Wed, 21 Oct 2026 07:28:00 GMT", "", "soon", "0", "9" * 400, "1.5", "\xb2", "5, 6"]
REPLIES: dict[str, Reply] = {**CUT, **ODD}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
def test_any_answer_is_taken_or_is_a_known_error(reply: Reply) -> None:
    told, started = "", time.monotonic()
    with served(reply) as wire:
        session = KlaviyoSession(KEY, base_url=wire.url, revision="2026-07-15", read_seconds=0.5)
        try:
            session.send_one(parcel())
        except DeliveryError as error:
            told = f"{error.detail} {vars(error)}"
        finally:
            session.close()

    assert len(REPLIES) >= 60
    assert time.monotonic() - started < 10
    assert KEY not in told
    assert "\n" not in told


@pytest.mark.parametrize("wait", WAITS)
def test_no_wait_is_believed_that_is_none_or_longer_than_an_hour(wait: str) -> None:
    throttled = says(f"HTTP/1.1 429 No\r\nRetry-After: {wait}\r\nContent-Length: 0\r\n\r\n".encode("latin-1"))
    with served(throttled) as wire:
        session = KlaviyoSession(KEY, base_url=wire.url, revision="2026-07-15", read_seconds=2)
        with pytest.raises(Unavailable) as caught:
            session.send_one(parcel())
        session.close()

    assert caught.value.throttled
    assert caught.value.retry_after is None or 0 <= caught.value.retry_after <= RETRY_AFTER_SECONDS
