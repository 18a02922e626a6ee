"""`manage.py replay_inbound`: messages that failed or wait are handled again."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from integrations import inbound, sources
from integrations.management.arguments import one_line, row_id, shown
from integrations.management.naming import find_merchant
from integrations.models import InboundMessage

REPLAYABLE = (InboundMessage.State.FAILED, InboundMessage.State.WAITING)


class Command(BaseCommand):
    """Messages that were handled are left alone: they did their work."""

    help = "Have a merchant's failed and waiting messages handled again, by the workers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument("--merchant", required=True, type=one_line, help="public id or name")
        parser.add_argument("--source", type=one_line, help="only messages of this source")
        parser.add_argument("--state", choices=[str(state) for state in REPLAYABLE], help="only this state; else both")
        parser.add_argument(
            "--id", type=row_id, action="append", dest="ids", metavar="N", help="only this one; repeatable"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay; raise `CommandError` for messages that are not there or need no replay."""
        merchant = find_merchant(options["merchant"])
        known = [kind for kind, _ in sources.choices()]
        if options["source"] is not None and options["source"] not in known:
            raise CommandError(
                f"--source: there is no source {shown(options['source'])}; sources are: {', '.join(known)}"
            )
        messages: QuerySet[InboundMessage] = InboundMessage.objects.for_merchant(merchant)
        if options["source"]:
            messages = messages.filter(source=options["source"])
        if options["state"]:
            messages = messages.filter(state=options["state"])
        if options["ids"]:
            messages = messages.filter(pk__in=options["ids"])
            _refuse_missing(messages, options["ids"])
        count = inbound.replay(messages)
        self.stdout.write(f"{count} {'message' if count == 1 else 'messages'} will be handled again")


def _refuse_missing(messages: QuerySet[InboundMessage], ids: list[int]) -> None:
    found = set(messages.filter(state__in=REPLAYABLE).values_list("pk", flat=True))
    missing = [str(each) for each in ids if each not in found]
    if missing:
        raise CommandError(f"--id: no failed or waiting message of this merchant is {', '.join(missing)}")
