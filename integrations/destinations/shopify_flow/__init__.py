"""Shopify Flow: each metric is a trigger of Shopify's Flow app, and an event starts the workflows that begin with it."""
