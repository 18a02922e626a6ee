"""The history as a merchant sees it: the list with its search, an event with all that became of it, and the reasons why."""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from integrations import custom_metrics, folding, search, timeline
from integrations.delivery import resend
from integrations.models import Event, Merchant
from integrations.search import Wanted
from integrations.web import paging, ways
from integrations.web.access import Role, Visit, page


class SearchForm(forms.Form):
    """What is looked for. Days are the merchant's; `after` is the place in the list from which an older page goes on."""

    q = forms.CharField(label="Order, e-mail, phone or tracking number", required=False, max_length=254)
    metric = forms.ChoiceField(required=False)
    state = forms.ChoiceField(choices=ways.STATES, required=False)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, merchant: Merchant, data: Any = None) -> None:
        super().__init__(data)
        self._merchant = merchant
        metrics = custom_metrics.of(merchant).values()
        metric: Any = self.fields["metric"]
        metric.choices = [("", "Any"), *((each.key, each.name.replace("{prefix}: ", "")) for each in metrics)]

    def wanted(self) -> Wanted:
        """For the search. Valid after `is_valid`."""
        given, merchant = self.cleaned_data, self._merchant
        since, until = given["since"], given["until"]
        return Wanted(
            term=given["q"],
            metric=given["metric"],
            state=given["state"],
            since=datetime.combine(since, time.min, merchant.tz) if since else None,
            until=datetime.combine(until + timedelta(days=1), time.min, merchant.tz) if until else None,
        )


@require_safe
@page()
def events(request: Visit, merchant: Merchant) -> HttpResponse:
    """The list, newest first, a page at a time by the place of the last event on it."""
    form = SearchForm(merchant, request.GET or None)
    wanted = form.wanted() if form.is_valid() else Wanted()
    found = search.events(merchant, wanted)
    known = found.select_related("customer").prefetch_related("deliveries").defer("properties")
    rows, place_of_older = paging.page_of(known, request)
    kept = {name: value for name in form.fields if (value := str(request.GET.get(name, "")))}
    older = urlencode({**kept, **place_of_older}) if place_of_older else ""
    is_searched = form.is_bound and any(form.data.get(name) for name in form.fields)
    is_first = paging.is_first(request)
    context = {"form": form, "events": rows, "older": older, "is_searched": is_searched, "is_first": is_first}
    return render(request, "web/events.html", context)


@require_safe
@page()
def event(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """One event: what it says, what was or would be sent, and what Klaviyo answered each time."""
    row = get_object_or_404(Event.objects.for_merchant(merchant).select_related("customer"), pk=pk)
    taken = ways.with_requests(merchant, row, at=timezone.now())
    context = {
        "event": row,
        "metric": custom_metrics.of(merchant).get(row.metric),
        "properties": json.dumps(row.properties, indent=2, ensure_ascii=False),
        "ways": taken,
        "may_resend": any(way.delivery.state in resend.RESENDABLE for way in taken),
    }
    return render(request, "web/event.html", context)


@require_POST
@page(Role.EDITOR)
def send_again(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """Line up what failed of an event once more."""
    row = get_object_or_404(Event.objects.for_merchant(merchant), pk=pk)
    if resend.resend_event(row, by=request.access.actor, at=timezone.now()):
        messages.success(request, "It is on its way again. Klaviyo ignores it if it has it already.")
    else:
        messages.warning(request, "Nothing of it can be sent again now: it did not fail, or the connection is paused.")
    return redirect("event", merchant.public_id, pk)


@require_safe
@page()
def why(request: Visit, merchant: Merchant) -> HttpResponse:
    """Why, or why not: the timeline of an order, of a parcel's order, or of a shopper's orders."""
    term = request.GET.get("q", "").strip()[:254]
    about = timeline.about_term(merchant, term) if term else None
    folds = folding.fold(timeline.tell(merchant, about)) if about else []
    context: dict[str, Any] = {"term": term, "about": about, "folds": folds}
    return render(request, "web/why.html", context)
