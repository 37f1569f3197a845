"""One database for all tests of a process, emptied between them: making a new one costs half a second each time.

Deleting some rows costs a millisecond. What the migrations have put into the tables is kept aside and comes back, and
numbers are counted from the start again, so that a test can't tell the database from a new one. A test that changed
the tables themselves leaves a database that nobody gets after it.
"""

from collections.abc import Callable

import psycopg
from psycopg import sql

from tests.servers.postgres import PostgresCluster

_TABLES = """
    SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"""
_SEQUENCES = """
    SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace ORDER BY relname"""
# Whatever was added, dropped or validated changes one of these counts.
_SHAPE = """
    SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_attribute WHERE NOT attisdropped),
           (SELECT count(*) FROM pg_constraint WHERE convalidated), (SELECT count(*) FROM pg_trigger),
           (SELECT count(*) FROM pg_proc)"""
_THROW_OUT = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""
# Beyond this a table is cut off rather than deleted from, which leaves its room behind.
_LARGE = 1_000_000


class EmptiedDatabase:
    """A database that `build` fills with tables. `take()` it, use it, `give_back()`."""

    def __init__(self, cluster: PostgresCluster, name: str, build: Callable[[str], None]) -> None:
        self._cluster, self._name, self._build = cluster, name, build
        self._url = ""
        self._shape: tuple[object, ...] = ()
        self._connection: psycopg.Connection | None = None

    def take(self) -> str:
        """The address of the database, as it was built."""
        if not self._url:
            self._url = self._cluster.new_database(self._cluster.template(self._name, self._build))
            self._connection = psycopg.connect(self._url, autocommit=True)
            if self._may_empty(self._connection):
                _prepare(self._connection)
                self._shape = _shape_of(self._connection)
        return self._url

    def give_back(self) -> None:
        """Throw out whoever is still connected, and make it as it was built."""
        assert self._connection is not None
        self._connection.execute(_THROW_OUT)
        if self._shape and self._shape == _shape_of(self._connection):
            self._connection.execute("SELECT kept.as_built()")
        else:
            self.close()

    def close(self) -> None:
        """Remove the database; the next test gets another."""
        if self._connection is not None:
            self._connection.close()
            self._cluster.drop_database(self._url)
        self._url, self._connection = "", None

    @staticmethod
    def _may_empty(connection: psycopg.Connection) -> bool:
        """Foreign keys are passed over while deleting, which only a superuser may do."""
        return connection.info.parameter_status("is_superuser") == "on"


def _prepare(connection: psycopg.Connection) -> None:
    """Keep the rows that are there, and write the function that brings back this state and no other."""
    connection.execute("CREATE SCHEMA kept")
    tables = _names(connection, _TABLES)
    steps = [_emptying(name) for name in tables]
    steps += [_bringing_back(connection, name) for name in tables if _has_rows(connection, name)]
    steps += [_counting_anew(connection, name) for name in _names(connection, _SEQUENCES)]
    body = sql.SQL("BEGIN {} END").format(sql.SQL(" ").join(steps))
    connection.execute(
        sql.SQL(
            "CREATE FUNCTION kept.as_built() RETURNS void LANGUAGE plpgsql"
            " SET session_replication_role = replica AS {}"
        ).format(sql.Literal(body.as_string(connection)))
    )


def _emptying(name: str) -> sql.Composed:
    return sql.SQL(
        "IF EXISTS (SELECT FROM {table}) THEN IF pg_relation_size({name}) > {large} THEN TRUNCATE {table} CASCADE;"
        " ELSE DELETE FROM {table}; END IF; END IF;"
    ).format(
        table=sql.Identifier("public", name), name=sql.Literal(f"public.{name}"), large=sql.Literal(_LARGE)
    )


def _has_rows(connection: psycopg.Connection, name: str) -> bool:
    statement = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier("public", name))
    return bool(_row(connection, statement)[0])


def _bringing_back(connection: psycopg.Connection, name: str) -> sql.Composed:
    table, kept = sql.Identifier("public", name), sql.Identifier("kept", name)
    connection.execute(sql.SQL("CREATE TABLE {} AS TABLE {}").format(kept, table))
    return sql.SQL("INSERT INTO {} TABLE {};").format(table, kept)


def _counting_anew(connection: psycopg.Connection, name: str) -> sql.Composed:
    sequence = sql.Identifier("public", name)
    last, is_called = _row(connection, sql.SQL("SELECT last_value, is_called FROM {}").format(sequence))
    return sql.SQL("PERFORM setval({}, {}, {});").format(
        sql.Literal(f"public.{name}"), sql.Literal(last), sql.Literal(is_called)
    )


def _shape_of(connection: psycopg.Connection) -> tuple[object, ...]:
    return _row(connection, sql.SQL(_SHAPE))


def _names(connection: psycopg.Connection, statement: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(statement.encode()).fetchall()]


def _row(connection: psycopg.Connection, statement: sql.SQL | sql.Composed) -> tuple[object, ...]:
    found: tuple[object, ...] | None = connection.execute(statement).fetchone()
    assert found is not None
    return found
