"""How often visitors of the shoppers' pages did something."""

from __future__ import annotations

from django.db import models


class PostCount(models.Model):
    """How often something was posted in an hour by one visitor, or on one page. It is no merchant's.

    `key` is a digest of whose posts are counted; `hour` is in hours since 1970. What is over is removed as new rows come.
    """

    key = models.CharField(max_length=64, primary_key=True)
    hour = models.PositiveIntegerField(db_index=True)
    used = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.used} in hour {self.hour}"
