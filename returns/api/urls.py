"""Addresses of the API of returns."""

from __future__ import annotations

from django.urls import path

from returns.api import returns

# An id may be anything: addresses with a fixed word come first.
urlpatterns = [
    path("api/v1/returns", returns.Returns.as_view(), name="api_returns"),
    path("api/v1/returns/bulk", returns.ReturnsInBulk.as_view(), name="api_returns_bulk"),
    path("api/v1/returns/<external_id:external_id>/items", returns.ReturnItems.as_view(), name="api_return_items"),
    path("api/v1/returns/<external_id:external_id>", returns.ReturnDetail.as_view(), name="api_return"),
]
