"""When something stalls, as a merchant sets it: the form, and beside it what it would do, before it is saved."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from integrations.models import Merchant
from integrations.web.access import Visit, page
from tracking.models import StalledPolicy
from tracking.policy_form import PolicyForm
from tracking.preview import page as preview
from tracking.services import policies

VERSIONS = 20
"""Versions that the page lists, the newest."""


@page()
def stalled(request: Visit, merchant: Merchant) -> HttpResponse:
    """The settings. Everybody may look at what others would do; an editor saves them."""
    policy = policies.current(merchant)
    form = PolicyForm(policy, request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"policy": policy, "form": form, "periods": preview.PERIODS}
    if form.is_valid():
        if preview.is_asked_for(request):
            context |= preview.shown(request, merchant, policy, form)
        elif request.access.may_edit and _save(request, merchant, form):
            return redirect("stalled", merchant.public_id)
    if getattr(request, "htmx", False):
        return render(request, "web/stalled_preview.html", context)
    made = StalledPolicy.objects.for_merchant(merchant).select_related("created_by").order_by("-version")
    context["versions"] = made[:VERSIONS]
    return render(request, "web/stalled.html", context)


def _save(request: Visit, merchant: Merchant, form: PolicyForm) -> bool:
    """Whether a new version holds now; why not is noted in the form."""
    values = {name: form.cleaned_data[name] for name in policies.SETTINGS}
    try:
        made = policies.change(merchant, by=request.access.actor, at=timezone.now(), **values)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    for line in made.warnings:
        messages.warning(request, line)
    messages.success(request, f"Version {made.version} holds for orders that are placed from now on.")
    return True
