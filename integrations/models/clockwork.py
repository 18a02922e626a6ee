"""What keeps workers apart and awake. Not a merchant's data."""

from __future__ import annotations

from django.db import models


class Lease(models.Model):
    """Exclusive right to work on something ("lane:7", "inbound:3") for a while, by the database's clock.

    `epoch` grows with every holder: work that was begun under an older epoch is no longer the worker's to finish.
    """

    key = models.CharField(max_length=60, primary_key=True)
    epoch = models.BigIntegerField(default=0)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.key} #{self.epoch}"


class Tick(models.Model):
    """A kind of periodic work: whether it is wanted at once, and when it last ran. The watchdog reads it as a heartbeat."""

    name = models.CharField(max_length=40, primary_key=True)
    wanted_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
