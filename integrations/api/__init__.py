"""The REST API: what every address of it has in common, and the addresses of the history."""
