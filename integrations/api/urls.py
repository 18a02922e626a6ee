"""Addresses of the API: no merchant stands in them, because a token acts for one."""

from __future__ import annotations

from django.urls import path, register_converter

from integrations.api import (
    activity,
    connection,
    customers,
    events,
    export,
    metrics,
    parameters,
    privacy,
    reference,
    replays,
    subscriptions,
    suppressions,
    timeline,
)


class KeyConverter:
    """A row's id in an address. What cannot be one is no address."""

    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        """Raises `ValueError` for what cannot be a key."""
        key = parameters.key_of(value)
        if key is None:
            raise ValueError(value)
        return key

    def to_url(self, value: int) -> str:
        """The key's digits."""
        return str(value)


register_converter(KeyConverter, "key")

urlpatterns = [
    path("api/v1/events", events.Events.as_view(), name="api_events"),
    path("api/v1/events/export", export.ExportEvents.as_view(), name="api_export_events"),
    path("api/v1/events/bulk", events.BulkEvents.as_view(), name="api_bulk_events"),
    path("api/v1/events/<key:key>", events.EventDetail.as_view(), name="api_event"),
    path("api/v1/events/<key:key>/resend", events.ResendEvent.as_view(), name="api_resend_event"),
    path("api/v1/customers", customers.Customers.as_view(), name="api_customers"),
    path("api/v1/customers/bulk", customers.BulkCustomers.as_view(), name="api_bulk_customers"),
    path("api/v1/customers/<key:key>", customers.CustomerDetail.as_view(), name="api_customer"),
    path("api/v1/customers/<key:key>/data", privacy.CustomerData.as_view(), name="api_customer_data"),
    path("api/v1/customers/<key:key>/erasure", privacy.EraseCustomer.as_view(), name="api_erase_customer"),
    path("api/v1/subscriptions", subscriptions.Subscriptions.as_view(), name="api_subscriptions"),
    path("api/v1/suppressions", suppressions.Suppressions.as_view(), name="api_suppressions"),
    path("api/v1/opt-outs", subscriptions.OptOuts.as_view(), name="api_opt_outs"),
    path("api/v1/activity", activity.Activity.as_view(), name="api_activity"),
    path("api/v1/timeline", timeline.Timeline.as_view(), name="api_timeline"),
    path("api/v1/connection", connection.ConnectionHealth.as_view(), name="api_connection"),
    path("api/v1/replays", replays.Replays.as_view(), name="api_replays"),
    path("api/v1/replays/<key:key>", replays.ReplayDetail.as_view(), name="api_replay"),
    path("api/v1/replays/<key:key>/cancel", replays.CancelReplay.as_view(), name="api_cancel_replay"),
    path("api/v1/metrics", metrics.Metrics.as_view(), name="api_metrics"),
    path("api/openapi.json", reference.openapi, name="api_openapi"),
    path("api/docs/", reference.docs, name="api_docs"),
]
