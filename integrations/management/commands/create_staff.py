"""`manage.py create_staff`: make the role of CSMs, and people who have it."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from integrations import staff
from integrations.management.arguments import one_line, read_line


class Command(BaseCommand):
    """Without a name it only brings the role up to date, so it may run at every start. Superusers: `createsuperuser`."""

    help = "Make the role CSM and, with a name, a CSM who may sign in to the admin."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The name is optional; the password comes from a terminal or, for scripts, from standard input."""
        parser.add_argument("username", nargs="?", type=one_line, help="whom to make a CSM")
        parser.add_argument("--email", default="", type=one_line)
        parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the role, then the person."""
        if options["username"] is None:
            permissions = staff.ensure_role().permissions.count()
            self.stdout.write(f"The role {staff.CSM} has its {permissions} permissions.")
            return
        _check(options["username"], options["email"])
        password = read_line("--password-stdin") if options["password_stdin"] else getpass.getpass()
        try:
            validate_password(password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        user, is_new = staff.make_csm(options["username"], password, email=options["email"])
        self.stdout.write(f"{user.get_username()} is a {staff.CSM}" + ("" if is_new else "; the password is as it was"))


def _check(username: str, email: str) -> None:
    """Raises `CommandError` naming the argument that is no name, or no address."""
    try:
        User(username=username, email=email).clean_fields(exclude=["password"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise CommandError(f"{'--email' if field == 'email' else field}: {messages[0]}") from None
