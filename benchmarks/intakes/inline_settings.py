"""The product's settings with a hook that handles the message before it answers."""

from __future__ import annotations

from config.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.intakes.inline_urls"
