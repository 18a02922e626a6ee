"""The activity log: what it has, what was parsed, and what waits."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from integrations import custom_metrics, search
from integrations.models import Merchant
from integrations.web import paging
from integrations.web.access import Visit, page
from lifecycle import kinds, log_facts, standing
from lifecycle.models import Activity
from lifecycle.models.activity import IN_STATE, STATES, TOLD


class FindForm(forms.Form):
    """What is looked for."""

    q = forms.CharField(label="E-mail or phone (+49…)", required=False, max_length=254)
    kind = forms.ChoiceField(required=False)
    state = forms.ChoiceField(choices=[("", "Any"), *STATES.items()], required=False)

    def __init__(self, merchant: Merchant, data: Any) -> None:
        super().__init__(data)
        self._merchant = merchant
        own = [each.name for each in custom_metrics.own(merchant)]
        kind: Any = self.fields["kind"]
        kind.choices = [("", "Any"), *((each, each) for each in (*kinds.METRICS, *own))]

    def found(self) -> Any:
        """The entries that fit, newest first. Valid after `is_valid`."""
        given, rows = self.cleaned_data, Activity.objects.for_merchant(self._merchant)
        if given["q"]:
            rows = rows.filter(customer__in=search.customers(self._merchant, given["q"].strip()))
        if given["kind"]:
            rows = rows.filter(kind=given["kind"])
        return rows.filter(IN_STATE[given["state"]]) if given["state"] else rows


@require_safe
@page()
def activity(request: Visit, merchant: Merchant) -> HttpResponse:
    """The list, newest first."""
    form = FindForm(merchant, request.GET or None)
    found = form.found() if form.is_valid() else Activity.objects.for_merchant(merchant)
    rows, place_of_older = paging.page_of(found.select_related("customer").order_by("-occurred_at", "-pk"), request)
    events = log_facts.events_of(merchant, [each for each in rows if each.state == TOLD])
    kept = {name: value for name in form.fields if (value := str(request.GET.get(name, "")))}
    context = {
        "form": form,
        "rows": [(each, STATES[each.state], events.get(each.pk)) for each in rows],
        "older": urlencode({**kept, **place_of_older}) if place_of_older else "",
        "is_searched": bool(kept),
        "is_first": paging.is_first(request),
        "standing": standing.of(merchant),
    }
    return render(request, "web/activity.html", context)
