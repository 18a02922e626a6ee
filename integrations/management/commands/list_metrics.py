"""`manage.py list_metrics`: the catalogue."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from integrations import catalog_docs
from integrations.catalog import catalog


class Command(BaseCommand):
    """Prints the catalogue for people, for scripts, or as the page `docs/events.md`."""

    help = "List the metrics."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="as JSON")
        form.add_argument("--markdown", action="store_true", help="as the page docs/events.md")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print."""
        if options["json"]:
            self.stdout.write(json.dumps(catalog_docs.as_data(catalog), indent=2))
        elif options["markdown"]:
            self.stdout.write(catalog_docs.as_markdown(catalog), ending="")
        else:
            for metric in sorted(catalog.metrics.values(), key=lambda each: each.number):
                self.stdout.write(f"{metric.number:>3}  {metric.key:<28} {metric.name:<36} {metric.pack.key}")
