"""Sending a stretch of history once more: the count and a sample first, then its progress."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from integrations import replays
from integrations.models import Merchant, Replay
from integrations.replays import TooMany
from integrations.web.access import Role, Visit, page
from integrations.web.events import SearchForm

NEWEST = 20


class ReplayForm(SearchForm):
    """Which stretch of history: something must be said, all of it is never meant."""

    def clean(self) -> dict[str, Any]:
        """Raises `ValidationError` where every field is empty."""
        given = super().clean() or {}
        if not any(given.values()) and not self.errors:
            raise ValidationError("Say which events: fill in at least one field.")
        return given


@page()
def replay(request: Visit, merchant: Merchant) -> HttpResponse:
    """What a filter leaves in, and the replays so far; an editor starts one."""
    given = request.POST if request.method == "POST" else request.GET
    form = ReplayForm(merchant, given or None)
    proposal = None
    if form.is_valid():
        wanted = form.wanted()
        if request.method == "POST" and request.access.may_edit:
            try:
                replays.begin(merchant, wanted, by=request.access.actor, at=timezone.now())
            except TooMany as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, "It has begun. Klaviyo ignores what it has already.")
                return redirect("replay", merchant.public_id)
        proposal = replays.propose(merchant, wanted)
    context: dict[str, Any] = {"form": form, "proposal": proposal, "most": replays.MOST, "running": _runs(merchant)}
    if getattr(request, "htmx", False):
        return render(request, "web/replays.html", context)
    return render(request, "web/replay.html", context)


def _runs(merchant: Merchant) -> list[Replay]:
    return list(Replay.objects.for_merchant(merchant).select_related("started_by").order_by("-id")[:NEWEST])


@require_POST
@page(Role.EDITOR)
def cancel(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """Stop one."""
    if replays.cancel(merchant, pk, by=request.access.actor, at=timezone.now()):
        messages.success(request, "It is cancelled. What was lined up by then is sent.")
    return redirect("replay", merchant.public_id)
