"""What staff do to rows besides editing them: one declaration gives an action on the list and a button on the page.

A deed makes one service call for each row and says what came of it. Buttons post a form: a link could be followed by mistake
or by a stranger's page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from integrations.admin.site import whole_number
from integrations.audit import Actor

AT_ONCE = 1_000
"""Rows that one action takes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a deed came to, for the one who asked."""

    text: str
    is_good: bool = True


@dataclass(frozen=True, slots=True)
class Deed:
    """A deed on rows of one model. `most` bounds how many at once; `tone` is the button's colour ("" or "danger").

    One that is to be thought over has a page of its own with the text `confirm`, and boxes that may be ticked there (name,
    label). It is done to one row at a time, and `run` gets who does it and which boxes were ticked, as `by` and `choices`.
    """

    name: str
    label: str
    icon: str
    permission: str
    run: Callable[..., Outcome]
    most: int = AT_ONCE
    tone: str = ""
    hint: str = ""
    confirm: str = ""
    choices: tuple[tuple[str, str], ...] = ()


class DeedsMixin:
    """Gives a ModelAdmin its `deeds`."""

    deeds: ClassVar[tuple[Deed, ...]] = ()
    is_deed_logged: ClassVar[bool] = False
    """Whether the admin's log keeps who did what: for rows that live long."""

    change_form_outer_before_template = "admin/deeds.html"

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """The list's actions: the deeds that this person may do, and that need no second thought."""
        allowed = [deed for deed in self.allowed_deeds(request) if not deed.confirm]
        return {deed.name: (_action(deed), deed.name, deed.label) for deed in allowed}

    def allowed_deeds(self, request: HttpRequest) -> list[Deed]:
        """The deeds that this person may do."""
        return [deed for deed in self.deeds if request.user.has_perm(deed.permission)]

    def get_urls(self) -> list[URLPattern]:
        """An address for the buttons."""
        view = self.admin_site.admin_view(self.deed_view)  # type: ignore[attr-defined]
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc]
        return [path("<int:pk>/do/<slug:name>/", view, name=self._deed_url_name()), *urls]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page, with its buttons."""
        name = self._deed_url_name()
        buttons = [
            (deed, reverse(f"admin:{name}", args=[object_id, deed.name]))
            for deed in self.allowed_deeds(request)
            if whole_number(object_id)
        ]
        context = {"deeds": buttons, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)  # type: ignore[misc,no-any-return]

    def deed_view(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """Do one deed to one row, then show the row."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        deed = next((each for each in self.deeds if each.name == name), None)
        rows = self.get_queryset(request).filter(pk=pk)  # type: ignore[attr-defined]
        if deed is None or not rows.exists():
            raise Http404
        meta: Any = self.model._meta  # type: ignore[attr-defined]
        page = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[pk])
        if deed.confirm and "confirmed" not in request.POST:
            return self._confirm(request, deed, rows.get(), page)
        self.do(request, deed, rows)
        return HttpResponseRedirect(page)

    def _confirm(self, request: HttpRequest, deed: Deed, row: Any, page: str) -> HttpResponse:
        if not request.user.has_perm(deed.permission):
            raise PermissionDenied
        context = {**self.admin_site.each_context(request), "title": deed.label}  # type: ignore[attr-defined]
        return TemplateResponse(request, "admin/confirm.html", {**context, "deed": deed, "row": row, "back": page})

    def do(self, request: HttpRequest, deed: Deed, rows: QuerySet[Any]) -> None:
        """Do a deed if this person may, and say what came of it."""
        if not request.user.has_perm(deed.permission):
            raise PermissionDenied
        keys = list(rows.values_list("pk", flat=True)[: deed.most + 1])
        if len(keys) > deed.most:
            text = f"{deed.label}: choose {deed.most} at most. Nothing was done."
            messages.error(request, text)
            return
        chosen = self.model._default_manager.filter(pk__in=keys)  # type: ignore[attr-defined]
        outcome = _run(request, deed, chosen)
        if self.is_deed_logged:
            for row in chosen:
                self.log_change(request, row, f"{deed.label}: {outcome.text}")  # type: ignore[attr-defined]
        messages.add_message(request, messages.SUCCESS if outcome.is_good else messages.WARNING, outcome.text)

    def _deed_url_name(self) -> str:
        meta: Any = self.model._meta  # type: ignore[attr-defined]
        return f"{meta.app_label}_{meta.model_name}_deed"


def _run(request: HttpRequest, deed: Deed, chosen: QuerySet[Any]) -> Outcome:
    at = timezone.now()
    if not deed.confirm:
        return deed.run(chosen, at)
    by = Actor(cast(User, request.user), as_staff=True)
    known = {name for name, _ in deed.choices}
    return deed.run(chosen, at, by=by, choices=known & {*request.POST.getlist("choice")})


def _action(deed: Deed) -> Callable[[Any, HttpRequest, QuerySet[Any]], None]:
    def run(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        model_admin.do(request, deed, queryset)

    return run


def plural(number: int, noun: str) -> str:
    """A number with its noun: "1 merchant", "2 merchants", "3 deliveries"."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1]}ies" if noun.endswith("y") else f"{number:,} {noun}s"
