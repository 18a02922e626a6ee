"""Emptying the database after a test that committed.

Django truncates every table and fills in permissions anew. Of our hundred tables a test fills ten: to give a hundred
tables new files takes PostgreSQL a second and more, to delete a few rows a few milliseconds.
"""

from __future__ import annotations

from functools import cache

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

KEPT = {"django_content_type", "auth_permission"}
"""They say which models there are: Django would fill them with the same rows again."""

LARGE = 200
"""So many rows are deleted from their pages too, or PostgreSQL would read and plan for what is gone in all tests that follow."""


def is_possible() -> bool:
    """PostgreSQL lets nobody but a superuser delete without a look at foreign keys, which are slow for thousands of rows."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SHOW is_superuser")
        return bool(cursor.fetchone() == ("on",))


def empty() -> None:
    """Delete all rows that tests can write."""
    own = own_connection()
    with own.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {quoted(name)})" for name in tables())  # noqa: S608
        )
        large = []
        for (name,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {quoted(name)}")  # noqa: S608
            if cursor.rowcount > LARGE:
                large.append(quoted(name))
        if large and own.vendor == "postgresql":
            cursor.execute(f"VACUUM {', '.join(large)}")


@cache
def own_connection() -> BaseDatabaseWrapper:
    """One that looks at no foreign keys, and stays open: PostgreSQL plans for a hundred tables once for all tests."""
    own = connection.copy()
    with own.cursor() as cursor:
        if own.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
        else:
            cursor.execute("PRAGMA foreign_keys = OFF")
    return own


@cache
def tables() -> list[str]:
    """Of all models."""
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return sorted(set(names) - KEPT)


def quoted(name: str) -> str:
    """The name of a table in a statement."""
    return connection.ops.quote_name(name)
