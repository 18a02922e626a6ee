from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

import tracking.carriers
from integrations.models import Merchant
from integrations.sources import Handled
from tracking import services, statuses
from tracking.carriers import aftership, all_carriers, shippo
from tracking.carriers.base import Carrier, in_order, newest_of, status_time
from tracking.carriers.shippo import Shippo
from tracking.inputs import ScanInput

AT = datetime(2026, 10, 10, 9, 0, tzinfo=UTC)
MERCHANT = cast(Merchant, object())


def scan(day: int, status: str = "in_transit") -> ScanInput:
    return ScanInput(status=status, occurred_at=datetime(2026, 10, day, tzinfo=UTC))


def test_every_file_of_the_package_is_a_carrier() -> None:
    assert [carrier.kind for carrier in all_carriers()] == ["aftership", "easypost", "shippo"]


def test_carrier_is_added_by_adding_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pigeon_for_test.py").write_text(
        "from tracking.carriers.easypost import EasyPost\nclass Pigeon(EasyPost):\n    kind = 'pigeon'\n"
    )
    monkeypatch.setattr(tracking.carriers, "__path__", [*tracking.carriers.__path__, str(tmp_path)])

    assert [carrier.kind for carrier in all_carriers()] == ["aftership", "easypost", "pigeon", "shippo"]


@pytest.mark.parametrize("carrier", all_carriers(), ids=lambda carrier: carrier.kind)
def test_carrier_accepts_what_it_signed_itself(carrier: Carrier) -> None:
    carrier.verify(b"body", carrier.sign(b"body", "secret"), ["secret"])
    assert carrier.headers_for("any topic") == {}


def test_tables_speak_canonical_words_only() -> None:
    meanings = [
        *shippo.STATUSES.values(),
        *shippo.SUBSTATUSES.values(),
        *aftership.TAGS.values(),
        *aftership.SUBTAGS.values(),
    ]

    assert {meaning.status for meaning in meanings} <= set(statuses.ALL)


def test_tracker_is_handed_to_the_services(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[dict[str, Any]] = []
    done = Handled("done")

    def ingest_tracker(**given: Any) -> Handled:
        calls.append(given)
        return done

    monkeypatch.setattr(services, "ingest_tracker", ingest_tracker)

    assert Shippo().handle(MERCHANT, "track", {"tracking_number": "1Z"}, received_at=AT, at=AT) is done
    (call,) = calls
    assert (call["merchant"], call["tracker"].tracking_number, call["at"]) == (MERCHANT, "1Z", AT)


def test_message_that_is_not_used_reaches_no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(services, "ingest_tracker")

    handled = Shippo().handle(MERCHANT, "batch_created", {"event": "batch_created"}, received_at=AT, at=AT)

    assert handled == Handled("topic batch_created is not used")


def test_scans_are_ordered_and_taken_once() -> None:
    assert in_order([scan(3), scan(1), scan(3), scan(2)]) == (scan(1), scan(2), scan(3))


def test_scans_of_one_moment_keep_their_order() -> None:
    assert in_order([scan(2), scan(1, "delivered"), scan(1)]) == (scan(1, "delivered"), scan(1), scan(2))


def test_status_was_reached_at_its_newest_scan() -> None:
    scans = (scan(1, "failure"), scan(2, "failure"), scan(3))

    assert newest_of("failure", scans) == scan(2, "failure")
    assert status_time("failure", scans, AT) == scan(2).occurred_at


def test_status_that_no_scan_has_was_reached_at_the_newest_scan() -> None:
    assert status_time("delivered", (scan(1), scan(2)), AT) == scan(2).occurred_at
    assert status_time("delivered", (), AT) == AT
