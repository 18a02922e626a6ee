"""How far the history is settled, so that who follows it in the order of recording never misses an event.

Keys are given out before their transactions commit: one that commits late has lower keys than others that were read meanwhile.
So each writer leaves a mark for as long as its transaction runs: the highest key there was before its first event. Up to the
lowest mark, everything that will ever be there is there.
"""

from __future__ import annotations

from django.db import connection

from integrations.statements import prepared

_MARKS = 0x7469
"""The first 16 bits of the advisory locks that are marks; the other 48 are the key."""

_SEQUENCE = "integrations_event_id_seq"
_HIGHEST = "CASE WHEN is_called THEN last_value ELSE 0 END"

# Once in a transaction: the setting and the lock go with it, or with the savepoint in which they were made.
_LEAVE_MARK = (
    f"SELECT pg_advisory_xact_lock_shared(({_MARKS}::bigint << 48) | {_HIGHEST}), "  # noqa: S608
    f"set_config('tidings.is_marked', 'yes', true) FROM {_SEQUENCE} "
    "WHERE coalesce(current_setting('tidings.is_marked', true), '') = ''"
)

# The highest key is read before the marks, which the last condition makes sure of: a writer that leaves its mark between the two
# gives out higher keys only.
_SETTLED = (
    f"WITH top AS MATERIALIZED (SELECT {_HIGHEST} AS key FROM {_SEQUENCE}) "  # noqa: S608
    "SELECT least(top.key, (SELECT min(((classid::bigint & 65535) << 32) | objid::bigint) FROM pg_locks "
    f"WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 16 = {_MARKS} "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND top.key IS NOT NULL)) FROM top"
)


def leave_mark() -> None:
    """Say that this transaction is about to record events. SQLite has one writer at a time, and needs no marks."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_LEAVE_MARK)


def settled_until() -> int:
    """The key up to which no event will appear any more. Ask first, and then, by a statement of its own, for the events."""
    sql = _SETTLED if connection.vendor == "postgresql" else "SELECT coalesce(max(id), 0) FROM integrations_event"
    return int(prepared(sql, [])[0][0])
