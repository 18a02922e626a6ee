"""The month before the demo as the product lives through it: what it hears it takes in, handles and delivers, all of it under a
clock that stands at the instant.

No worker runs yet: for it all of this would be long ago. Only the way through the web server is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.test.utils import override_settings

from config.demo import boxes, clock, month, programme
from config.demo.calls import API
from config.demo.fortnight import Fortnight
from config.demo.log_feed import Feed
from config.demo.month import Moment
from config.demo.people import UNREACHABLE
from config.demo.shops import SHOPS
from config.demo.stage import Stage
from config.demo.steps import Step
from integrations import inbound, launch, sources, wake
from integrations.api import bodies as checked
from integrations.delivery.engine import Engine
from integrations.models import Delivery, Merchant
from tracking import stalled
from tracking.api import bodies, writing

SECONDS = 30.0
"""In which all that is due at one moment is done."""


def moments(began_at: datetime, fortnight: Fortnight, *, of_days: int) -> Sequence[Moment]:
    """All that comes before a demo that begins then, oldest first."""
    return sorted([*month.script(began_at, of_days=of_days), *fortnight.moments], key=lambda moment: moment.at)


def tell(moments: Iterable[Moment], stage: Stage) -> None:
    """Let the product live through these moments."""
    merchants = {
        stage.merchants[merchant.pk]: merchant
        for merchant in Merchant.objects.prefetch_related("shop_domains", "connections")
    }
    stage.sandbox.refuse_email(UNREACHABLE.email)
    # A month passes in seconds: the sandbox would count its requests by the clock on the wall.
    stage.sandbox.set_limits(None)
    # With DEBUG, Django writes down every statement: a fifth of the time that this takes.
    with wake.held(), override_settings(DEBUG=False):
        for moment in moments:
            _live_through(moment, merchants, stage.feed)
    stage.sandbox.set_limits(1.0)
    for shop in SHOPS:
        if shop.loyalty and shop.account in merchants:
            programme.redeem(merchants[shop.account], at=stage.began_at)


def _live_through(moment: Moment, merchants: Mapping[str, Merchant], feed: Feed) -> None:
    now = clock.standing_at(moment.at)
    for step in moment.steps:
        _take_in(step, merchants[step.shop.account], at=now())
    if moment.steps:
        inbound.handle_due(seconds=SECONDS, clock=now)
    else:
        launch.launch_due(at=now())
        stalled.sweep(at=now())
    if moment.read:
        boxes.read_log(feed, at=moment.at, clock=now)
    Engine(clock=now).run(seconds=SECONDS, stop=_is_delivered)


def _take_in(step: Step, merchant: Merchant, *, at: datetime) -> None:
    """A message is received; of what the API can be told, there are new orders."""
    webhook = step.webhook
    if webhook.source != API:
        inbound.receive(merchant, sources.get(webhook.source), webhook.body, webhook.headers, at=at)
        return
    with transaction.atomic():
        writing.order(merchant, checked.check(bodies.NewOrder, json.loads(webhook.body)), at=at)


def _is_delivered() -> bool:
    """An engine that is told so goes home at once; by itself it would look again a moment later."""
    return not Delivery.objects.filter(state__in=[Delivery.State.PENDING, Delivery.State.SENDING]).exists()
