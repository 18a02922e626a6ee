"""The month before the demo as the product lives through it: what it hears it takes in, handles and delivers, all of it under a
clock that stands at the instant.

No worker runs yet: for it all of this would be long ago. Only the way through the web server is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.test.utils import override_settings

from config.demo import clock, programme
from config.demo.month import Moment
from config.demo.people import UNREACHABLE
from config.demo.shops import SHOPS
from config.demo.stage import Stage
from integrations import inbound, launch, sources, wake
from integrations.delivery.engine import Engine
from integrations.models import Delivery, Merchant
from tracking import stalled

SECONDS = 30.0
"""In which all that is due at one moment is done."""


def tell(month: Iterable[Moment], stage: Stage) -> None:
    """Let the product live through these moments."""
    merchants = {
        stage.merchants[merchant.pk]: merchant for merchant in Merchant.objects.prefetch_related("shop_domains")
    }
    stage.sandbox.refuse_email(UNREACHABLE.email)
    # A month passes in seconds: the sandbox would count its requests by the clock on the wall.
    stage.sandbox.set_limits(None)
    # With DEBUG, Django writes down every statement: a fifth of the time that this takes.
    with wake.held(), override_settings(DEBUG=False):
        for moment in month:
            _live_through(moment, merchants)
    stage.sandbox.set_limits(1.0)
    for shop in SHOPS:
        if shop.loyalty and shop.account in merchants:
            programme.redeem(merchants[shop.account], at=stage.began_at)


def _live_through(moment: Moment, merchants: Mapping[str, Merchant]) -> None:
    now = clock.standing_at(moment.at)
    for step in moment.steps:
        source, webhook = sources.get(step.webhook.source), step.webhook
        inbound.receive(merchants[step.shop.account], source, webhook.body, webhook.headers, at=now())
    if moment.steps:
        inbound.handle_due(seconds=SECONDS, clock=now)
    else:
        launch.launch_due(at=now())
        stalled.sweep(at=now())
    Engine(clock=now).run(seconds=SECONDS, stop=_is_delivered)


def _is_delivered() -> bool:
    """An engine that is told so goes home at once; by itself it would look again a moment later."""
    return not Delivery.objects.filter(state__in=[Delivery.State.PENDING, Delivery.State.SENDING]).exists()
