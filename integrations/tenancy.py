"""Every row of a merchant's data says whose it is, and every query starts by asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, models
from django.db.models.expressions import Combinable

if TYPE_CHECKING:
    from integrations.models import Merchant

ModelT = TypeVar("ModelT", bound=models.Model, covariant=True)


class MerchantQuerySet(models.QuerySet[ModelT]):
    """A queryset of one merchant's rows, once `for_merchant` was called."""

    def for_merchant(self, merchant: Merchant | int | Combinable) -> Self:
        """Only the rows of `merchant` (an instance, its primary key, or an expression that gives it)."""
        return self.filter(merchant=merchant)


class MerchantOwned(models.Model):
    """Base of every table that holds a merchant's data. Uniqueness in such a table always includes the merchant."""

    merchant = models.ForeignKey("integrations.Merchant", on_delete=models.CASCADE, related_name="+", db_index=False)

    objects: models.Manager[Any] = MerchantQuerySet.as_manager()

    class Meta:
        abstract = True


class SameMerchant(models.BaseConstraint):
    """`field` points to a row of the same merchant: a foreign key over both columns, held by the database itself.

    It stands in place of the field's own foreign key (`db_constraint=False`), so it costs nothing on top. The table that is
    pointed to needs a unique constraint over its merchant and its primary key.
    """

    def __init__(self, *, field: str, name: str) -> None:
        super().__init__(name=name)
        self.field = field

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        """The constraint as a part of CREATE TABLE."""
        quote = schema_editor.quote_name
        merchant: Any = model._meta.get_field("merchant")
        field: Any = model._meta.get_field(self.field)
        parent = field.related_model._meta
        return (
            f"CONSTRAINT {quote(self.name)} FOREIGN KEY ({quote(merchant.column)}, {quote(field.column)}) "
            f"REFERENCES {quote(parent.db_table)} ({quote(merchant.column)}, {quote(parent.pk.column)}) "
            "DEFERRABLE INITIALLY DEFERRED"
        )

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        """Add it to a table without reading the rows that are there: they are validated by a step of their own."""
        table = schema_editor.quote_name(model._meta.db_table)
        return f"ALTER TABLE {table} ADD {self.constraint_sql(model, schema_editor)} NOT VALID"

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        """Take it away."""
        quote = schema_editor.quote_name
        return f"ALTER TABLE {quote(model._meta.db_table)} DROP CONSTRAINT {quote(self.name)}"

    def validate(
        self,
        model: type[models.Model],
        instance: Any,
        exclude: set[str] | None = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        """For forms: raises `ValidationError` where the row pointed to is another merchant's."""
        if self.field in (exclude or ()):
            return
        parent = getattr(instance, self.field)
        if parent is not None and parent.merchant_id != instance.merchant_id:
            raise ValidationError({self.field: "It belongs to another merchant."})

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        """For migrations."""
        path, _, arguments = super().deconstruct()
        return path, (), {**arguments, "field": self.field}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameMerchant) and (self.name, self.field) == (other.name, other.field)

    def __hash__(self) -> int:
        return hash((self.name, self.field))
