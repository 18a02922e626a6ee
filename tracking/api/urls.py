"""Addresses of the API of orders, shipments and of when something stalls."""

from __future__ import annotations

from django.urls import path, register_converter

from tracking.api import accounts, orders, shipments, stalled_policy, wishlist


class ExternalIdConverter:
    """The merchant's own id in an address. It may hold a slash, as shops' ids of parcels do."""

    regex = ".{1,120}"

    def to_python(self, value: str) -> str:
        """As it is."""
        return value

    def to_url(self, value: str) -> str:
        """As it is."""
        return value


register_converter(ExternalIdConverter, "external_id")

# An id may be anything: addresses with a fixed word come first.
urlpatterns = [
    path("api/v1/customer-accounts", accounts.CustomerAccounts.as_view(), name="api_customer_accounts"),
    path("api/v1/orders", orders.Orders.as_view(), name="api_orders"),
    path("api/v1/orders/bulk", orders.OrdersInBulk.as_view(), name="api_orders_bulk"),
    path("api/v1/orders/<external_id:external_id>/bill", orders.BillOrder.as_view(), name="api_bill_order"),
    path("api/v1/orders/<external_id:external_id>/cancel", orders.CancelOrder.as_view(), name="api_cancel_order"),
    path("api/v1/orders/<external_id:external_id>/complete", orders.CompleteOrder.as_view(), name="api_complete_order"),
    path("api/v1/orders/<external_id:external_id>/fulfil", orders.FulfilOrder.as_view(), name="api_fulfil_order"),
    path("api/v1/orders/<external_id:external_id>", orders.OrderDetail.as_view(), name="api_order"),
    path("api/v1/shipments", shipments.Shipments.as_view(), name="api_shipments"),
    path("api/v1/shipments/bulk", shipments.ShipmentsInBulk.as_view(), name="api_shipments_bulk"),
    path("api/v1/shipments/<external_id:external_id>/scans", shipments.ShipmentScans.as_view(), name="api_scans"),
    path("api/v1/shipments/<external_id:external_id>", shipments.ShipmentDetail.as_view(), name="api_shipment"),
    path("api/v1/stalled-policy", stalled_policy.Policy.as_view(), name="api_stalled_policy"),
    path("api/v1/stalled-policy/preview", stalled_policy.PolicyPreview.as_view(), name="api_stalled_policy_preview"),
    path("api/v1/wishlist-items", wishlist.WishlistItems.as_view(), name="api_wishlist_items"),
    path("api/v1/wishlist-items/bulk", wishlist.WishlistItemsInBulk.as_view(), name="api_wishlist_items_bulk"),
]
