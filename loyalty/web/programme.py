"""The rules of the programme, as a merchant sets them, with what an order would earn by them, before they are saved."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from integrations.models import Merchant
from integrations.web.access import Visit, page
from loyalty import example
from loyalty.models import Programme
from loyalty.programme_form import ProgrammeForm
from loyalty.services import programmes

VERSIONS = 20
"""Versions that the page lists, the newest."""


@page()
def programme(request: Visit, merchant: Merchant) -> HttpResponse:
    """The rules. Everybody may try others; an editor saves them."""
    at = timezone.now()
    newest = programmes.newest(merchant)
    with timezone.override(merchant.tz):
        form = ProgrammeForm(merchant, newest, request.POST if request.method == "POST" else None)
        is_tried = "example" in request.POST
        if form.is_valid() and not is_tried and request.access.may_edit and _save(request, merchant, form):
            return redirect("loyalty_programme", merchant.public_id)
        context: dict[str, Any] = {"form": form, "programme": programmes.in_force(merchant, at), "newest": newest}
        tried = Programme(merchant=merchant, **form.rules) if form.is_bound and form.is_valid() else newest
        if tried is not None:
            context["example"] = example.of(merchant, tried, at=at)
        if getattr(request, "htmx", False):
            return render(request, "web/loyalty_example.html", context)
        made = Programme.objects.for_merchant(merchant).select_related("created_by").order_by("-version")
        context["versions"] = made[:VERSIONS]
        return render(request, "web/loyalty_programme.html", context)


def _save(request: Visit, merchant: Merchant, form: ProgrammeForm) -> bool:
    """Whether a new version was made; why not is noted in the form."""
    try:
        made = programmes.change(
            merchant,
            by=request.access.actor,
            at=timezone.now(),
            effective_at=form.cleaned_data["effective_at"],
            based_on=form.cleaned_data["based_on"],
            **form.rules,
        )
    except (ValidationError, programmes.Outdated) as error:
        form.add_error(None, error if isinstance(error, ValidationError) else str(error))
        return False
    messages.success(request, f"Version {made.version} of the rules is saved. What was granted stays as it is.")
    return True
