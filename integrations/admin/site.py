"""What the admin's pages have in common: lists that stay quick over a million rows, and pages that only show.

A list looks at the newest rows only: of all merchants together, or of the one that was chosen. Whatever is filtered is
filtered among those, so that no filter can make the database walk a whole table. A search looks at everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from django import forms
from django.contrib.admin import ShowFacets, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_date
from django.utils.timezone import make_aware
from unfold.widgets import UnfoldAdminTextInputWidget

from integrations.admin import show
from integrations.admin.theme import AutocompleteSelectFilter, ChangeList, ModelAdmin

NEWEST = 10_000
"""Rows that a list looks at."""

MERCHANT = "merchant__id__exact"
UNTIL = "until"


class NewestPaginator(Paginator[Any]):
    """Pages over the newest rows; counting stops with them."""

    template_name = "admin/pagination_newest.html"

    @cached_property
    def count(self) -> int:
        """How many rows there are, up to `NEWEST`."""
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[:NEWEST].count())

    @property
    def is_cut(self) -> bool:
        """Whether there may be more."""
        return self.count >= NEWEST


@dataclass(frozen=True, slots=True)
class Clock:
    """Where a model's rows of one merchant are ordered by time in an index: on itself, or on the parent at `path`."""

    model: type[Model]
    field: str
    path: str = ""

    def newest(self, queryset: QuerySet[Any], merchant: int, until: datetime | None) -> QuerySet[Any]:
        """The rows of the merchant's newest `NEWEST` instants, those after `until` left out."""
        rows = self.model._default_manager.filter(merchant=merchant)
        bounds: dict[str, Any] = {f"{self.path}merchant": merchant}
        if until:
            rows = rows.filter(**{f"{self.field}__lt": until})
            bounds[f"{self.path}{self.field}__lt"] = until
        oldest = rows.order_by(f"-{self.field}", "-pk").values_list(self.field, flat=True)[NEWEST - 1 : NEWEST].first()
        if oldest:
            bounds[f"{self.path}{self.field}__gte"] = oldest
        return queryset.filter(**bounds)


class NewestList(ChangeList):
    """A list of the newest rows, or of what a search found anywhere."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """The window, then the filters on it."""
        model_admin: Any = self.model_admin
        self.root_queryset = model_admin.window(request, self.root_queryset, is_search=bool(self.query))
        return super().get_queryset(request, exclude_parameters)

    def get_results(self, request: HttpRequest) -> None:
        """Where nothing is filtered there is nothing to take back."""
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count


class MerchantFilter(AutocompleteSelectFilter):
    """One merchant, found by typing. The window is drawn by the merchant already, so filtering again costs nothing."""

    def __init__(self, field: Any, request: HttpRequest, *args: Any, **options: Any) -> None:
        if request.GET.get(MERCHANT) and chosen_merchant(request) is None:
            raise IncorrectLookupParameters
        super().__init__(field, request, *args, **options)


class UntilForm(forms.Form):
    """A day, in the browser's own calendar."""

    def __init__(self, *, label: str, data: dict[str, Any]) -> None:
        super().__init__(data)
        self.fields[UNTIL] = forms.DateField(
            label=label, required=False, widget=UnfoldAdminTextInputWidget(attrs={"type": "date"})
        )


class UntilFilter(SimpleListFilter):
    """The newest rows up to the end of a day, for a chosen merchant."""

    title = "day"
    parameter_name = UNTIL
    template = "unfold/filters/filters_field.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Any day."""
        return [("", "")]

    def has_output(self) -> bool:
        """Always shown."""
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The window has seen to it."""
        return queryset

    def choices(self, changelist: Any) -> Iterator[Any]:
        """One field."""
        yield {"form": UntilForm(label="Up to the day (needs a merchant)", data={UNTIL: self.value() or ""})}


class ReadOnlyAdmin(ModelAdmin[Any]):
    """A page that shows and never changes: no add, change or delete, for superusers neither."""

    clock: ClassVar[Clock | None] = None
    heavy: ClassVar[tuple[str, ...]] = ()
    """Columns that the list does not load."""

    list_per_page = 50
    list_filter_submit = True
    list_fullwidth = True
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    sortable_by = ()
    paginator = NewestPaginator
    list_before_template: str | None = "admin/newest_note.html"
    change_form_template = "admin/read_only.html"
    empty_value_display = show.NOTHING
    wide: ClassVar[tuple[str, ...]] = ()
    """Fields of the page that take its whole width."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page. What never changes has no log of changes."""
        context = {"show_history": False, "wide": self.wide, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Lists are windows."""
        return NewestList

    def get_ordering(self, request: HttpRequest) -> Any:
        """The order in which the window's index stands."""
        if self.clock and not self.clock.path and chosen_merchant(request):
            return [f"-{self.clock.field}", "-pk"]
        return ["-pk"]

    def window(self, request: HttpRequest, queryset: QuerySet[Any], *, is_search: bool) -> QuerySet[Any]:
        """The rows that the list looks at."""
        queryset = queryset.defer(*self.heavy)
        merchant = chosen_merchant(request)
        if is_search:
            return queryset
        if merchant and self.clock:
            return self.clock.newest(queryset, merchant, chosen_day(request))
        oldest = self.model._default_manager.order_by("-pk").values_list("pk", flat=True)[NEWEST - 1 : NEWEST].first()
        return queryset.filter(pk__gte=oldest) if oldest else queryset

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """What the term finds on indexed columns."""
        term = search_term.strip()
        return (queryset.filter(pk__in=self.find(term)) if term else queryset), False

    @staticmethod
    def find(term: str) -> list[int]:
        """Primary keys of what a term finds on indexed columns; a page that can be searched says how."""
        return []


def chosen_merchant(request: HttpRequest) -> int | None:
    """The merchant that a list is filtered by."""
    return whole_number(request.GET.get(MERCHANT, ""))


def whole_number(text: str | None) -> int | None:
    """A primary key as an address carries it; None for anything that no column could hold."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else None


def chosen_day(request: HttpRequest) -> datetime | None:
    """The end of the day up to which a list is asked for."""
    try:
        day = parse_date(request.GET.get(UNTIL, ""))
    except ValueError:
        return None
    return make_aware(datetime.combine(day, datetime.max.time())) if day else None
