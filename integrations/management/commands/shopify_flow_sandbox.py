"""`manage.py shopify_flow_sandbox`: a local Shopify for trying workflows' triggers out."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from integrations.destinations.shopify_flow.sandbox import FlowSandbox
from integrations.management.arguments import port


class Command(BaseCommand):
    """Serves on loopback until it is interrupted. Needs no database. Refuses to run in production."""

    help = "Run a local Shopify for Flow's triggers over HTTP, with a page that shows what it received."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The sandbox's options."""
        parser.add_argument("--port", type=port, default=8026, help="port to listen on; 0 takes a free one")
        parser.add_argument("--closed", action="store_true", help="do not open shops for shpat_sandbox_… tokens")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until SIGINT or SIGTERM."""
        if not settings.DEBUG:
            raise CommandError("The Shopify Flow sandbox runs only with DEBUG on: it is not for production.")
        stop = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        with self._sandbox(options) as sandbox:
            told = f"Shopify Flow sandbox on {sandbox.url} (SHOPIFY_BASE_URL={sandbox.url}). Ctrl-C ends it."
            self.stdout.write(told)
            self.stdout.flush()
            stop.wait()

    @staticmethod
    def _sandbox(options: dict[str, Any]) -> FlowSandbox:
        try:
            return FlowSandbox(port=options["port"], are_open=not options["closed"])
        except OSError as error:
            raise CommandError(f"Port {options['port']} cannot be used: {error.strerror}.") from error
