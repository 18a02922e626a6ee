"""Taking on a merchant: one form, one service call, and a page with what the CSM hands on."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from integrations import onboarding, sources
from integrations.admin import reveal
from integrations.admin.fields import LaunchForm, MetricsForm, secret_field, zone_field
from integrations.models import Merchant, ShopDomain
from integrations.models.connection import MAX_BACKFILL_DAYS

ADD = "integrations.add_merchant"
OLDEST_LAUNCH = timedelta(days=MAX_BACKFILL_DAYS)
ENTER_AGAIN = "For safety, keys and secrets are not kept in the form: enter them again."
WHICH_SECRET = {
    "shopify": "Shopify shows it under Settings → Notifications → Webhooks.",
    "aftership": "AfterShip shows it under Settings → Webhooks.",
}
"""Source -> where a CSM finds the secret that the source itself sets."""


class OnboardingForm(MetricsForm, LaunchForm):
    """What a CSM says of a new merchant. Keys and secrets are never rendered."""

    name = forms.CharField(max_length=120, widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}))
    shop_domains = forms.CharField(
        label="Shop domains",
        required=False,
        max_length=1_000,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "acme.myshopify.com"}),
        help_text="As Shopify names the shop; several with commas between them. Messages for any other shop are refused.",
    )
    timezone = zone_field()
    currency = forms.CharField(max_length=3, initial="USD", widget=UnfoldAdminTextInputWidget())
    metric_prefix = forms.CharField(
        label="Word before metric names",
        max_length=40,
        initial="Tidings",
        widget=UnfoldAdminTextInputWidget(),
        help_text="“Tidings: Order Delivered”. A merchant who comes from another provider keeps that one's word.",
    )
    klaviyo_key = secret_field(
        "Klaviyo private key",
        required=True,
        help_text="Starts with pk_. It is checked at Klaviyo before anything is stored, and encrypted.",
    )
    may_share_account = forms.BooleanField(
        label="The account may be another merchant's too", required=False, widget=UnfoldBooleanWidget()
    )

    erases_profiles = forms.BooleanField(
        label="Erase shoppers at Klaviyo, too",
        required=False,
        initial=True,
        widget=UnfoldBooleanWidget(),
        help_text="When a shopper is erased here, Klaviyo is asked to delete the profile. The key needs data-privacy:write.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind, label in sources.choices():
            self.fields[f"source_{kind}"] = forms.BooleanField(
                label=label, required=False, widget=UnfoldBooleanWidget()
            )
            text = f"{WHICH_SECRET.get(kind, '')} Leave it empty and one is made for you.".strip()
            self.fields[f"secret_{kind}"] = secret_field(f"{label}'s webhook secret", required=False, help_text=text)

    def source_fields(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """For each source: whether it is used, and its secret."""
        return [(self[f"source_{kind}"], self[f"secret_{kind}"]) for kind, _ in sources.choices()]

    def clean_currency(self) -> str:
        """In capitals, as ISO 4217 has it."""
        return _run_validators(Merchant, "currency", self.cleaned_data["currency"].upper())

    def clean_metric_prefix(self) -> str:
        """A word that fits in a metric's name."""
        return _run_validators(Merchant, "metric_prefix", self.cleaned_data["metric_prefix"])

    def clean_shop_domains(self) -> list[str]:
        """Host names in small letters, each of nobody else's."""
        given = re.split(r"[\s,;]+", self.cleaned_data["shop_domains"].lower())
        hosts = list(dict.fromkeys(host.removeprefix("https://").strip("/") for host in given if host))
        for host in hosts:
            _run_validators(ShopDomain, "domain", host)
        taken = list(ShopDomain.objects.filter(domain__in=hosts).values_list("domain", flat=True))
        if taken:
            raise ValidationError(f"{', '.join(taken)} belongs to a merchant already.")
        return hosts

    def clean(self) -> dict[str, Any]:
        """A secret belongs to a source that is used; something is sent; the launch is a possible instant."""
        for kind, label in sources.choices():
            if self.cleaned_data.get(f"secret_{kind}") and not self.cleaned_data.get(f"source_{kind}"):
                self.add_error(f"source_{kind}", f"Tick {label}, or leave its secret empty.")
        self.require_metric()
        if self.cleaned_data.get("timezone"):
            launch = self.launch_instant(self.cleaned_data["timezone"])
            if launch and launch < timezone.now() - OLDEST_LAUNCH:
                self.add_error("launch_date", f"At most {OLDEST_LAUNCH.days} days ago.")
            self.cleaned_data["launch_at"] = launch
        return self.cleaned_data

    def application(self, *, at: datetime) -> onboarding.Application:
        """The form as the service takes it. Valid after `is_valid`."""
        said = self.cleaned_data
        used = [kind for kind, _ in sources.choices() if said[f"source_{kind}"]]
        return onboarding.Application(
            name=said["name"],
            timezone=said["timezone"],
            currency=said["currency"],
            metric_prefix=said["metric_prefix"],
            shop_domains=said["shop_domains"],
            secrets={kind: said[f"secret_{kind}"] for kind in used},
            klaviyo_key=said["klaviyo_key"],
            metrics=self.chosen_metrics(),
            launch_at=said["launch_at"] or at,
            backfill_days=said["backfill_days"],
            may_share_account=said["may_share_account"],
            erases_profiles=said["erases_profiles"],
        )


def _run_validators(model: type[Model], name: str, value: str) -> str:
    """`value` if the model's field takes it. Raises `ValidationError`."""
    field: Any = model._meta.get_field(name)
    field.run_validators(value)
    return value


class OnboardingPages:
    """The form and its success page, as pages of the merchants' admin."""

    @method_decorator(sensitive_post_parameters())
    def onboard_view(self, request: HttpRequest) -> HttpResponse:
        """Show the form, or take on the merchant."""
        if not request.user.has_perm(ADD):
            raise PermissionDenied
        form = OnboardingForm(request.POST or None)
        if form.is_valid():
            merchant = self._take_on(request, form)
            if merchant is not None:
                return HttpResponseRedirect(reverse("admin:integrations_merchant_welcome", args=[merchant.pk]))
        context = {**self.admin_site.each_context(request), "title": "Take on a merchant", "form": form}  # type: ignore[attr-defined]
        if form.is_bound:
            context["again"] = ENTER_AGAIN
        return TemplateResponse(request, "admin/onboarding.html", {**context, "media": form.media})

    def _take_on(self, request: HttpRequest, form: OnboardingForm) -> Merchant | None:
        """The merchant, or None with the reason noted in the form."""
        now = timezone.now()
        try:
            onboarded = onboarding.onboard(form.application(at=now), at=now)
        except onboarding.KeyRefused as error:
            form.add_error("klaviyo_key", f"Klaviyo does not accept this key. {error}")
        except onboarding.DestinationUnreachable as error:
            form.add_error(
                "klaviyo_key", f"The key could not be checked, and nothing was stored. {error} Try again later."
            )
        except onboarding.AccountTaken as error:
            form.add_error("klaviyo_key", f"{error} Tick the box below and enter the key again if that is meant.")
        except IntegrityError:
            form.add_error("shop_domains", "One of these shops was given to another merchant in this very moment.")
        else:
            given = {kind for kind, secret in form.application(at=now).secrets.items() if secret}
            hooks = [(each.source, "" if each.source in given else each.secret) for each in onboarded.hooks]
            reveal.put(request, onboarded.merchant.pk, secrets=hooks, warnings=onboarded.warnings)
            self.log_addition(request, onboarded.merchant, "Taken on.")  # type: ignore[attr-defined]
            return onboarded.merchant
        return None

    def welcome_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What came of it: the account, what it lacks, and where the sources send to. Made secrets are shown this once."""
        if not request.user.has_perm(ADD):
            raise PermissionDenied
        merchant = get_object_or_404(Merchant.objects.prefetch_related("connections", "source_secrets"), pk=pk)
        shown = reveal.take(request, pk)
        secrets = dict(shown.get("secrets", ()))
        labels = dict(sources.choices())
        hooks = [
            {
                "label": labels.get(each.source, each.source),
                "address": onboarding.hook_address(merchant, each.source),
                "secret": secrets.get(each.source, ""),
                "last4": each.last4,
            }
            for each in merchant.source_secrets.all()
        ]
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": f"{merchant.name} is taken on",
            "merchant": merchant,
            "connection": merchant.connections.first(),
            "warnings": shown.get("warnings", []),
            "hooks": hooks,
            "has_secrets": any(secrets.values()),
        }
        return TemplateResponse(request, "admin/welcome.html", context)
