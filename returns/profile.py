"""The shopper's current profile properties that come of returns: one statement for any number of customers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import JSONObject

from integrations.catalog import ProfileProperty, catalog
from integrations.models import Customer
from integrations.statements import Among, Given, Statement
from returns.models import Return

LAST_RETURN_ID = ProfileProperty("LastReturnId", "string", "The id of the newest return.")
LAST_RETURN_AT = ProfileProperty("LastReturnAt", "datetime", "When the newest return was asked for.")


@cache
def _statement() -> Statement:
    merchant = Given("merchant").value
    customers = Customer.objects.for_merchant(merchant).filter(Among(F("pk"), Given("customers")))
    mine = Return.objects.for_merchant(merchant).filter(customer=OuterRef("pk"))
    told = mine.exclude(completed_at=None).exclude(order__is_test=True).order_by("-created_at", "-id")
    newest = told.values(told=JSONObject(external_id="external_id", created_at="created_at"))[:1]
    return Statement(customers.values_list("pk", Subquery(newest)))


def read(merchant_id: int, customer_ids: Collection[int], names: Collection[str]) -> Mapping[int, Mapping[str, Any]]:
    """What is known of each customer's newest return."""
    found = _statement().run(merchant=merchant_id, customers=customer_ids)
    return {pk: _tell(orjson.loads(row)) for pk, row in found if row}


def _tell(row: Mapping[str, Any]) -> dict[str, Any]:
    created_at = datetime.fromisoformat(row["created_at"])
    # SQLite leaves the offset out of what it writes into JSON.
    created_at = created_at if created_at.tzinfo else created_at.replace(tzinfo=UTC)
    return {LAST_RETURN_ID.name: row["external_id"], LAST_RETURN_AT.name: created_at.isoformat()}


catalog.register_profile(read, LAST_RETURN_ID, LAST_RETURN_AT)
