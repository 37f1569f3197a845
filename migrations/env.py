"""Runs migrations over the connection that ``storefront.core.migrating`` hands over."""

from alembic import context

from storefront.core.db import Json, UtcDateTime
from storefront.schema import metadata


def include_object(obj: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    """Leave out the full-text tables, which belong to the database and not to the models."""
    return not (kind == "table" and name is not None and name.startswith("search_fts"))


def render_item(kind: str, obj: object, autogen: object) -> str | bool:
    """Write our own types into a new migration as plain SQLAlchemy, since migrations outlive our code."""
    if kind == "type" and isinstance(obj, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and obj is Json:
        return "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    transaction_per_migration=True,
    transactional_ddl=True,
    include_object=include_object,
    render_item=render_item,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
