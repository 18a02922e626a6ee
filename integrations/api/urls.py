"""Addresses of the API: no merchant stands in them, because a token acts for one."""

from __future__ import annotations

from django.urls import path, register_converter

from integrations.api import events, export, parameters, reference


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
    path("api/v1/events/<key:key>", events.EventDetail.as_view(), name="api_event"),
    path("api/v1/events/<key:key>/resend", events.ResendEvent.as_view(), name="api_resend_event"),
    path("api/v1/metrics", reference.Metrics.as_view(), name="api_metrics"),
    path("api/openapi.json", reference.openapi, name="api_openapi"),
    path("api/docs/", reference.docs, name="api_docs"),
]
