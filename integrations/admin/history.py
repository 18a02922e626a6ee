"""The history: events and the shoppers they are about. Nothing here can be changed."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.text import Truncator

from integrations import custom_metrics, disclosure
from integrations.admin import finding, show
from integrations.admin.deeds import Deed, DeedsMixin
from integrations.admin.deliveries import FIND_EVENTS, SEND_AGAIN, chips, send_again, ways
from integrations.admin.privacy import ERASE, ERASE_SHOPPER
from integrations.admin.site import Clock, MerchantFilter, ReadOnlyAdmin, UntilFilter, chosen_merchant, whole_number
from integrations.admin.theme import DropdownFilter, display
from integrations.audit import Actor
from integrations.catalog import catalog
from integrations.models import ConsentRecord, Customer, Delivery, DeliveryAttempt, Event, ProfileChange


class MetricFilter(DropdownFilter):
    """One metric of the catalogue, or of the merchant by which the list is filtered."""

    title = "metric"
    parameter_name = "metric"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every metric, by number."""
        merchant = chosen_merchant(request)
        metrics = [*catalog.in_order(), *(custom_metrics.own(merchant) if merchant else [])]
        return [(metric.key, f"{metric.name.replace('{prefix}: ', '')} ({metric.pack.label})") for metric in metrics]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        """Its events."""
        return queryset.filter(metric=self.value()) if self.value() else queryset


@admin.register(Event)
class EventAdmin(DeedsMixin, ReadOnlyAdmin):
    """One row of history, with its way to the destination."""

    when = show.since("occurred_at", "Occurred")
    occurred = show.moment("occurred_at", "Occurred at the source")
    recorded = show.moment("recorded_at", "Recorded here")
    clock = Clock(Event, "occurred_at")
    find = staticmethod(finding.events)
    heavy = ("properties",)
    deeds = (
        Deed(
            "resend",
            "Send again",
            "send",
            SEND_AGAIN,
            lambda events, at: send_again(Delivery.objects.filter(event__in=events.values("pk")), at),
            hint="Failed and expired deliveries of this event; a repeat is harmless.",
        ),
    )
    search_fields = ("order_number",)
    search_help_text = FIND_EVENTS
    list_display = ("when", "what", "merchant", "who", "order_number", "tracking_number", "way")
    list_filter = (("merchant", MerchantFilter), UntilFilter, MetricFilter)
    list_select_related = ("merchant", "customer")
    fieldsets = (
        (None, {"fields": ("metric_name", "shopper", "occurred", "recorded", "amount")}),
        ("What it was about", {"fields": ("about_merchant", "order_number", "tracking_number", "unique_id")}),
        ("Deliveries", {"fields": ("deliveries",)}),
        ("Properties sent", {"fields": ("payload",)}),
    )
    wide = ("deliveries", "payload")
    readonly_fields = ("shopper", "occurred", "recorded", "amount", "about_merchant", "deliveries", "payload")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """With each event's deliveries, in one more query."""
        deliveries = Delivery.objects.order_by("pk").only("event", "state", "reason", "is_backfill")
        return super().get_queryset(request).prefetch_related(Prefetch("deliveries", deliveries))

    @display(description="Event")
    def what(self, event: Event) -> str:
        """The metric's name in Klaviyo."""
        return event.metric_name

    @display(description="Shopper")
    def who(self, event: Event) -> Any:
        """Name, else address."""
        return str(event.customer) if event.customer else show.NOTHING

    @display(description="Delivery")
    def way(self, event: Event) -> Any:
        """Where its deliveries stand."""
        return format_html_join(" ", "{}", ((chip,) for chip in chips(event.deliveries.all()))) or show.NOTHING

    @display(description="Shopper")
    def shopper(self, event: Event) -> Any:
        """A link to the customer."""
        return show.link(event.customer)

    @display(description="Merchant")
    def about_merchant(self, event: Event) -> Any:
        """A link to the merchant."""
        return show.link(event.merchant)

    @display(description="Value")
    def amount(self, event: Event) -> str:
        """In major units."""
        return show.NOTHING if event.value is None else f"{event.value:,.2f} {event.value_currency}"

    @display(description="")
    def deliveries(self, event: Event) -> Any:
        """Every delivery with every request that carried it."""
        rows = (
            Delivery.objects.filter(event=event).select_related("connection__merchant", "bulk_attempt").order_by("pk")
        )
        prefetched = rows.prefetch_related(
            Prefetch("attempt_log", DeliveryAttempt.objects.order_by("started_at", "pk"))
        )
        return ways(prefetched)

    @display(description="")
    def payload(self, event: Event) -> Any:
        """The properties, as Klaviyo gets them."""
        return show.json_block(event.properties)


@admin.register(Customer)
class CustomerAdmin(DeedsMixin, ReadOnlyAdmin):
    """A shopper of one merchant."""

    deeds = (ERASE_SHOPPER,)
    change_form_outer_before_template = "admin/customer.html"
    known_since = show.since("created_at", "Known for")
    when_account = show.moment("account_created_at", "Made an account")
    find = staticmethod(finding.customers)
    search_fields = ("email",)
    search_help_text = "E-mail, phone (+49…) or the shop's customer id"
    list_display = ("name", "email", "phone", "merchant", "known_since", "standing")
    list_filter = (("merchant", MerchantFilter),)
    list_select_related = ("merchant",)
    fieldsets = (
        (None, {"fields": ("first_name", "last_name", "company", "email", "phone", "standing", "known_since")}),
        ("At the merchant", {"fields": ("about_merchant", "ids", "when_account", "newest")}),
        ("Consent", {"fields": ("consents", "wants", "proofs", "changes")}),
    )
    readonly_fields = (
        "standing",
        "known_since",
        "about_merchant",
        "ids",
        "when_account",
        "newest",
        "consents",
        "wants",
        "proofs",
        "changes",
    )

    def get_urls(self) -> list[URLPattern]:
        """An address for their data."""
        view = self.admin_site.admin_view(self.data_view)
        return [path("<int:pk>/data/", view, name="integrations_customer_data"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page; who is erased is not erased again."""
        key = whole_number(object_id)
        may_fetch = key and request.user.has_perm(ERASE)
        data = {"data_address": reverse("admin:integrations_customer_data", args=[key])} if may_fetch else {}
        return super().change_view(request, object_id, form_url, {**data, **(extra_context or {})})

    def data_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Everything that is known of the shopper, as a file."""
        if not request.user.has_perm(ERASE):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = get_object_or_404(Customer.objects.select_related("merchant"), pk=pk)
        by = Actor(cast(User, request.user), as_staff=True)
        return StreamingHttpResponse(
            disclosure.hand_over(row.merchant, row, by=by, at=timezone.now()),
            content_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="customer-{row.pk}.json"'},
        )

    def get_ordering(self, request: HttpRequest) -> Any:
        """A merchant's customers stand by address in the index."""
        return ["email", "pk"] if chosen_merchant(request) else ["-pk"]

    def window(self, request: HttpRequest, queryset: QuerySet[Customer], *, is_search: bool) -> QuerySet[Customer]:
        """A merchant's customers that have an address, or the newest of all."""
        merchant = chosen_merchant(request)
        if merchant and not is_search:
            return queryset.filter(merchant=merchant).exclude(email="")
        return super().window(request, queryset, is_search=is_search)

    @display(description="Name")
    def name(self, customer: Customer) -> str:
        """Full name, company or whatever is known."""
        return str(customer)

    @display(description="Status")
    def standing(self, customer: Customer) -> Any:
        """Active or erased."""
        tone = "plain" if customer.status == Customer.Status.ACTIVE else "warn"
        return show.chip(str(customer.get_status_display()), tone)

    @display(description="Merchant")
    def about_merchant(self, customer: Customer) -> Any:
        """A link to the merchant."""
        return show.link(customer.merchant)

    @display(description="Ids there")
    def ids(self, customer: Customer) -> Any:
        """The customer's ids in the merchant's systems."""
        return show.lines(customer.external_ids.order_by("pk")[:50])

    @display(description="Consent")
    def consents(self, customer: Customer) -> Any:
        """Channel and state, as the shop told last."""
        return show.lines(f"{channel}: {told['state']}, {told['at']}" for channel, told in customer.consent.items())

    @display(description="Wants updates of orders")
    def wants(self, customer: Customer) -> Any:
        """Channel and since when: no consent to marketing."""
        return show.lines(f"{channel}: since {since}" for channel, since in customer.updates.items())

    @display(description="Boxes ticked")
    def proofs(self, customer: Customer) -> Any:
        """What was shown, when and where: the ten newest."""
        mine = ConsentRecord.objects.filter(merchant=customer.merchant_id, customer=customer)
        return show.lines(
            format_html(
                "{} · {} {} <span class='td-quiet'>{}</span>",
                each,
                each.version,
                each.origin,
                Truncator(each.text).chars(300),
            )
            for each in mine.order_by("-pk")[:10]
        )

    @display(description="Changes of the profile")
    def changes(self, customer: Customer) -> Any:
        """The ten newest, with where they stand."""
        mine = ProfileChange.objects.filter(merchant=customer.merchant_id, customer=customer)
        return show.lines(
            format_html(
                "{} {} {}",
                show.exact(each.created_at),
                each,
                format_html_join(" ", "{}", ((show.link(way),) for way in each.deliveries.all())),
            )
            for each in mine.prefetch_related("deliveries").order_by("-pk")[:10]
        )

    @display(description="Newest events")
    def newest(self, customer: Customer) -> Any:
        """The ten newest, on their index."""
        events = Event.objects.filter(merchant=customer.merchant_id, customer=customer).defer("properties")
        rows = events.order_by("-occurred_at", "-pk")[:10]
        return show.lines(
            format_html("{} {} {}", show.exact(each.occurred_at), show.link(each, each.metric_name), each.order_number)
            for each in rows
        )
