"""The error of news that cannot be true beside what is known."""

from __future__ import annotations


class Contradiction(Exception):
    """What is told contradicts what is known; the text says how, for whoever told it."""
