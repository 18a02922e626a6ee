"""Deliveries, and the requests that carried them. Nothing here can be changed; what failed can be sent again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations.admin import finding, show
from integrations.admin.deeds import Deed, DeedsMixin, Outcome, plural
from integrations.admin.site import (
    NEWEST,
    Clock,
    MerchantFilter,
    ReadOnlyAdmin,
    UntilFilter,
    chosen_day,
    chosen_merchant,
)
from integrations.admin.theme import BooleanRadioFilter, ChoicesDropdownFilter, DropdownFilter, display
from integrations.delivery.resend import RESENDABLE, resend
from integrations.destinations import registry
from integrations.models import Delivery, DeliveryAttempt, Event, Merchant, ProfileChange
from integrations.vitals import failed_deliveries

FIND_EVENTS = "Order number, e-mail, phone or tracking number"
SEND_AGAIN = "integrations.change_delivery"


def send_again(deliveries: QuerySet[Delivery], at: datetime) -> Outcome:
    """Line up what failed among `deliveries`."""
    count = resend(deliveries, at=at)
    if count:
        return Outcome(f"{plural(count, 'delivery')} lined up to be sent again.")
    return Outcome(
        "Nothing to send again: what failed belongs to a paused connection, or nothing failed.", is_good=False
    )


def chips(deliveries: Iterable[Delivery]) -> Iterator[SafeString]:
    """Where deliveries stand, each with its reason on hovering."""
    for delivery in deliveries:
        reason = str(delivery.get_reason_display()) if delivery.reason else ""
        yield show.state_chip(Delivery.State, delivery.state, reason)


def ways(deliveries: Any) -> str:
    """Deliveries with their requests, newest request last."""
    rows = []
    for delivery in deliveries:
        requests = list(delivery.attempt_log.all())
        if delivery.bulk_attempt is not None:
            requests = sorted([*requests, delivery.bulk_attempt], key=lambda each: (each.started_at, each.pk))
        rows.append(
            {
                "delivery": delivery,
                "label": registry.get(delivery.connection.kind).label,
                "link": show.link(delivery, f"#{delivery.pk}"),
                "state": show.state_chip(Delivery.State, delivery.state),
                "next": show.instant(delivery.not_before) if delivery.state == Delivery.State.PENDING else "",
                "settled": show.instant(delivery.settled_at),
                "requests": [_request(each) for each in requests],
            }
        )
    return render_to_string("admin/deliveries.html", {"rows": rows})


def _request(attempt: DeliveryAttempt) -> dict[str, Any]:
    return {
        "attempt": attempt,
        "link": show.link(attempt, show.exact(attempt.started_at)),
        "answer": answer_chip(attempt),
    }


def answer_chip(attempt: DeliveryAttempt) -> Any:
    """The HTTP status in its colour."""
    tone = {2: "good", 4: "bad", 5: "bad", 0: "bad"}.get(attempt.status // 100, "warn")
    return show.chip(str(attempt.status or "no answer"), "warn" if attempt.status == 429 else tone)


class CarriedFilter(DropdownFilter):
    """Events, or changes of profiles. Of one merchant the list is ordered by either, so that it shows events unless told."""

    title = "what it carries"
    parameter_name = "carries"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Both."""
        return [("events", "Events"), ("changes", "Changes of profiles")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        """Those that carry it."""
        return queryset.filter(change__isnull=self.value() == "events") if self.value() else queryset


@admin.register(Delivery)
class DeliveryAdmin(DeedsMixin, ReadOnlyAdmin):
    """The way of an event, or of a change of a profile, to a connection."""

    created = show.since("created_at", "Lined up")
    settled = show.since("settled_at", "Settled")
    clock = Clock(Event, "occurred_at", "event__")
    clock_of_changes = Clock(ProfileChange, "created_at", "change__")
    find = staticmethod(finding.deliveries)
    heavy = ("event__properties", "connection__secret")
    deeds = (Deed("resend", "Send again", "send", SEND_AGAIN, send_again, hint="A repeat is harmless."),)
    search_fields = ("identifier",)
    search_help_text = FIND_EVENTS
    list_display = ("created", "carries", "merchant", "order", "where", "attempts", "settled", "problem")
    list_filter = (
        ("merchant", MerchantFilter),
        UntilFilter,
        CarriedFilter,
        ("state", ChoicesDropdownFilter),
        ("reason", ChoicesDropdownFilter),
    )
    list_select_related = ("merchant", "event", "change")
    fieldsets = (
        (None, {"fields": ("about", "about_merchant", "identifier", "is_backfill", "is_ambiguous")}),
        ("The way", {"fields": ("way",)}),
    )
    wide = ("way",)
    readonly_fields = ("about", "about_merchant", "way")

    def window(self, request: HttpRequest, queryset: QuerySet[Delivery], *, is_search: bool) -> QuerySet[Delivery]:
        """Failed deliveries have an index of their own: all of them can be listed, however old."""
        state = request.GET.get("state__exact", "")
        merchant = chosen_merchant(request)
        if merchant and not is_search and request.GET.get("carries") == "changes":
            return self.clock_of_changes.newest(queryset.defer(*self.heavy), merchant, chosen_day(request))
        if is_search or state not in RESENDABLE:
            return super().window(request, queryset, is_search=is_search)
        whose: Any = [merchant] if merchant else Merchant.objects.values("pk")
        return queryset.defer(*self.heavy).filter(pk__in=failed_deliveries(whose).values("pk")[:NEWEST])

    @display(description="What")
    def carries(self, delivery: Delivery) -> str:
        """The metric's name in Klaviyo, or the change."""
        return delivery.event.metric_name if delivery.event else str(delivery.change)

    @display(description="Order")
    def order(self, delivery: Delivery) -> str:
        """The order's number."""
        return (delivery.event.order_number if delivery.event else "") or show.NOTHING

    @display(description="State")
    def where(self, delivery: Delivery) -> Any:
        """Its state."""
        return next(chips([delivery]))

    @display(description="Why")
    def problem(self, delivery: Delivery) -> str:
        """The destination's words, else our reason."""
        text = delivery.error or (str(delivery.get_reason_display()) if delivery.reason else show.NOTHING)
        return text if len(text) <= 120 else f"{text[:119]}…"

    @display(description="What")
    def about(self, delivery: Delivery) -> Any:
        """A link to the event; or the change, with a link to the shopper."""
        if delivery.change is None:
            return show.link(delivery.event)
        return format_html("{} · {}", delivery.change, show.link(delivery.change.customer))

    @display(description="Merchant")
    def about_merchant(self, delivery: Delivery) -> Any:
        """A link to the merchant."""
        return show.link(delivery.merchant)

    @display(description="")
    def way(self, delivery: Delivery) -> Any:
        """State, reason and every request."""
        return ways([delivery])


@admin.register(DeliveryAttempt)
class DeliveryAttemptAdmin(ReadOnlyAdmin):
    """One request to a destination."""

    when = show.since("started_at", "Sent")
    started = show.moment("started_at", "Sent")
    clock = Clock(DeliveryAttempt, "started_at")
    find = staticmethod(finding.attempts)
    search_fields = ("request_id",)
    search_help_text = FIND_EVENTS
    list_display = ("when", "merchant", "answer", "outcome", "events", "took", "words")
    list_filter = (
        ("merchant", MerchantFilter),
        UntilFilter,
        ("is_bulk", BooleanRadioFilter),
    )
    list_select_related = ("merchant",)
    fieldsets = (
        (None, {"fields": ("started", "about_merchant", "answer", "outcome", "took", "request_id")}),
        ("What it carried", {"fields": ("is_bulk", "events", "carried")}),
        ("The answer", {"fields": ("error", "partial_failure")}),
    )
    wide = ("error",)
    readonly_fields = ("started", "about_merchant", "answer", "took", "carried")

    @display(description="Answer")
    def answer(self, attempt: DeliveryAttempt) -> Any:
        """The HTTP status."""
        return answer_chip(attempt)

    @display(description="Took")
    def took(self, attempt: DeliveryAttempt) -> str:
        """Milliseconds."""
        return f"{attempt.duration_ms:,} ms"

    @display(description="Klaviyo's words")
    def words(self, attempt: DeliveryAttempt) -> str:
        """The error, where there was one."""
        return attempt.error[:120] or show.NOTHING

    @display(description="Merchant")
    def about_merchant(self, attempt: DeliveryAttempt) -> Any:
        """A link to the merchant."""
        return show.link(attempt.merchant)

    @display(description="Deliveries")
    def carried(self, attempt: DeliveryAttempt) -> Any:
        """A link to the delivery of a single request, or to the first of a bulk one."""
        if attempt.delivery is not None:
            return show.link(attempt.delivery)
        return show.lines(show.link(row) for row in Delivery.objects.filter(bulk_attempt=attempt)[:20])
