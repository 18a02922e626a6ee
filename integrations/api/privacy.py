"""What the law lets a shopper ask for: to have their data, and to be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import structlog
from django.http import HttpResponseBase, StreamingHttpResponse

from integrations import disclosure, erasure
from integrations.api import examples, problems, rendering, schemas
from integrations.api.bodies import Body, Flag
from integrations.api.endpoint import Call, Endpoint, operation
from integrations.api.problems import Problem
from integrations.api.slots import Slot, Stream
from integrations.models import Customer, Erasure

RETRY_SECONDS = 30

logger = structlog.get_logger(__name__)


class NewErasure(Body):
    """How far a shopper is to be forgotten."""

    keep_profile = Flag(
        required=False, help_text="Leave the profile at Klaviyo alone, whatever the connection's setting says."
    )


class CustomerData(Endpoint):
    """`/customers/{id}/data`"""

    @operation(
        id="get_customer_data",
        tag="Customers",
        scope="privacy:read",
        summary="Get all data of a customer",
        answer=schemas.customer_data(("consents", "profile_changes", "suppressions", "events", "messages")),
        example=examples.CUSTOMER_DATA,
        problems=("unavailable",),
    )
    def get(self, call: Call, key: int) -> HttpResponseBase:
        """Everything that is known of one customer, as one document to hand over; it begins at once, however long it is. That
        it was fetched stands in the merchant's trail, and answers an open request of the shop's (`customers/data_request`). A
        document that breaks off half-way ends without the last chunk.
        """
        row = _customer(call, key)
        slot = Slot()
        if not slot.is_mine:
            headers = {"Retry-After": str(RETRY_SECONDS)}
            raise Problem("unavailable", "Too many exports run. Try again.", headers=headers)
        parts = disclosure.hand_over(call.merchant, row, by=call.caller.actor, at=call.at)
        return StreamingHttpResponse(
            Stream(_logged(parts), slot),
            content_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="customer-{row.pk}.json"'},
        )


class EraseCustomer(Endpoint):
    """`/customers/{id}/erasure`"""

    @operation(
        id="erase_customer",
        tag="Customers",
        scope="privacy:write",
        summary="Erase a customer",
        body=NewErasure,
        body_example={"keep_profile": False},
        answer=schemas.Erasure,
        example=examples.ERASURE,
    )
    def post(self, call: Call, key: int) -> HttpResponseBase:
        """Forget a shopper: what happened stays and counts, but not to whom. What was not sent is not sent. Klaviyo is asked to
        delete the profile where the connection says so. It cannot be undone; a repeat is harmless. Later messages about the
        shopper make nobody of them anew, until they order or consent again themselves.
        """
        row = _customer(call, key)
        keeps_profile = call.body.get("keep_profile", False)
        erasure.erase(call.merchant, [row], by=call.caller.actor, at=call.at, keeps_profile=keeps_profile)
        record = Erasure.objects.for_merchant(call.merchant).filter(customer=row).first()
        return rendering.answer(_told(row, record))


def _told(row: Customer, record: Erasure | None) -> dict[str, Any]:
    """`record` is None of who was erased before there were records."""
    return {
        "customer_id": str(row.pk),
        "erased_at": record.at if record else None,
        "is_passed_on": record.is_passed_on if record else False,
        "emptied": record.emptied if record else {},
    }


def _customer(call: Call, key: int) -> Customer:
    row: Customer | None = Customer.objects.for_merchant(call.merchant).filter(pk=key).first()
    if row is None:
        raise problems.not_found("customer")
    return row


def _logged(parts: Iterator[bytes]) -> Iterator[bytes]:
    """What goes wrong after the first byte is said by nobody else."""
    try:
        yield from parts
    except Exception as error:
        logger.exception("api.failed", error=type(error).__name__)
        raise
