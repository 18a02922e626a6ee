"""The demo: three made-up shops, whose webhooks are posted to the running product, and what must come of each."""
