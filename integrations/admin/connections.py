"""A merchant's account at a destination: its key, what is sent, from when on, and whether it may be sent now."""

from __future__ import annotations

import zoneinfo
from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from integrations import amending, connections, custom_metrics, onboarding
from integrations.admin import show
from integrations.admin.deeds import Deed, DeedsMixin, Outcome, plural
from integrations.admin.fields import LaunchForm, MetricsForm, secret_field
from integrations.admin.site import whole_number
from integrations.admin.theme import ChoicesDropdownFilter, ModelAdmin, display
from integrations.audit import Actor
from integrations.catalog import Metric, Pack
from integrations.destinations import registry
from integrations.destinations.base import DeliveryError, Destination
from integrations.models import Connection, ProfileChange

CHANGE = "integrations.change_connection"
CHECKED_AT_ONCE = 20
"""Keys that one action checks: each takes about ten requests."""


class ConnectionForm(MetricsForm, LaunchForm):
    """What can be changed of a connection."""

    key = secret_field(
        "New private key",
        required=False,
        help_text="Leave it empty to keep the key. A new one is checked at Klaviyo before it is stored.",
    )
    may_change_account = forms.BooleanField(
        label="The new key may belong to another account", required=False, widget=UnfoldBooleanWidget()
    )
    freshness_hours = forms.IntegerField(
        label="Fresh for, hours",
        validators=[MinValueValidator(1), MaxValueValidator(720)],
        widget=UnfoldAdminIntegerFieldWidget(attrs={"min": 1, "max": 720}),
        help_text="An event older than this when it is sent is recorded without starting any flow.",
    )

    marketing_list_id = forms.RegexField(
        r"^[A-Za-z0-9]*\Z",
        label="List of sign-ups",
        required=False,
        max_length=40,
        widget=UnfoldAdminTextInputWidget(),
        help_text="The id of the Klaviyo list that shoppers join who tick the box for marketing. Empty: the account's opt-in.",
        error_messages={"invalid": "An id has letters and digits only, like Y6nRLr."},
    )

    erases_profiles = forms.BooleanField(
        label="Erase at Klaviyo, too",
        required=False,
        widget=UnfoldBooleanWidget(),
        help_text="When a shopper is erased here, Klaviyo is asked to delete the profile. The key needs data-privacy:write.",
    )

    def __init__(self, connection: Connection, data: Any = None) -> None:
        self.connection = connection
        self._by_pack = custom_metrics.carried_by(connection.kind, connection.merchant)
        launch = connection.launch_at.astimezone(zoneinfo.ZoneInfo(connection.merchant.timezone))
        super().__init__(
            data,
            initial={
                "metrics": connection.enabled_metrics,
                "launch_date": launch.date(),
                "launch_time": launch.time().replace(second=0, microsecond=0),
                "backfill_days": connection.backfill_days,
                "freshness_hours": connection.freshness_hours,
                "marketing_list_id": connection.marketing_list_id,
                "erases_profiles": connection.erases_profiles,
            },
        )
        self._fit_to(registry.get(connection.kind))
        packs, metrics = self.fields["packs"], self.fields["metrics"]
        packs.choices = [(pack.key, pack.label) for pack, _ in self._by_pack]  # type: ignore[attr-defined]
        metrics.choices = [(each.key, each.name) for _, found in self._by_pack for each in found]  # type: ignore[attr-defined]

    def _fit_to(self, destination: Destination) -> None:
        """Ask for nothing that the destination cannot do."""
        self.fields["key"].label = f"New {destination.key.name}"
        self.fields[
            "key"
        ].help_text = (
            f"Leave it empty to keep the key. A new one is checked at {destination.label} before it is stored."
        )
        if ProfileChange.Kind.SUBSCRIBE not in destination.changes:
            del self.fields["marketing_list_id"]
        if ProfileChange.Kind.ERASE not in destination.changes:
            del self.fields["erases_profiles"]
        if not destination.records_backfill:
            del self.fields["backfill_days"]
            self.fields["freshness_hours"].help_text = "An event older than this when it would be sent is not sent."

    def by_pack(self) -> list[tuple[Pack, list[Metric[Any]]]]:
        """Those of the catalogue's and the merchant's own that can be told there."""
        return self._by_pack

    def clean(self) -> dict[str, Any]:
        """Something is sent; the launch is a possible instant. A launch that was not touched stays to the second."""
        self.require_metric()
        self.cleaned_data["launch_at"] = None
        if {"launch_date", "launch_time"} & set(self.changed_data):
            self.cleaned_data["launch_at"] = self.launch_instant(self.connection.merchant.timezone) or timezone.now()
        return self.cleaned_data

    def amendment(self) -> amending.Amendment:
        """The form as the service takes it. Valid after `is_valid`."""
        said = self.cleaned_data
        return amending.Amendment(
            metrics=self.chosen_metrics(),
            freshness_hours=said["freshness_hours"],
            backfill_days=said.get("backfill_days", self.connection.backfill_days),
            marketing_list_id=said.get("marketing_list_id", self.connection.marketing_list_id),
            erases_profiles=said.get("erases_profiles", self.connection.erases_profiles),
            launch_at=said["launch_at"],
            key=said["key"],
            may_change_account=said["may_change_account"],
        )


def check_keys(chosen: QuerySet[Connection], at: datetime) -> Outcome:
    """Check keys live, one after the other."""
    told, is_good = [], True
    for connection in chosen.select_related("merchant").order_by("pk"):
        text, works = _checked(connection, at)
        told.append(f"{connection.merchant.name}: {text}")
        is_good = is_good and works
    return Outcome(" ".join(told) or "There is no connection.", is_good)


def _checked(connection: Connection, at: datetime) -> tuple[str, bool]:
    label = registry.get(connection.kind).label
    try:
        account = amending.verify(connection, at=at)
    except DeliveryError as error:
        return f"{label} did not answer as it should ({error.detail}); nothing was changed.", False
    if account is None:
        return f"{label} does not accept the key. {connection.state_detail}", False
    if account.missing_scopes:
        return f"the key works, but lacks {', '.join(account.missing_scopes)}.", False
    return f"the key works; it opens {account.name or account.id}.", True


def pause(chosen: QuerySet[Connection], at: datetime) -> Outcome:
    """Stop sending."""
    done = sum(connections.pause(each, "operator", detail="paused in the admin", at=at) for each in chosen)
    return Outcome(f"{plural(done, 'connection')} paused. Events are still recorded and wait.", bool(done))


def resume(chosen: QuerySet[Connection], at: datetime) -> Outcome:
    """Send again."""
    rows = list(chosen)
    for each in rows:
        connections.resume(each, at=at)
    return Outcome(f"{plural(len(rows), 'connection')} resumed. What waited is being sent.")


@admin.register(Connection)
class ConnectionAdmin(DeedsMixin, ModelAdmin[Any]):
    """One connection. Its page is a form of our own, because checking a key belongs outside a transaction."""

    launch = show.since("launch_at", "Launch")
    checked = show.since("checked_at", "Key checked")
    is_deed_logged = True
    deeds = (
        Deed("check", "Check key", "key", CHANGE, check_keys, most=CHECKED_AT_ONCE, hint="Asks live."),
        Deed("pause", "Pause", "pause", CHANGE, pause, hint="Events are recorded and wait."),
        Deed("resume", "Resume", "play_arrow", CHANGE, resume, hint="Sends at once what waited."),
    )
    search_fields = ("merchant__name", "account_name", "account_id")
    search_help_text = "Merchant or account"
    list_display = ("merchant", "destination", "standing", "account_name", "account_id", "key", "launch", "checked")
    list_filter = (("state", ChoicesDropdownFilter),)
    list_filter_submit = True
    list_select_related = ("merchant",)
    list_fullwidth = True
    show_facets = admin.ShowFacets.NEVER
    ordering = ("merchant__name", "pk")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Connections are made by taking on a merchant."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A connection has a history."""
        return False

    @method_decorator(sensitive_post_parameters())
    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the form, or change the connection."""
        rows = self.get_queryset(request).select_related("merchant", "lane")
        connection = get_object_or_404(rows, pk=whole_number(object_id))
        if not self.has_view_permission(request, connection):
            raise PermissionDenied
        may_change = self.has_change_permission(request, connection)
        form = ConnectionForm(connection, request.POST if request.method == "POST" else None)
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            if form.is_valid() and self._amend(request, connection, form):
                return HttpResponseRedirect(reverse("admin:integrations_connection_change", args=[connection.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": f"{registry.get(connection.kind).label} account of {connection.merchant.name}",
            "destination": registry.get(connection.kind),
            "opts": self.opts,
            "connection": connection,
            "original": connection,
            "state": show.state_chip(Connection.State, connection.state, connection.state_detail),
            "checked": show.instant(connection.checked_at),
            "form": form,
            "media": self.media + form.media,
            "may_change": may_change,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/connection.html", context)

    def _amend(self, request: HttpRequest, connection: Connection, form: ConnectionForm) -> bool:
        """Whether the connection is changed; else the reason is noted in the form."""
        try:
            by = Actor(cast(User, request.user), as_staff=True)
            advice = amending.amend(connection, form.amendment(), by=by, at=timezone.now())
        except onboarding.KeyRefused as error:
            label = registry.get(connection.kind).label
            form.add_error("key", f"{label} does not accept this key; the old one stays. {error}")
        except onboarding.DestinationUnreachable as error:
            form.add_error("key", f"The key could not be checked, and nothing was changed. {error} Try again later.")
        except (amending.OtherAccount, onboarding.AccountTaken) as error:
            form.add_error("key", f"{error} Tick the box below and enter the key again if that is meant.")
        else:
            for line in advice:
                messages.warning(request, line)
            messages.success(request, "The connection is changed.")
            names = ", ".join(sorted(form.changed_data)) or "nothing"
            self.log_change(request, connection, f"Changed: {names}.")
            return True
        return False

    @display(description="Destination", ordering="kind")
    def destination(self, connection: Connection) -> str:
        """What it is called."""
        return registry.get(connection.kind).label

    @display(description="State")
    def standing(self, connection: Connection) -> Any:
        """Its state."""
        return show.state_chip(Connection.State, connection.state, connection.state_detail)

    @display(description="Key")
    def key(self, connection: Connection) -> str:
        """The last four characters."""
        return f"…{connection.secret_last4}"
