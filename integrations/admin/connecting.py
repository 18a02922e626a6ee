"""Connecting a merchant to one more destination: one form, one service call."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from unfold.widgets import UnfoldAdminSelectWidget

from integrations import connecting, custom_metrics, onboarding
from integrations.admin.fields import MetricsForm, secret_field
from integrations.audit import Actor
from integrations.catalog import Metric, Pack
from integrations.destinations import registry
from integrations.models import Merchant

CHANGE = "integrations.change_connection"


class ConnectForm(MetricsForm):
    """The key, the account where the key alone does not say whose it is, and what is told."""

    address = forms.ChoiceField(widget=UnfoldAdminSelectWidget())
    key = secret_field("Key", required=True)

    def __init__(self, merchant: Merchant, kind: str, data: Any = None) -> None:
        super().__init__(data)
        self._kind, self._by_pack = kind, custom_metrics.carried_by(kind, merchant)
        words, label = registry.get(kind).key, registry.get(kind).label
        self.fields["key"].label = words.name.capitalize()
        self.fields[
            "key"
        ].help_text = f"{words.where}. It is checked at {label} before anything is stored, and encrypted."
        if words.address:
            domains = merchant.shop_domains.order_by("domain").values_list("domain", flat=True)
            self.fields["address"].label = words.address
            self.fields["address"].choices = [(each, each) for each in domains]  # type: ignore[attr-defined]
        else:
            del self.fields["address"]
        packs, metrics = self.fields["packs"], self.fields["metrics"]
        packs.choices = [(pack.key, pack.label) for pack, _ in self._by_pack]  # type: ignore[attr-defined]
        metrics.choices = [(each.key, each.name) for _, found in self._by_pack for each in found]  # type: ignore[attr-defined]

    def by_pack(self) -> list[tuple[Pack, list[Metric[Any]]]]:
        """What the destination can tell of."""
        return self._by_pack

    def clean(self) -> dict[str, Any]:
        """Something is sent."""
        self.require_metric()
        return self.cleaned_data

    def wish(self) -> connecting.Wish:
        """The form as the service takes it. Valid after `is_valid`."""
        said = self.cleaned_data
        return connecting.Wish(
            kind=self._kind, key=said["key"], metrics=self.chosen_metrics(), address=said.get("address", "")
        )


class ConnectingPages:
    """The form, as a page of the merchants' admin."""

    @method_decorator(sensitive_post_parameters())
    def connect_view(self, request: HttpRequest, pk: int, kind: str) -> HttpResponse:
        """Show the form, or connect the merchant."""
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        merchant = get_object_or_404(Merchant, pk=pk)
        label = dict(connecting.possible(merchant)).get(kind)
        if label is None:
            raise Http404
        form = ConnectForm(merchant, kind, request.POST or None)
        if form.is_valid() and self._connect(request, merchant, form):
            return HttpResponseRedirect(reverse("admin:integrations_merchant_change", args=[pk]))
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": f"Connect {merchant.name} to {label}",
            "form": form,
            "merchant": merchant,
            "label": label,
            "media": form.media,
        }
        return TemplateResponse(request, "admin/connect.html", context)

    def _connect(self, request: HttpRequest, merchant: Merchant, form: ConnectForm) -> bool:
        """Whether the merchant is connected; else the reason is noted in the form."""
        actor = Actor(request.user, as_staff=True)  # type: ignore[arg-type]
        try:
            connection, advice = connecting.add(merchant, form.wish(), by=actor, at=timezone.now())
        except onboarding.KeyRefused as error:
            form.add_error("key", f"It is not accepted, and nothing was stored. {error}")
        except onboarding.DestinationUnreachable as error:
            form.add_error("key", f"The key could not be checked, and nothing was stored. {error} Try again later.")
        except (onboarding.AccountTaken, connecting.NotPossible) as error:
            form.add_error("key", str(error))
        else:
            for line in advice:
                messages.warning(request, line)
            messages.success(request, f"Connected: {connection.account_name or connection.account_id}.")
            self.log_change(request, merchant, f"Connected {connection.kind}.")  # type: ignore[attr-defined]
            return True
        return False
