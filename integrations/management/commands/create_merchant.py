"""`manage.py create_merchant`: take on a merchant from a script."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError
from django.utils import timezone

from integrations import onboarding, sources, tokens
from integrations.catalog import catalog
from integrations.management.arguments import SHOWN, one_line, read_line, required_line, shown, whole_number
from integrations.models import Merchant, ShopDomain
from integrations.models.connection import LAUNCH_YEARS, MAX_BACKFILL_DAYS
from integrations.onboarding import AccountTaken, Application, DestinationUnreachable, KeyRefused, Onboarded

FROM_ENVIRONMENT = "env:"
FIELDS = {"name": "NAME", "timezone": "--timezone", "currency": "--currency", "metric_prefix": "--prefix"}
"""The merchant's fields, by the argument that sets each."""


@dataclass(frozen=True, slots=True)
class Created:
    """A merchant that was taken on, and its API token, shown this once."""

    onboarded: Onboarded
    token: str


class Command(BaseCommand):
    """Checks every argument before anything is written, and the key live at Klaviyo."""

    help = "Take on a merchant: prints its ids, the addresses and secrets of its webhooks and an API token, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options."""
        parser.add_argument("name", type=one_line, metavar="NAME")
        parser.add_argument(
            "--klaviyo-key",
            required=True,
            type=one_line,
            metavar="KEY",
            help="the private key; env:NAME reads a variable, - stdin",
        )
        parser.add_argument(
            "--packs", required=True, type=one_line, metavar="PACK,…", help="packs of metrics to turn on"
        )
        parser.add_argument(
            "--shop-domain", action="append", default=[], type=one_line, metavar="HOST", help="repeatable"
        )
        parser.add_argument(
            "--timezone", default="UTC", type=one_line, metavar="ZONE", help="IANA time zone, such as Europe/Berlin"
        )
        parser.add_argument("--currency", default="USD", type=one_line, help="ISO 4217 code, such as EUR")
        parser.add_argument("--prefix", default="Tidings", type=one_line, help="the word before metric names")
        parser.add_argument(
            "--source",
            action="append",
            default=[],
            type=one_line,
            metavar="KIND[=SECRET]",
            help="who may send webhooks, repeatable; env:NAME and a new secret if left out; all sources if none is given",
        )
        parser.add_argument(
            "--launch", default="now", type=one_line, metavar="WHEN", help="now, a date, or an ISO 8601 instant"
        )
        parser.add_argument(
            "--backfill-days", type=whole_number(-9999, 9999), default=0, metavar="N", help=f"0 to {MAX_BACKFILL_DAYS}"
        )
        parser.add_argument(
            "--share-account", action="store_true", help="the Klaviyo account may be another merchant's too"
        )
        parser.add_argument(
            "--keep-at-klaviyo",
            action="store_true",
            help="do not ask Klaviyo to delete the profiles of shoppers who are erased here",
        )
        parser.add_argument("--json", action="store_true", help="print one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Take the merchant on; raise `CommandError` naming the argument that is wrong."""
        at = timezone.now()
        created = create(application(options, at=at), at=at)
        self.stdout.write(json.dumps(as_data(created)) if options["json"] else as_text(created))


def create(form: Application, *, at: datetime) -> Created:
    """Onboard and make a token. Raises `CommandError`: then nothing was written."""
    try:
        onboarded = onboarding.onboard(form, at=at)
    except KeyRefused as error:
        raise CommandError(f"--klaviyo-key: {error}") from None
    except DestinationUnreachable as error:
        raise CommandError(f"--klaviyo-key could not be checked: {error}") from None
    except AccountTaken as error:
        raise CommandError(f"--klaviyo-key: {error} Add --share-account if that is meant.") from None
    except IntegrityError:
        raise CommandError("--shop-domain: another merchant took one of the domains just now") from None
    _, token = tokens.create(onboarded.merchant, "create_merchant", tokens.SCOPES, at=at)
    return Created(onboarded, token)


def application(options: dict[str, Any], *, at: datetime) -> Application:
    """What the options ask for. Raises `CommandError`."""
    merchant = Merchant(
        name=options["name"].strip(),
        timezone=options["timezone"],
        currency=options["currency"],
        metric_prefix=options["prefix"].strip(),
    )
    try:
        merchant.clean_fields()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise CommandError(f"{FIELDS[field]}: {messages[0][:300]}") from None
    if not 0 <= options["backfill_days"] <= MAX_BACKFILL_DAYS:
        raise CommandError(f"--backfill-days: {options['backfill_days']} is not between 0 and {MAX_BACKFILL_DAYS}")
    return Application(
        name=merchant.name,
        timezone=merchant.timezone,
        currency=merchant.currency,
        metric_prefix=merchant.metric_prefix,
        shop_domains=_shop_domains(options["shop_domain"]),
        secrets=_secrets(options["source"]),
        klaviyo_key=_required_secret("--klaviyo-key", options["klaviyo_key"]),
        metrics=_metrics(options["packs"]),
        launch_at=_launch_at(options["launch"], merchant, at=at),
        backfill_days=options["backfill_days"],
        may_share_account=options["share_account"],
        erases_profiles=not options["keep_at_klaviyo"],
    )


def _shop_domains(domains: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(domain.strip().lower() for domain in domains))
    for domain in found:
        try:
            ShopDomain(domain=domain).clean_fields(exclude=["merchant"])
        except ValidationError as error:
            raise CommandError(f"--shop-domain: {shown(domain)} is wrong. {error.messages[0]}") from None
    taken = ShopDomain.objects.filter(domain__in=found).values_list("domain", flat=True).first()
    if taken:
        raise CommandError(f"--shop-domain: {taken} belongs to another merchant")
    return found


def _metrics(packs: str) -> list[str]:
    names = [name.strip() for name in packs.split(",") if name.strip()]
    known = [pack.key for pack in catalog.packs()]
    if not names:
        raise CommandError(f"--packs: name at least one pack; packs are: {', '.join(known)}")
    for name in names:
        if name not in known:
            raise CommandError(f"--packs: there is no pack {shown(name)}; packs are: {', '.join(known)}")
    return onboarding.metrics_of(list(dict.fromkeys(names)))


def _secrets(named: Sequence[str]) -> dict[str, str]:
    known = [kind for kind, _ in sources.choices()]
    found = {}
    for each in named or known:
        kind, equals, secret = each.partition("=")
        if kind not in known:
            raise CommandError(f"--source: there is no source {shown(kind)}; sources are: {', '.join(known)}")
        found[kind] = _required_secret(f"--source {kind}", secret) if equals else ""
    return found


def _required_secret(option: str, given: str) -> str:
    """The secret itself, or from where it was said to be: the process list shows arguments to everybody."""
    if given == "-":
        secret, place = read_line(option), "stdin is"
    elif given.startswith(FROM_ENVIRONMENT):
        name = given.removeprefix(FROM_ENVIRONMENT)
        secret, place = os.environ.get(name, ""), f"the variable {name[:SHOWN]} is"
    else:
        secret, place = given, "it is"
    if not secret.strip():
        raise CommandError(f"{option}: {place} empty; give the secret, env:NAME or -")
    return required_line(option, secret.strip())


def _launch_at(when: str, merchant: Merchant, *, at: datetime) -> datetime:
    if when == "now":
        return at
    try:
        moment = datetime.fromisoformat(when)
    except ValueError:
        raise CommandError(
            f"--launch: {shown(when)} is neither now, nor 2026-12-01, nor 2026-12-01T09:00+01:00"
        ) from None
    if moment.year not in LAUNCH_YEARS:
        raise CommandError(f"--launch: the year must be from {LAUNCH_YEARS.start} to {LAUNCH_YEARS.stop - 1}")
    return moment if moment.tzinfo else moment.replace(tzinfo=merchant.tz)


def as_data(created: Created) -> dict[str, Any]:
    """Everything that a script needs."""
    merchant, connection = created.onboarded.merchant, created.onboarded.connection
    return {
        "merchant": {"id": merchant.public_id, "name": merchant.name, "timezone": merchant.timezone},
        "connection": {
            "kind": connection.kind,
            "account_id": connection.account_id,
            "account_name": connection.account_name,
            "metrics": connection.enabled_metrics,
            "launch_at": connection.launch_at.isoformat(),
            "backfill_days": connection.backfill_days,
        },
        "hooks": [
            {"source": hook.source, "address": hook.address, "secret": hook.secret} for hook in created.onboarded.hooks
        ],
        "api_token": created.token,
        "warnings": created.onboarded.warnings,
    }


def as_text(created: Created) -> str:
    """The same for people."""
    merchant, connection = created.onboarded.merchant, created.onboarded.connection
    lines = [
        f"{merchant.name} is {merchant.public_id}, connected to the Klaviyo account {connection.account_name}"
        f" ({connection.account_id}), launch {connection.launch_at:%Y-%m-%d %H:%M} UTC,"
        f" {connection.backfill_days} days of backfill",
        "",
        "Keep these: they are shown this once.",
    ]
    for hook in created.onboarded.hooks:
        lines += [f"  {hook.source} webhooks  {hook.address}", f"    secret  {hook.secret}"]
    lines.append(f"  API token  {created.token}")
    return "\n".join(lines + [f"\nWarning: {warning}" for warning in created.onboarded.warnings])
