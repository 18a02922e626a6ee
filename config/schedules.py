"""Every periodic job, in one table. `manage.py sync_schedules` makes django-q2's rows equal to it.

Times are intervals in UTC, without arguments: what is due is worked out from stored deadlines, so a run that is doubled, late
or left out changes nothing.
"""

from __future__ import annotations

SCHEDULES = {
    "handle_inbound": ("integrations.tasks.handle_inbound", 1),
    "deliver": ("integrations.tasks.deliver", 1),
    "heartbeat": ("integrations.tasks.heartbeat", 1),
    "flag_stalled": ("tracking.tasks.flag_stalled", 1),
    "read_log": ("lifecycle.tasks.read_log", 1),
    "watch_returns": ("returns.tasks.watch_returns", 10),
    "do_nights": ("loyalty.tasks.do_nights", 5),
    "run_campaigns": ("loyalty.tasks.run_campaigns", 1),
    "alert": ("integrations.tasks.alert", 1),
    "list_stalled": ("integrations.tasks.list_stalled", 5),
    "launch": ("integrations.tasks.launch", 1),
    "housekeep": ("integrations.tasks.housekeep", 10),
    "check_keys": ("integrations.tasks.check_keys", 60),
    "remove_merchants": ("integrations.tasks.remove_merchants", 10),
    "fill_lists": ("lifecycle.tasks.fill_lists", 5),
    "tell_rulesets": ("lifecycle.tasks.tell_rulesets", 5),
    "compare_suppressions": ("integrations.tasks.compare_suppressions", 10),
    "reconcile": ("integrations.tasks.reconcile", 24 * 60),
}
"""Name -> (dotted path of the task, minutes between two runs)."""
