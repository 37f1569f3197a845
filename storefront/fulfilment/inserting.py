"""Inserting a row unless it is there: the database decides between two that come at once."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from storefront.core import db


def insert_once(model: Any, values: dict[str, Any]) -> int | None:
    """Insert the row in the current unit and return its id, or None when some unique rule says that it is there."""
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    statement = insert(model).values(**values).on_conflict_do_nothing().returning(model.id)
    found: int | None = db.session().scalar(statement)
    return found
