"""Returns and what is in them."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q

from integrations.models import Customer, Merchant
from integrations.tenancy import MerchantOwned, SameMerchant
from returns import stages
from tracking import money
from tracking.models import Order

STATUS_LENGTH = 12


class Return(MerchantOwned):
    """Something that a shopper sends back. `external_id` is the id of whoever runs the return: by it a return is known.

    `order` is None while its order is not known here; `order_external_id` and `order_number` say which one is waited for.
    `completed_at` is when order and items were known, so that it was told of. `value_minor` is in minor units of `currency`, None
    where the items' values add up to it. `status` follows from the instants below it. `warns_at` is when the shopper is to be
    told that time runs out, None where there is nothing to tell; `warned_at` is when that was.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    external_id = models.CharField(max_length=64)
    order = models.ForeignKey(
        Order, on_delete=models.CASCADE, null=True, blank=True, related_name="returns", db_constraint=False
    )
    order_external_id = models.CharField(max_length=64, blank=True)
    order_number = models.CharField(max_length=60, blank=True)
    new_order_number = models.CharField(max_length=60, blank=True)
    customer = models.ForeignKey(
        Customer,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="returns",
        db_index=False,
        db_constraint=False,
    )
    coverage = models.CharField(max_length=12, blank=True, choices=stages.coverage_choices)
    delivery = models.CharField(max_length=12, blank=True, choices=stages.delivery_choices)
    currency = models.CharField(max_length=3, blank=True)
    value_minor = models.BigIntegerField(null=True, blank=True)
    status = models.CharField(max_length=STATUS_LENGTH, choices=stages.status_choices, default=stages.REQUESTED)
    created_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True, blank=True)
    in_transit_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)
    refunded_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    expired_at = models.DateTimeField(null=True, blank=True)
    declined_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    warns_at = models.DateTimeField(null=True, blank=True)
    warned_at = models.DateTimeField(null=True, blank=True)
    source_updated_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "external_id"], name="return_once"),
            models.UniqueConstraint(fields=["merchant", "id"], name="return_of_merchant"),
            SameMerchant(field="order", name="return_order_same_merchant"),
            SameMerchant(field="customer", name="return_customer_same_merchant"),
        ]
        indexes = [
            models.Index(fields=["merchant", "-created_at", "-id"], name="return_by_time"),
            models.Index(fields=["merchant", "status", "-created_at", "-id"], name="return_by_status"),
            models.Index(fields=["merchant", "customer", "-created_at", "-id"], name="return_by_customer"),
            models.Index(fields=["merchant", "order_external_id"], name="return_by_order"),
            models.Index(fields=["merchant", "order_number"], name="return_by_number"),
            models.Index(
                fields=["merchant", "-created_at", "-id"], condition=Q(completed_at=None), name="return_waits"
            ),
            models.Index(fields=["warns_at"], condition=Q(warns_at__isnull=False), name="return_warns"),
        ]

    def __str__(self) -> str:
        return self.external_id

    @property
    def waits_for(self) -> str:
        """What is missing before it can be told of: "order", "items", or nothing ("")."""
        if self.completed_at is not None:
            return ""
        return "items" if self.order_id else "order"

    @property
    def value(self) -> Decimal | None:
        """What the source says that the whole return is worth, in major units."""
        return money.major(self.value_minor, self.currency)


class ReturnItem(MerchantOwned):
    """One line of a return. `line_external_id` is the id of the order's line that it comes of.

    `value_minor` is what its units are worth together, in minor units of the return's currency. What begins with `new_` is
    what an exchange gives for it. A blank `coverage` is that of the return.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="+", db_index=False)
    parent = models.ForeignKey(
        Return, on_delete=models.CASCADE, related_name="items", db_index=False, db_constraint=False
    )
    external_id = models.CharField(max_length=64)
    line_external_id = models.CharField(max_length=64, blank=True)
    type = models.CharField(max_length=12, blank=True, choices=stages.type_choices)
    coverage = models.CharField(max_length=12, blank=True, choices=stages.coverage_choices)
    quantity = models.PositiveIntegerField()
    sku = models.CharField(max_length=120, blank=True)
    product_name = models.CharField(max_length=255, blank=True)
    variant_name = models.CharField(max_length=255, blank=True)
    new_sku = models.CharField(max_length=120, blank=True)
    new_product_name = models.CharField(max_length=255, blank=True)
    new_variant_name = models.CharField(max_length=255, blank=True)
    value_minor = models.BigIntegerField(null=True, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["parent", "external_id"], name="return_item_once"),
            SameMerchant(field="parent", name="return_item_return_same_merchant"),
        ]
        indexes = [
            models.Index(fields=["merchant", "parent", "recorded_at", "id"], name="return_item_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.product_name or self.external_id}"
