"""A shop posts everything three times and in any order while web processes and workers are killed: each message counts once."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from django.utils import timezone

from integrations.models import InboundMessage
from tests.chaos.audit import Figures, audit, kills, wait_for_free_leases
from tests.chaos.form import FORM
from tests.chaos.hooks import Answer, Hook, post_all, shopify_hook
from tests.chaos.kill_points import KillLog
from tests.chaos.load import wait_until_delivered
from tests.chaos.processes import Processes
from tests.chaos.trouble import WebKiller
from tests.support.payloads import shopify_order
from tests.support.world import Shop, World
from tracking.models import Order

SHOPS, VERSIONS, COPIES, THREADS = 5, 10, 3, 20
WEB_KILL_EVERY = 1.5


def test_every_hook_counts_once_whatever_is_killed(
    world: World, processes: Processes, tmp_path: Path, keep: Callable[[Figures], None]
) -> None:
    log = KillLog(tmp_path / "kills")
    web = processes.start_site()
    world.site = processes.site
    shops = [world.shop(f"Shop{number}", packs=["order_status"]) for number in range(SHOPS)]
    hooks = [hook for shop in shops for hook in versions_of_orders(shop, FORM.hooks // SHOPS // VERSIONS)]
    copies = hooks * COPIES
    random.Random(1).shuffle(copies)
    workers = processes.start_workers(log, count=2, outside_every=3.0)
    killer = WebKiller(processes, web.pid, WEB_KILL_EVERY)
    unkept: list[str] = []

    def look(answer: Answer) -> None:
        key = answer.hook.key
        if answer.is_taken and not InboundMessage.objects.filter(key=key).exists():
            unkept.append(key)

    with killer:
        answers = post_all(copies, threads=THREADS, after=look)
    wait_until_delivered(FORM.patience)
    processes.stop(workers)

    found, times = audit(shops, world.sandbox), sorted(each.seconds for each in answers if each.is_taken)
    newest = timedelta(seconds=VERSIONS - 1)
    keep(
        {
            "hooks": len(hooks),
            "posts": len(answers),
            "posts without an answer": sum(each.status == 0 for each in answers),
            "answers 5xx": sum(each.status >= 500 for each in answers),
            "rows": InboundMessage.objects.count(),
            "taken without a row": len(unkept),
            "seconds to the answer, median": round(statistics.median(times), 3),
            "seconds to the answer, p99": round(times[int(len(times) * 0.99)], 3),
            "kills of web processes": killer.kills,
            "kills of workers": sum(kills(log).values()),
            **found.figures(),
        }
    )
    assert unkept == []
    assert {each.hook.key for each in answers if each.is_taken} == {hook.key for hook in hooks}
    assert InboundMessage.objects.count() == len(hooks)
    orders = Order.objects.all()
    assert {order.source_updated_at - order.placed_at for order in orders} == {newest}
    assert {order.total for order in orders} == {Decimal(VERSIONS)}
    assert found.is_clean, found
    assert found.events == len(hooks) // VERSIONS
    assert killer.kills > 0
    assert kills(log)
    wait_for_free_leases()


def versions_of_orders(shop: Shop, orders: int) -> list[Hook]:
    """The messages about that many orders, each of which changed every second; the total counts the versions."""
    at = timezone.now().replace(microsecond=0) - timedelta(hours=1)
    domain = shop.merchant.shop_domains.get().domain
    hooks = []
    for number in range(1, orders + 1):
        email = f"shopper-{number}@mail.example"
        for version in range(VERSIONS):
            payload = shopify_order(
                number,
                at=at,
                updated_at=at + timedelta(seconds=version),
                email=email,
                number=f"#{number}",
                customer={"id": number, "email": email},
                total_price=f"{version + 1}.00",
            )
            key = f"{domain}-{number}-{version}"
            hooks.append(shopify_hook(shop, "orders/updated", payload, key, domain))
    return hooks
