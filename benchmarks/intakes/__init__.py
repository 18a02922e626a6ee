"""Ways of taking in the same signed webhooks, each an application that a web server runs."""
