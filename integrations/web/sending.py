"""What is sent, where it comes from, and who may ask: metrics, sources and API tokens, as a merchant sets them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from integrations import amending, custom_metrics, merchants, onboarding, samples, sources, tokens
from integrations.destinations import registry
from integrations.models import ApiToken, Connection, InboundMessage, Merchant, ProfileChange, SourceSecret
from integrations.web import connected
from integrations.web.access import Role, Visit, page

Kind = ProfileChange.Kind
LOOKED_AT = 500
"""Newest messages among which each source's last one is looked for."""


class SendingForm(forms.Form):
    """Which metrics are on, and how they are sent."""

    metrics = forms.MultipleChoiceField(required=False)
    freshness_hours = forms.IntegerField(
        label="Hours after which an event is no news",
        help_text="What is sent later than that is recorded and starts no flow. 1 to 720.",
    )
    metric_prefix = forms.CharField(
        label="Prefix of metric names",
        max_length=40,
        help_text="The word before names with a colon. Flows are built on names: change it only before they are.",
    )

    marketing_list_id = forms.RegexField(
        r"^[A-Za-z0-9]*\Z",
        label="Klaviyo list of sign-ups",
        required=False,
        max_length=40,
        help_text="The list's id, as in its address in Klaviyo. Who ticks the box for marketing joins it, by the list's own "
        "opt-in. Empty: no list, and the account's opt-in.",
        error_messages={"invalid": "An id has letters and digits only, like Y6nRLr."},
    )

    def __init__(self, connection: Connection, data: Any = None) -> None:
        self._connection = connection
        said: dict[str, Any] = {"metrics": connection.enabled_metrics, "freshness_hours": connection.freshness_hours}
        said |= {"metric_prefix": connection.merchant.metric_prefix, "marketing_list_id": connection.marketing_list_id}
        super().__init__(data, initial=said)
        destination = registry.get(connection.kind)
        if Kind.SUBSCRIBE not in destination.changes:
            del self.fields["marketing_list_id"]
        if not destination.records_backfill:
            self.fields["freshness_hours"].help_text = "What would be sent later than that is not sent. 1 to 720."
        self._packs = custom_metrics.carried_by(connection.kind, connection.merchant)
        metrics: Any = self.fields["metrics"]
        metrics.choices = [(each.key, each.key) for _, metrics in self._packs for each in metrics]

    def clean_metrics(self) -> list[str]:
        """By pack and number, and at least one."""
        chosen = [
            each.key for _, metrics in self._packs for each in metrics if each.key in self.cleaned_data["metrics"]
        ]
        if not chosen:
            raise ValidationError("Choose at least one metric: without any, nothing is sent.")
        return chosen

    def clean_freshness_hours(self) -> int:
        """As a connection may have it."""
        field = Connection._meta.get_field("freshness_hours")
        return int(field.clean(self.cleaned_data["freshness_hours"], self._connection))

    def clean_metric_prefix(self) -> str:
        """As a merchant may have it."""
        field = Merchant._meta.get_field("metric_prefix")
        return str(field.clean(self.cleaned_data["metric_prefix"].strip(), self._connection.merchant))

    def choice(self) -> dict[str, Any]:
        """What was chosen, with what the form does not ask for as it is. Valid after `is_valid`."""
        return {"marketing_list_id": self._connection.marketing_list_id, **self.cleaned_data}

    @property
    def packs(self) -> list[tuple[Any, list[tuple[Any, samples.Sample, bool]]]]:
        """Each pack with its metrics: (metric, a sample of it, whether it is on)."""
        on, merchant = set(self["metrics"].value() or ()), self._connection.merchant
        return [
            (pack, [(each, samples.sample(each, merchant), each.key in on) for each in metrics])
            for pack, metrics in self._packs
        ]


@page()
def metrics(request: Visit, merchant: Merchant, kind: str = "") -> HttpResponse:
    """What is sent to a connection; an editor changes it."""
    found = connected.find(merchant, kind)
    connection = found.row
    form = SendingForm(connection, request.POST if request.method == "POST" else None)
    if request.method == "POST" and request.access.may_edit and form.is_valid():
        amending.choose(connection, **form.choice(), by=request.access.actor, at=timezone.now())
        messages.success(request, "It holds for what happens from now on.")
        return redirect("metrics", merchant.public_id, *([kind] if kind else []))
    return render(request, "web/metrics.html", {"form": form, **found.shown("metrics")})


class SecretForm(forms.Form):
    """The secret that a source signs with; empty: one is made here."""

    secret = forms.CharField(
        required=False, max_length=500, widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )


@page()
def data_sources(request: Visit, merchant: Merchant) -> HttpResponse:
    """Where data comes from: the address of each source, whether it is connected, and when it was last heard of."""
    mine = {each.source: each for each in SourceSecret.objects.for_merchant(merchant).defer("current", "previous")}
    newest = InboundMessage.objects.for_merchant(merchant).order_by("-received_at", "-pk")
    heard: dict[str, datetime] = {}
    for source, received_at in newest.values_list("source", "received_at")[:LOOKED_AT]:
        heard.setdefault(source, received_at)
    rows = [
        {
            "kind": kind,
            "label": label,
            "address": onboarding.hook_address(merchant, kind),
            "secret": mine.get(kind),
            "heard": heard.get(kind),
        }
        for kind, label in sources.choices()
    ]
    return render(request, "web/sources.html", {"sources": rows, "form": SecretForm()})


@never_cache
@sensitive_post_parameters("secret")
@require_POST
@page(Role.OWNER)
def secret(request: Visit, merchant: Merchant, source: str) -> HttpResponse:
    """Give a source its secret. One that is made here is shown this once."""
    form = SecretForm(request.POST)
    if source not in dict(sources.choices()) or not form.is_valid():
        raise Http404
    given = form.cleaned_data["secret"].strip()
    text = given or merchants.new_secret()
    merchants.set_source_secret(merchant, source, text, at=timezone.now(), by=request.access.actor)
    if given:
        messages.success(request, "The new secret is good at once; the one before for another day.")
        return redirect("data_sources", merchant.public_id)
    context = {"what": f"The webhook secret of {sources.get(source).label}", "text": text, "back": "data_sources"}
    return render(request, "web/once.html", context)


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(max_length=80, help_text="Who will use it: “warehouse”.")
    scopes = forms.MultipleChoiceField(
        choices=[(scope, f"{scope}: {words}") for scope, words in tokens.SCOPES.items()],
        widget=forms.CheckboxSelectMultiple(),
    )
    days = forms.IntegerField(
        label="Days it is good for",
        required=False,
        min_value=1,
        max_value=3_650,
        help_text="Empty: until it is revoked.",
    )


@never_cache
@page()
def api_tokens(request: Visit, merchant: Merchant) -> HttpResponse:
    """The tokens of REST clients. An owner makes one, which is shown this once."""
    at = timezone.now()
    form = TokenForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and request.access.may_own and form.is_valid():
        given = form.cleaned_data
        expires_at = at + timedelta(days=given["days"]) if given["days"] else None
        _, text = tokens.create(
            merchant, given["name"], given["scopes"], at=at, expires_at=expires_at, by=request.access.actor
        )
        context = {"what": f"The token “{given['name']}”", "text": text, "back": "api_tokens"}
        return render(request, "web/once.html", context)
    mine = ApiToken.objects.for_merchant(merchant).order_by("-created_at", "-pk")
    return render(request, "web/tokens.html", {"form": form, "tokens": mine, "at": at})


@require_POST
@page(Role.OWNER)
def revoke(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """Refuse a token from now on."""
    token = get_object_or_404(ApiToken.objects.for_merchant(merchant), pk=pk)
    token.merchant = merchant
    tokens.revoke(token, at=timezone.now(), by=request.access.actor)
    return redirect("api_tokens", merchant.public_id)
