"""Pack `subscription_lifecycle` (Kiva Logic). Its metrics are declared in `lifecycle.metrics`."""

from integrations.catalog import Pack

SUBSCRIPTION_LIFECYCLE = Pack(
    "subscription_lifecycle",
    "Subscription lifecycle",
    "Sign-ups, orders and cancellations of people who subscribe to boxes.",
)
