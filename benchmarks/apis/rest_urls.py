"""The list of events as Django REST framework is meant to be used: a serializer of the model, pages by cursor."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from rest_framework.generics import ListAPIView
from rest_framework.pagination import CursorPagination
from rest_framework.serializers import ModelSerializer

from integrations.api.event_rows import FIELDS
from integrations.models import Event

LOOKUPS = {
    "merchant": "merchant_id",
    "metric": "metric",
    "after": "occurred_at__gte",
    "before": "occurred_at__lt",
}


class EventSerializer(ModelSerializer[Event]):
    """The fields that the product tells."""

    class Meta:
        model = Event
        fields = FIELDS


class Newest(CursorPagination):
    """The product's order and size of a page."""

    page_size = 100
    ordering = ("-occurred_at", "-id")


class Events(ListAPIView[Event]):
    """The history of a merchant."""

    permission_classes = ()
    serializer_class = EventSerializer
    pagination_class = Newest

    def get_queryset(self) -> QuerySet[Event]:
        """What the parameters leave."""
        given: dict[str, Any] = {
            lookup: self.request.query_params[name]
            for name, lookup in LOOKUPS.items()
            if name in self.request.query_params
        }
        return Event.objects.filter(**given)


urlpatterns = [path("events", Events.as_view())]
