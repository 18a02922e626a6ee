"""Pages of a list that is shown newest first: each begins at the place of the last row of the one before."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

PAGE = 50
_PLACE = re.compile("[0-9]{1,17}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def page_of(rows: QuerySet[Any], request: HttpRequest, *, by: str = "occurred_at") -> tuple[list[Any], dict[str, str]]:
    """The rows that belong on the page that was asked for, and what names the next older one ({} where there is none).

    `rows` are ordered by their time `by` and their key, newest first.
    """
    place = _place(request)
    if place is not None:
        rows = rows.filter(**{f"{by}__lte": place[0]}).exclude(**{by: place[0], "pk__gte": place[1]})
    found = list(rows[: PAGE + 1])
    if len(found) <= PAGE:
        return found, {}
    last = found[PAGE - 1]
    return found[:PAGE], {"at": str((getattr(last, by) - _EPOCH) // _MICROSECOND), "id": str(last.pk)}


def page_by_key(rows: QuerySet[Any], request: HttpRequest, *, by: str = "pk") -> tuple[list[Any], str]:
    """The rows that belong on the page that was asked for, and what names the next one ("" where there is none).

    `rows` are ordered by the number `by`, which none has twice, the highest first.
    """
    key = request.GET.get("id", "")
    if _PLACE.fullmatch(key):
        rows = rows.filter(**{f"{by}__lt": int(key)})
    found = list(rows[: PAGE + 1])
    return found[:PAGE], f"id={getattr(found[PAGE - 1], by)}" if len(found) > PAGE else ""


def is_first(request: HttpRequest) -> bool:
    """Whether it is the newest page that was asked for."""
    return _place(request) is None


def _place(request: HttpRequest) -> tuple[datetime, int] | None:
    """A row's time in microseconds since 1970, and its key. None for the newest page, and for what cannot be one."""
    at, key = request.GET.get("at", ""), request.GET.get("id", "")
    if not (_PLACE.fullmatch(at) and _PLACE.fullmatch(key)):
        return None
    return _EPOCH + int(at) * _MICROSECOND, int(key)
