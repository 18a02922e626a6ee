"""The log's feed, and syncs of the past: set, begun, paused, gone on with and cancelled by editors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import MinValueValidator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from integrations import posting
from integrations.models import Merchant
from integrations.web.access import Role, Visit, page
from lifecycle import standing
from lifecycle.models import LogFeed, LogSync
from lifecycle.models.feed import FASTEST, PACE, SLOWEST
from lifecycle.services import feeds, syncs

NEWEST = 20
FIRST_DAY = date(1970, 1, 1)
"""Midnight of the first year there is may be before every year that a database gives back."""


class FeedForm(forms.Form):
    """Where the feed is."""

    url = forms.CharField(
        label="Address",
        max_length=500,
        help_text="https://… of your system, which gives out the log page by page.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}),
    )
    secret = forms.RegexField(
        r"^[!-~]+$",
        label="Secret",
        max_length=500,
        required=False,
        help_text="Shown to your system as a bearer token, and never here. Blank: the one that is set, at the same host.",
        error_messages={"invalid": "Letters, digits and signs without blanks."},
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def clean_url(self) -> str:
        """An address that may be called."""
        url = str(self.cleaned_data["url"]).strip()
        try:
            posting.check(url)
        except posting.BadAddress as error:
            raise forms.ValidationError(str(error)) from None
        return url


class SyncForm(forms.Form):
    """Which part of the past, and how fast."""

    since = forms.DateField(
        label="Sync events since",
        required=False,
        validators=[MinValueValidator(FIRST_DAY)],
        help_text="Blank: from the very beginning of the log.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    pace = forms.IntegerField(
        label="Entries a minute",
        min_value=SLOWEST,
        max_value=FASTEST,
        initial=PACE,
        help_text="At most so many, so that events of today never wait behind those of the past.",
    )


@page()
def feed(request: Visit, merchant: Merchant) -> HttpResponse:
    """The feed and the syncs; an editor sets where the feed is."""
    row = LogFeed.objects.for_merchant(merchant).first()
    form = FeedForm(request.POST if request.method == "POST" else None, initial={"url": row.url if row else ""})
    if request.method == "POST" and request.access.may_edit and form.is_valid():
        given = form.cleaned_data
        feeds.set_feed(
            merchant=merchant, url=given["url"], secret=given["secret"], by=request.access.actor, at=timezone.now()
        )
        messages.success(request, "The feed is followed from now on.")
        return redirect("activity_feed", merchant.public_id)
    return _show(request, merchant, row, form, SyncForm())


@require_POST
@page(Role.EDITOR)
def remove(request: Visit, merchant: Merchant) -> HttpResponse:
    """Follow the feed no more."""
    if feeds.remove_feed(merchant=merchant, by=request.access.actor, at=timezone.now()):
        messages.success(request, "The feed is removed. What was read stays in the log.")
    return redirect("activity_feed", merchant.public_id)


@require_POST
@page(Role.EDITOR)
def begin(request: Visit, merchant: Merchant) -> HttpResponse:
    """Sync the past."""
    form = SyncForm(request.POST)
    if form.is_valid():
        since = form.cleaned_data["since"]
        try:
            syncs.begin(
                merchant=merchant,
                since=datetime.combine(since, time.min, merchant.tz) if since else None,
                pace=form.cleaned_data["pace"],
                by=request.access.actor,
                at=timezone.now(),
            )
        except syncs.NotPossible as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "It has begun. It starts no flow, and nothing becomes two events.")
            return redirect("activity_feed", merchant.public_id)
    row = LogFeed.objects.for_merchant(merchant).first()
    return _show(request, merchant, row, FeedForm(initial={"url": row.url if row else ""}), form)


@require_POST
@page(Role.EDITOR)
def pause(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """Let a sync rest."""
    return _moved(request, merchant, pk, syncs.pause, "It rests. What was made into events by then is sent.")


@require_POST
@page(Role.EDITOR)
def resume(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """Go on with one."""
    return _moved(request, merchant, pk, syncs.resume, "It goes on where it stopped.")


@require_POST
@page(Role.EDITOR)
def cancel(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """End one."""
    return _moved(request, merchant, pk, syncs.cancel, "It is cancelled. What was made into events by then is sent.")


def _moved(request: Visit, merchant: Merchant, pk: int, move: Callable[..., bool], told: str) -> HttpResponse:
    if move(merchant=merchant, pk=pk, by=request.access.actor, at=timezone.now()):
        messages.success(request, told)
    return redirect("activity_feed", merchant.public_id)


def _show(request: Visit, merchant: Merchant, row: LogFeed | None, form: FeedForm, sync_form: SyncForm) -> HttpResponse:
    runs = list(LogSync.objects.for_merchant(merchant).select_related("started_by").order_by("-id")[:NEWEST])
    context: dict[str, Any] = {
        "feed": row,
        "form": form,
        "sync_form": sync_form,
        "syncs": runs,
        "open": next((each for each in runs if each.is_open), None),
        "unsent": standing.unsent(merchant) if runs else "",
    }
    if getattr(request, "htmx", False):
        return render(request, "web/activity_syncs.html", context)
    return render(request, "web/activity_feed.html", context)
