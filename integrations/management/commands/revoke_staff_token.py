"""`manage.py revoke_staff_token`: refuse a CSM's token from now on."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations import tokens
from integrations.management.arguments import one_line, shown
from integrations.models import StaffToken


class Command(BaseCommand):
    """A token is named by how it begins, as the log and the audit trail show it."""

    help = "Refuse a CSM's API token from now on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The token's prefix."""
        parser.add_argument("prefix", type=one_line, help="how the token begins: tdg_staff_…, 16 characters")

    def handle(self, *args: Any, **options: Any) -> None:
        """Revoke it; raise `CommandError` where there is none."""
        token = StaffToken.objects.filter(prefix=options["prefix"][: tokens.PREFIX_LENGTH]).first()
        if token is None:
            raise CommandError(f"prefix: no token begins with {shown(options['prefix'])}")
        is_new = tokens.revoke(token, at=timezone.now())
        self.stdout.write(f"{token} is refused from now on" if is_new else f"{token} was revoked already")
