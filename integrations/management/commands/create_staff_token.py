"""`manage.py create_staff_token`: a token with which a CSM's client acts for any merchant."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations import tokens
from integrations.management.arguments import one_line, shown, whole_number
from integrations.management.naming import read_scopes, token_name

DAYS = 90


class Command(BaseCommand):
    """It opens every merchant, so it always expires, and it is refused as soon as its user is no CSM any more."""

    help = "Make an API token for a CSM and print it, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument("username", type=one_line, help="the CSM who answers for it")
        parser.add_argument("--name", required=True, type=one_line, help="what the token is for")
        parser.add_argument("--scopes", required=True, type=one_line, metavar="SCOPE,…", help="what it may do")
        parser.add_argument("--days", type=whole_number(1, 365), default=DAYS, help=f"days it is good for, {DAYS}")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it; raise `CommandError` naming what is wrong."""
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"username: there is no user {shown(options['username'])}")
        at, name, scopes = timezone.now(), token_name(options["name"]), read_scopes(options["scopes"])
        try:
            _, token = tokens.create_for_staff(
                user, name, scopes, at=at, expires_at=at + timedelta(days=options["days"])
            )
        except ValueError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(token)
