"""Cursors: a place in a list by the last row's time and key, so that a deep page costs what the first does.

A place is no number of rows to skip: rows that come or go meanwhile neither repeat nor hide others, and any number of rows may
have the same time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Q, QuerySet

from integrations.api.problems import Problem

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FORM = struct.Struct(">?qq8s")
RowT = TypeVar("RowT")

ASCENDING, DESCENDING = "asc", "desc"


@dataclass(frozen=True, slots=True)
class Place:
    """Beside the row with this time and key: after it in the order of the list, or before it (`is_backwards`)."""

    at: datetime
    key: int
    is_backwards: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in the order of the list, and the cursors of its neighbours, None where there is none."""

    rows: list[Any]
    next: str | None
    previous: str | None

    def as_data(self, show: Callable[[Any], Any]) -> dict[str, Any]:
        """The page as it is answered, each row by `show`."""
        return {"items": [show(row) for row in self.rows], "next": self.next, "previous": self.previous}


def bound_to(name: str, values: Mapping[str, Any]) -> bytes:
    """What a cursor of the list `name` is bound to: its filters and order. How many and which fields may change."""
    said = repr([(key, values[key]) for key in sorted(values) if key not in ("cursor", "limit", "fields")])
    return hashlib.blake2b(f"{name} {said}".encode(), digest_size=8).digest()


def encode(place: Place, bound: bytes) -> str:
    """The place as an opaque word."""
    micros = (place.at - _EPOCH) // _MICROSECOND
    return base64.urlsafe_b64encode(_FORM.pack(place.is_backwards, micros, place.key, bound)).decode().rstrip("=")


def decode(cursor: str, bound: bytes, *, name: str = "cursor") -> Place:
    """The place that the cursor in the parameter `name` is. Raises `Problem` for one of another list or other filters."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        is_backwards, micros, key, was_bound = _FORM.unpack(raw)
        place = Place(_EPOCH + micros * _MICROSECOND, key, is_backwards)
    except (ValueError, binascii.Error, struct.error, OverflowError):
        place, was_bound = Place(_EPOCH, 0), b""
    if was_bound != bound or cursor != encode(place, bound):
        detail = "must come from a page that was asked for with the same filters and order"
        raise Problem("invalid_cursor", f"{name}: {detail}.", errors=[{"parameter": name, "detail": detail}])
    return place


def page_of(
    found: Sequence[RowT],
    place: Place | None,
    limit: int,
    bound: bytes,
    place_of: Callable[[RowT], tuple[datetime, int]],
) -> Page:
    """A page of rows that were read from `place` on, in the direction of reading, one more than `limit` if there are."""
    rows, has_more = list(found[:limit]), len(found) > limit
    is_backwards = place is not None and place.is_backwards
    if is_backwards:
        rows.reverse()
    if not rows:
        return Page([], None, None)
    has_next, has_previous = (True, has_more) if is_backwards else (has_more, place is not None)
    last, first = place_of(rows[-1]), place_of(rows[0])
    return Page(
        rows,
        encode(Place(*last), bound) if has_next else None,
        encode(Place(*first, is_backwards=True), bound) if has_previous else None,
    )


def page_of_queryset(queryset: QuerySet[Any], values: Mapping[str, Any], *, name: str, time: str) -> Page:
    """A page of a queryset by the parameters `cursor`, `limit` and `order`, ordered by the field `time` and the key.

    `name` is the list's, `values` are the request's parameters. An index must begin with the merchant and these two.
    """
    bound = bound_to(name, values)
    place = decode(values["cursor"], bound) if values["cursor"] else None
    is_ascending = (values.get("order") == ASCENDING) != (place is not None and place.is_backwards)
    if place is not None:
        beyond = "gt" if is_ascending else "lt"
        queryset = queryset.filter(
            Q(**{f"{time}__{beyond}": place.at}) | Q(**{time: place.at, f"pk__{beyond}": place.key}),
            **{f"{time}__{beyond}e": place.at},
        )
    sign = "" if is_ascending else "-"
    found = list(queryset.order_by(f"{sign}{time}", f"{sign}pk")[: values["limit"] + 1])
    return page_of(found, place, values["limit"], bound, lambda row: (getattr(row, time), row.pk))
