"""What the demo stands on: a new database, sandbox, web server and worker, and the shops taken on as merchants."""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import requests
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from django_q.tasks import async_task

from config.demo import boxes, programme
from config.demo.calls import API, PAGES, PAGES_SECRET
from config.demo.log_feed import Feed
from config.demo.processes import Processes
from config.demo.shops import POINTS_ADDED, SHOPS, Shop
from integrations import health, onboarding
from integrations.audit import Actor
from integrations.destinations.klaviyo.sandbox import RemoteSandbox
from integrations.models import Membership
from integrations.onboarding import Application, Hook, Onboarded
from tracking.services import tracking_page

DATABASE = "tidings.sqlite3"
SOURCES = ("shopify", "easypost", "loop")
ADMIN, OWNER = "admin", "owner"
"""Users: a superuser, and one who owns all shops."""

CONSENT = {
    "en": "Yes, {shop} may send me news and offers by e-mail and SMS. I can end this at any time.",
    "de": "Ja, {shop} darf mir Neuigkeiten und Angebote per E-Mail und SMS senden. Das kann ich jederzeit beenden.",
}
"""What stands beside the box on the shoppers' pages."""

READY_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Stage:
    """The running product: whose merchant is whose, where each source of a shop posts, and how to get in.

    `feed` gives out the log of the shop that has subscribers.
    """

    began_at: datetime
    sandbox: RemoteSandbox
    feed: Feed
    merchants: dict[int, str]
    """Primary key of a merchant -> public key of its Klaviyo account."""

    hooks: dict[tuple[str, str], Hook]
    """(public key of the Klaviyo account, source) -> where its messages go."""

    overview: str
    """The address of the first shop's own first page."""

    subscribers: str
    """The address of the log of the shop that has subscribers."""

    password: str


def clear(directory: Path) -> None:
    """Make the directory and remove the database of the last demo."""
    directory.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-wal", "-shm"):
        (directory / f"{DATABASE}{suffix}").unlink(missing_ok=True)


def build(processes: Processes, feed: Feed, *, began_at: datetime, since: datetime) -> Stage:
    """Make the database, start the sandbox and the web server, and take the shops on as of `since`. Raises `ProcessEnded`."""
    processes.start("sandbox", "manage.py", "klaviyo_sandbox", "--port", settings.KLAVIYO_BASE_URL.rpartition(":")[2])
    call_command("migrate", verbosity=0)
    call_command("sync_schedules", stdout=io.StringIO())
    call_command("create_staff", stdout=io.StringIO())
    processes.start("web server", "-m", "gunicorn", "-c", "python:config.gunicorn")
    password = secrets.token_urlsafe(9)
    users = get_user_model().objects
    users.create_superuser(ADMIN, password=password)
    owner = users.create_user(OWNER, password=password)
    sandbox = RemoteSandbox(settings.KLAVIYO_BASE_URL)
    processes.wait_until("sandbox", lambda: _answers(f"{sandbox.url}/sandbox/accounts"), seconds=READY_SECONDS)
    onboarded = {
        shop.account: _take_on(shop, sandbox, feed, launch_at=began_at - shop.launched_ago, at=since) for shop in SHOPS
    }
    for each in onboarded.values():
        Membership.objects.create(merchant=each.merchant, user=owner, role=Membership.Role.OWNER)
    logging = next(shop for shop in SHOPS if shop.has_subscribers)
    return Stage(
        began_at=began_at,
        sandbox=sandbox,
        feed=feed,
        merchants={each.merchant.pk: account for account, each in onboarded.items()},
        hooks={(account, hook.source): hook for account, each in onboarded.items() for hook in each.hooks},
        overview=_address("overview", onboarded[SHOPS[0].account]),
        subscribers=_address("activity", onboarded[logging.account]),
        password=password,
    )


def open_doors(processes: Processes) -> None:
    """Start the worker; returns when webhooks are taken in and worked on. Raises `ProcessEnded`."""
    processes.start("worker", "manage.py", "watch_cluster")
    # Schedules are looked at every half minute only; this is the first heartbeat, now.
    async_task("integrations.tasks.heartbeat")
    healthy = f"{settings.PUBLIC_BASE_URL}/healthz"
    processes.wait_until("web server", lambda: _answers(healthy), seconds=READY_SECONDS)
    processes.wait_until("worker", lambda: not health.problems(at=timezone.now()), seconds=READY_SECONDS)


def _take_on(shop: Shop, sandbox: RemoteSandbox, feed: Feed, *, launch_at: datetime, at: datetime) -> Onboarded:
    """Its hooks, and where its own system and its pages call."""
    sandbox.add_account(
        shop.key, public_key=shop.account, name=shop.name, timezone=shop.timezone, currency=shop.currency
    )
    application = Application(
        name=shop.name,
        timezone=shop.timezone,
        currency=shop.currency,
        metric_prefix=shop.prefix,
        shop_domains=[shop.domain],
        secrets={PAGES: PAGES_SECRET} if shop.has_subscribers else dict.fromkeys(SOURCES, ""),
        klaviyo_key=shop.key,
        metrics=onboarding.metrics_of(shop.packs) + [POINTS_ADDED] * shop.loyalty,
        launch_at=launch_at,
        backfill_days=shop.backfill_days,
    )
    done = onboarding.onboard(application, at=at)
    texts = {language: text.format(shop=shop.name) for language, text in CONSENT.items()}
    tracking_page.change(
        done.merchant, by=Actor(label="demo"), at=at, by_email=True, by_sms=True, consent_texts=texts, has_wishes=True
    )
    if shop.loyalty:
        programme.set_up(done.merchant, at=at)
    if shop.has_subscribers:
        token = boxes.set_up(done.merchant, shop, feed, at=launch_at)
        site, key = settings.PUBLIC_BASE_URL, done.merchant.public_id
        calling = [Hook(API, f"{site}/api/v1/", token), Hook(PAGES, f"{site}/onsite/{key}/", PAGES_SECRET)]
        return replace(done, hooks=calling)
    return done


def _address(page: str, of: Onboarded) -> str:
    return settings.PUBLIC_BASE_URL + reverse(page, args=[of.merchant.public_id])


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.RequestException:
        return False
