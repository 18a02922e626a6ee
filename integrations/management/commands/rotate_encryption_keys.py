"""`manage.py rotate_encryption_keys`: everything under the newest key, so that older ones can go."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from integrations import rotation


class Command(BaseCommand):
    """Put the new key first in TIDINGS_ENCRYPTION_KEYS, restart everything, run this, then remove the old key."""

    help = (
        "Re-encrypt merchants' keys and webhook secrets with the first of TIDINGS_ENCRYPTION_KEYS. Runs beside workers."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate; raise `CommandError` naming the rows that no key opens."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("re-encrypting", total=rotation.count())
            outcome = rotation.rotate(lambda: progress.advance(task))
        self.stdout.write(f"{outcome.rotated} secrets re-encrypted, {outcome.current} were under the first key already")
        if outcome.unreadable:
            raise CommandError(
                f"{len(outcome.unreadable)} secrets are opened by no key of TIDINGS_ENCRYPTION_KEYS"
                f" and stay as they are: {', '.join(outcome.unreadable)}"
            )
        others = len(settings.ENCRYPTION_KEYS) - 1
        if others:
            self.stdout.write(
                f"The other {others} of TIDINGS_ENCRYPTION_KEYS can be removed once every process runs with the new first key."
            )
