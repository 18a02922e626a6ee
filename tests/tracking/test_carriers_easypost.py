from __future__ import annotations

import json
import unicodedata
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from integrations.sources import BadSignature, Handled, Malformed
from tests.support.signing import accepts
from tracking import statuses
from tracking.carriers.easypost import EasyPost
from tracking.inputs import ScanInput, TrackerInput

FIXTURES = Path(__file__).parents[1] / "fixtures" / "easypost"
BODY = '{"description":"tracker.updated","note":"5\\/7 \u2028 📦"}'.encode()
COMPOSED = unicodedata.normalize("NFC", "sécret")
SIGNATURE = "hmac-sha256-hex=84ec14e1b1fda9938f3c13fbe85f4ffa48fd4ca14168cce33d28601353612b0c"


def load(name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return payload


def tracker(**changes: Any) -> TrackerInput:
    """What comes of the event when fields of its tracker are changed."""
    payload = load("tracker_updated")
    payload["result"].update(changes)
    parsed = EasyPost().parse(payload)
    assert isinstance(parsed, TrackerInput)
    return parsed


def scan(**changes: Any) -> ScanInput:
    """What comes of one scan, a departure on 3 October, when fields of it are changed."""
    detail = {**load("tracker_updated")["result"]["tracking_details"][1], **changes}
    (only,) = tracker(tracking_details=[detail]).scans
    return only


def test_signature_is_the_one_of_easyposts_libraries() -> None:
    assert accepts(EasyPost(), BODY, {"x-hmac-signature": SIGNATURE}, [COMPOSED])


def test_composed_and_decomposed_forms_of_a_secret_are_one_secret() -> None:
    headers = EasyPost().sign(BODY, unicodedata.normalize("NFKD", COMPOSED))

    assert headers == EasyPost().sign(BODY, COMPOSED) == {"x-hmac-signature": SIGNATURE}


@pytest.mark.parametrize("position", [0, len(BODY) // 2, len(BODY) - 1])
def test_body_altered_by_one_bit_is_refused(position: int) -> None:
    altered = bytearray(BODY)
    altered[position] ^= 1

    with pytest.raises(BadSignature, match="X-Hmac-Signature does not match"):
        EasyPost().verify(bytes(altered), {"x-hmac-signature": SIGNATURE}, [COMPOSED])


@pytest.mark.parametrize("signature", [SIGNATURE.removeprefix("hmac-sha256-hex="), SIGNATURE[:-1], SIGNATURE.upper()])
def test_signature_in_another_form_is_refused(signature: str) -> None:
    with pytest.raises(BadSignature):
        EasyPost().verify(BODY, {"x-hmac-signature": signature}, [COMPOSED])


def test_unsigned_message_is_refused() -> None:
    with pytest.raises(BadSignature, match="X-Hmac-Signature is missing"):
        EasyPost().verify(BODY, {"x-hmac-signature-v2": SIGNATURE}, [COMPOSED])


def test_nothing_is_accepted_without_a_secret() -> None:
    with pytest.raises(BadSignature):
        EasyPost().verify(BODY, EasyPost().sign(BODY, ""), [""])


def test_event_says_its_topic_and_its_id() -> None:
    envelope = EasyPost().envelope(load("tracker_updated"), {})

    assert (envelope.topic, envelope.delivery_id, envelope.shop_domain) == ("tracker.updated", "evt_5b1c", "")


def test_bare_tracker_has_no_id() -> None:
    envelope = EasyPost().envelope(load("tracker_test"), {})

    assert (envelope.topic, envelope.delivery_id) == ("tracker", "")


@pytest.mark.parametrize("payload", [None, [], {}, {"description": ""}, {"description": []}])
def test_body_that_is_no_event_is_malformed(payload: Any) -> None:
    with pytest.raises(Malformed, match=r"^easypost: "):
        EasyPost().envelope(payload, {})


def test_event_about_something_else_is_not_used() -> None:
    payload = {"object": "Event", "description": "batch.created", "result": {"object": "Batch"}}

    assert EasyPost().parse(payload) == Handled("topic batch.created is not used")


def test_event_without_its_tracker_is_malformed() -> None:
    payload = load("tracker_updated")
    del payload["result"]

    with pytest.raises(Malformed, match=r"^easypost tracker.updated: result must be an object, got nothing$"):
        EasyPost().parse(payload)


def test_tracker_without_a_tracking_code_is_malformed() -> None:
    with pytest.raises(Malformed, match=r"^easypost tracker.updated: result\.tracking_code must be text"):
        tracker(tracking_code=" ")


def test_tracker_says_which_parcel_it_is_and_how_it_travels() -> None:
    parsed = tracker()

    assert (parsed.tracking_number, parsed.carrier, parsed.service_level) == ("771234567890", "FedEx", "FEDEX_GROUND")
    assert parsed.tracking_url == "https://track.easypost.com/abc"
    assert parsed.is_test is False


def test_tracker_takes_its_time_and_message_from_the_newest_scan_of_its_status() -> None:
    parsed = tracker()

    assert (parsed.status, parsed.substatus) == ("failure", "delivery_attempted")
    assert parsed.status_at == datetime(2026, 10, 6, 15, 30, tzinfo=UTC)
    assert parsed.message == "Customer not available or business closed"


def test_tracker_without_scans_has_its_status_since_its_last_update() -> None:
    parsed = tracker(tracking_details=[], status="pre_transit", status_detail="label_created")

    assert (parsed.status, parsed.substatus, parsed.scans) == ("pre_transit", "label_created", ())
    assert parsed.status_at == datetime(2026, 10, 6, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize("details", [None, {}, "x", [None, 1, "x", []]])
def test_history_that_holds_no_scans_is_empty(details: Any) -> None:
    assert tracker(tracking_details=details).scans == ()


@pytest.mark.parametrize("word", statuses.ALL)
def test_easyposts_statuses_are_the_canonical_ones(word: str) -> None:
    assert (tracker(status=word).status, scan(status=word).status) == (word, word)


@pytest.mark.parametrize("word", ["in_orbit", "DELIVERED", "7"])
def test_unknown_status_is_unknown_and_keeps_its_word(word: str) -> None:
    assert tracker(status=word).status == "unknown"
    assert (scan(status=word).status, scan(status=word).raw_status) == ("unknown", f"{word}/departed_facility/DP")


@pytest.mark.parametrize("nothing", [None, "", [], {}, 1.5])
def test_tracker_without_a_status_lets_its_scans_speak(nothing: Any) -> None:
    assert tracker(status=nothing).status == ""


def test_scan_says_what_happened_where() -> None:
    assert scan() == ScanInput(
        status="in_transit",
        occurred_at=datetime(2026, 10, 3, 2, 0, tzinfo=UTC),
        substatus="departed_facility",
        raw_status="in_transit/departed_facility/DP",
        message="Departed FedEx location",
        city="ALBANY",
        province="NY",
        country="US",
    )


@pytest.mark.parametrize(
    ("changes", "attempt"),
    [
        ({"message": "Customer not available or business closed"}, True),
        ({"message": "CUSTOMER WAS NOT AVAILABLE"}, True),
        ({"message": "The receiver was unavailable"}, True),
        ({"message": "The business was closed at the time"}, True),
        ({"message": "Notice Left (No Authorized Recipient Available)"}, True),
        ({"message": "Delivery Attempted - No Access to Delivery Location"}, True),
        ({"message": "Incorrect address"}, False),
        ({"message": "Prohibited articles - Item seized or destroyed"}, False),
        ({"message": "Customer not available", "status_detail": "transit_exception"}, False),
        ({"message": "Customer not available", "status": "in_transit"}, False),
        ({"message": "Delivery exception", "datetime": "2026-10-05T15:00:00Z"}, True),
        ({"message": "Left at door", "datetime": "2026-10-05T15:00:00Z", "status": "delivered"}, False),
    ],
)
def test_failure_is_an_attempt_by_its_message_or_as_the_carriers_first_attempt(
    changes: dict[str, Any], attempt: bool
) -> None:
    parsed = scan(**{"status": "failure", "status_detail": "delayed", "description": None, **changes})

    assert parsed.attempt is attempt
    assert (parsed.substatus == "delivery_attempted") is attempt


def test_tracker_is_no_attempt_when_its_newest_failure_is_none() -> None:
    details = load("tracker_updated")["result"]["tracking_details"]
    details[-1]["message"] = details[-1]["description"] = "Incorrect address"

    assert tracker(tracking_details=details).substatus == "awaiting_information"


@pytest.mark.parametrize(
    ("code", "source", "substatus"),
    [
        ("AE", "FedEx", "arriving_early"),
        ("AO", "FedEx", "on_time"),
        ("AE", "UPS", "status_update"),
        ("OC", "FedEx", "status_update"),
    ],
)
def test_scan_that_tells_of_the_estimate_only_says_so(code: str, source: str, substatus: str) -> None:
    parsed = scan(status="unknown", status_detail="status_update", carrier_code=code, source=source)

    assert (parsed.status, parsed.substatus) == ("unknown", substatus)


def test_estimate_is_the_carriers_local_day() -> None:
    assert tracker().estimate == date(2026, 10, 5)


def test_estimate_is_the_written_day_where_there_is_no_local_one() -> None:
    assert tracker(carrier_detail=None, est_delivery_date="2026-10-06T23:59:00-05:00").estimate == date(2026, 10, 6)


def test_scan_may_promise_a_day() -> None:
    assert tracker().scans[2].estimate == date(2026, 10, 4)


def test_estimates_of_test_mode_are_ignored() -> None:
    parsed = EasyPost().parse(load("tracker_test"))

    assert isinstance(parsed, TrackerInput)
    assert (parsed.is_test, parsed.estimate, [each.estimate for each in parsed.scans]) == (True, None, [None, None])


def test_first_attempt_that_succeeded_is_no_failure() -> None:
    parsed = EasyPost().parse(load("tracker_test"))

    assert isinstance(parsed, TrackerInput)
    assert not any(each.attempt for each in parsed.scans)


def test_scans_are_ordered_by_their_own_time() -> None:
    parsed = EasyPost().parse(load("tracker_test"))

    assert isinstance(parsed, TrackerInput)
    assert [each.status for each in parsed.scans] == ["in_transit", "delivered"]


def test_repeated_scan_is_taken_once() -> None:
    details = load("tracker_updated")["result"]["tracking_details"]

    assert len(tracker(tracking_details=[*details, *details]).scans) == len(details) == 7


def test_scan_without_a_time_gets_that_of_the_one_before() -> None:
    details = load("tracker_updated")["result"]["tracking_details"][:2]
    details[1]["datetime"] = None

    assert tracker(tracking_details=details).scans[1].occurred_at == datetime(2026, 10, 2, 12, 30, tzinfo=UTC)


def test_only_scan_without_a_time_stays_the_same_however_often_it_is_sent() -> None:
    first = scan(datetime=None)
    detail = {**load("tracker_updated")["result"]["tracking_details"][1], "datetime": None}

    assert tracker(tracking_details=[detail], updated_at="2026-10-09T00:00:00Z").scans == (first,)
    assert first.occurred_at == datetime(2026, 10, 2, 12, 20, tzinfo=UTC)


def test_scan_is_dropped_where_no_time_can_be_had() -> None:
    detail = {**load("tracker_updated")["result"]["tracking_details"][1], "datetime": "soon"}

    assert tracker(tracking_details=[detail], created_at=None, updated_at=None).scans == ()
