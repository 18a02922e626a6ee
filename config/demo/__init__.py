"""The demo: four made-up shops, whose webhooks and calls are posted to the running product, and what must come of each."""
