"""Merchants: health at a glance, and everything that a CSM sets for one of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from integrations import merchants, vitals, wake
from integrations.admin import connections, show
from integrations.admin.connecting import ConnectingPages
from integrations.admin.deeds import Deed, DeedsMixin, Outcome, plural
from integrations.admin.deliveries import SEND_AGAIN, send_again
from integrations.admin.fields import zone_field
from integrations.admin.members import MembershipInline
from integrations.admin.onboarding import OnboardingPages
from integrations.admin.panels import PanelPages
from integrations.admin.privacy import KEEP_MERCHANT, REMOVE_MERCHANT
from integrations.admin.theme import ChoicesDropdownFilter, DropdownFilter, ModelAdmin, TabularInline, display
from integrations.models import Connection, Delivery, InboundMessage, Merchant, ShopDomain

CHANGE = "integrations.change_merchant"


def pause(chosen: QuerySet[Merchant], at: datetime) -> Outcome:
    """Stop delivering."""
    rows = list(chosen)
    for each in rows:
        merchants.pause(each)
    return Outcome(f"{plural(len(rows), 'merchant')} paused. Messages are still taken in, and the history goes on.")


def resume(chosen: QuerySet[Merchant], at: datetime) -> Outcome:
    """Deliver again."""
    rows = list(chosen)
    for each in rows:
        merchants.resume(each)
    return Outcome(f"{plural(len(rows), 'merchant')} resumed. What waited is being sent.")


def check_keys(chosen: QuerySet[Merchant], at: datetime) -> Outcome:
    """Check the keys of their connections."""
    return connections.check_keys(Connection.objects.filter(merchant__in=chosen.values("pk")), at)


def deliver_now(chosen: QuerySet[Merchant], at: datetime) -> Outcome:
    """Ask the workers to deliver at once."""
    wake.ask(wake.DELIVER)
    waiting = Delivery.objects.filter(connection__merchant__in=chosen.values("pk"), state=Delivery.State.PENDING)
    count = waiting.values("pk")[: vitals.COUNTED_UP_TO + 1].count()
    return Outcome(
        f"The workers are asked to deliver now. Waiting: {vitals.counted(count)}; retries go when they are due."
    )


def resend_failed(chosen: QuerySet[Merchant], at: datetime) -> Outcome:
    """Line up everything of theirs that failed."""
    failed = vitals.failed_deliveries(chosen.values("pk"))
    return send_again(Delivery.objects.filter(pk__in=failed.values("pk")), at)


class ConnectionStateFilter(DropdownFilter):
    """Whether the connection sends."""

    title = "connection"
    parameter_name = "connection"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every state."""
        return [(value, str(label)) for value, label in Connection.State.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Merchant]) -> QuerySet[Merchant]:
        """Merchants with such a connection."""
        if not self.value():
            return queryset
        return queryset.filter(Exists(Connection.objects.filter(merchant=OuterRef("pk"), state=self.value())))


class AttentionFilter(DropdownFilter):
    """What deserves a look."""

    title = "attention"
    parameter_name = "attention"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What can be wrong."""
        return [
            ("paused", "Connection paused"),
            ("failures", "Failures in 24 h"),
            ("waiting", "Deliveries wait for long"),
            ("silent", "Nothing came in for 24 h"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Merchant]) -> QuerySet[Merchant]:
        """Merchants of which that is true."""
        now = timezone.now()
        day_ago = now - vitals.DAY
        mine = Connection.objects.filter(merchant=OuterRef("pk"))
        wanted = {
            "paused": Exists(mine.exclude(state=Connection.State.ACTIVE)),
            "failures": Q(failed_lately__gt=0),
            "waiting": Q(oldest_waiting_at__lt=now - vitals.LATE_AFTER),
            "silent": Q(state=Merchant.State.ACTIVE, created_at__lt=day_ago)
            & (Q(last_in_at__lt=day_ago) | Q(last_in_at=None)),
        }.get(self.value() or "")
        return queryset.filter(wanted) if wanted is not None else queryset


class ShopDomainInline(TabularInline[Any, Any]):
    """The shops that are this merchant's."""

    model = ShopDomain
    extra = 0
    hide_title = True


class MerchantForm(forms.ModelForm[Merchant]):
    """A merchant, with its time zone found by typing."""

    timezone = zone_field()


@admin.register(Merchant)
class MerchantAdmin(DeedsMixin, OnboardingPages, ConnectingPages, PanelPages, ModelAdmin[Any]):
    """One merchant."""

    is_deed_logged = True
    deeds = (
        Deed("deliver", "Deliver now", "bolt", CHANGE, deliver_now, hint="Wakes the workers."),
        Deed("check", "Check key", "key", CHANGE, check_keys, most=connections.CHECKED_AT_ONCE, hint="Asks live."),
        Deed(
            "resend",
            "Send failed again",
            "send",
            SEND_AGAIN,
            resend_failed,
            hint="Flow may run twice.",
        ),
        Deed("pause", "Pause", "pause", CHANGE, pause, hint="Nothing is sent; everything is recorded."),
        Deed("resume", "Resume", "play_arrow", CHANGE, resume, hint="Sends at once what waited."),
        REMOVE_MERCHANT,
        KEEP_MERCHANT,
    )
    search_fields = ("name", "shop_domains__domain", "public_id")
    search_help_text = "Name, shop domain or public id"
    list_display = ("title", "standing", "last_in", "last_sent", "waiting", "failures", "trouble")
    list_filter = (("state", ChoicesDropdownFilter), ConnectionStateFilter, AttentionFilter)
    list_filter_submit = True
    list_fullwidth = True
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER
    ordering = ("name", "pk")
    inlines = (ShopDomainInline, MembershipInline)
    form = MerchantForm
    fields = ("name", "public_id", "timezone", "currency", "metric_prefix", "loyalty_prefix")
    change_form_outer_before_template = "admin/merchant_top.html"
    change_form_outer_after_template = "admin/merchant_panels.html"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A merchant's end is erasure, which is a service of its own."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Once launched, flows hang on the metrics' names."""
        is_launched = bool(obj) and obj.connections.exclude(launched_at=None).exists()
        return ("public_id", "metric_prefix") if is_launched else ("public_id",)

    def get_urls(self) -> list[URLPattern]:
        """The pages for taking on a merchant, and what the panels post to."""
        wrap = self.admin_site.admin_view
        return [
            path("onboard/", wrap(self.onboard_view), name="integrations_merchant_onboard"),
            path("<int:pk>/welcome/", wrap(self.welcome_view), name="integrations_merchant_welcome"),
            path("<int:pk>/connect/<slug:kind>/", wrap(self.connect_view), name="integrations_merchant_connect"),
            path("<int:pk>/secret/", wrap(self.secret_view), name="integrations_merchant_secret"),
            path("<int:pk>/token/", wrap(self.token_view), name="integrations_merchant_token"),
            path("<int:pk>/token/<int:token>/revoke/", wrap(self.revoke_view), name="integrations_merchant_revoke"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """There is one way to add a merchant."""
        return HttpResponseRedirect(reverse("admin:integrations_merchant_onboard"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page with its panels."""
        context = {"show_save_and_add_another": False, **self.panels(request, object_id), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Merchant]:
        """With how they fare, where that is shown."""
        rows = super().get_queryset(request)
        match = request.resolver_match
        if match and match.url_name == "integrations_merchant_changelist":
            return vitals.with_vitals(rows, at=timezone.now()).prefetch_related("shop_domains")
        return rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Merchants are few: a part of the name, of a domain or of the id will do. Each is listed once."""
        term = search_term.strip()
        if not term:
            return queryset, False
        domains = ShopDomain.objects.filter(merchant=OuterRef("pk"), domain__icontains=term)
        return queryset.filter(Q(name__icontains=term) | Q(public_id__iexact=term) | Exists(domains)), False

    @display(description="Merchant", ordering="name")
    def title(self, merchant: Merchant) -> Any:
        """Name and domains."""
        domains = ", ".join(each.domain for each in merchant.shop_domains.all()[:2]) or merchant.public_id
        return format_html(
            "<span class='td-title'><span class='td-strong'>{}</span><span class='td-under'>{}</span></span>",
            merchant.name,
            domains,
        )

    @display(description="State", ordering="state")
    def standing(self, merchant: Merchant) -> Any:
        """The merchant's state, and the connection's where that is another matter."""
        chips = [show.state_chip(Merchant.State, merchant.state)]
        for each in merchant.connections.all():
            if each.state != Connection.State.ACTIVE:
                chips.append(show.chip("Connection paused", "bad", str(each.get_state_display())))
            elif each.launched_at is None:
                chips.append(show.chip(f"Launch {show.short(each.launch_at - timezone.now())}", "info"))
        return format_html_join(" ", "{}", ((chip,) for chip in chips))

    @display(description="Last in", ordering=F("last_in_at").desc(nulls_last=True))
    def last_in(self, merchant: Any) -> Any:
        """How long ago a message came."""
        return show.list_link(InboundMessage, show.ago(merchant.last_in_at, "never"), merchant__id__exact=merchant.pk)

    @display(description="Last delivery", ordering=F("last_sent_at").desc(nulls_last=True))
    def last_sent(self, merchant: Any) -> Any:
        """How long ago the destination accepted something."""
        return show.ago(merchant.last_sent_at, "never")

    @display(description="Backlog", ordering="backlog")
    def waiting(self, merchant: Any) -> Any:
        """How many wait, and how long the oldest of them does."""
        text = vitals.counted(merchant.backlog)
        if merchant.oldest_waiting_at is None:
            return text
        waited = timezone.now() - merchant.oldest_waiting_at
        tone = "warn" if waited > vitals.LATE_AFTER else "plain"
        age = show.chip(show.short(waited), tone, "how long the oldest waits")
        link = {"merchant__id__exact": merchant.pk, "state__exact": "pending"}
        return format_html("{} {}", show.list_link(Delivery, text, **link), age)

    @display(description="Failed", ordering="failed_lately")
    def failures(self, merchant: Any) -> Any:
        """How many failed in a day."""
        if not merchant.failed_lately:
            return "0"
        text = show.chip(vitals.counted(merchant.failed_lately), "bad", "in the last 24 hours")
        return show.list_link(Delivery, text, merchant__id__exact=merchant.pk, state__exact="dead")

    @display(description="Last error")
    def trouble(self, merchant: Merchant) -> Any:
        """What the destination said last that was not yes, and when."""
        for each in merchant.connections.all():
            lane = getattr(each, "lane", None)
            words = each.state_detail or (lane.last_error if lane else "")
            if words:
                when = each.state_since if each.state_detail else lane and lane.failed_at
                text = format_html("<span class='td-clamp' title='{}'>{}</span>", words, words)
                return format_html("{}<span class='td-under'>{}</span>", text, show.ago(when, ""))
        return show.NOTHING
