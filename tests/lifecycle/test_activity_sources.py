"""Entries of the log by REST and from files: kept once, refused with the place that is wrong, listed with filters."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from integrations import ingestion
from integrations.models import Event, Merchant
from lifecycle import kinds, log
from lifecycle.models import Activity, Plan
from tests.support import rest

pytestmark = pytest.mark.django_db
ENTRY: dict[str, Any] = {
    "entry_id": "e1",
    "kind": "failed.payment",
    "occurred_at": "2026-11-20T10:00:00Z",
    "customer": {"email": "ann@shopper.example"},
    "data": {"Amount": 47.95},
    "plan": {"status": "Active", "subscribed": False},
}


@pytest.fixture
def merchant() -> Merchant:
    made = rest.merchant()
    made.connections.update(enabled_metrics=list(kinds.METRICS.values()))
    return made


def test_an_entry_is_written_once_and_its_plan_holds(merchant: Merchant) -> None:
    client = rest.rest(merchant, ["activities:write"])

    first, again = client.post("activities", ENTRY), client.post("activities", {**ENTRY, "plan": {"box": "Small"}})

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["customer_id"] == again.json()["customer_id"]
    plan = Plan.objects.for_merchant(merchant).get()
    assert (plan.status, plan.is_mailed, plan.box) == ("Active", False, "Small")


@pytest.mark.parametrize(
    ("broken", "pointer"),
    [
        ({"kind": ""}, "/kind"),
        ({"occurred_at": "2199-01-01T00:00:00Z"}, "/occurred_at"),
        ({"data": {"Subject": "x" * 30_000}}, "/data"),
        ({"plan": {"status": 1}}, "/plan/status"),
        ({"customer": {"email": "nobody"}}, "/customer/email"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(merchant: Merchant, broken: dict[str, Any], pointer: str) -> None:
    client = rest.rest(merchant, ["activities:write"])

    alone = client.post("activities", {**ENTRY, **broken})
    among = client.post("activities/bulk", {"items": [{**ENTRY, **broken}, {**ENTRY, "entry_id": "e2"}]}).json()

    assert (alone.status_code, alone.json()["errors"][0]["pointer"]) == (422, pointer)
    assert [each["status"] for each in among["results"]] == [422, 201]
    assert among["failed"] == 1


def test_the_log_is_listed_by_kind_state_and_shopper(merchant: Merchant) -> None:
    client = rest.rest(merchant, ["activities:read", "activities:write"])
    kinds_told = ["cancelled", "contact.form", "cancelled", "password.changed"]
    client.post(
        "activities/bulk", {"items": [{**ENTRY, "entry_id": f"e{n}", "kind": k} for n, k in enumerate(kinds_told)]}
    )
    log.work(seconds=5, merchant=merchant)

    def listed(**query: Any) -> list[str]:
        return sorted(each["entry_id"] for each in client.get("activities", **query).json()["items"])

    assert listed() == ["e0", "e1", "e2", "e3"]
    assert listed(kind="cancelled") == ["e0", "e2"]
    assert listed(state="untold") == ["e3"]
    assert listed(email="ann@shopper.example", limit=2) == ["e2", "e3"]
    assert listed(email="bo@shopper.example") == []
    assert rest.rest(merchant, ["events:read"]).get("activities").status_code == 403
    assert rest.rest(rest.merchant("Bora")).get("activities").json()["items"] == []


def test_a_table_and_lines_are_taken_in_as_the_hook_does(
    merchant: Merchant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, lines = tmp_path / "log.csv", tmp_path / "log.ndjson"
    table.write_text(
        "entry_id,kind,occurred_at,customer.email,data.Amount,plan.status,plan.subscribed\n"
        'e1,failed.payment,2026-11-20T10:00:00Z,ann@shopper.example,"47.95",Dead,no\n'
        "e2,contact.form,2026-11-20T11:00:00Z,ann@shopper.example,,,\n"
        "e3,contact.form,yesterday,ann@shopper.example,,,\n"
    )
    lines.write_text("\n".join(json.dumps({**ENTRY, "entry_id": each}) for each in ("e1", "e4")))

    with pytest.raises(CommandError, match="1 documents were refused"):
        call_command(
            "ingest", "--merchant", merchant.name, "--source", "activity_log", "--json", str(table), str(lines)
        )
    log.work(seconds=5, merchant=merchant)

    told = capsys.readouterr()
    assert json.loads(told.out) | {"waiting": 0} == {
        "accepted": 3,
        "duplicate": 1,
        "refused": 1,
        "waiting": 0,
        "failed": 0,
        "left": 0,
    }
    assert "log.csv:4: entry: occurred_at must be a date and time" in told.err
    assert sorted(Event.objects.values_list("unique_id", flat=True)) == ["log:e1", "log:e2", "log:e4"]
    payment = Activity.objects.get(entry_id="e1")
    assert (payment.occurred_at, payment.data) == (datetime(2026, 11, 20, 10, tzinfo=UTC), {"Amount": "47.95"})
    plan = Plan.objects.get()
    assert (plan.status, plan.is_mailed) == ("Active", False)


HEAD = b"entry_id,kind,occurred_at,customer.email,customer.first_name,plan.subscribed\n"


def take_in(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    call_command("ingest", "--merchant", "Alba", "--source", "activity_log", str(path))


def test_a_table_that_another_program_wrote_is_read_or_refused_by_its_row(
    merchant: Merchant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a byte order mark; no name is kept mutilated, and a word that is neither yes nor no mails nobody."""
    rows = [
        "e1,contact.form,2026-11-20T10:00:00Z,ann@shopper.example,Zoë,N".encode(),
        "e2,contact.form,2026-11-20T10:00:00Z,bo@shopper.example,Zoë,yes".encode("latin-1"),
        b"e3,contact.form,2026-11-20T10:00:00Z,cy@shopper.example,Cy,unsubscribed",
    ]

    with pytest.raises(CommandError, match="2 documents were refused"):
        take_in(tmp_path / "log.csv", b"\xef\xbb\xbf" + HEAD + b"\r\n".join(rows))

    plan = Plan.objects.get()
    assert (plan.customer.first_name, plan.is_mailed) == ("Zoë", False)
    told = capsys.readouterr().err
    assert "log.csv:3: the body must be JSON in UTF-8" in told
    assert "log.csv:4: entry: plan.subscribed must be true or false, got 'unsubscribed'" in told


def test_lines_that_begin_with_a_byte_order_mark_are_read(merchant: Merchant, tmp_path: Path) -> None:
    lines = [json.dumps({**ENTRY, "entry_id": each}).encode() for each in ("e1", "e2")]

    take_in(tmp_path / "log.ndjson", b"\xef\xbb\xbf" + b"\n".join(lines))

    assert Activity.objects.count() == 2


def test_a_table_with_a_quotation_mark_too_few_says_where(merchant: Merchant, tmp_path: Path) -> None:
    rows = b"".join(
        b"e%d,contact.form,2026-11-20T10:00:00Z,ann@shopper.example,Ann,no\n" % each for each in range(3_000)
    )

    with pytest.raises(CommandError, match=r"log.csv:\d+: field larger than .* what is stored is not stored twice"):
        take_in(
            tmp_path / "log.csv", HEAD + b'e0,contact.form,"2026-11-20T10:00:00Z,ann@shopper.example,Ann,no\n' + rows
        )

    assert not Activity.objects.exists()


def test_what_was_looked_at_of_a_table_is_all_of_it(tmp_path: Path) -> None:
    """Else progress would stand at its end after a third: the columns' names are in each document."""
    path = tmp_path / "log.csv"
    row = b"e%d,contact.form,2026-11-20T10:00:00Z,ann@shopper.example,Ann,no\n"
    path.write_bytes(HEAD + b"".join(row % each for each in range(2_000)))

    with path.open("rb") as stream:
        sizes = [document.size for document in ingestion.documents("log.csv", stream)]

    assert (len(sizes), sum(sizes)) == (2_000, path.stat().st_size)
    assert 0.4 < sum(sizes[:1_000]) / sum(sizes) < 0.7
