"""`manage.py klaviyo_sandbox`: a local Klaviyo for the demo and for trying things out."""

from __future__ import annotations

import gc
import signal
from argparse import ArgumentParser
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.management.arguments import finite_number, one_line, port, shown

LOOPBACK = ("127.0.0.1", "localhost")


class Command(BaseCommand):
    """Serves until it is interrupted. Needs no database. Refuses to run in production and to listen beyond loopback."""

    help = "Run a local Klaviyo over HTTP, with a page that shows what it received."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The sandbox's options."""
        parser.add_argument("--port", type=port, default=8025, help="port to listen on; 0 takes a free one")
        parser.add_argument("--host", type=one_line, default="127.0.0.1", help="a loopback address")
        parser.add_argument("--strict-bulk", action="store_true", help="bulk requests fail on events already recorded")
        parser.add_argument("--no-pointers", action="store_true", help="400s do not say which place is wrong")
        parser.add_argument("--no-limits", action="store_true", help="no rate limits")
        parser.add_argument(
            "--limit-scale", type=finite_number(allows_zero=False), default=1.0, help="multiply all rate limits"
        )
        parser.add_argument("--processing-delay", type=finite_number(allows_zero=True), default=0.0, metavar="SECONDS")
        parser.add_argument("--first-flow-delay", type=finite_number(allows_zero=True), default=0.0, metavar="SECONDS")
        parser.add_argument("--closed", action="store_true", help="do not open accounts for pk_sandbox_… keys")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until SIGINT or SIGTERM."""
        if not settings.DEBUG:
            raise CommandError("The Klaviyo sandbox runs only with DEBUG on: it is not for production.")
        if options["host"] not in LOOPBACK:
            raise CommandError(
                f"The Klaviyo sandbox listens on loopback only: --host cannot be {shown(options['host'])}."
            )
        # All that arrives is kept: looking through it for garbage again and again only makes bulk requests slow.
        gc.set_threshold(100_000, 50, 50)
        stop = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        with self._sandbox(options) as sandbox:
            self.stdout.write(f"Klaviyo sandbox on {sandbox.url} (KLAVIYO_BASE_URL={sandbox.url}). Ctrl-C ends it.")
            self.stdout.flush()
            stop.wait()

    @staticmethod
    def _sandbox(options: dict[str, Any]) -> Sandbox:
        try:
            return Sandbox(
                host=options["host"],
                port=options["port"],
                open_accounts=not options["closed"],
                strict_bulk=options["strict_bulk"],
                pointers=not options["no_pointers"],
                limit_scale=None if options["no_limits"] else options["limit_scale"],
                processing_delay=options["processing_delay"],
                first_flow_delay=options["first_flow_delay"],
            )
        except OSError as error:
            raise CommandError(f"Port {options['port']} cannot be used: {error.strerror}.") from error
