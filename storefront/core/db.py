"""The database: one writing transaction is a *unit of work*, and reading needs none.

``with unit_of_work():`` at the edge (a view that writes, a job) begins, commits or rolls back. Inside it,
``session()`` is its session; outside, it is a session for reading in autocommit, which ``close_reader()``
gives back at the end of the request. Services never commit, and units do not nest.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, ClassVar, TypeVar

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    CursorResult,
    Date,
    DateTime,
    Dialect,
    Engine,
    Enum,
    Executable,
    Integer,
    MetaData,
    TypeDecorator,
    cast,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import DeclarativeBase, MappedColumn, Session, mapped_column

from storefront.core.errors import NotFound
from storefront.core.turns import aside

T = TypeVar("T")

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# PostgreSQL: serialization_failure, deadlock_detected.
_WORTH_ANOTHER_TRY = {"40001", "40P01"}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware UTC in Python, whatever the database keeps."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times; SQLite keeps text without zone, so hand it UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware time also from SQLite."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


BigId = BigInteger().with_variant(Integer, "sqlite")
Json = JSON().with_variant(JSONB, "postgresql")
Id = Annotated[int, mapped_column(BigId, primary_key=True)]


class Base(DeclarativeBase):
    """The base of all models."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        dict[str, Any]: Json,
        dict[str, str]: Json,
        dict[str, dict[str, str]]: Json,
    }


def choice(kind: type[StrEnum], name: str, **options: Any) -> MappedColumn[Any]:
    """Return a text column that holds one of the words of ``kind``, checked by the database."""
    words = Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=40,
        values_callable=lambda members: [member.value for member in members],
    )
    return mapped_column(words, **options)


class _Unit:
    """A running unit of work: its session, and what must follow its commit."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.gathered: dict[Callable[[set[int]], None], set[int]] = {}
        self.followers: list[Callable[[], None]] = []


class _Reader:
    """What a request reads with: one connection, and a session upon it where entities are wanted."""

    def __init__(self) -> None:
        self.connection = _reading_engine(engine()).connect()
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        if self._session is None:
            self._session = Session(self.connection, expire_on_commit=False, autoflush=False)
        return self._session

    def forget(self) -> None:
        if self._session is not None:
            self._session.expunge_all()

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
        self.connection.close()


@lru_cache(maxsize=4)
def _reading_engine(of: Engine) -> Engine:
    """Return the same engine, without transactions."""
    is_file = of.dialect.name == "sqlite"
    return of.execution_options(**{"reading": True} if is_file else {"isolation_level": "AUTOCOMMIT"})


_engine: Engine | None = None
_unit: ContextVar[_Unit | None] = ContextVar("unit_of_work", default=None)
_reader: ContextVar["_Reader | None"] = ContextVar("reader", default=None)


def connect(dsn: str) -> Engine:
    """Make this process use the database at ``dsn``, replacing the one before."""
    global _engine  # one engine a process is what SQLAlchemy advises
    disconnect()
    _engine = make_engine(dsn)
    return _engine


def make_engine(dsn: str) -> Engine:
    """Return an engine for SQLite or PostgreSQL, set up as the shop needs it."""
    if dsn.startswith("sqlite"):
        engine = create_engine(dsn, connect_args={"timeout": 10.0}, pool_size=32, max_overflow=32)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(dsn, pool_size=16, max_overflow=16, pool_pre_ping=True, pool_recycle=1800)
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def disconnect() -> None:
    """Give back all connections of this process."""
    global _engine
    close_reader()
    if _engine is not None:
        _engine.dispose()
    _engine = None
    _reading_engine.cache_clear()


def engine() -> Engine:
    """Return the engine of this process."""
    if _engine is None:
        raise RuntimeError("core.db.connect() was not called")
    return _engine


def is_sqlite() -> bool:
    """Whether the database is SQLite."""
    return engine().dialect.name == "sqlite"


def session() -> Session:
    """Return the session of the current unit of work, or else one for reading."""
    unit = _unit.get()
    return unit.session if unit else _open_reader().session


def execute(statement: Executable, values: Any = None) -> CursorResult[*tuple[Any, ...]]:
    """Run a statement of explicit columns, without the work that a session has with entities."""
    unit = _unit.get()
    if unit is None:
        return _open_reader().connection.execute(statement, values)
    unit.session.flush()
    return unit.session.connection().execute(statement, values)


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """Run the block as one transaction: commit at its end, roll back when it raises."""
    if _unit.get() is not None:
        raise RuntimeError("units of work do not nest")
    unit = _Unit(Session(engine(), expire_on_commit=False))
    mark = _unit.set(unit)
    try:
        yield unit.session
        for finish, items in list(unit.gathered.items()):
            finish(items)
        unit.session.flush()
        with aside():
            unit.session.commit()
    finally:
        _unit.reset(mark)
        unit.session.close()
        _forget_what_was_read()
    for follow in unit.followers:
        follow()


def in_unit() -> bool:
    """Whether a unit of work is running here."""
    return _unit.get() is not None


def before_commit(finish: Callable[[set[int]], None], item: int) -> None:
    """Call ``finish`` once at the end of the current unit, still within it, with all items that were given for it.

    So that what follows from many changes is written together, and its locks are held for a moment only.
    """
    unit = _unit.get()
    if unit is None:
        raise RuntimeError("before_commit() outside a unit of work")
    unit.gathered.setdefault(finish, set()).add(item)


def after_commit(follow: Callable[[], None]) -> None:
    """Call ``follow`` when the current unit has been committed; drop it on rollback."""
    unit = _unit.get()
    if unit is None:
        raise RuntimeError("after_commit() outside a unit of work")
    unit.followers.append(follow)


def close_reader() -> None:
    """Give back the reading session of this request or job, if there is one."""
    reader = _reader.get()
    if reader is not None:
        reader.close()
        _reader.set(None)


def day_of(moment: Any) -> ColumnElement[date]:
    """Return the expression of the date, in UTC, of a column of moments."""
    if is_sqlite():
        return func.date(moment, type_=Date)
    return cast(func.timezone("UTC", moment), Date)


def get_or_404(model: type[T], *conditions: Any, for_update: bool = False) -> T:
    """Return the one row that meets the conditions.

    Raises:
        NotFound: there is none; what belongs to others must be in the conditions, so the answer is the same.
    """
    statement = select(model).where(*conditions)
    if for_update:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = session().execute(statement).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def constraint_of(error: DBAPIError) -> str:
    """Return the name of the violated constraint, or the database's words when it gives no name."""
    name = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
    return str(name or error.orig)


def is_worth_another_try(error: BaseException) -> bool:
    """Whether the database only asked us to try the same transaction again."""
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error, OperationalError) and isinstance(error.orig, sqlite3.OperationalError):
        return "locked" in str(error.orig) or "busy" in str(error.orig)
    return getattr(error.orig, "sqlstate", None) in _WORTH_ANOTHER_TRY


def again_on_conflict(work: Callable[[], T], tries: int = 4) -> T:
    """Run ``work``, which opens its own units, again when the database reports a deadlock or a lost race."""
    for attempt in range(1, tries + 1):
        try:
            return work()
        except DBAPIError as error:
            if attempt == tries or not is_worth_another_try(error):
                raise
    raise AssertionError("unreachable")


def _open_reader() -> _Reader:
    reader = _reader.get()
    if reader is None:
        reader = _Reader()
        _reader.set(reader)
    return reader


def _forget_what_was_read() -> None:
    """What the reader still holds may have been changed by the unit; it must look again."""
    reader = _reader.get()
    if reader is not None:
        reader.forget()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; see _begin_sqlite
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=10000",
        "cache_size=-2000",  # 2 MB for each connection; what is read often the system keeps, once for all
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    """A shop asks short questions: starting helpers and compiling takes longer than answering them."""
    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")
        cursor.execute("SET jit = off")
        cursor.execute("SET random_page_cost = 1.1")  # Disks without a moving head.
    connection.commit()


def _begin_sqlite(connection: Any) -> None:
    """Writers take their turn at once (no lost upgrade of a read lock); readers need no transaction."""
    if not connection.get_execution_options().get("reading"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
