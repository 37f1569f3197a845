"""Rows of another table within one row: an array of arrays, for what would else be a query more."""

from typing import Any

from sqlalchemy import JSON
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement


class JsonRows(FunctionElement[Any]):
    """An aggregate that puts the given columns of all rows into a list of lists, in no particular order.

    Texts, numbers, booleans and times arrive as JSON has them; a JSON column arrives as text on SQLite.
    """

    type = JSON()
    name = "json_rows"
    inherit_cache = True


@compiles(JsonRows, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"json_group_array(json_array({compiler.process(element.clauses, **options)}))"


@compiles(JsonRows, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    columns = compiler.process(element.clauses, **options)
    return f"coalesce(json_agg(json_build_array({columns})), '[]'::json)"
