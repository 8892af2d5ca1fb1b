"""A table whose rows stay as they were written, because PostgreSQL refuses anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import BaseConstraint

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.models import Model

_CREATE = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of "%" are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER "{name}" BEFORE UPDATE OR DELETE ON "{table}" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""


class AppendOnly(BaseConstraint):
    """Declared among a model's constraints, so that every way of making the table makes the guard as well.

    UPDATE and DELETE fail with an IntegrityError, whoever sends them. TRUNCATE, which empties whole test databases,
    is left to the owner of the table.
    """

    def constraint_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        """Nothing inside CREATE TABLE; the trigger follows once the table is there."""
        if schema_editor is not None:
            schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return ""

    def create_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:  # noqa: ARG002 - Django's signature
        """The statements that guard the table of `model`. Run without parameters, so percent signs are what they are."""
        return _CREATE.format(name=self.name, table=_table(model))

    def remove_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:  # noqa: ARG002 - Django's signature
        """The statement that lifts the guard."""
        return f'DROP TRIGGER "{self.name}" ON "{_table(model)}"'

    def validate(self, *_: Any, **__: Any) -> None:
        """Nothing about a new row can offend it."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AppendOnly) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)


def _table(model: type[Model] | None) -> str:
    if model is None:
        raise ValueError("The guard belongs to a model's table.")
    return model._meta.db_table  # noqa: SLF001 - Django's public face of a model
