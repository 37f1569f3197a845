"""Bringing a database to the newest schema, safely when several processes start at once."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

_FOLDER = Path(__file__).parents[2] / "migrations"
# Any number that no one else uses in this database: "stfr".
_LOCK = 0x73746672


def alembic_config() -> Config:
    """Return Alembic's configuration without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(year)d%%(month).2d%%(day).2d_%%(slug)s")
    return config


def migrate(engine: Engine, revision: str = "head") -> None:
    """Upgrade the database to ``revision``; a process killed halfway leaves it as it was before that step."""
    with engine.connect() as connection, _alone(connection):
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the database back to ``revision``."""
    with engine.connect() as connection, _alone(connection):
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def is_current(engine: Engine) -> bool:
    """Whether the database has the schema that this code expects."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Let one process at a time migrate; who is killed gives its turn back."""
    if connection.dialect.name == "postgresql":
        with _alone_on_server(connection):
            yield
        return
    with _alone_in_folder(connection.engine.url.database):
        yield


@contextmanager
def _alone_on_server(connection: Connection) -> Iterator[None]:
    connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
        connection.commit()


@contextmanager
def _alone_in_folder(database: str | None) -> Iterator[None]:
    """Lock the folder, not the file: closing a second handle of a SQLite file would drop SQLite's own locks.

    SQLite's write lock alone is not enough. It is free for a moment between two steps, in which another process
    would plan the steps that this one is about to do.
    """
    if not database or database == ":memory:":
        yield
        return
    folder = os.open(Path(database).absolute().parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
