"""`manage.py watch_cluster`: a worker that is started anew when it stands still."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from integrations import watch


class Command(BaseCommand):
    """Runs django-q2's cluster as its child."""

    help = "Run a worker (django-q2's qcluster) and start it anew whenever it stands still."

    def handle(self, *args: Any, **options: Any) -> None:
        """Until SIGINT or SIGTERM."""
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        watch.watch(stopped)
