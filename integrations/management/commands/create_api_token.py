"""`manage.py create_api_token`: a token for a merchant's REST client."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations import tokens
from integrations.management.arguments import SHOWN, one_line
from integrations.management.naming import find_merchant
from integrations.models import ApiToken

NAME_LENGTH = ApiToken._meta.get_field("name").max_length


class Command(BaseCommand):
    """Only the token's hash is kept."""

    help = "Make an API token for a merchant and print it, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument("--merchant", required=True, type=one_line, help="public id or name")
        parser.add_argument(
            "--name", required=True, type=one_line, help="what the token is for, as the admin will show it"
        )
        parser.add_argument(
            "--scopes",
            required=True,
            type=one_line,
            metavar="SCOPE,…",
            help=f"what it may do: {', '.join(tokens.SCOPES)}",
        )
        parser.add_argument("--json", action="store_true", help="print one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it; raise `CommandError` naming the option that is wrong."""
        merchant = find_merchant(options["merchant"])
        name = options["name"].strip()
        if not 0 < len(name) <= (NAME_LENGTH or 0):
            raise CommandError(f"--name: must have 1 to {NAME_LENGTH} characters")
        scopes = [scope.strip() for scope in options["scopes"].split(",") if scope.strip()]
        if not scopes:
            raise CommandError(f"--scopes: name at least one of {', '.join(tokens.SCOPES)}")
        unknown = ", ".join(scope for scope in scopes if scope not in tokens.SCOPES)
        if unknown:
            raise CommandError(f"--scopes: unknown scopes {unknown[:SHOWN]}; scopes are {', '.join(tokens.SCOPES)}")
        row, token = tokens.create(merchant, name, scopes, at=timezone.now())
        if options["json"]:
            self.stdout.write(json.dumps({"merchant": merchant.public_id, "token": token, "scopes": row.scopes}))
        else:
            self.stdout.write(token)
