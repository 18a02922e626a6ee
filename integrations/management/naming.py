"""How commands name a merchant, and a token with its scopes."""

from __future__ import annotations

from django.core.management.base import CommandError
from django.db.models import Q

from integrations import tokens
from integrations.management.arguments import SHOWN, shown
from integrations.models import Merchant
from integrations.models.token import Token


def find_merchant(name: str) -> Merchant:
    """The merchant with that public id or exact name. Raises `CommandError` where there is none, or more than one."""
    found = list(Merchant.objects.filter(Q(public_id=name) | Q(name=name))[:2])
    if len(found) != 1:
        problem = "more than one merchant is" if found else "no merchant is"
        raise CommandError(f"--merchant: {problem} called {shown(name)}; use the public id (m_…) that the admin shows")
    return found[0]


def token_name(given: str) -> str:
    """The name of a token. Raises `CommandError`."""
    name, most = given.strip(), Token._meta.get_field("name").max_length or 0
    if not 0 < len(name) <= most:
        raise CommandError(f"--name: must have 1 to {most} characters")
    return name


def read_scopes(given: str) -> list[str]:
    """Scopes, separated by commas. Raises `CommandError`."""
    scopes = [scope.strip() for scope in given.split(",") if scope.strip()]
    known = ", ".join(tokens.SCOPES)
    if not scopes:
        raise CommandError(f"--scopes: name at least one of {known}")
    unknown = ", ".join(scope for scope in scopes if scope not in tokens.SCOPES)
    if unknown:
        raise CommandError(f"--scopes: unknown scopes {unknown[:SHOWN]}; scopes are {known}")
    return scopes
