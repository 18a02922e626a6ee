"""`manage.py sync_schedules`: make the scheduler's rows equal to `config.schedules`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import Schedule

from config.schedules import SCHEDULES
from integrations import leases
from integrations.models import Tick

LEASE_SECONDS = 30


class Command(BaseCommand):
    """Run at every start: doing it twice, or in two places at once, changes nothing."""

    help = "Make the schedules in the database those of config/schedules.py."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write what differs, remove what is not in the table."""
        with leases.holding("sync_schedules", LEASE_SECONDS) as held:
            if held is None:
                self.stdout.write("another process is at it")
                return
            Schedule.objects.exclude(name__in=SCHEDULES).delete()
            for name, (function, minutes) in SCHEDULES.items():
                import_string(function)
                self._sync(name, function, minutes)
            Tick.objects.bulk_create([Tick(name=name) for name in SCHEDULES], ignore_conflicts=True)
        self.stdout.write(f"{len(SCHEDULES)} schedules are in step")

    def _sync(self, name: str, function: str, minutes: int) -> None:
        fixed = {"func": function, "minutes": minutes, "schedule_type": Schedule.MINUTES, "repeats": -1}
        rows = list(Schedule.objects.filter(name=name).order_by("pk"))
        if not rows:
            Schedule.objects.create(name=name, next_run=timezone.now(), **fixed)
        for extra in rows[1:]:
            extra.delete()
        Schedule.objects.filter(name=name).update(args=None, kwargs=None, hook=None, cluster=None, **fixed)
