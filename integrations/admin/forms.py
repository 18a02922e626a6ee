"""Pages that show what services wrote, and on which a merchant's settings are changed by a form that makes one service call."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminSelect2Widget

from integrations.admin import show
from integrations.admin.site import MerchantFilter, ReadOnlyAdmin, UntilFilter, whole_number
from integrations.admin.theme import display
from integrations.audit import Actor
from integrations.models import Merchant


class MerchantForm(forms.Form):
    """Whose settings are meant."""

    merchant = forms.ModelChoiceField(Merchant.objects.order_by("name"), widget=UnfoldAdminSelect2Widget())


class MerchantPages(ReadOnlyAdmin):
    """Pages that show rows of a merchant."""

    list_select_related: ClassVar[Any] = ("merchant",)
    list_filter: ClassVar[Any] = (("merchant", MerchantFilter), UntilFilter)

    @display(description="Merchant")
    def about_merchant(self, row: Any) -> Any:
        """A link to the merchant."""
        return show.link(row.merchant)

    def has_perm(self, request: HttpRequest, verb: str) -> bool:
        """Whether somebody may do that to rows of this kind."""
        return request.user.has_perm(f"{self.opts.app_label}.{verb}_{self.opts.model_name}")

    def to_list(self, merchant: Merchant) -> HttpResponse:
        """To the list of that merchant's rows."""
        return HttpResponseRedirect(show.list_address(self.model, merchant__id__exact=merchant.pk))


class FormPages(MerchantPages):
    """Pages with a form."""

    def allow(self, request: HttpRequest, verb: str) -> None:
        """Raises `PermissionDenied` for somebody who may not do that."""
        if not self.has_perm(request, verb):
            raise PermissionDenied

    def merchant_of(self, request: HttpRequest) -> Merchant | None:
        """The merchant that the address names; None where it names none yet. Raises `Http404` for one that there is not."""
        chosen = request.GET.get("merchant")
        if not chosen:
            return None
        return get_object_or_404(Merchant, pk=whole_number(chosen))

    def row_of(self, pk: int) -> Any:
        """A row of this kind. Raises `Http404`."""
        found = self.model._default_manager.select_related("merchant").filter(pk=pk).first()
        if found is None:
            raise Http404
        return found

    def choose(self, request: HttpRequest, title: str) -> TemplateResponse:
        """Ask for the merchant."""
        return self._answer(request, title, choosing=MerchantForm())

    def ask(self, request: HttpRequest, title: str, form: forms.BaseForm, **more: Any) -> TemplateResponse:
        """The form, with `heading`, `hint` and what is on its `button`."""
        return self._answer(request, title, form=form, **more)

    def _answer(self, request: HttpRequest, title: str, **shown: Any) -> TemplateResponse:
        media = self.media + (shown.get("form") or shown["choosing"]).media
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, "media": media}
        return TemplateResponse(request, "admin/form_page.html", context | shown)


def actor(request: HttpRequest) -> Actor:
    """Who is signed in, as a CSM."""
    return Actor(cast(User, request.user), as_staff=True)


def said(request: HttpRequest, text: str) -> None:
    """Say that something was done."""
    messages.success(request, text)


def button(text: str, name: str, *args: object, **query: object) -> Any:
    """A link to a page of the admin on which something is done."""
    address = reverse(f"admin:{name}", args=args, query={key: str(value) for key, value in query.items()} or None)
    return format_html('<a class="td-link" href="{}">{}</a>', address, text)
