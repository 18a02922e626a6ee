"""Orders, parcels and what happened to them: all read-only, because the sources say how they are."""

from __future__ import annotations

from itertools import chain
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from integrations.admin import finding, show
from integrations.admin.site import Clock, MerchantFilter, ReadOnlyAdmin, UntilFilter
from integrations.admin.theme import ChoicesDropdownFilter, TabularInline, display
from integrations.models import Event, InboundMessage, Merchant
from tracking import statuses
from tracking.models import Issue, Order, OrderLine, Scan, Shipment
from tracking.page import links

MOST = finding.MOST
WHEN = (
    "when_placed",
    "when_processing",
    "when_billed",
    "when_completed",
    "when_shipped",
    "when_delivered",
    "when_cancelled",
)
STALLING = ("when_stalls", "when_stalled")
ARRIVAL = ("when_late", "when_delayed", "when_early")
TONES = {
    "delivered": "good",
    "cancelled": "plain",
    "placed": "plain",
    statuses.FAILURE: "bad",
    statuses.ERROR: "bad",
    statuses.RETURN_TO_SENDER: "bad",
    statuses.UNKNOWN: "warn",
}


def find_orders(term: str) -> list[int]:
    """Orders by number, by shopper, or by a parcel's tracking number."""
    everyone = Merchant.objects.values("pk")
    if finding.is_person(term):
        people = finding.customers(term)
        found = Order.objects.filter(merchant__in=everyone, customer__in=people)
        return list(found.values_list("pk", flat=True)[:MOST])
    numbers = finding.variants(term)
    by_number = Order.objects.filter(merchant__in=everyone, number__in=numbers).values_list("pk", flat=True)
    by_parcel = _parcels(numbers).values_list("order", flat=True)
    return list(chain(by_number[:MOST], by_parcel[:MOST]))


def find_shipments(term: str) -> list[int]:
    """Shipments by tracking number, or of the orders that are found."""
    by_number = _parcels(finding.variants(term)).values_list("pk", flat=True)
    of_orders = Shipment.objects.filter(order__in=find_orders(term)).values_list("pk", flat=True)
    return list(chain(by_number[:MOST], of_orders[:MOST]))


def find_scans(term: str) -> list[int]:
    """Scans of the shipments that are found."""
    return list(Scan.objects.filter(shipment__in=find_shipments(term)).values_list("pk", flat=True)[:MOST])


def find_issues(term: str) -> list[int]:
    """Issues of the shipments that are found, and of orders without one."""
    of_parcels = Issue.objects.filter(shipment__in=find_shipments(term)).values_list("pk", flat=True)
    of_orders = Issue.objects.filter(order__in=find_orders(term), shipment=None).values_list("pk", flat=True)
    return list(chain(of_parcels[:MOST], of_orders[:MOST]))


def _parcels(numbers: list[str]) -> QuerySet[Shipment]:
    everyone = Merchant.objects.values("pk")
    return Shipment.objects.filter(merchant__in=everyone, tracking_number__in=numbers).exclude(tracking_number="")


def status_chip(status: str) -> Any:
    """A status in its colour."""
    return show.chip(status.replace("_", " ").capitalize(), TONES.get(status, "info"))


class ReadOnlyInline(TabularInline[Any, Any]):
    """Rows that are shown and never changed."""

    extra = 0
    hide_title = True
    can_delete = False
    show_change_link = False

    @display(description="Status")
    def standing(self, row: Any) -> Any:
        """In its colour."""
        return status_chip(row.status)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False


class OrderLineInline(ReadOnlyInline):
    """What was ordered."""

    model = OrderLine
    fields = ("product_name", "variant_name", "sku", "ordered", "quantity", "price")
    ordering = ("position", "pk")


class ShipmentInline(ReadOnlyInline):
    """Its parcels."""

    model = Shipment
    fields = ("tracking_number", "carrier", "standing", "when_status", "expected_on")
    readonly_fields = ("standing", "when_status")
    ordering = ("shipped_at", "pk")
    show_change_link = True
    when_status = show.moment("status_at", "Since")


class ScanInline(ReadOnlyInline):
    """Its scans."""

    model = Scan
    fields = ("when_scanned", "standing", "substatus", "message", "city", "country", "is_transition")
    readonly_fields = ("when_scanned", "standing")
    when_scanned = show.moment("occurred_at", "Scanned")
    ordering = ("-occurred_at", "-pk")


class TrackingAdmin(ReadOnlyAdmin):
    """What the pages of orders and parcels have in common."""

    when_stalls = show.moment("stalls_at", "Stalls, if nothing happens")
    when_stalled = show.moment("stalled_at", "Stalled")
    search_help_text = "Order number, e-mail, phone or tracking number"
    list_select_related: ClassVar[Any] = ("merchant",)
    list_filter: ClassVar[Any] = (("merchant", MerchantFilter), UntilFilter)

    @display(description="Status")
    def standing(self, row: Any) -> Any:
        """In its colour."""
        return status_chip(row.status)

    @display(description="Merchant")
    def about_merchant(self, row: Any) -> Any:
        """A link to the merchant."""
        return show.link(row.merchant)


@admin.register(Order)
class OrderAdmin(TrackingAdmin):
    """One order."""

    placed = show.since("placed_at", "Placed")
    when_placed = show.moment("placed_at", "Placed")
    when_processing = show.moment("processing_at", "Processing")
    when_billed = show.moment("billed_at", "Billed")
    when_completed = show.moment("completed_at", "Completed")
    when_shipped = show.moment("shipped_at", "Shipped")
    when_delivered = show.moment("delivered_at", "Delivered")
    when_cancelled = show.moment("cancelled_at", "Cancelled")
    clock = Clock(Order, "placed_at")
    find = staticmethod(find_orders)
    search_fields = ("number",)
    list_display = ("number", "merchant", "shopper", "standing", "amount", "placed", "kind")
    list_select_related = ("merchant", "customer")
    inlines = (OrderLineInline, ShipmentInline)
    fieldsets = (
        (None, {"fields": ("number", "about_merchant", "about_customer", "standing", "amount", "traces", "page")}),
        ("When", {"fields": WHEN}),
        ("Stalling", {"fields": (*STALLING, "about_policy")}),
        ("At the shop", {"fields": ("external_id", "status_url", "destination_country", "cancel_reason", "kind")}),
    )
    wide = ("status_url",)
    readonly_fields = (
        "about_merchant",
        "about_customer",
        "standing",
        "amount",
        "traces",
        "page",
        "kind",
        "about_policy",
        *WHEN,
        *STALLING,
    )

    @display(description="Shopper")
    def shopper(self, order: Order) -> str:
        """Name, else address."""
        return str(order.customer) if order.customer else show.NOTHING

    @display(description="Shopper")
    def about_customer(self, order: Order) -> Any:
        """A link to the customer."""
        return show.link(order.customer)

    @display(description="Judged by")
    def about_policy(self, order: Order) -> Any:
        """A link to the version of the settings that it keeps."""
        return show.link(order.stalled_policy) if order.stalled_policy else "the defaults"

    @display(description="Total")
    def amount(self, order: Order) -> str:
        """In major units."""
        return show.NOTHING if order.total is None else f"{order.total:,.2f} {order.currency}"

    @display(description="Kind")
    def kind(self, order: Order) -> Any:
        """Whether it is a test."""
        return show.chip("Test", "warn") if order.is_test else "Real"

    @display(description="What came of it")
    def traces(self, order: Order) -> Any:
        """Links to its events and messages."""
        return show.lines(
            [
                show.list_link(Event, "Events", q=order.number),
                show.list_link(InboundMessage, "Messages", q=order.number),
            ]
        )

    @display(description="Shopper's page")
    def page(self, order: Order) -> Any:
        """Its address, and where it is taken back or gets a new one."""
        address = links.address(order.page_token)
        settings = reverse("tracking_page", args=[order.merchant.public_id], query={"order": order.number})
        state = "not there yet: it comes with the next event" if order.page_token is None else "taken back"
        shown = format_html('<a class="td-link" href="{0}">{0}</a>', address) if address else state
        return show.lines(
            [shown, format_html('<a class="td-link" href="{}">Take it back, or give it a new address</a>', settings)]
        )


@admin.register(Shipment)
class ShipmentAdmin(TrackingAdmin):
    """One parcel."""

    since = show.since("status_at", "Since")
    when_status = show.moment("status_at", "Since")
    when_shipped = show.moment("shipped_at", "Shipped")
    when_delivered = show.moment("delivered_at", "Delivered")
    when_late = show.moment("delays_at", "Late, if it has not arrived")
    when_delayed = show.moment("delayed_at", "Known to be late")
    when_early = show.moment("early_at", "Known to be early")
    when_last_scan = show.moment("last_scan_at", "Last scan")
    clock = Clock(Order, "placed_at", "order__")
    find = staticmethod(find_shipments)
    search_fields = ("tracking_number",)
    list_display = ("title", "merchant", "order", "carrier", "standing", "since", "expected_on")
    list_select_related = ("merchant", "order")
    inlines = (ScanInline,)
    fieldsets = (
        (
            None,
            {"fields": ("tracking_number", "about_merchant", "about_order", "carrier", "service_level", "standing")},
        ),
        ("The last word", {"fields": ("substatus", "status_message", "when_status")}),
        ("Stalling", {"fields": ("when_last_scan", *STALLING)}),
        ("Arrival", {"fields": ("promised_on", "expected_on", *ARRIVAL)}),
        ("More", {"fields": ("when_shipped", "when_delivered", "external_id", "fulfillment_id", "carrier_url")}),
    )
    wide = ("carrier_url",)
    readonly_fields = (
        "about_merchant",
        "about_order",
        "standing",
        "when_status",
        "when_shipped",
        "when_delivered",
        "when_last_scan",
        *STALLING,
        *ARRIVAL,
    )

    @display(description="Tracking number")
    def title(self, shipment: Shipment) -> str:
        """The carrier's number, else the shop's id."""
        return str(shipment)

    @display(description="Order")
    def about_order(self, shipment: Shipment) -> Any:
        """A link to the order."""
        return show.link(shipment.order)


@admin.register(Scan)
class ScanAdmin(TrackingAdmin):
    """One tracking update."""

    when = show.since("occurred_at", "Scanned")
    clock = Clock(Order, "placed_at", "shipment__order__")
    find = staticmethod(find_scans)
    search_fields = ("fingerprint",)
    list_display = ("when", "merchant", "shipment", "standing", "message", "city", "country")
    list_select_related = ("merchant", "shipment")


@admin.register(Issue)
class IssueAdmin(TrackingAdmin):
    """A problem that was found."""

    when = show.since("occurred_at", "Found")
    clock = Clock(Issue, "occurred_at")
    find = staticmethod(find_issues)
    search_fields = ("problem",)
    over = show.since("resolved_at", "Moved again")
    list_display = ("when", "merchant", "what", "order", "shipment", "over")
    list_filter = (("merchant", MerchantFilter), UntilFilter, ("problem", ChoicesDropdownFilter))
    list_select_related = ("merchant", "order", "shipment")

    @display(description="Problem")
    def what(self, issue: Issue) -> Any:
        """In its colour."""
        return show.chip(str(issue.get_problem_display()), "bad")
