"""Messages as they came in, what became of them, and handling failed ones again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path

from integrations import inbound, sources
from integrations.admin import finding, show
from integrations.admin.deeds import Deed, DeedsMixin, Outcome, plural
from integrations.admin.site import (
    NEWEST,
    Clock,
    MerchantFilter,
    ReadOnlyAdmin,
    UntilFilter,
    chosen_merchant,
    whole_number,
)
from integrations.admin.theme import ChoicesDropdownFilter, DropdownFilter, display
from integrations.models import InboundMessage, Merchant

HANDLE_AGAIN = "integrations.change_inboundmessage"
INDEXED = (InboundMessage.State.RECEIVED, InboundMessage.State.WAITING, InboundMessage.State.FAILED)
"""States that have an index of their own: all of their messages can be listed, however old."""


def handle_again(chosen: QuerySet[InboundMessage], at: datetime) -> Outcome:
    """Line up failed and waiting messages once more."""
    count = inbound.replay(chosen)
    if count:
        return Outcome(f"{plural(count, 'message')} lined up to be handled again.")
    return Outcome("Nothing to handle again: only failed and waiting messages are.", is_good=False)


class SourceFilter(DropdownFilter):
    """One kind of source."""

    title = "source"
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every registered source."""
        return sources.choices()

    def queryset(self, request: HttpRequest, queryset: QuerySet[InboundMessage]) -> QuerySet[InboundMessage]:
        """Its messages."""
        return queryset.filter(source=self.value()) if self.value() else queryset


@admin.register(InboundMessage)
class InboundMessageAdmin(DeedsMixin, ReadOnlyAdmin):
    """One raw message."""

    when = show.since("received_at", "Received")
    received = show.moment("received_at", "Received")
    handled = show.moment("handled_at", "Handled")
    clock = Clock(InboundMessage, "received_at")
    find = staticmethod(finding.messages)
    heavy = ("body", "error")
    list_before_template = "admin/inbound_before.html"
    deeds = (
        Deed(
            "replay",
            "Handle again",
            "replay",
            HANDLE_AGAIN,
            handle_again,
            hint="Failed and waiting messages. Handling twice changes nothing.",
        ),
    )
    search_fields = ("reference",)
    search_help_text = "Order number, e-mail, phone or tracking number"
    list_display = ("when", "merchant", "source", "topic", "reference", "standing", "outcome")
    list_filter = (
        ("merchant", MerchantFilter),
        UntilFilter,
        ("state", ChoicesDropdownFilter),
        SourceFilter,
    )
    list_select_related = ("merchant",)
    fieldsets = (
        (None, {"fields": ("received", "about_merchant", "source", "topic", "reference", "standing")}),
        ("What became of it", {"fields": ("note", "waits_for", "handled", "attempts", "key", "traceback")}),
        ("The message", {"fields": ("content",)}),
    )
    wide = ("note", "traceback", "content")
    readonly_fields = ("received", "about_merchant", "standing", "handled", "traceback", "content")

    def get_urls(self) -> list[URLPattern]:
        """An address for the button above the list."""
        view = self.admin_site.admin_view(self.replay_view)
        return [path("replay/", view, name="integrations_inboundmessage_replay"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list, with the button for all failed messages."""
        context = {"may_replay": request.user.has_perm(HANDLE_AGAIN), **(extra_context or {})}
        return super().changelist_view(request, context)

    def replay_view(self, request: HttpRequest) -> HttpResponse:
        """Handle every failed message again: of one merchant where one was chosen, else of all."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm(HANDLE_AGAIN):
            raise PermissionDenied
        chosen = request.POST.get("merchant", "")
        whose: Any = [whole_number(chosen)] if chosen else Merchant.objects.values("pk")
        count = inbound.replay(InboundMessage.objects.filter(merchant__in=whose, state=InboundMessage.State.FAILED))
        messages.success(request, f"{plural(count, 'message')} lined up to be handled again.")
        return HttpResponseRedirect(show.list_address(InboundMessage))

    def window(
        self, request: HttpRequest, queryset: QuerySet[InboundMessage], *, is_search: bool
    ) -> QuerySet[InboundMessage]:
        """What is not handled has indexes of its own."""
        state = request.GET.get("state__exact", "")
        if is_search or state not in INDEXED:
            return super().window(request, queryset, is_search=is_search)
        merchant = chosen_merchant(request)
        whose: Any = [merchant] if merchant else Merchant.objects.values("pk")
        found = InboundMessage.objects.filter(merchant__in=whose, state=state)
        return queryset.defer(*self.heavy).filter(pk__in=found.values("pk")[:NEWEST])

    @display(description="State")
    def standing(self, message: InboundMessage) -> Any:
        """Its state."""
        return show.state_chip(InboundMessage.State, message.state)

    @display(description="Outcome")
    def outcome(self, message: InboundMessage) -> str:
        """What handling it came to."""
        return message.note if len(message.note) <= 110 else f"{message.note[:109]}…"

    @display(description="Merchant")
    def about_merchant(self, message: InboundMessage) -> Any:
        """A link to the merchant."""
        return show.link(message.merchant)

    @display(description="Traceback")
    def traceback(self, message: InboundMessage) -> Any:
        """Where handling it failed."""
        return show.block(message.error)

    @display(description="")
    def content(self, message: InboundMessage) -> Any:
        """The body, with indents."""
        return show.raw_block(bytes(message.body))
