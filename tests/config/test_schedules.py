"""The table of schedules, and what queued tasks are called."""

from __future__ import annotations

import inspect

import pytest
from django.core.management import call_command
from django.utils.module_loading import import_string
from django_q.models import Schedule

from config.schedules import SCHEDULES
from integrations import wake

FROZEN = {
    "integrations.tasks.alert",
    "integrations.tasks.check_keys",
    "integrations.tasks.compare_suppressions",
    "integrations.tasks.deliver",
    "integrations.tasks.handle_inbound",
    "integrations.tasks.heartbeat",
    "integrations.tasks.housekeep",
    "integrations.tasks.launch",
    "integrations.tasks.list_stalled",
    "integrations.tasks.reconcile",
    "integrations.tasks.remove_merchants",
    "lifecycle.tasks.read_log",
    "lifecycle.tasks.fill_lists",
    "lifecycle.tasks.tell_rulesets",
    "loyalty.tasks.do_nights",
    "loyalty.tasks.run_campaigns",
    "returns.tasks.watch_returns",
    "tracking.tasks.flag_stalled",
}
"""Queued tasks carry these names across a deploy: a renamed task would be lost with them."""


def test_tasks_keep_their_names_and_take_nothing() -> None:
    names = {function for function, _ in SCHEDULES.values()} | set(wake.TASKS.values())

    assert names == FROZEN
    assert all(not inspect.signature(import_string(name)).parameters for name in names)


@pytest.mark.django_db
def test_syncing_mends_whatever_was_changed() -> None:
    call_command("sync_schedules")
    Schedule.objects.create(name="deliver", func="os.system", args="('x',)")
    Schedule.objects.create(name="stranger", func="os.system")
    Schedule.objects.filter(name="launch").update(kwargs="broken(", minutes=99)

    call_command("sync_schedules")

    rows = {row.name: (row.func, row.minutes, row.args, row.kwargs) for row in Schedule.objects.all()}
    assert Schedule.objects.count() == len(SCHEDULES)
    assert rows == {name: (function, minutes, None, None) for name, (function, minutes) in SCHEDULES.items()}
