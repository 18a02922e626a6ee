from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from integrations.sources import BadSignature, Handled, Malformed
from tests.support.signing import accepts
from tracking.carriers.shippo import Shippo
from tracking.inputs import ScanInput, TrackerInput

FIXTURES = Path(__file__).parents[1] / "fixtures" / "shippo"
BODY = b'{"event":"track_updated","note":"5\\/7 \xf0\x9f\x93\xa6"}'
SIGNATURE = "1b8f179f3c5256443f4d6689864c5525667adad2dd33583768fc9913e69ef950"


def load() -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((FIXTURES / "track_updated.json").read_text())
    return payload


def track(**changes: Any) -> TrackerInput:
    """What comes of the event when fields of its track are changed."""
    payload = load()
    payload["data"].update(changes)
    parsed = Shippo().parse(payload)
    assert isinstance(parsed, TrackerInput)
    return parsed


def status(word: Any, code: Any) -> dict[str, Any]:
    return {**load()["data"]["tracking_status"], "status": word, "substatus": {"code": code, "text": ""}}


def test_signature_covers_the_time_and_the_raw_body() -> None:
    signed = {"shippo-auth-signature": f"t=1790000000,v1={SIGNATURE}"}

    assert accepts(Shippo(), BODY, signed, ["other", "secret"])


def test_signature_of_another_time_is_refused() -> None:
    with pytest.raises(BadSignature, match="Shippo-Auth-Signature does not match"):
        Shippo().verify(BODY, {"shippo-auth-signature": f"t=1790000001,v1={SIGNATURE}"}, ["secret"])


@pytest.mark.parametrize("position", [0, len(BODY) // 2, len(BODY) - 1])
def test_body_altered_by_one_bit_is_refused(position: int) -> None:
    altered = bytearray(BODY)
    altered[position] ^= 1

    with pytest.raises(BadSignature):
        Shippo().verify(bytes(altered), Shippo().sign(BODY, "secret"), ["secret"])


@pytest.mark.parametrize("header", ["", "t=1790000000", f"v1={SIGNATURE}", f"t=,v1={SIGNATURE}", "t,v1", ",,,=", "="])
def test_header_without_time_or_signature_is_refused(header: str) -> None:
    with pytest.raises(BadSignature, match="missing or is not of the form"):
        Shippo().verify(BODY, {"shippo-auth-signature": header}, ["secret"])


def test_nothing_is_accepted_without_a_secret() -> None:
    with pytest.raises(BadSignature):
        Shippo().verify(BODY, Shippo().sign(BODY, ""), [""])


def test_what_is_signed_here_is_accepted() -> None:
    assert accepts(Shippo(), BODY, Shippo().sign(BODY, "secret"), ["secret"])


def test_event_says_its_topic_but_has_no_id() -> None:
    envelope = Shippo().envelope(load(), {})

    assert (envelope.topic, envelope.delivery_id) == ("track_updated", "")


def test_bare_track_is_read_like_the_one_in_an_event() -> None:
    assert Shippo().envelope(load()["data"], {}).topic == "track"
    assert Shippo().parse(load()["data"]) == track()


@pytest.mark.parametrize("payload", [None, [], {}, {"event": " "}])
def test_body_that_is_no_event_is_malformed(payload: Any) -> None:
    with pytest.raises(Malformed, match=r"^shippo: "):
        Shippo().envelope(payload, {})


def test_event_about_something_else_is_not_used() -> None:
    assert Shippo().parse({"event": "transaction_created"}) == Handled("topic transaction_created is not used")


def test_event_without_its_track_is_malformed() -> None:
    with pytest.raises(Malformed, match=r"^shippo track_updated: data must be an object, got a list$"):
        Shippo().parse({"event": "track_updated", "data": []})


def test_track_without_a_tracking_number_is_malformed() -> None:
    with pytest.raises(Malformed, match=r"data\.tracking_number must be text"):
        track(tracking_number=None)


def test_track_says_which_parcel_it_is_and_how_it_stands() -> None:
    parsed = track()

    assert (parsed.tracking_number, parsed.carrier) == ("9205590164917337534322", "usps")
    assert (parsed.service_level, parsed.estimate) == ("Priority Mail", date(2026, 10, 6))
    assert (parsed.status, parsed.substatus) == ("failure", "delivery_attempted")
    assert parsed.status_at == datetime(2026, 10, 5, 17, 0, tzinfo=UTC)
    assert parsed.message == "No access to the delivery location."


@pytest.mark.parametrize(
    ("word", "code", "expected", "substatus", "attempt"),
    [
        ("UNKNOWN", None, "unknown", "", False),
        ("UNKNOWN", "other", "unknown", "other", False),
        ("PRE_TRANSIT", "information_received", "pre_transit", "information_received", False),
        ("TRANSIT", None, "in_transit", "", False),
        ("TRANSIT", "package_departed", "in_transit", "package_departed", False),
        ("TRANSIT", "out_for_delivery", "out_for_delivery", "out_for_delivery", False),
        ("TRANSIT", "pickup_available", "available_for_pickup", "pickup_available", False),
        ("TRANSIT", "delivery_attempted", "failure", "delivery_attempted", True),
        ("TRANSIT", "notice_left", "failure", "delivery_attempted", True),
        ("TRANSIT", "location_inaccessible", "failure", "delivery_attempted", True),
        ("TRANSIT", "delayed", "in_transit", "delayed", False),
        ("TRANSIT", "delivery_rescheduled", "in_transit", "delayed", False),
        ("DELIVERED", "delivered", "delivered", "delivered", False),
        ("RETURNED", "return_to_sender", "return_to_sender", "return_to_sender", False),
        ("RETURNED", "package_unclaimed", "return_to_sender", "package_unclaimed", False),
        ("FAILURE", "package_undeliverable", "failure", "package_undeliverable", False),
        ("FAILURE", "package_lost", "error", "package_lost", False),
        ("FAILURE", "package_disposed", "error", "package_disposed", False),
        ("DELIVERED", "out_for_delivery", "delivered", "out_for_delivery", False),
        ("ORBITING", "delayed", "unknown", "delayed", False),
    ],
)
def test_words_of_shippo_have_their_meaning(
    word: str, code: str | None, expected: str, substatus: str, attempt: bool
) -> None:
    parsed = track(tracking_history=[], tracking_status=status(word, code))

    (scan,) = parsed.scans
    assert (scan.status, scan.substatus, scan.attempt) == (expected, substatus, attempt)
    assert scan.raw_status == "/".join(filter(None, (word, code)))
    assert (parsed.status, parsed.substatus) == (expected, substatus)


def test_history_is_read_once_for_each_scan_whatever_its_id() -> None:
    assert [scan.status for scan in track().scans] == ["pre_transit", "in_transit", "out_for_delivery", "failure"]


def test_scan_says_what_happened_where() -> None:
    assert track().scans[1] == ScanInput(
        status="in_transit",
        occurred_at=datetime(2026, 10, 3, 19, 4, tzinfo=UTC),
        substatus="package_accepted",
        raw_status="TRANSIT/package_accepted",
        message="Accepted at the origin facility.",
        city="Oakland",
        province="CA",
        country="US",
        postal_code="94705",
    )


def test_current_status_is_a_scan_where_the_history_lacks_it() -> None:
    assert [scan.attempt for scan in track(tracking_history=[]).scans] == [True]


def test_scan_without_a_time_gets_that_of_the_one_before() -> None:
    history = load()["data"]["tracking_history"]
    history[1]["status_date"] = None

    times = [scan.occurred_at for scan in track(tracking_history=history).scans]

    assert times[:2] == [datetime(2026, 10, 3, 2, 0, tzinfo=UTC)] * 2


@pytest.mark.parametrize("nothing", [None, {}, [], "x"])
def test_track_that_nothing_is_known_of_has_no_status_and_no_scans(nothing: Any) -> None:
    parsed = track(tracking_history=nothing, tracking_status=nothing)

    assert (parsed.status, parsed.status_at, parsed.scans) == ("", None, ())


def test_estimates_of_test_mode_are_ignored() -> None:
    parsed = Shippo().parse({**load(), "test": True})

    assert isinstance(parsed, TrackerInput)
    assert (parsed.is_test, parsed.estimate) == (True, None)
