"""The REST API of returns."""
