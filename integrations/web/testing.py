"""Test events on the merchants' page: which, to whom, and what Klaviyo said."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from integrations import custom_metrics, testing
from integrations.models import Connection, Merchant, TestEvent
from integrations.web.access import Visit, page

NEWEST = 20


class TestEventForm(forms.Form):
    """A metric, or all that are on, and whose profile the events are about."""

    metric = forms.ChoiceField(label="Metric")
    email = forms.EmailField(
        label="E-mail of the profile",
        max_length=254,
        help_text="Your own: flows that start on the metric will write to it.",
    )

    def __init__(self, merchant: Merchant, enabled: list[str], data: Any = None, **more: Any) -> None:
        super().__init__(data, **more)
        known = custom_metrics.of(merchant)
        self._enabled = [key for key in enabled if key in known]
        every = [("", f"All {len(self._enabled)} that are on")] if self._enabled else []
        metric: Any = self.fields["metric"]
        metric.required = not every
        metric.choices = every + [(each.key, each.name_for(merchant)) for each in known.values()]

    @property
    def keys(self) -> list[str]:
        """The keys of the metrics that were chosen."""
        return [self.cleaned_data["metric"]] if self.cleaned_data["metric"] else self._enabled


@page()
def test_events(request: Visit, merchant: Merchant) -> HttpResponse:
    """What was tried, newest first; an editor tries more."""
    enabled = Connection.objects.for_merchant(merchant).values_list("enabled_metrics", flat=True).first() or []
    given = request.POST if request.method == "POST" else None
    form = TestEventForm(merchant, enabled, given, initial={"email": request.access.user.email})
    if request.method == "POST" and request.access.may_edit and form.is_valid() and _send(request, merchant, form):
        return redirect("test_events", merchant.public_id)
    tried = TestEvent.objects.for_merchant(merchant).order_by("-sent_at", "-id")[:NEWEST]
    context = {"form": form, "tried": tried, "mark": testing.MARK, "most": testing.MOST_A_MINUTE}
    return render(request, "web/test_events.html", context)


def _send(request: Visit, merchant: Merchant, form: TestEventForm) -> bool:
    """Whether anything was tried; why not is noted in the form."""
    email = form.cleaned_data["email"]
    try:
        outcome = testing.send(merchant, form.keys, email, by=request.access.actor, at=timezone.now())
    except testing.NotSent as error:
        form.add_error(None, str(error))
        return False
    accepted = sum(each.is_accepted for each in outcome.tried)
    if accepted:
        what = "the test event" if accepted == 1 else f"{accepted} test events"
        messages.success(request, f"Klaviyo accepted {what} for {email}.")
    for each in outcome.tried:
        if not each.is_accepted:
            messages.error(request, f"{each.metric_name} was not accepted: {each.detail}")
    if outcome.left_out:
        limit = f": at most {testing.MOST_A_MINUTE} a minute" if accepted == len(outcome.tried) else ""
        messages.warning(request, f"{outcome.left_out} more were not sent{limit}.")
    return True
