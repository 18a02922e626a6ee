"""`manage.py shopify_flow_extensions`: the extensions of a merchant's app for Shopify Flow, to be deployed by Shopify's CLI."""

from __future__ import annotations

import tomllib
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations import onboarding, workflow_actions
from integrations.catalog import catalog
from integrations.destinations.shopify_flow import extensions, payloads
from integrations.management.arguments import one_line
from integrations.management.naming import find_merchant


class Command(BaseCommand):
    """Writes a folder for each trigger and action. What Shopify's CLI wrote into a file of before (`uid`) is kept."""

    help = "Write the triggers and actions of a merchant's app for Shopify Flow as TOML files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose, and where to."""
        parser.add_argument("--merchant", required=True, type=one_line, help="public id or name")
        parser.add_argument("--directory", required=True, type=_folder, help="the folder `extensions` of the app")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write."""
        merchant, folder = find_merchant(options["merchant"]), options["directory"]
        addresses = {
            each.source: onboarding.hook_address(merchant, each.source) for each in workflow_actions.declared()
        }
        if not all(each.startswith("https://") for each in addresses.values()):
            raise CommandError("PUBLIC_BASE_URL must begin with https://: Shopify posts runs of actions nowhere else.")
        triggers, actions = catalog.in_order(), workflow_actions.declared()
        for metric in triggers:
            path = folder / payloads.handle(metric.key) / extensions.FILE
            _write(path, extensions.trigger(metric, merchant, uid=_uid(path)))
        for each in actions:
            path = folder / each.handle / extensions.FILE
            _write(path, extensions.action(each, addresses[each.source], uid=_uid(path)))
        self.stdout.write(f"{len(triggers)} triggers and {len(actions)} actions in {folder}")


def _folder(name: str) -> Path:
    """A folder that may be made."""
    return Path(one_line(name))


def _uid(path: Path) -> str:
    """What Shopify's CLI wrote into the file of before, "" where there is none. Raises `CommandError` for no extension."""
    try:
        document = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise CommandError(f"{path}: {error}") from None
    match document:
        case {"extensions": [dict(known)]}:
            return str(known.get("uid", ""))
        case _:
            raise CommandError(f"{path}: it is no file with one extension")


def _write(path: Path, text: str) -> None:
    """Write one file. Raises `CommandError` where that cannot be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except OSError as error:
        raise CommandError(f"{path}: {error}") from None
