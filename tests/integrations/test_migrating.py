"""Migrations that break off half-way are run again."""

from __future__ import annotations

import contextlib
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection

from integrations.migrating import _has_index

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(
    ("app", "earlier", "again"),
    [
        ("integrations", "0001", "0003"),
        ("integrations", "0017", "0018"),
        ("tracking", "0001", "0002"),
        ("tracking", "0005", "0006"),
    ],
)
def test_a_migration_whose_steps_are_all_done_does_nothing_when_it_is_run_again(
    app: str, earlier: str, again: str
) -> None:
    """Those outside a transaction: of the others nothing is left where they break off."""
    before = tables()
    call_command("migrate", app, earlier, fake=True, verbosity=0, stdout=StringIO())

    call_command("migrate", app, again, verbosity=0, stdout=StringIO())

    assert tables() == before
    call_command("migrate", fake=True, verbosity=0, stdout=StringIO())


def test_what_is_left_of_an_index_whose_building_broke_off_is_removed() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE doubled AS SELECT 1 AS number FROM generate_series(1, 2)")
        with contextlib.suppress(IntegrityError):
            cursor.execute("CREATE UNIQUE INDEX CONCURRENTLY number_once ON doubled (number)")
        try:
            with connection.schema_editor(atomic=False) as editor:
                assert not _has_index(editor, "number_once")
                cursor.execute("DELETE FROM doubled")
                cursor.execute("CREATE UNIQUE INDEX CONCURRENTLY number_once ON doubled (number)")
                assert _has_index(editor, "number_once")
        finally:
            cursor.execute("DROP TABLE doubled")


def tables() -> list[tuple[str, str]]:
    """Every constraint and every index, by name and definition."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
        )
        constraints = cursor.fetchall()
        cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'")
        return sorted([*constraints, *cursor.fetchall()])
