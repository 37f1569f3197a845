"""Migrations: they lead to the models' schema and back, one process at a time, and a kill leaves no half of a step."""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from storefront import schema
from storefront.core import db
from storefront.core.migrating import alembic_config, downgrade, is_current, migrate

ROOT = Path(__file__).parents[2]
REMEDY = "write a migration (CONTRIBUTING.md) so that the migrated schema is what the models say"

# What the database owns and the models do not know: the full-text structures of the migration "search".
OF_THE_DATABASE = re.compile(r"search_fts|alembic_version")

MIGRATE_AND_DIE = """
import os, signal, sys
from sqlalchemy import event
from storefront.core import db
from storefront.core.migrating import migrate
engine = db.make_engine(sys.argv[1])
left = int(sys.argv[2])
def count(connection, cursor, statement, *rest):
    global left
    if statement.lstrip().upper().startswith(("CREATE", "ALTER", "INSERT", "UPDATE", "DROP")):
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
event.listen(engine, "after_cursor_execute", count)
migrate(engine)
"""

MIGRATE = """
import sys
from storefront.core import db
from storefront.core.migrating import migrate
sys.stdin.readline()
migrate(db.make_engine(sys.argv[1]))
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'shop.sqlite'}"
    else:
        url = request.getfixturevalue("postgres_url").replace("postgresql:", "postgresql+psycopg:", 1)
    engine = db.make_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def as_modelled(empty: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A second database, made from the models alone."""
    if empty.dialect.name == "sqlite":
        engine = db.make_engine(f"sqlite:///{tmp_path / 'models.sqlite'}")
    else:
        url = request.getfixturevalue("postgres_server").new_database()
        engine = db.make_engine(url.replace("postgresql:", "postgresql+psycopg:", 1))
    schema.metadata.create_all(engine)
    yield engine
    engine.dispose()


def test_migrated_schema_is_what_the_models_say(empty: Engine, as_modelled: Engine) -> None:
    migrate(empty)
    migrated, modelled = described(empty), described(as_modelled)
    assert migrated.keys() == modelled.keys(), REMEDY
    for table in modelled:
        assert migrated[table] == modelled[table], f"{table}: {REMEDY}"


def test_alembic_finds_nothing_to_write(empty: Engine) -> None:
    migrate(empty)
    with empty.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": _is_ours}
        )
        found = compare_metadata(context, schema.metadata)
    if empty.dialect.name == "sqlite":  # what Alembic can't see there, described() does
        found = [one for one in found if not str(one[0]).endswith("_fk")]
    assert found == [], REMEDY


def test_every_step_leads_back_and_forth(empty: Engine) -> None:
    revisions = [one.revision for one in ScriptDirectory.from_config(alembic_config()).walk_revisions()][::-1]
    seen = [described(empty)]
    for revision in revisions:
        migrate(empty, revision)
        seen.append(described(empty))
    for number, revision in reversed(list(enumerate(["base", *revisions[:-1]]))):
        downgrade(empty, revision)
        assert described(empty) == seen[number], f"going down to {revision} does not undo the step above it"
    migrate(empty)
    assert described(empty) == seen[-1]
    assert is_current(empty)


def test_there_is_one_line_of_migrations_with_dated_names() -> None:
    script = ScriptDirectory.from_config(alembic_config())
    assert len(script.get_heads()) == 1, "two migrations follow the same one: let one follow the other"
    names = [one.revision for one in script.walk_revisions()]
    assert [name for name in names if not re.fullmatch(r"20\d{6}_[a-z0-9_]+", name)] == []


def test_processes_that_migrate_at_once_take_turns(empty: Engine) -> None:
    processes = [_child(MIGRATE, empty) for _ in range(3)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in processes:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said.decode()
    assert is_current(empty)


@pytest.mark.parametrize("statement", [1, 3, 40])
def test_killed_migration_leaves_whole_steps_only(empty: Engine, statement: int) -> None:
    process = _child(MIGRATE_AND_DIE, empty, str(statement))
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    after = described(empty)
    with empty.connect() as connection:
        known = MigrationContext.configure(connection).get_current_revision()
    assert after == _steps_until(empty, known)
    migrate(empty)
    assert is_current(empty)


def test_newer_migration_keeps_the_rows(empty: Engine) -> None:
    """Each step runs on a shop that sells, so nothing of what was there may be lost."""
    migrate(empty, "20261120_first_tables")
    with empty.begin() as connection:
        connection.execute(text("INSERT INTO catalog_stamp (id, version) VALUES (1, 7)"))
    migrate(empty)
    with empty.connect() as connection:
        assert connection.execute(text("SELECT version FROM catalog_stamp")).scalar_one() == 7


def described(engine: Engine) -> dict[str, Any]:
    """Return all that the database says of its tables, comparable."""
    found = inspect(engine)
    # Asked of all tables at once: one by one takes PostgreSQL a second.
    columns, keys = found.get_multi_columns(), found.get_multi_pk_constraint()
    checks, uniques = found.get_multi_check_constraints(), found.get_multi_unique_constraints()
    indexes, foreign_keys = found.get_multi_indexes(), _foreign_keys(engine, found)
    return {
        name: {
            "columns": _columns(columns[place]),
            "primary key": keys.get(place),
            "checks": _sorted(checks.get(place, ())),
            "uniques": _sorted(uniques.get(place, ())),
            "foreign keys": _sorted(foreign_keys.get(name, ())),
            "indexes": _sorted(
                one for one in indexes.get(place, ()) if not OF_THE_DATABASE.search(one["name"] or "")
            ),
        }
        for place in sorted(columns, key=str)
        if not OF_THE_DATABASE.search(name := place[1])
    }


def _columns(columns: Any) -> dict[str, Any]:
    return {
        column["name"]: (str(column["type"]), column["nullable"], column["default"], column.get("computed"))
        for column in columns
        if not OF_THE_DATABASE.search(column["name"])
    }


def _foreign_keys(engine: Engine, found: Any) -> dict[str, list[Any]]:
    """SQLAlchemy does not see all of a foreign key that came with a column added later to SQLite; SQLite does."""
    if engine.dialect.name != "sqlite":
        return {name: keys for (_, name), keys in found.get_multi_foreign_keys().items()}
    statement = """SELECT m.name AS of_table, f.* FROM sqlite_master m, pragma_foreign_key_list(m.name) f
                   WHERE m.type = 'table'"""
    keys: dict[str, list[Any]] = {}
    with engine.connect() as connection:
        for row in connection.exec_driver_sql(statement).mappings():
            key = {name: value for name, value in row.items() if name not in ("id", "seq", "of_table")}
            keys.setdefault(row["of_table"], []).append(key)
    return keys


def _sorted(things: Any) -> list[str]:
    return sorted(re.sub(r"\s+", " ", json.dumps(thing, default=str, sort_keys=True)) for thing in things)


def _is_ours(_obj: object, name: str | None, _kind: str, _reflected: bool, _other: object) -> bool:
    return not OF_THE_DATABASE.search(name or "")


def _steps_until(engine: Engine, revision: str | None) -> dict[str, Any]:
    """Return the schema that a quiet migration to ``revision`` leads to, on a database file of its own.

    PostgreSQL describes types in other words than SQLite, so there the same database is taken down and up again.
    """
    if revision is None:
        return {}
    if engine.dialect.name == "sqlite":
        path = Path(str(engine.url.database)).with_name("quiet.sqlite")
        quiet = db.make_engine(f"sqlite:///{path}")
        migrate(quiet, revision)
        return described(quiet)
    downgrade(engine, "base")
    migrate(engine, revision)
    return described(engine)


def _child(program: str, engine: Engine, *arguments: str) -> subprocess.Popen[bytes]:
    assert shutil.which(sys.executable)
    return subprocess.Popen(
        [sys.executable, "-c", program, engine.url.render_as_string(hide_password=False), *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
