"""Klaviyo: the HTTP client, the payloads, the account check and the destination that the delivery engine uses."""
