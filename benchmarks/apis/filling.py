"""Deliveries in every state, on a history that was all delivered: `python -m benchmarks.apis.filling`.

Of every merchant one in nineteen was skipped, one in a thousand refused, one in five thousand has an unknown outcome. Of the
newest events some wait, are on their way, or are held.
"""

from __future__ import annotations

import django

django.setup()

from django.db import connection  # noqa: E402

SETTLED = """
    UPDATE integrations_delivery d SET state = said.state, reason = said.reason
    FROM (VALUES (4999, 'expired', 'uncertain'), (1009, 'dead', 'rejected'), (19, 'skipped', 'metric_off'))
        said (every, state, reason)
    WHERE d.event_id %% said.every = 0 AND d.state = 'sent'
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
