"""Campaigns and whom they are for, in a line each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from integrations.models import Customer, CustomerExternalId, Merchant
from loyalty import campaign_file, campaigns, services
from loyalty.models import Campaign, Member
from loyalty.services.audiences import Wanted
from tests.loyalty.telling import MAY
from tests.tracking.telling import AT, DAY


def join(merchant: Merchant, name: str, *, external_id: str = "", at: datetime = AT - DAY, **more: Any) -> Member:
    """A customer who is a member."""
    with transaction.atomic():
        customer = Customer.objects.create(merchant=merchant, email=f"{name}@shopper.example", created_at=at, **more)
        if external_id:
            CustomerExternalId.objects.create(
                merchant=merchant, customer=customer, source="shop", external_id=external_id
            )
        return services.enrol(merchant, customer, Member.Source.SHOP, at=at)[0]


def sheet(*lines: str) -> campaign_file.Sheet:
    """A file with those lines."""
    return campaign_file.read("\n".join(lines).encode())


def draft(merchant: Merchant, audience: Wanted | campaign_file.Sheet | None = None, **more: Any) -> Campaign:
    """A campaign of 10 points for all members, unless told otherwise."""
    given: dict[str, Any] = {"name": "Summer", "audience": audience or Wanted()}
    given |= {} if more.get("reward") else {"points": 10}
    return services.draft_campaign(merchant, by=MAY, at=AT, **(given | more))


def start(merchant: Merchant, campaign: Campaign) -> Campaign:
    """Somebody starts it."""
    return services.start_campaign(merchant, campaign.pk, by=MAY, at=AT)


def run(*, at: datetime = AT) -> None:
    """The ticks come until nothing is left."""
    while not campaigns.work(at=at, seconds=20):
        pass


def counts(campaign: Campaign) -> tuple[str, int, int, int]:
    """Its state; recipients, given, passed over."""
    campaign.refresh_from_db()
    return campaign.state, campaign.recipients, campaign.given, campaign.passed_over


def balances() -> dict[str, int]:
    """First part of the address -> points."""
    rows = Member.objects.select_related("customer").order_by("pk")
    return {each.customer.email.partition("@")[0]: each.balance for each in rows}
