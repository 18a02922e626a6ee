"""Deliveries in every state, on a history that was all delivered: `python -m benchmarks.apis.filling`.

One in twenty was skipped, one in a thousand refused, one in five thousand has an unknown outcome. Of the newest some wait, are
on their way, or are held.
"""

from __future__ import annotations

import django

django.setup()

from django.db import connection  # noqa: E402

SETTLED = """
    UPDATE integrations_delivery SET
        state = CASE WHEN event_id %% 5000 = 2 THEN 'expired' WHEN event_id %% 1000 = 1 THEN 'dead' ELSE 'skipped' END,
        reason = CASE WHEN event_id %% 5000 = 2 THEN 'uncertain' WHEN event_id %% 1000 = 1 THEN 'rejected' ELSE 'metric_off' END
    WHERE event_id %% 20 = 0 OR event_id %% 1000 = 1 OR event_id %% 5000 = 2
"""
OPEN = """
    UPDATE integrations_delivery SET settled_at = NULL, reason = CASE WHEN event_id %% 3 = 0 THEN 'before_launch' ELSE '' END,
        state = (ARRAY['held', 'pending', 'sending'])[1 + event_id %% 3]
    WHERE event_id > (SELECT max(id) - 10000 FROM integrations_event)
"""


def main() -> None:
    """Change them, and let the planner know."""
    with connection.cursor() as cursor:
        cursor.execute(SETTLED, [])
        cursor.execute(OPEN, [])
        cursor.execute("VACUUM (ANALYZE) integrations_delivery, integrations_event")


if __name__ == "__main__":
    main()
