"""`manage.py erase_customer`: forgetting a shopper of a merchant."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations import customers, erasure
from integrations.audit import Actor
from integrations.management.arguments import one_line, row_id, shown
from integrations.management.naming import find_merchant
from integrations.models import Customer, Merchant
from integrations.people import PersonInput


class Command(BaseCommand):
    """It asks before it does anything, since nothing of it can be undone."""

    help = "Erase a shopper: what happened stays and counts, but not to whom; Klaviyo is asked to delete the profile."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument("--merchant", required=True, type=one_line, help="public id or name")
        parser.add_argument("--email", type=one_line, default="", help="by e-mail address")
        parser.add_argument("--phone", type=one_line, default="", help="by phone number, E.164: +4930901820")
        parser.add_argument("--id", type=row_id, help="by the id that the admin and the API show")
        parser.add_argument("--keep-at-klaviyo", action="store_true", help="leave the profile at Klaviyo alone")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        """Erase them; raise `CommandError` naming the option that is wrong."""
        merchant = find_merchant(options["merchant"])
        person = _person(options)
        found = _found(merchant, person, options["id"])
        if not options["yes"]:
            self._ask(found)
        done = erasure.erase(
            merchant,
            found,
            by=Actor(label="manage.py erase_customer"),
            at=timezone.now(),
            told=person,
            keeps_profile=options["keep_at_klaviyo"],
        )
        for each in done:
            counted = ", ".join(f"{number} {name}" for name, number in each.emptied.items())
            asked = "Klaviyo is asked to delete the profile" if each.is_passed_on else "Klaviyo is asked nothing"
            self.stdout.write(f"customer {each.customer_id} is erased ({counted}); {asked}")

    def _ask(self, found: list[Customer]) -> None:
        self.stdout.write(f"Erase {', '.join(f'customer {each.pk}' for each in found)}? It cannot be undone. [yes/no] ")
        try:
            answer = input()
        except EOFError:
            raise CommandError("nobody is there to be asked: give --yes") from None
        if answer.strip().lower() != "yes":
            raise CommandError("nothing was erased")


def _person(options: dict[str, Any]) -> PersonInput:
    """Raises `CommandError` for what is no address, and where nobody is named."""
    person = PersonInput(email=options["email"], phone=options["phone"])
    if person.email and not customers.normalise_email(person.email):
        raise CommandError(f"--email: {shown(person.email)} is no e-mail address")
    if person.phone and not customers.normalise_phone(person.phone):
        raise CommandError(f"--phone: {shown(person.phone)} is no number in the form +4930901820")
    if not person.has_identity and options["id"] is None:
        raise CommandError("name the shopper by --email, --phone or --id")
    return person


def _found(merchant: Merchant, person: PersonInput, key: int | None) -> list[Customer]:
    """Raises `CommandError` where there is nobody."""
    found = customers.find(merchant, person)
    if key is not None:
        found += Customer.objects.for_merchant(merchant).filter(pk=key, status=Customer.Status.ACTIVE)
    if not found:
        raise CommandError("no customer has that --email, --phone or --id, or they were erased already")
    return list({each.pk: each for each in found}.values())
