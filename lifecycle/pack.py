"""Pack `subscription_lifecycle` (Kiva Logic). Its metrics are declared in `lifecycle.metrics`."""

from integrations.catalog import Pack, catalog
from integrations.models import Merchant

SUBSCRIPTION_LIFECYCLE = Pack(
    "subscription_lifecycle",
    "Subscription lifecycle",
    "Sign-ups, orders and cancellations of people who subscribe to boxes.",
)


def is_used_by(merchant: Merchant) -> bool:
    """Whether a metric of the pack is on: for all other merchants nothing is looked up."""
    mine = {metric.key for metric in catalog.in_pack(SUBSCRIPTION_LIFECYCLE.key)}
    return any(mine.intersection(each.enabled_metrics) for each in merchant.connections.all())
