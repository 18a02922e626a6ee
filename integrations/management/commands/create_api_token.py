"""`manage.py create_api_token`: a token for a merchant's REST client."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from integrations import tokens
from integrations.management.arguments import one_line, whole_number
from integrations.management.naming import find_merchant, read_scopes, token_name


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
        parser.add_argument("--days", type=whole_number(1, 3_650), help="days it is good for; else until it is revoked")
        parser.add_argument("--json", action="store_true", help="print one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it; raise `CommandError` naming the option that is wrong."""
        merchant = find_merchant(options["merchant"])
        at, days = timezone.now(), options["days"]
        row, token = tokens.create(
            merchant,
            token_name(options["name"]),
            read_scopes(options["scopes"]),
            at=at,
            expires_at=at + timedelta(days=days) if days else None,
        )
        if options["json"]:
            self.stdout.write(json.dumps({"merchant": merchant.public_id, "token": token, "scopes": row.scopes}))
        else:
            self.stdout.write(token)
