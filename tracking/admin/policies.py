"""When something stalls: each merchant's settings with their history. To change them is to make a new version."""

from __future__ import annotations

from datetime import date
from typing import Any

import holidays
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from integrations.admin import show
from integrations.admin.site import Clock, MerchantFilter, whole_number
from integrations.admin.theme import display
from integrations.models import Merchant
from tracking.admin import preview
from tracking.admin.parcels import TrackingAdmin
from tracking.models import Problem, StalledPolicy
from tracking.models.policy import LEAST_HOURS, MOST_DAYS, MOST_HOURS, WEEKDAYS
from tracking.services import policies

ADD = "tracking.add_stalledpolicy"
ANY, NEVER = "any", "never"
OVERRIDE_HELP = (
    "One a line: carrier, destination, hours before pick-up, hours in transit. “ups, international, 96, 120”. "
    f"A destination is domestic, international or a country (DE); write “{ANY}” for any and “{NEVER}” for no hours. "
    "The most specific one decides."
)


class MerchantForm(forms.Form):
    """Whose settings are meant."""

    merchant = forms.ModelChoiceField(Merchant.objects.order_by("name"), widget=UnfoldAdminSelect2Widget())


def _hours_field(label: str) -> forms.IntegerField:
    widget = UnfoldAdminIntegerFieldWidget(attrs={"min": LEAST_HOURS, "max": MOST_HOURS})
    return forms.IntegerField(label=label, required=False, widget=widget, help_text="Empty: never.")


def _days_field(label: str) -> forms.IntegerField:
    widget = UnfoldAdminIntegerFieldWidget(attrs={"min": 1, "max": MOST_DAYS})
    return forms.IntegerField(label=label, required=False, widget=widget, help_text="Empty: never.")


def _holiday_countries() -> list[tuple[str, str]]:
    return [("", "None"), *((code, code) for code in sorted(holidays.list_supported_countries()))]


class PolicyForm(forms.Form):
    """The settings as a CSM sees them. `based_on` is the version that the page showed."""

    based_on = forms.IntegerField(widget=forms.HiddenInput())
    hours_until_fulfillment = _hours_field("Order not fulfilled, hours")
    hours_before_pickup = _hours_field("Parcel before pick-up, hours")
    hours_in_transit = _hours_field("Parcel in transit, hours")
    days_until_delayed = _days_field("Parcel delayed, days after its promised date")
    days_early = _days_field("Parcel early, days before its promised date")
    excluded_weekdays = forms.TypedMultipleChoiceField(
        label="Weekdays that do not count",
        choices=list(enumerate(WEEKDAYS)),
        coerce=int,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )
    holiday_country = forms.ChoiceField(
        label="Public holidays of", choices=_holiday_countries, required=False, widget=UnfoldAdminSelect2Widget()
    )
    holiday_region = forms.CharField(
        label="Region", max_length=10, required=False, widget=UnfoldAdminTextInputWidget(), help_text="NY, BY, …"
    )
    own_dates = forms.CharField(
        label="Own dates that do not count",
        required=False,
        max_length=10_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="One a line: 2026-12-24.",
    )
    home_country = forms.CharField(
        label="Home country",
        max_length=2,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Two letters. It tells domestic from international in the overrides.",
    )
    overrides = forms.CharField(
        required=False,
        max_length=10_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text=OVERRIDE_HELP,
    )
    problems_off = forms.MultipleChoiceField(
        label="Problems that are not told",
        choices=Problem.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )

    def __init__(self, policy: StalledPolicy, data: Any = None) -> None:
        self.policy = policy
        said = {name: getattr(policy, name) for name in policies.SETTINGS} | {"based_on": policy.version}
        said["own_dates"] = "\n".join(policy.own_dates)
        said["overrides"] = "\n".join(_written(each) for each in policy.overrides)
        super().__init__(data, initial=said)

    def clean_based_on(self) -> None:
        """Nobody else's change is taken back unseen."""
        if self.cleaned_data["based_on"] != self.policy.version:
            raise ValidationError(f"Somebody made {self.policy} meanwhile. Open the page anew to see what holds now.")

    def clean_home_country(self) -> str:
        """In capitals."""
        return str(self.cleaned_data["home_country"]).strip().upper()

    def clean_holiday_region(self) -> str:
        """Without blanks around it."""
        return str(self.cleaned_data["holiday_region"]).strip()

    def clean_own_dates(self) -> list[str]:
        """Dates, in ISO 8601."""
        return [_day(line) for line in _lines(self.cleaned_data["own_dates"])]

    def clean_overrides(self) -> list[dict[str, Any]]:
        """Overrides as the settings hold them."""
        return [_override(line) for line in _lines(self.cleaned_data["overrides"])]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _day(line: str) -> str:
    try:
        return date.fromisoformat(line).isoformat()
    except ValueError:
        raise ValidationError(f"“{line}” is no date such as 2026-12-24.") from None


def _override(line: str) -> dict[str, Any]:
    parts = [part.strip() for part in line.split(",")]
    if len(parts) != 4:
        raise ValidationError(f"“{line}” does not have four parts: carrier, destination, hours, hours.")
    carrier, destination, before_pickup, in_transit = ("" if part.lower() == ANY else part for part in parts)
    is_country = len(destination) == 2
    return {
        "carrier": carrier,
        "destination": destination.upper() if is_country else destination.lower(),
        "before_pickup": _hours(before_pickup, line),
        "in_transit": _hours(in_transit, line),
    }


def _hours(word: str, line: str) -> int | None:
    if word.lower() == NEVER:
        return None
    if not (word.isascii() and word.isdecimal() and len(word) < 9):
        raise ValidationError(f"“{line}”: hours are whole numbers, or “{NEVER}”.")
    return int(word)


def _written(override: dict[str, Any]) -> str:
    hours = (NEVER if override[each] is None else override[each] for each in ("before_pickup", "in_transit"))
    return ", ".join(str(part) for part in (override["carrier"] or ANY, override["destination"] or ANY, *hours))


def find_policies(term: str) -> list[int]:
    """Versions of the merchants with that in their name."""
    merchants = Merchant.objects.filter(name__icontains=term)
    return list(StalledPolicy.objects.filter(merchant__in=merchants).values_list("pk", flat=True)[:1_000])


@admin.register(StalledPolicy)
class StalledPolicyAdmin(TrackingAdmin):
    """The versions of all merchants' settings. Each stays as it was made."""

    made = show.since("created_at", "Made")
    when_made = show.moment("created_at", "Made")
    clock = Clock(StalledPolicy, "created_at")
    find = staticmethod(find_policies)
    search_fields = ("merchant__name",)
    search_help_text = "Merchant"
    list_display = ("merchant", "version", "made", "created_by", "news")
    list_filter = (("merchant", MerchantFilter),)
    list_select_related = ("merchant", "created_by")
    fieldsets = (
        (None, {"fields": ("about_merchant", "version", "when_made", "created_by", "news", "new_version")}),
        ("Settings", {"fields": ("settings",)}),
    )
    wide = ("news", "settings")
    readonly_fields = ("about_merchant", "when_made", "news", "new_version", "settings")

    @display(description="What changed")
    def news(self, policy: StalledPolicy) -> Any:
        """One change on each line."""
        return show.lines(policy.changes)

    @display(description="What holds")
    def settings(self, policy: StalledPolicy) -> Any:
        """One setting on each line."""
        return show.lines(f"{name}: {set_to}" for name, set_to in policies.described(policy).items())

    @display(description="Change")
    def new_version(self, policy: StalledPolicy) -> Any:
        """A link to the form."""
        address = reverse("admin:tracking_stalledpolicy_add", query={"merchant": policy.merchant_id})
        return format_html('<a class="td-link" href="{}">Make a new version</a>', address)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A new version is how the settings are changed."""
        return request.user.has_perm(ADD)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Ask for the merchant, then show what holds for it, or change that."""
        if not request.user.has_perm(ADD):
            raise PermissionDenied
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": "When something stalls"}
        chosen = request.GET.get("merchant")
        if not chosen:
            choosing = MerchantForm()
            context |= {"choosing": choosing, "media": self.media + choosing.media}
            return TemplateResponse(request, "admin/stalled_policy.html", context)
        merchant: Merchant = get_object_or_404(Merchant, pk=whole_number(chosen))
        policy = policies.current(merchant)
        form = PolicyForm(policy, request.POST if request.method == "POST" else None)
        if form.is_valid() and preview.is_asked_for(request):
            context |= preview.shown(request, merchant, policy, form)
        elif form.is_valid():
            made = self._change(request, merchant, form)
            if made is not None:
                query = {"merchant__id__exact": merchant.pk}
                return HttpResponseRedirect(reverse("admin:tracking_stalledpolicy_changelist", query=query))
        context |= {"merchant": merchant, "policy": policy, "form": form, "media": self.media + form.media}
        context["periods"] = preview.PERIODS
        return TemplateResponse(request, "admin/stalled_policy.html", context)

    def _change(self, request: HttpRequest, merchant: Merchant, form: PolicyForm) -> StalledPolicy | None:
        """The version that holds now; None where the reason why not is noted in the form."""
        by = request.user if isinstance(request.user, User) else None
        values = {name: form.cleaned_data[name] for name in policies.SETTINGS}
        try:
            made = policies.change(merchant, by=by, at=timezone.now(), **values)
        except ValidationError as error:
            form.add_error(None, error)
            return None
        for line in made.warnings:
            messages.warning(request, line)
        messages.success(request, f"Version {made.version} holds for orders that are placed from now on.")
        return made
