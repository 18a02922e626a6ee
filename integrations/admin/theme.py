"""The theme's classes, seen by the type checker as Django's own: the theme's annotations contradict those of django-stubs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import BadRequest
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from django.contrib.admin import (
        BooleanFieldListFilter as BooleanRadioFilter,
    )
    from django.contrib.admin import (
        ChoicesFieldListFilter as ChoicesDropdownFilter,
    )
    from django.contrib.admin import (
        ModelAdmin as ThemeAdmin,
    )
    from django.contrib.admin import (
        RelatedFieldListFilter as AutocompleteSelectFilter,
    )
    from django.contrib.admin import (
        SimpleListFilter as DropdownFilter,
    )
    from django.contrib.admin import (
        TabularInline,
    )
    from django.contrib.admin import display as display
    from django.contrib.admin.views.main import ChangeList
else:
    from unfold.admin import ModelAdmin as ThemeAdmin
    from unfold.admin import TabularInline
    from unfold.contrib.filters.admin import (
        AutocompleteSelectFilter,
        BooleanRadioFilter,
        ChoicesDropdownFilter,
        DropdownFilter,
    )
    from unfold.decorators import display
    from unfold.views import ChangeList

__all__ = [
    "AutocompleteSelectFilter",
    "BooleanRadioFilter",
    "ChangeList",
    "ChoicesDropdownFilter",
    "DropdownFilter",
    "ModelAdmin",
    "TabularInline",
    "display",
]

Row = TypeVar("Row", bound=Model)


class ModelAdmin(ThemeAdmin[Row]):
    """The theme's admin of a model."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list. Django takes filters and chosen rows as they come; what no column could hold is the sender's mistake."""
        try:
            return super().changelist_view(request, extra_context)
        except (ValueError, OverflowError) as error:
            raise BadRequest("A filter or a chosen row is none.") from error
