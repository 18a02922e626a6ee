"""Returns of all merchants. Sources say how they are; a person may tell of one too."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminTextInputWidget

from integrations.admin import finding, show
from integrations.admin.site import Clock, MerchantFilter, UntilFilter
from integrations.admin.theme import ChoicesDropdownFilter, display
from integrations.audit import Actor
from integrations.models import Event, InboundMessage, Merchant
from returns import services, stages
from returns.models import Return, ReturnItem
from returns.return_form import ReturnForm, lines_of, order_of
from tracking import money
from tracking.admin.parcels import ReadOnlyInline, TrackingAdmin
from tracking.services import Contradiction

ADD = "returns.add_return"
WHEN = tuple(f"when_{each}" for each in ("created", *stages.REACHABLE[::-1]))
TONES = {stages.REFUNDED: "good", stages.CLOSED: "good", stages.CANCELLED: "plain", stages.DECLINED: "bad"}


class OrderForm(forms.Form):
    """Of which order something comes back."""

    merchant = forms.ModelChoiceField(
        Merchant.objects.prefetch_related("connections").order_by("name"), widget=UnfoldAdminSelect2Widget()
    )
    order = forms.CharField(label="Order number", max_length=60, widget=UnfoldAdminTextInputWidget())


class AdminReturnForm(ReturnForm):
    """The same in the admin's clothes."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        for field in self.fields.values():
            is_choice = isinstance(field, forms.ChoiceField)
            choices = getattr(field, "choices", None)
            field.widget = UnfoldAdminSelect2Widget() if is_choice else UnfoldAdminTextInputWidget()
            field.widget.is_required = field.required
            if choices is not None:
                field.widget.choices = choices


def find_returns(term: str) -> list[int]:
    """Returns by their id, by their order's number, or by shopper."""
    mine = Return.objects.filter(merchant__in=Merchant.objects.values("pk"))
    if finding.is_person(term):
        found = mine.filter(customer__in=finding.customers(term))
    else:
        by_number = mine.filter(order_number__in=finding.variants(term)).values("pk")
        found = mine.filter(pk__in=by_number[: finding.MOST]) | mine.filter(external_id=term)
    return list(found.values_list("pk", flat=True)[: finding.MOST])


class ReturnItemInline(ReadOnlyInline):
    """What comes back."""

    model = ReturnItem
    fields = ("product_name", "variant_name", "sku", "quantity", "type", "new_sku", "worth")
    readonly_fields = ("worth",)
    ordering = ("pk",)

    @display(description="Value")
    def worth(self, item: ReturnItem) -> str:
        """In major units of the return's currency."""
        amount = money.major(item.value_minor, item.parent.currency)
        return show.NOTHING if amount is None else f"{amount:,} {item.parent.currency}"


@admin.register(Return)
class ReturnAdmin(TrackingAdmin):
    """One return."""

    asked = show.since("created_at", "Asked for")
    when_created = show.moment("created_at", "Asked for")
    when_approved = show.moment("approved_at", "Approved")
    when_in_transit = show.moment("in_transit_at", "In transit")
    when_received = show.moment("received_at", "Received")
    when_refunded = show.moment("refunded_at", "Refunded")
    when_closed = show.moment("closed_at", "Closed")
    when_expired = show.moment("expired_at", "Expired")
    when_declined = show.moment("declined_at", "Declined")
    when_cancelled = show.moment("cancelled_at", "Cancelled")
    when_expires = show.moment("expires_at", "May be sent until")
    when_warns = show.moment("warns_at", "Told that time runs out, if it is not sent")
    when_warned = show.moment("warned_at", "Told that time runs out")
    clock = Clock(Return, "created_at")
    find = staticmethod(find_returns)
    search_fields = ("external_id",)
    search_help_text = "Id of the return, order number, e-mail or phone"
    list_display = ("external_id", "merchant", "order_number", "standing", "missing", "asked")
    list_filter = (("merchant", MerchantFilter), UntilFilter, ("status", ChoicesDropdownFilter))
    inlines = (ReturnItemInline,)
    fieldsets = (
        (None, {"fields": ("external_id", "about_merchant", "about_order", "about_customer", "standing", "missing")}),
        ("How", {"fields": ("coverage", "delivery", "new_order_number", "worth", "traces")}),
        ("When", {"fields": WHEN}),
        ("Time to send it", {"fields": ("when_expires", "when_warns", "when_warned")}),
    )
    readonly_fields = (
        "about_merchant",
        "about_order",
        "about_customer",
        "standing",
        "missing",
        "worth",
        "traces",
        *WHEN,
        "when_expires",
        "when_warns",
        "when_warned",
    )

    @display(description="Status")
    def standing(self, row: Return) -> Any:
        """In its colour."""
        return show.chip(str(row.get_status_display()), TONES.get(row.status, "info"))

    @display(description="Waits for")
    def missing(self, row: Return) -> Any:
        """What is not known yet, so that nothing was told."""
        waits = {"order": f"its order {row.order_external_id or row.order_number}", "items": "its items"}
        return show.chip(waits[row.waits_for], "warn") if row.waits_for else show.NOTHING

    @display(description="Order")
    def about_order(self, row: Return) -> Any:
        """A link to the order."""
        return show.link(row.order)

    @display(description="Shopper")
    def about_customer(self, row: Return) -> Any:
        """A link to the customer."""
        return show.link(row.customer)

    @display(description="Value")
    def worth(self, row: Return) -> str:
        """What its source says, in major units."""
        return show.NOTHING if row.value is None else f"{row.value:,} {row.currency}"

    @display(description="What came of it")
    def traces(self, row: Return) -> Any:
        """Links to the events and messages of its order."""
        if not row.order_number:
            return show.NOTHING
        return show.lines(
            [
                show.list_link(Event, "Events", q=row.order_number),
                show.list_link(InboundMessage, "Messages", q=row.order_number),
            ]
        )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A person may tell of a return that no source tells of."""
        return request.user.has_perm(ADD)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Ask for the order, then for what comes back of it."""
        if not request.user.has_perm(ADD):
            raise PermissionDenied
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": "A return"}
        choosing = OrderForm(request.GET if "order" in request.GET else None)
        if choosing.is_valid():
            merchant: Merchant = choosing.cleaned_data["merchant"]
            order = order_of(merchant, choosing.cleaned_data["order"])
            if order is not None:
                form = AdminReturnForm(merchant, order, lines_of(order), request.POST or None)
                if form.is_valid() and self._take_in(request, merchant, form):
                    query = {"merchant__id__exact": merchant.pk}
                    return HttpResponseRedirect(reverse("admin:returns_return_changelist", query=query))
                context |= {"merchant": merchant, "order": order, "form": form, "media": self.media + form.media}
                return TemplateResponse(request, "admin/return.html", context)
            choosing.add_error("order", "This merchant has no order with that number.")
        context |= {"choosing": choosing, "media": self.media + choosing.media}
        return TemplateResponse(request, "admin/return.html", context)

    def _take_in(self, request: HttpRequest, merchant: Merchant, form: ReturnForm) -> bool:
        """Whether it was taken in; else the reason is noted in the form."""
        at = timezone.now()
        by = Actor(cast(User, request.user), as_staff=True)
        try:
            with transaction.atomic():
                handled = services.enter_return(merchant=merchant, told=form.told(at=at), by=by, at=at)
        except Contradiction as error:
            form.add_error("external_id", str(error))
            return False
        messages.success(request, handled.note.capitalize())
        return True
