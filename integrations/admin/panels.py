"""What stands around a merchant's form: how it fares, its connection, its sources with their secrets, its API tokens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.debug import sensitive_post_parameters

from integrations import checklist, connecting, merchants, onboarding, sources, tokens, vitals
from integrations.admin import reveal, show
from integrations.admin.fields import secret_field
from integrations.admin.site import whole_number
from integrations.destinations import registry
from integrations.models import ApiToken, Connection, Delivery, Event, InboundMessage, Merchant, SourceSecret
from integrations.models.customer import Customer

LOOKED_AT = 2_000
"""A source's last message is looked for among this many of the merchant's newest."""


class SecretForm(forms.Form):
    """A source, and its new secret: empty for one to be made."""

    source = forms.ChoiceField(choices=sources.choices)
    secret = secret_field("Secret", required=False)


class TokenForm(forms.Form):
    """A new API token's name, scopes, and for how many days it is good; else until it is revoked."""

    name = forms.CharField(max_length=80)
    scopes = forms.MultipleChoiceField(choices=list(tokens.SCOPES.items()))
    days = forms.IntegerField(required=False, min_value=1, max_value=3_650)


class PanelPages:
    """Panels of the merchants' admin, and what they post to."""

    def panels(self, request: HttpRequest, object_id: str) -> dict[str, Any]:
        """What the panels show."""
        now = timezone.now()
        merchant = vitals.with_vitals(Merchant.objects.filter(pk=whole_number(object_id) or 0), at=now).first()
        if merchant is None:
            return {}
        may_add = request.user.has_perm("integrations.change_connection")
        may_connect = request.user.has_perm("integrations.change_sourcesecret")
        may_make_tokens = request.user.has_perm("integrations.add_apitoken")
        return {
            "vital": merchant,
            "vital_tiles": _tiles(merchant),
            "vital_concerns": (concerns := vitals.concerns(merchant, at=now)),
            "vital_urgent": any(each.is_urgent for each in concerns),
            "vital_connections": [_connection(each) for each in merchant.connections.all()],
            "vital_possible": connecting.possible(merchant) if may_add else [],
            "vital_links": _links(merchant),
            "checklist": checklist.of(merchant, at=now),
            "sources": _sources(merchant, at=now) if may_connect else None,
            "tokens": ApiToken.objects.for_merchant(merchant).order_by("-created_at", "-pk")
            if may_make_tokens
            else None,
            "token_scopes": tokens.SCOPES,
            "revealed": reveal.take(request, merchant.pk) if may_connect or may_make_tokens else {},
        }

    @method_decorator(sensitive_post_parameters())
    def secret_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Give a source its first or its next secret."""
        merchant = self._merchant(request, pk, "integrations.change_sourcesecret")
        if merchant is None:
            return HttpResponseNotAllowed(["POST"])
        form = SecretForm(request.POST)
        if not form.is_valid():
            messages.error(request, "Nothing was changed: that is no secret of a source.")
            return self._back(pk)
        source, given = form.cleaned_data["source"], form.cleaned_data["secret"]
        secret = given or merchants.new_secret()
        merchants.set_source_secret(merchant, source, secret, at=timezone.now())
        label = dict(sources.choices())[source]
        if not given:
            address = onboarding.hook_address(merchant, source)
            reveal.put(request, pk, title=f"{label}'s new secret", text=secret, note=f"{label} sends to {address}")
        self.log_change(request, merchant, f"New webhook secret for {label}.")  # type: ignore[attr-defined]
        messages.success(request, f"{label} has its new secret. The one before stays good for 24 hours.")
        return self._back(pk)

    def token_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make an API token."""
        merchant = self._merchant(request, pk, "integrations.add_apitoken")
        if merchant is None:
            return HttpResponseNotAllowed(["POST"])
        at = timezone.now()
        form = TokenForm(request.POST)
        if not form.is_valid():
            text = "No token was made: it needs a name, at least one scope, and 1 to 3,650 days if any."
            messages.error(request, text)
            return self._back(pk)
        given = form.cleaned_data
        expires_at = at + timedelta(days=given["days"]) if given["days"] else None
        row, token = tokens.create(merchant, given["name"], given["scopes"], at=at, expires_at=expires_at)
        reveal.put(request, pk, title=f"The token “{row.name}”", text=token, note="It is kept as a hash only.")
        self.log_change(request, merchant, f"New API token “{row.name}”.")  # type: ignore[attr-defined]
        return self._back(pk)

    def revoke_view(self, request: HttpRequest, pk: int, token: int) -> HttpResponse:
        """Refuse an API token from now on."""
        merchant = self._merchant(request, pk, "integrations.change_apitoken")
        if merchant is None:
            return HttpResponseNotAllowed(["POST"])
        row = get_object_or_404(ApiToken.objects.for_merchant(merchant), pk=token)
        tokens.revoke(row, at=timezone.now())
        self.log_change(request, merchant, f"API token “{row.name}” revoked.")  # type: ignore[attr-defined]
        messages.success(request, f"The token “{row.name}” is refused from now on.")
        return self._back(pk)

    def _merchant(self, request: HttpRequest, pk: int, permission: str) -> Merchant | None:
        """The merchant that a form was posted for; None where nothing was posted."""
        if not request.user.has_perm(permission):
            raise PermissionDenied
        merchant: Merchant = get_object_or_404(Merchant, pk=pk)
        return merchant if request.method == "POST" else None

    def _back(self, pk: int) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:integrations_merchant_change", args=[pk]))


def _tiles(merchant: Any) -> list[tuple[str, Any]]:
    return [
        ("Last in", show.ago(merchant.last_in_at, "never")),
        ("Last delivery", show.ago(merchant.last_sent_at, "never")),
        ("Backlog", vitals.counted(merchant.backlog)),
        ("Oldest waiting", show.ago(merchant.oldest_waiting_at)),
        ("Failed, 24 h", vitals.counted(merchant.failed_lately)),
    ]


def _connection(row: Connection) -> dict[str, Any]:
    """A connection with what its destination is called, and its state."""
    destination = registry.get(row.kind)
    state = show.state_chip(Connection.State, row.state, row.state_detail)
    return {"row": row, "destination": destination, "state": state}


def _links(merchant: Merchant) -> list[Any]:
    lists = ((Event, "Events"), (Delivery, "Deliveries"), (InboundMessage, "Messages"), (Customer, "Customers"))
    pages = (("overview", "The merchant's own pages"), ("test_events", "Test events"))
    return [
        *(show.list_link(model, text, merchant__id__exact=merchant.pk) for model, text in lists),
        *(
            format_html('<a class="td-link" href="{}">{}</a>', reverse(name, args=[merchant.public_id]), text)
            for name, text in pages
        ),
    ]


def _sources(merchant: Merchant, *, at: datetime) -> list[dict[str, Any]]:
    """Every kind of source: where it sends to, and its secret if it has one."""
    mine = {each.source: each for each in SourceSecret.objects.for_merchant(merchant).defer("current", "previous")}
    newest = InboundMessage.objects.for_merchant(merchant).order_by("-received_at", "-pk")
    heard: dict[str, datetime] = {}
    for source, received_at in newest.values_list("source", "received_at")[:LOOKED_AT]:
        heard.setdefault(source, received_at)
    return [
        {
            "kind": kind,
            "label": label,
            "address": onboarding.hook_address(merchant, kind),
            "secret": mine.get(kind),
            "state": _source_state(mine.get(kind), at=at),
            "heard": show.ago(heard.get(kind), "nothing yet" if len(heard) < LOOKED_AT else "not lately"),
        }
        for kind, label in sources.choices()
    ]


def _source_state(secret: SourceSecret | None, *, at: datetime) -> Any:
    if secret is None:
        return show.chip("Not connected")
    if secret.disconnected_at:
        return show.chip("Disconnected", "bad", show.exact(secret.disconnected_at))
    if secret.previous_until and secret.previous_until > at:
        return show.chip("Changing", "info", f"The secret before is good until {show.exact(secret.previous_until)}.")
    return show.chip("Connected", "good", f"since {show.exact(secret.connected_at)}")
