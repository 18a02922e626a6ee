"""How commands name a merchant."""

from __future__ import annotations

from django.core.management.base import CommandError
from django.db.models import Q

from integrations.management.arguments import shown
from integrations.models import Merchant


def find_merchant(name: str) -> Merchant:
    """The merchant with that public id or exact name. Raises `CommandError` where there is none, or more than one."""
    found = list(Merchant.objects.filter(Q(public_id=name) | Q(name=name))[:2])
    if len(found) != 1:
        problem = "more than one merchant is" if found else "no merchant is"
        raise CommandError(f"--merchant: {problem} called {shown(name)}; use the public id (m_…) that the admin shows")
    return found[0]
