"""Fields of what clients tell of orders and parcels, beside those of every body."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from integrations.api import bodies
from integrations.api.bodies import Text
from tracking.reading import YEARS, web_link

EXTERNAL_ID_LENGTH, LINK_LENGTH = 64, 500
BULK = "bulk"
"""The word that stands in addresses where an id stands otherwise."""

_COUNTRY = re.compile(r"[A-Z]{2}")
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})?")
_CURRENCY = re.compile(r"[A-Z]{3}")


class ExternalId(Text):
    """The merchant's own id of an order, a line, a parcel or a shopper."""

    default_error_messages = {"unfit": f"must have no “/”, and not be “{BULK}”"}

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=EXTERNAL_ID_LENGTH, **options)

    def to_internal_value(self, data: Any) -> str:
        """As it is written."""
        text = super().to_internal_value(data)
        if "/" in text or text == BULK:
            self.fail("unfit")
        return text


class Country(Text):
    """ISO 3166-1 alpha-2."""

    default_error_messages = {"unfit": "must be two capital letters by ISO 3166-1: DE"}

    def to_internal_value(self, data: Any) -> str:
        """As it is written."""
        return _matching(self, _COUNTRY, super().to_internal_value(data))


class Locale(Text):
    """A language by BCP 47, with or without a region."""

    default_error_messages = {"unfit": "must be a language by BCP 47, with or without a region: de, en-CA"}

    def to_internal_value(self, data: Any) -> str:
        """As it is written."""
        return _matching(self, _LOCALE, super().to_internal_value(data))


class Currency(Text):
    """ISO 4217."""

    default_error_messages = {"unfit": "must be three capital letters by ISO 4217: EUR"}

    def to_internal_value(self, data: Any) -> str:
        """As it is written."""
        return _matching(self, _CURRENCY, super().to_internal_value(data))


class Link(Text):
    """An address on the web."""

    default_error_messages = {"unfit": "must be an address on the web: https://shop.example/1001"}

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LINK_LENGTH, **options)

    def to_internal_value(self, data: Any) -> str:
        """As it is written."""
        link = web_link(super().to_internal_value(data))
        if not link:
            self.fail("unfit")
        return link


class Whole(serializers.IntegerField):
    """A whole number; text is none."""

    default_error_messages = {"invalid": "must be a whole number"}

    def to_internal_value(self, data: Any) -> int:
        """As it is written."""
        is_whole = type(data) is int or (isinstance(data, float) and data.is_integer())
        if not is_whole:
            self.fail("invalid")
        return int(data)


@extend_schema_field({"oneOf": [{"type": "string", "pattern": r"^\d{1,12}(\.\d{1,4})?$"}, {"type": "number"}]})
class Amount(serializers.DecimalField):
    """An amount in major units, as text or a number."""

    default_error_messages = {
        "invalid": "must be an amount in major units: “42.50”",
        "min_value": "must not be negative",
    }

    def __init__(self, *, decimal_places: int = 4, **options: Any) -> None:
        super().__init__(max_digits=12 + decimal_places, decimal_places=decimal_places, min_value=Decimal(0), **options)


class Instant(bodies.Instant):
    """An instant by RFC 3339 with its zone, of the years in which calendars are known."""

    default_error_messages = {"unfit": f"must be of the years {YEARS[0]} to {YEARS[-1]}"}

    def to_internal_value(self, data: Any) -> datetime:
        """In UTC."""
        moment = super().to_internal_value(data)
        if moment.year not in YEARS:
            self.fail("unfit")
        return moment


class Day(serializers.DateField):
    """A day of the calendar."""

    default_error_messages = {"invalid": "must be a day of the calendar, from 1970 on: 2026-11-24"}

    def to_internal_value(self, value: Any) -> date:
        """As it is written."""
        try:
            day = date.fromisoformat(value) if isinstance(value, str) and len(value) == len("2026-11-24") else None
        except ValueError:
            day = None
        if day is None or day.year not in YEARS:
            self.fail("invalid", format="")
        return day


def _matching(field: Text, pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        field.fail("unfit")
    return text
