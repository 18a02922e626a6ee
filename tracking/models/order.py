"""Orders and what they consist of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Q

from integrations.models import Customer, Merchant
from integrations.tenancy import MerchantOwned, SameMerchant
from tracking.models.policy import StalledPolicy


class Order(MerchantOwned):
    """An order of one merchant. `external_id` is the shop's id, `number` its name there ("#1001").

    `placed_at` and the other instants are the source's; `source_updated_at` is how new the newest message about it was.
    `total` is in major units of `currency`, and so is `net_value`: what the goods cost after discounts, without shipping, of
    which `net_refunded` was given back since; None where the source does not tell. `stalled_policy` is the version of the
    merchant's settings that was in force when it was placed, None for the defaults. `stalls_at` is when it stalls if nothing
    happens, None where nothing is waited for; `stalled_at` is when it did, and stays. `billed_at` is when its billing
    succeeded, `completed_at` when the merchant's system marked it completed, and `scheduled_on` the day of delivery by its
    schedule. `locale` is the language that the shopper ordered in ("de", "en-CA"), as far as the source tells. `page_token`
    leads to the shopper's page: None while there is none, "" where it was taken back. `is_followed`: others than its shopper
    asked to hear of it (`Follower`).
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    external_id = models.CharField(max_length=64)
    number = models.CharField(max_length=60)
    customer = models.ForeignKey(
        Customer,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="orders",
        db_index=False,
        db_constraint=False,
    )
    currency = models.CharField(max_length=3, blank=True)
    total = models.DecimalField(max_digits=16, decimal_places=4, null=True, blank=True)
    net_value = models.DecimalField(max_digits=16, decimal_places=4, null=True, blank=True)
    net_refunded = models.DecimalField(max_digits=16, decimal_places=4, null=True, blank=True)
    is_test = models.BooleanField(default=False)
    status_url = models.URLField(max_length=500, blank=True)
    destination_country = models.CharField(max_length=2, blank=True)
    placed_at = models.DateTimeField()
    source_updated_at = models.DateTimeField()
    processing_at = models.DateTimeField(null=True, blank=True)
    shipped_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=60, blank=True)
    billed_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    scheduled_on = models.DateField(null=True, blank=True)
    recorded_at = models.DateTimeField()
    # The database itself refuses to lose a version that an order keeps.
    stalled_policy = models.ForeignKey(
        StalledPolicy,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    stalls_at = models.DateTimeField(null=True, blank=True)
    stalled_at = models.DateTimeField(null=True, blank=True)
    # Both may be null, because rows from before have neither, and the code of yesterday writes neither.
    locale = models.CharField(max_length=12, null=True, blank=True)
    page_token = models.CharField(max_length=32, null=True, blank=True, editable=False)
    is_followed = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "external_id"], name="order_once"),
            models.UniqueConstraint(fields=["merchant", "id"], name="order_of_merchant"),
            models.UniqueConstraint(fields=["page_token"], condition=Q(page_token__gt=""), name="order_page_once"),
            SameMerchant(field="customer", name="order_customer_same_merchant"),
            SameMerchant(field="stalled_policy", name="order_policy_same_merchant"),
        ]
        indexes = [
            models.Index(fields=["merchant", "number"], name="order_by_number"),
            models.Index(fields=["merchant", "customer", "-placed_at"], name="order_by_customer"),
            models.Index(fields=["merchant", "-placed_at", "-id"], name="order_by_time"),
            models.Index(
                fields=["merchant", "-placed_at", "-id"],
                condition=Q(cancelled_at__isnull=False),
                name="order_cancelled",
            ),
            models.Index(fields=["merchant", "id"], condition=Q(is_test=True), name="order_of_test"),
            models.Index(fields=["stalls_at"], condition=Q(stalls_at__isnull=False), name="order_stalls"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def subject(self) -> str:
        """The name under which its events are one story."""
        return f"order:{self.external_id}"

    @cached_property
    def policy(self) -> StalledPolicy:
        """The settings by which it is judged, and its parcels."""
        return self.stalled_policy or StalledPolicy(merchant_id=self.merchant_id)

    @property
    def status(self) -> str:
        """Where it stands, in Whiplash's words: placed, processing, shipped, delivered or cancelled."""
        return self.status_and_time[0]

    @property
    def status_and_time(self) -> tuple[str, datetime]:
        """Where it stands, and since when."""
        return stage_of(vars(self))


STATUSES = ("cancelled", "delivered", "shipped", "processing", "placed")
"""Where an order may stand: the first of these that it has reached."""


def stage_of(order: Mapping[str, Any]) -> tuple[str, Any]:
    """Where an order stands, and since when, by the instants among its values."""
    return next((stage, order[f"{stage}_at"]) for stage in STATUSES if order[f"{stage}_at"] is not None)


def in_status(status: str) -> Q:
    """The orders that stand there."""
    not_reached = {f"{each}_at": None for each in STATUSES[: STATUSES.index(status)]}
    return Q(**not_reached, **{f"{status}_at__isnull": False})


class OrderLine(MerchantOwned):
    """One line of an order. `quantity` is what is still ordered; `ordered` what was ordered first. `categories` are those that
    the product is in, by name; None where the source does not tell.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    order = models.ForeignKey(
        Order, on_delete=models.CASCADE, related_name="lines", db_index=False, db_constraint=False
    )
    external_id = models.CharField(max_length=64)
    position = models.PositiveSmallIntegerField(default=0)
    product_name = models.CharField(max_length=255)
    variant_name = models.CharField(max_length=255, blank=True)
    sku = models.CharField(max_length=120, blank=True)
    product_id = models.CharField(max_length=64, blank=True)
    variant_id = models.CharField(max_length=64, blank=True)
    quantity = models.PositiveIntegerField()
    ordered = models.PositiveIntegerField()
    price = models.DecimalField(max_digits=16, decimal_places=4, null=True, blank=True)
    requires_shipping = models.BooleanField(default=True)
    image_url = models.URLField(max_length=500, blank=True)
    product_url = models.URLField(max_length=500, blank=True)
    categories = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "external_id"], name="order_line_once"),
            SameMerchant(field="order", name="order_line_order_same_merchant"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.product_name}"
