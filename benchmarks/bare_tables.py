"""Filling tables without their indexes and constraints, which are put back in one go: it takes a fifth of the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

OURS = r"(integrations|lifecycle|loyalty|returns|tracking)\_%"
CONSTRAINTS = """
    SELECT c.conrelid::regclass::text, quote_ident(c.conname), pg_get_constraintdef(c.oid)
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
    WHERE t.relname SIMILAR TO %s AND c.contype IN ('f', 'u') ORDER BY c.contype, c.conname
"""
INDEXES = """
    SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
    WHERE t.relname SIMILAR TO %s AND NOT i.indisprimary
      AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype = 'u')
"""
MEMORY = "512MB"


@contextmanager
def bare_tables() -> Iterator[None]:
    """Take away every index but the primary keys', unique constraints and foreign keys; put them back at the end."""
    with connection.cursor() as cursor:
        cursor.execute(CONSTRAINTS, [OURS])
        constraints = cursor.fetchall()
        cursor.execute(INDEXES, [OURS])
        indexes = cursor.fetchall()
        for table, name, _ in constraints:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"SET maintenance_work_mem = '{MEMORY}'")
        for _, definition in indexes:
            cursor.execute(definition)
        for table, name, definition in reversed(constraints):  # unique ones before the keys that may need them
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
