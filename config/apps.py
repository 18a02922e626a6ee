"""The project itself as an app: that is how Django finds the system checks and the commands that concern the whole."""

from __future__ import annotations

import gc

from django.apps import AppConfig

GARBAGE_AFTER = 20_000
"""Objects that may be made before garbage is looked for. Python's 700 is less than what one batch of events makes."""


class ProjectConfig(AppConfig):
    """Registers the system checks on the settings, and settles the process down."""

    name = "config"

    def ready(self) -> None:
        """Importing the module registers its checks."""
        from config import checks  # noqa: F401

        # All that is loaded by now stays for good: the garbage collector need not walk over it again and again (a tenth of a
        # worker's time), and processes forked from this one go on sharing its memory.
        gc.freeze()
        gc.set_threshold(GARBAGE_AFTER)
