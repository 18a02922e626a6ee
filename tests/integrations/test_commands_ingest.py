from __future__ import annotations

import io
import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from integrations import inbound, ingestion, leases
from integrations.models import InboundMessage, Merchant
from tracking.models import Order

pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant() -> Merchant:
    return Merchant.objects.create(name="Alba", created_at=timezone.now())


def order(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": 5000 + number,
        "name": f"#{number}",
        "created_at": "2026-11-20T10:00:00+01:00",
        "email": "ann@example.com",
        "line_items": [],
        **changes,
    }


def ndjson(path: Path, lines: Sequence[Any]) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


def ingest(*files: Any, topic: str = "orders/create", source: str = "shopify") -> dict[str, int]:
    """Run the command; the summary, whether or not it ends well."""
    output = io.StringIO()
    arguments = ["--merchant", "Alba", "--source", source, "--topic", topic, "--json", *map(str, files)]
    try:
        call_command("ingest", *arguments, stdout=output)
    except CommandError:
        if not output.getvalue():
            raise
    summary: dict[str, int] = json.loads(output.getvalue())
    return summary


def counts(**more: int) -> dict[str, int]:
    return {"accepted": 0, "duplicate": 0, "refused": 0, "waiting": 0, "failed": 0, "left": 0} | more


def test_each_line_is_taken_in_and_handled(merchant: Merchant, tmp_path: Path) -> None:
    file = ndjson(tmp_path / "orders.ndjson", [order(1), order(2), "", order(3)])

    assert ingest(file) == counts(accepted=3)
    assert list(Order.objects.for_merchant(merchant).order_by("id").values_list("number", flat=True)) == [
        "#1",
        "#2",
        "#3",
    ]


def test_a_duplicate_and_a_bad_line_are_counted_and_named(
    merchant: Merchant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = ndjson(tmp_path / "orders.ndjson", [order(1), order(1), '{"id": 5', order(2)])

    assert ingest(file) == counts(accepted=2, duplicate=1, refused=1)
    assert "orders.ndjson:3: the body must be JSON in UTF-8" in capsys.readouterr().err
    assert Order.objects.for_merchant(merchant).count() == 2


def test_a_line_that_cannot_be_handled_is_named_and_kept(
    merchant: Merchant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = ndjson(tmp_path / "orders.ndjson", [order(1), order(2, id=None)])

    assert ingest(file) == counts(accepted=2, failed=1)
    assert "orders.ndjson:2: malformed: orders/create: id must be a whole number" in capsys.readouterr().err
    assert InboundMessage.objects.for_merchant(merchant).filter(state="failed").count() == 1


@pytest.mark.parametrize("lines", [["{"], [order(1), "[}"], [order(1), order(2, created_at=None)]])
def test_it_fails_if_anything_was_refused_or_failed(merchant: Merchant, tmp_path: Path, lines: list[Any]) -> None:
    file = ndjson(tmp_path / "orders.ndjson", lines)
    with pytest.raises(CommandError, match="documents were refused"):
        call_command("ingest", "--merchant", "Alba", "--source", "shopify", "--topic", "orders/create", str(file))


def test_doing_it_again_changes_nothing(merchant: Merchant, tmp_path: Path) -> None:
    file = ndjson(tmp_path / "orders.ndjson", [order(1), order(2)])
    ingest(file)
    assert ingest(file) == counts(duplicate=2)


def test_a_document_over_several_lines_is_one(merchant: Merchant, tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    file.write_text(json.dumps(order(1), indent=2))
    assert ingest(file) == counts(accepted=1)


def test_a_broken_document_over_several_lines_is_refused_once(merchant: Merchant, tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    file.write_text(json.dumps(order(1), indent=2)[:-1])
    assert ingest(file) == counts(refused=1)


def test_several_files_and_standard_input(merchant: Merchant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = ndjson(tmp_path / "orders.ndjson", [order(1), order(2)])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(order(3)).encode())))
    assert ingest(file, "-") == counts(accepted=3)


def test_a_message_that_comes_before_its_order_waits(merchant: Merchant, tmp_path: Path) -> None:
    fulfillment = {"id": 1, "order_id": 5001, "created_at": "2026-11-20T11:00:00Z", "tracking_number": "1Z9"}
    file = ndjson(tmp_path / "fulfillments.ndjson", [fulfillment])
    assert ingest(file, topic="fulfillments/create") == counts(accepted=1, waiting=1)


def test_a_carriers_messages_need_no_topic(merchant: Merchant, tmp_path: Path) -> None:
    tracker = {"object": "Tracker", "tracking_code": "1Z9", "status": "in_transit", "tracking_details": []}
    file = ndjson(tmp_path / "trackers.ndjson", [tracker])
    assert ingest(file, source="easypost", topic="") == counts(accepted=1, waiting=1)


def test_a_line_beyond_5_mb_is_refused_and_the_next_is_taken(
    merchant: Merchant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = ndjson(tmp_path / "orders.ndjson", [order(1), order(2, note="x" * inbound.MAX_BODY), order(3)])
    assert ingest(file) == counts(accepted=2, refused=1)
    assert "orders.ndjson:2: a message must be at most 5 MB" in capsys.readouterr().err


def test_a_line_that_was_cut_still_shows_that_it_is_too_long() -> None:
    first, second = ingestion._lines([b"x" * (inbound.MAX_BODY + 5), b"\n{}"])
    assert (len(first), second) == (inbound.MAX_BODY + 1, b"{}")


def test_a_file_is_read_as_it_is_needed() -> None:
    class Endless(io.RawIOBase):
        """NDJSON that never ends."""

        read_bytes = 0

        def read(self, size: int = -1) -> bytes:
            assert size > 0
            self.read_bytes += size
            return b'{"id":1}\n' * (size // 9)

    stream: Any = Endless()
    assert len(list(islice(ingestion.documents("endless", stream), 1000))) == 1000
    assert stream.read_bytes <= inbound.MAX_BODY + 1


def test_a_batch_is_left_to_the_worker_that_holds_the_lease(
    merchant: Merchant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingestion, "PATIENCE", 0.0)
    file = ndjson(tmp_path / "orders.ndjson", [order(1)])
    with leases.holding(f"inbound:{merchant.pk}", 60):
        assert ingest(file) == counts(accepted=1, left=1)


@pytest.mark.parametrize(
    ("source", "topic", "file", "message"),
    [
        ("shopware", "orders/create", "", "--source: there is no source 'shopware'; sources are: "),
        ("shopify", "", "", "--topic: messages of shopify do not say their topic"),
        ("shopify", "order/create", "", "--topic: shopify has no topic 'order/create' that does anything"),
        ("shopify", "orders/create", "missing.json", "FILE: missing.json is no file that can be read"),
    ],
)
def test_wrong_input_is_named_and_nothing_is_stored(
    merchant: Merchant, tmp_path: Path, source: str, topic: str, file: str, message: str
) -> None:
    right = ndjson(tmp_path / "orders.ndjson", [order(1)])
    with pytest.raises(CommandError, match=message):
        ingest(right, file or right, source=source, topic=topic)
    assert not InboundMessage.objects.exists()


def test_a_merchant_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--merchant: no merchant is called 'Alba'"):
        ingest(tmp_path / "orders.ndjson")


def test_people_read_a_sentence(merchant: Merchant, tmp_path: Path) -> None:
    file = ndjson(tmp_path / "trackers.ndjson", [{"object": "Tracker", "tracking_code": "1Z9"}])
    output = io.StringIO()
    call_command("ingest", "--merchant", "Alba", "--source", "easypost", str(file), stdout=output)
    assert output.getvalue() == "1 accepted, 0 duplicate, 0 refused; of the accepted 1 wait for something else\n"
