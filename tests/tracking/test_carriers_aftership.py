from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from integrations.sources import BadSignature, Handled, Malformed
from tracking.carriers.aftership import AfterShip
from tracking.inputs import ScanInput, TrackerInput

FIXTURES = Path(__file__).parents[1] / "fixtures" / "aftership"
BODY = b'{"event":"tracking_update","note":"5\\/7 \xf0\x9f\x93\xa6"}'
SIGNATURE = "m/1GT7GtrzoErI8+Xvu3PlPq7dgC7NogoUiZ7X4+Kg4="


def load() -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((FIXTURES / "tracking_update.json").read_text())
    return payload


def tracking(**changes: Any) -> TrackerInput:
    """What comes of the webhook when fields of its tracking are changed."""
    payload = load()
    payload["msg"].update(changes)
    parsed = AfterShip().parse(payload)
    assert isinstance(parsed, TrackerInput)
    return parsed


def checkpoint(**changes: Any) -> ScanInput:
    """What comes of one checkpoint, an arrival in Brooklyn, when fields of it are changed."""
    (only,) = tracking(checkpoints=[{**load()["msg"]["checkpoints"][1], **changes}]).scans
    return only


def test_signature_is_the_base64_hmac_of_the_raw_body() -> None:
    AfterShip().verify(BODY, {"aftership-hmac-sha256": SIGNATURE}, ["other", "secret"])
    assert AfterShip().sign(BODY, "secret") == {"aftership-hmac-sha256": SIGNATURE}


@pytest.mark.parametrize("position", [0, len(BODY) // 2, len(BODY) - 1])
def test_body_altered_by_one_bit_is_refused(position: int) -> None:
    altered = bytearray(BODY)
    altered[position] ^= 1

    with pytest.raises(BadSignature, match="aftership-hmac-sha256 does not match"):
        AfterShip().verify(bytes(altered), {"aftership-hmac-sha256": SIGNATURE}, ["secret"])


def test_header_of_aftership_returns_is_another_ones() -> None:
    with pytest.raises(BadSignature, match="aftership-hmac-sha256 is missing"):
        AfterShip().verify(BODY, {"as-signature-hmac-sha256": SIGNATURE}, ["secret"])


def test_nothing_is_accepted_without_a_secret() -> None:
    with pytest.raises(BadSignature):
        AfterShip().verify(BODY, AfterShip().sign(BODY, ""), [""])


def test_webhook_says_its_event_and_its_id() -> None:
    envelope = AfterShip().envelope(load(), {})

    assert (envelope.topic, envelope.delivery_id) == ("tracking_update", "94dadd60-ed26-46d0-aa52-3ced925a50ff")


@pytest.mark.parametrize("wrapped", [load()["msg"], {"meta": {"code": 200}, "data": {"tracking": load()["msg"]}}])
def test_tracking_as_the_api_answers_it_is_read_like_the_one_in_a_webhook(wrapped: dict[str, Any]) -> None:
    assert AfterShip().envelope(wrapped, {}).topic == "tracking"
    assert AfterShip().parse(wrapped) == tracking()


def test_list_of_trackings_is_malformed() -> None:
    with pytest.raises(Malformed, match=r"^aftership tracking: data\.tracking must be an object, got nothing$"):
        AfterShip().parse({"data": {"trackings": [load()["msg"]]}})


@pytest.mark.parametrize("payload", [None, [], {}, {"event": None}])
def test_body_that_is_no_webhook_is_malformed(payload: Any) -> None:
    with pytest.raises(Malformed, match=r"^aftership: "):
        AfterShip().envelope(payload, {})


@pytest.mark.parametrize("event", ["tracking_update", "edd_revise", "tracking_pending_time"])
def test_events_about_a_tracking_are_used(event: str) -> None:
    assert AfterShip().parse({**load(), "event": event}) == tracking()


def test_event_about_something_else_is_not_used() -> None:
    assert AfterShip().parse({"event": "return_created"}) == Handled("topic return_created is not used")


def test_webhook_without_its_tracking_is_malformed() -> None:
    with pytest.raises(Malformed, match=r"^aftership tracking_update: msg must be an object, got nothing$"):
        AfterShip().parse({"event": "tracking_update"})


def test_tracking_says_which_parcel_it_is_and_how_it_stands() -> None:
    parsed = tracking()

    assert (parsed.tracking_number, parsed.carrier, parsed.service_level) == ("612999911122", "fedex", "FedEx Ground")
    assert parsed.tracking_url == "https://www.fedex.com/fedextrack/?tracknumbers=612999911122"
    assert (parsed.status, parsed.substatus, parsed.message) == (
        "failure",
        "delivery_attempted",
        "Addressee not available",
    )
    assert parsed.status_at == datetime(2026, 10, 5, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tag", "subtag", "status", "substatus", "attempt"),
    [
        ("Pending", "Pending_001", "unknown", "", False),
        ("InfoReceived", "InfoReceived_001", "pre_transit", "", False),
        ("InTransit", "InTransit_003", "in_transit", "", False),
        ("OutForDelivery", "OutForDelivery_001", "out_for_delivery", "", False),
        ("AttemptFail", "AttemptFail_003", "failure", "delivery_attempted", True),
        ("Delivered", "Delivered_002", "delivered", "", False),
        ("AvailableForPickup", "AvailableForPickup_001", "available_for_pickup", "", False),
        ("Expired", "Expired_001", "unknown", "", False),
        ("Exception", "Exception_001", "failure", "", False),
        ("Exception", "Exception_002", "failure", "", False),
        ("Exception", "Exception_003", "failure", "", False),
        ("Exception", "Exception_004", "in_transit", "delayed", False),
        ("Exception", "Exception_005", "in_transit", "delayed", False),
        ("Exception", "Exception_007", "failure", "", False),
        ("Exception", "Exception_010", "return_to_sender", "", False),
        ("Exception", "Exception_011", "return_to_sender", "", False),
        ("Exception", "Exception_013", "error", "", False),
        ("Exception", "Exception_016", "in_transit", "delayed", False),
        ("Exception", "Exception_017", "in_transit", "delayed", False),
        ("Exception", "Exception_999", "failure", "", False),
        ("Exception", None, "failure", "", False),
        ("Delivered", "Exception_013", "delivered", "", False),
        ("Beamed", "Beamed_001", "unknown", "", False),
    ],
)
def test_words_of_aftership_have_their_meaning(
    tag: str, subtag: str | None, status: str, substatus: str, attempt: bool
) -> None:
    scan = checkpoint(tag=tag, subtag=subtag)
    parsed = tracking(tag=tag, subtag=subtag)

    assert (scan.status, scan.substatus, scan.attempt, scan.raw_status) == (status, substatus, attempt, subtag or tag)
    assert (parsed.status, parsed.substatus) == (status, substatus)


def test_tag_is_the_status_whatever_the_last_checkpoint_says() -> None:
    checkpoints = [*load()["msg"]["checkpoints"], {"tag": "Delivered", "checkpoint_time": "2026-10-09T09:00:00Z"}]

    parsed = tracking(tag="InTransit", subtag="InTransit_008", checkpoints=checkpoints)

    assert parsed.status == "in_transit"
    assert parsed.status_at == datetime(2026, 10, 4, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("how", [{"tag": "Exception", "subtag": "Exception_011"}, {"return_to_sender": True}])
def test_parcel_that_goes_back_is_delivered_to_its_sender(how: dict[str, Any]) -> None:
    checkpoints = [{"tag": "Delivered", "subtag": "Delivered_001", "checkpoint_time": "2026-10-09T09:00:00Z"}]

    parsed = tracking(checkpoints=checkpoints, **how)

    assert (parsed.status, parsed.substatus) == ("return_to_sender", "")
    assert (parsed.scans[0].status, parsed.scans[0].raw_status) == ("return_to_sender", "Delivered_001")


def test_tracking_without_checkpoints_has_its_status_since_its_last_update() -> None:
    parsed = tracking(tag="Pending", subtag="Pending_001", checkpoints=[])

    assert (parsed.status, parsed.scans) == ("unknown", ())
    assert parsed.status_at == datetime(2026, 10, 5, 5, 10, 46, tzinfo=UTC)


def test_repeated_checkpoint_is_taken_once() -> None:
    assert [scan.raw_status for scan in tracking().scans] == [
        "InfoReceived_001",
        "InTransit_003",
        "Exception_004",
        "AttemptFail_002",
    ]


def test_checkpoint_says_what_happened_where() -> None:
    assert checkpoint() == ScanInput(
        status="in_transit",
        occurred_at=datetime(2026, 10, 3, 21, 51, tzinfo=UTC),
        raw_status="InTransit_003",
        message="Arrived at FedEx location",
        city="BROOKLYN",
        province="NY",
        country="USA",
        postal_code="11201",
    )


def test_checkpoint_of_an_older_version_has_a_zip_and_a_location() -> None:
    scan = tracking().scans[2]

    assert (scan.city, scan.postal_code) == ("NARITA-SHI JP", "282-0004")


def test_checkpoint_time_without_a_zone_is_utc() -> None:
    assert checkpoint(checkpoint_time="2021-01-14T00:52:00").occurred_at == datetime(2021, 1, 14, 0, 52, tzinfo=UTC)


def test_checkpoint_without_a_time_happened_when_it_was_first_seen() -> None:
    assert checkpoint(checkpoint_time=None).occurred_at == datetime(2026, 10, 5, tzinfo=UTC)


def test_checkpoint_is_dropped_where_no_time_can_be_had() -> None:
    assert tracking(checkpoints=[{"tag": "InTransit", "checkpoint_time": "soon"}]).scans == ()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, date(2026, 10, 6)),
        ({"latest_estimated_delivery": None}, date(2026, 10, 4)),
        (
            {
                "latest_estimated_delivery": None,
                "courier_estimated_delivery_date": {"estimated_delivery_date": "2026-10-07"},
            },
            date(2026, 10, 7),
        ),
        (
            {
                "latest_estimated_delivery": {},
                "expected_delivery": None,
                "aftership_estimated_delivery_date": {"estimated_delivery_date": "2026-10-08"},
            },
            date(2026, 10, 8),
        ),
        ({"latest_estimated_delivery": {"datetime": "soon"}, "expected_delivery": None}, None),
    ],
)
def test_estimate_is_the_newest_promise(changes: dict[str, Any], expected: date | None) -> None:
    assert tracking(**changes).estimate == expected
