"""The REST API of orders, shipments, scans, and of when something stalls."""
