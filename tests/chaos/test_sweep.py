"""Sweepers that are killed in the middle, two at once: everything that stalled is found once, and told once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

from integrations.models import Customer, Delivery, Event
from tests.chaos.audit import Figures
from tests.chaos.form import FORM
from tests.chaos.processes import Processes
from tests.support.world import Shop, World
from tracking.models import Issue, Order, Shipment

SWEEPERS = 2
LEAST_KILLS = 5


def test_what_stalled_is_told_once_whatever_is_killed(
    world: World, processes: Processes, tmp_path: Path, keep: Callable[[Figures], None]
) -> None:
    shop, at = world.shop(), timezone.now().replace(microsecond=0)
    stall(shop, FORM.stalled, at=at - timedelta(hours=1))
    log = tmp_path / "kills"

    sweepers = [
        processes.start(f"sweeper{number}", "-m", "tests.chaos.sweeper", str(at.timestamp()), str(log))
        for number in range(SWEEPERS)
    ]
    for each in sweepers:
        assert each.wait(FORM.patience) == 0

    kills = len(log.read_text().splitlines())
    events = list(Event.objects.filter(metric="order_issue_created").values_list("unique_id", flat=True))
    told = Delivery.objects.filter(event__metric="order_issue_created").count()
    keep({"stalled": 2 * FORM.stalled, "kills": kills, "issues": Issue.objects.count(), "events": len(events)})
    wanted = {
        f"issue:{problem}:{number}"
        for problem in ("FulfillmentStalled", "ShipmentStalled")
        for number in range(FORM.stalled)
    }
    assert sorted(events) == sorted(wanted)
    assert (Issue.objects.count(), told) == (len(wanted), len(wanted))
    for model in (Order, Shipment):
        assert not model.objects.exclude(stalls_at=None).exists()
    assert kills >= LEAST_KILLS


def stall(shop: Shop, count: int, *, at: datetime) -> None:
    """So many orders that were never shipped, and as many whose parcel stands still: all due at `at`."""
    own = {"merchant": shop.merchant}
    since = at - timedelta(days=5)
    customer = Customer.objects.create(**own, email="ann@shopper.example")
    news = {"customer": customer, "placed_at": since, "source_updated_at": since, "recorded_at": since}
    waiting = [Order(**own, **news, external_id=str(n), number=f"#{n}", stalls_at=at) for n in range(count)]
    shipped = [Order(**own, **news, external_id=f"s{n}", number=f"#s{n}", shipped_at=since) for n in range(count)]
    Order.objects.bulk_create(waiting + shipped, batch_size=1_000)
    seen = {"shipped_at": since, "status_at": since, "source_updated_at": since, "recorded_at": since}
    Shipment.objects.bulk_create(
        (
            Shipment(**own, **seen, order=order, external_id=str(n), fulfillment_id=str(n), stalls_at=at)
            for n, order in enumerate(shipped)
        ),
        batch_size=1_000,
    )
