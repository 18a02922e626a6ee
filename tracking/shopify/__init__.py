"""Shopify's webhooks: pure parsers, and the source that verifies and dispatches them."""
