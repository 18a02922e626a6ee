"""The theme's classes, seen by the type checker as Django's own: the theme's annotations contradict those of django-stubs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.admin import (
        BooleanFieldListFilter as BooleanRadioFilter,
    )
    from django.contrib.admin import (
        ChoicesFieldListFilter as ChoicesDropdownFilter,
    )
    from django.contrib.admin import (
        ModelAdmin,
        TabularInline,
    )
    from django.contrib.admin import (
        RelatedFieldListFilter as AutocompleteSelectFilter,
    )
    from django.contrib.admin import (
        SimpleListFilter as DropdownFilter,
    )
    from django.contrib.admin import display as display
    from django.contrib.admin.views.main import ChangeList
else:
    from unfold.admin import ModelAdmin, TabularInline
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
