"""When something stalls: each merchant's settings with their history. To change them is to make a new version."""

from __future__ import annotations

from typing import Any

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
from unfold.widgets import UnfoldAdminSelect2Widget

from integrations.admin import show
from integrations.admin.fields import dress
from integrations.admin.site import Clock, MerchantFilter, whole_number
from integrations.admin.theme import display
from integrations.audit import Actor
from integrations.models import Merchant
from tracking.admin.parcels import TrackingAdmin
from tracking.models import StalledPolicy
from tracking.policy_form import PolicyForm
from tracking.preview import page as preview
from tracking.services import policies

ADD = "tracking.add_stalledpolicy"


class MerchantForm(forms.Form):
    """Whose settings are meant."""

    merchant = forms.ModelChoiceField(Merchant.objects.order_by("name"), widget=UnfoldAdminSelect2Widget())


class AdminPolicyForm(PolicyForm):
    """The same in the admin's clothes."""

    def __init__(self, policy: StalledPolicy, data: Any = None) -> None:
        super().__init__(policy, data)
        dress(self)


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
        form = AdminPolicyForm(policy, request.POST if request.method == "POST" else None)
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
        by = Actor(request.user, as_staff=True) if isinstance(request.user, User) else None
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
