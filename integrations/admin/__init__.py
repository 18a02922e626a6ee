"""The admin for CSMs. Django finds this package as the app's `admin`; importing its modules registers their pages."""

from integrations.admin import connections, deliveries, history, inbound, merchants, privacy, suppressions, system

__all__ = ["connections", "deliveries", "history", "inbound", "merchants", "privacy", "suppressions", "system"]
