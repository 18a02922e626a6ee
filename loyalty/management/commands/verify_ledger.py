"""`manage.py verify_ledger`: whether the ledgers of points add up."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.management.arguments import one_line
from integrations.management.naming import find_merchant
from loyalty.verification import verify


class Command(BaseCommand):
    """Changes nothing. May run while workers work."""

    help = "Work out balances and lots anew from the entries, and compare; fail and name the members that differ."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument(
            "--merchant", type=one_line, help="public id or name of one merchant; all of them if left out"
        )
        parser.add_argument("--json", action="store_true", help="print the differences as one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what differs; raise `CommandError` if anything does."""
        merchant = find_merchant(options["merchant"]) if options["merchant"] is not None else None
        found = verify(merchant)
        if options["json"]:
            self.stdout.write(json.dumps([asdict(each) for each in found]))
        else:
            for each in found:
                self.stdout.write(
                    f"{each.merchant} member {each.member} (customer {each.customer}): {each.what} {each.key} "
                    f"is {each.kept}, the entries say {each.expected}"
                )
        if found:
            members = len({each.member for each in found})
            raise CommandError(f"{len(found)} differences of {members} members: the ledger does not add up")
        if not options["json"]:
            self.stdout.write("0 differences")
