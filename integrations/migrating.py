"""Operations for migrations that leave big tables open to readers and writers while they run.

On PostgreSQL each works without a long lock and outside a transaction (`atomic = False` on the migration); on other databases,
which have no such way and no such load, each does what Django's own operation does. A migration that breaks off half-way, as
where a lock was not to be had in time, is run again: each step looks whether it is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.migrations import AddConstraint, AddField, AddIndex, RemoveIndex
from django.db.migrations.operations.base import Operation
from django.db.models import CheckConstraint, UniqueConstraint

from integrations.tenancy import SameMerchant


def _is_postgresql(schema_editor: Any) -> bool:
    return bool(schema_editor.connection.vendor == "postgresql")


class AddFieldOnline(AddField):
    """Add a column that needs no rewriting of the table, as a step of its own."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """ALTER TABLE, unless the column is there already."""
        model = to_state.apps.get_model(app_label, self.model_name)
        column = model._meta.get_field(self.name).column
        columns = "SELECT 1 FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s AND NOT attisdropped"
        if not _is_postgresql(schema_editor) or not _found(schema_editor, columns, model._meta.db_table, column):
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class AddIndexOnline(AddIndex):
    """Add an index while rows are written."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """CREATE INDEX CONCURRENTLY."""
        if not _is_postgresql(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        elif not _has_index(schema_editor, self.index.name):
            model = to_state.apps.get_model(app_label, self.model_name)
            schema_editor.add_index(model, self.index, concurrently=True)


class RemoveIndexOnline(RemoveIndex):
    """Remove an index while rows are written."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """DROP INDEX CONCURRENTLY."""
        if not _is_postgresql(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = from_state.apps.get_model(app_label, self.model_name)
        index = from_state.models[app_label, self.model_name_lower].get_index_by_name(self.name)
        schema_editor.remove_index(model, index, concurrently=True)


class AddUniqueOnline(AddConstraint):
    """Add a unique constraint on some of the rows, which is an index, while rows are written."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """CREATE UNIQUE INDEX CONCURRENTLY."""
        if not _is_postgresql(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        elif not _has_index(schema_editor, self.constraint.name):
            create = str(self.constraint.create_sql(to_state.apps.get_model(app_label, self.model_name), schema_editor))
            schema_editor.execute(create.replace("UNIQUE INDEX", "UNIQUE INDEX CONCURRENTLY", 1))


class AddCheckedOnline(AddConstraint):
    """Add a check, or a `SameMerchant`, while rows are written: first for new rows, then it is looked at those that are there."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """ADD CONSTRAINT NOT VALID, which locks for a moment, and VALIDATE CONSTRAINT, which keeps nobody waiting."""
        if not _is_postgresql(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        if not _has_constraint(schema_editor, self.constraint.name):
            create = str(self.constraint.create_sql(model, schema_editor))
            is_check = isinstance(self.constraint, CheckConstraint)
            schema_editor.execute(f"{create} NOT VALID" if is_check else create)
        table = schema_editor.quote_name(model._meta.db_table)
        schema_editor.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {self.constraint.name}")


class HoldMerchantsApart(Operation):
    """Let relations be held by `SameMerchant` in place of their own foreign keys.

    `parents` are the models pointed to, each with the name of its unique constraint over (merchant, id); `relations` are
    (model, field, the field as it is from now on, name of the constraint). Rows that were there before are checked without
    locking anybody out.
    """

    atomic = False
    reversible = False

    def __init__(self, parents: Mapping[str, str], relations: Sequence[tuple[str, str, Any, str]]) -> None:
        self.parents = parents
        self.relations = relations

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The constraints, and the fields without foreign keys of their own."""
        # Rendered models are thrown away once: keeping them current through each of these steps takes many seconds.
        state.__dict__.pop("apps", None)
        for model, name in self.parents.items():
            state.add_constraint(app_label, model, UniqueConstraint(fields=("merchant", "id"), name=name))
        for model, field_name, field, name in self.relations:
            state.add_constraint(app_label, model, SameMerchant(field=field_name, name=name))
            state.alter_field(app_label, model, field_name, field, preserve_default=True)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """On PostgreSQL step by step; on SQLite, where a table is only made anew, each table once."""
        if not _is_postgresql(schema_editor):
            for name in dict.fromkeys([*self.parents, *(model for model, *_ in self.relations)]):
                schema_editor._remake_table(to_state.apps.get_model(app_label, name))
            return
        for model, name in self.parents.items():
            _add_unique(schema_editor, to_state.apps.get_model(app_label, model), name)
        for model, field_name, _, name in self.relations:
            before, after = (state.apps.get_model(app_label, model) for state in (from_state, to_state))
            if not _has_constraint(schema_editor, name):
                schema_editor.add_constraint(after, SameMerchant(field=field_name, name=name))
            schema_editor.execute(
                f"ALTER TABLE {schema_editor.quote_name(after._meta.db_table)} VALIDATE CONSTRAINT {name}"
            )
            schema_editor.alter_field(after, before._meta.get_field(field_name), after._meta.get_field(field_name))

    def describe(self) -> str:
        """For `migrate`'s output."""
        return "Let rows hang on rows of the same merchant only"


def _add_unique(schema_editor: Any, model: Any, name: str) -> None:
    """A unique constraint while rows are written: its index first, then the constraint that takes the index over."""
    if _has_constraint(schema_editor, name):
        return
    quote, meta = schema_editor.quote_name, model._meta
    table, columns = quote(meta.db_table), ", ".join(quote(meta.get_field(each).column) for each in ("merchant", "id"))
    if not _has_index(schema_editor, name):
        schema_editor.execute(f"CREATE UNIQUE INDEX CONCURRENTLY {quote(name)} ON {table} ({columns})")
    schema_editor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {quote(name)} UNIQUE USING INDEX {quote(name)}")


def _has_constraint(schema_editor: Any, name: str) -> bool:
    return bool(_found(schema_editor, "SELECT 1 FROM pg_constraint WHERE conname = %s", name))


def _has_index(schema_editor: Any, name: str) -> bool:
    """Whether an index is there and whole. What is left of one whose building broke off is removed."""
    indexes = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(quote_ident(%s))"
    for is_whole in _found(schema_editor, indexes, name):
        if is_whole:
            return True
        schema_editor.execute(f"DROP INDEX CONCURRENTLY {schema_editor.quote_name(name)}")
    return False


def _found(schema_editor: Any, query: str, *names: str) -> list[Any]:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(query, names)
        return [row[0] for row in cursor.fetchall()]
