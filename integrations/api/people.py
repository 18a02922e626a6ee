"""How a client tells whom it means."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from integrations import customers
from integrations.api.bodies import Body, Text


class Person(Body):
    """A shopper: known by e-mail address, else by the shop's id, else by phone number."""

    email = Text(required=False, max_length=customers.EMAIL_LENGTH)
    phone = Text(required=False, max_length=40, help_text="E.164, or as it is dialled in `country`.")
    external_id = Text(required=False, max_length=64, help_text="The shop's own id of the customer.")
    first_name = Text(required=False, max_length=100)
    last_name = Text(required=False, max_length=100)
    company = Text(required=False, max_length=160)
    country = serializers.RegexField(r"^[A-Z]{2}\Z", required=False, help_text="ISO 3166, to read the phone number.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Whoever is meant can be known by it."""
        if not attrs.keys() & {"email", "phone", "external_id"}:
            raise serializers.ValidationError("must have an email, a phone or an external_id")
        if "email" in attrs and not customers.normalise_email(attrs["email"]):
            raise serializers.ValidationError({"email": "must be an address that can be mailed"})
        if "phone" in attrs and not customers.normalise_phone(attrs["phone"], attrs.get("country", "")):
            raise serializers.ValidationError({"phone": "must be a number that exists: +4930901820"})
        return attrs
