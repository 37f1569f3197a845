"""The books of Practice Stripe: one SQLite file, safe with several processes and threads.

Every Stripe object is one row of ``thing`` with its JSON body as the API shows it, the columns that lists
filter by, and a private part that the API does not show.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from practice_stripe.config import API_VERSION, PracticeConfig
from practice_stripe.errors import missing_resource
from practice_stripe.ids import new_id

Json = dict[str, Any]

_BUSY_SECONDS = 15
_SCHEMA_VERSION = 1
_TABLES = """
CREATE TABLE thing (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    created INTEGER NOT NULL,
    type TEXT,
    status TEXT,
    payment_intent TEXT,
    charge TEXT,
    customer TEXT,
    source TEXT,
    expires_at INTEGER,
    body TEXT NOT NULL,
    private TEXT NOT NULL DEFAULT '{}'
);

CREATE TABLE delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL REFERENCES thing (id),
    event_type TEXT NOT NULL,
    url TEXT NOT NULL,
    created_at REAL NOT NULL,
    due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    lease TEXT,
    lease_until REAL NOT NULL DEFAULT 0,
    done_at REAL,
    outcome TEXT CHECK (outcome IN ('delivered', 'given_up', 'dropped')),
    last_status INTEGER,
    last_error TEXT,
    CHECK ((done_at IS NULL) = (outcome IS NULL))
);

CREATE TABLE idempotency (
    key TEXT PRIMARY KEY,
    request TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    request_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    started_at REAL NOT NULL,
    status INTEGER,
    headers TEXT,
    body TEXT
) WITHOUT ROWID;

CREATE TABLE fault (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    match TEXT NOT NULL,
    method TEXT,
    seconds REAL NOT NULL,
    times INTEGER NOT NULL CHECK (times >= 0),
    created_at REAL NOT NULL
);

CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_INDEXES = """
CREATE INDEX IF NOT EXISTS thing_by_kind ON thing (kind, seq);
CREATE INDEX IF NOT EXISTS thing_by_type ON thing (kind, type, seq) WHERE type IS NOT NULL;
CREATE INDEX IF NOT EXISTS thing_by_payment_intent ON thing (payment_intent, kind, seq)
    WHERE payment_intent IS NOT NULL;
CREATE INDEX IF NOT EXISTS thing_by_charge ON thing (charge, kind, seq) WHERE charge IS NOT NULL;
CREATE INDEX IF NOT EXISTS thing_by_customer ON thing (customer, kind, seq) WHERE customer IS NOT NULL;
CREATE INDEX IF NOT EXISTS thing_by_source ON thing (source, kind, seq) WHERE source IS NOT NULL;
CREATE INDEX IF NOT EXISTS open_session_by_expiry ON thing (expires_at)
    WHERE kind = 'checkout.session' AND status = 'open';
CREATE INDEX IF NOT EXISTS session_by_status ON thing (status, seq) WHERE kind = 'checkout.session';
CREATE INDEX IF NOT EXISTS processing_payment ON thing (seq)
    WHERE kind = 'payment_intent' AND status = 'processing';
CREATE UNIQUE INDEX IF NOT EXISTS one_living_charge_per_payment ON thing (payment_intent)
    WHERE kind = 'charge' AND status IN ('pending', 'succeeded');
CREATE UNIQUE INDEX IF NOT EXISTS one_session_per_payment ON thing (payment_intent)
    WHERE kind = 'checkout.session' AND payment_intent IS NOT NULL;
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (due_at, id) WHERE done_at IS NULL;
CREATE INDEX IF NOT EXISTS delivery_by_event ON delivery (event_id);
CREATE INDEX IF NOT EXISTS idempotency_by_age ON idempotency (started_at);
"""


@dataclass(frozen=True)
class Cause:
    """The API request behind a change, as its events name it; empty for a change made elsewhere."""

    request_id: str | None = None
    idempotency_key: str | None = None


class Store:
    """Connections to one file. ``changed`` is set whenever this process wrote an event."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.changed = threading.Event()
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        # Writers of one process queue here: SQLite's own waiting sleeps longer and is not fair.
        self._writer = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._prepare()

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection in autocommit mode."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._open()
        try:
            yield connection
        finally:
            if connection.in_transaction:
                connection.rollback()
            with self._lock:
                self._idle.append(connection)

    @contextmanager
    def transaction(self, mode: str = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
        """Run one transaction: committed at the end, rolled back when something is raised."""
        turn = self._writer if mode == "IMMEDIATE" else contextlib.nullcontext()
        with turn, self.connection() as connection:
            connection.execute(f"BEGIN {mode}")
            yield connection
            connection.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        # A practice payment may be lost with the power, never with the process.
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    def _prepare(self) -> None:
        with self.connection() as connection:
            _switch_to_wal(connection)
        with self.transaction() as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                _execute_all(connection, _TABLES)
                connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
            elif version != _SCHEMA_VERSION:
                raise RuntimeError(
                    f"{self.path} was written by another version of Practice Stripe; delete it."
                )
            _execute_all(connection, _INDEXES)


def _execute_all(connection: sqlite3.Connection, statements: str) -> None:
    # Not executescript, which would end the transaction.
    for statement in statements.split(";\n"):
        connection.execute(statement)


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    # The change of mode ignores the busy time-out, and several processes may begin at once.
    for attempt in range(50):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if attempt == 49:
                raise
            time.sleep(0.05)


_stores: dict[tuple[int, Path], Store] = {}
_stores_lock = threading.Lock()


def open_store(config: PracticeConfig) -> Store:
    """Return this process's store for the file of ``config``, made on first use.

    A forked child gets a store of its own, because SQLite connections must not cross a fork.
    """
    key = (os.getpid(), config.database)
    with _stores_lock:
        if key not in _stores:
            _stores[key] = Store(key[1])
        return _stores[key]


class Book:
    """What may be done inside one transaction."""

    def __init__(
        self, connection: sqlite3.Connection, config: PracticeConfig, store: Store, cause: Cause, now: float
    ) -> None:
        self.connection = connection
        self.config = config
        self.cause = cause
        self.moment = now
        self.now = int(now)
        self._store = store
        self.wrote_event = False

    def add(self, body: Json, private: Json | None = None) -> Json:
        """Write a new object and return it."""
        columns = _columns(body)
        self.connection.execute(
            "INSERT INTO thing (id, kind, created, type, status, payment_intent, charge, customer, source,"
            " expires_at, body, private) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                body["id"],
                body["object"],
                body["created"],
                *columns,
                json.dumps(body),
                json.dumps(private or {}),
            ),
        )
        return body

    def save(self, body: Json) -> Json:
        """Write an object again and return it."""
        self.connection.execute(
            "UPDATE thing SET type = ?, status = ?, payment_intent = ?, charge = ?, customer = ?, source = ?,"
            " expires_at = ?, body = ? WHERE id = ?",
            (*_columns(body), json.dumps(body), body["id"]),
        )
        return body

    def find(self, kind: str, thing_id: str) -> Json | None:
        """Return the object with this kind and id, or None."""
        row = self.connection.execute(
            "SELECT body FROM thing WHERE id = ? AND kind = ?", (thing_id, kind)
        ).fetchone()
        return self._load(row["body"]) if row else None

    def get(self, kind: str, thing_id: str, param: str = "id", status: int = 404) -> Json:
        """Return the object; raise Stripe's "No such ..." when there is none."""
        found = self.find(kind, thing_id)
        if found is None:
            raise missing_resource(kind, thing_id, param, status)
        return found

    def find_any(self, thing_id: str) -> Json | None:
        """Return the object with this id whatever it is, or None."""
        row = self.connection.execute("SELECT body FROM thing WHERE id = ?", (thing_id,)).fetchone()
        return self._load(row["body"]) if row else None

    def private(self, thing_id: str) -> Json:
        """Return what is kept with an object but not shown."""
        row = self.connection.execute("SELECT private FROM thing WHERE id = ?", (thing_id,)).fetchone()
        found: Json = json.loads(row["private"])
        return found

    def save_private(self, thing_id: str, private: Json) -> None:
        """Write what is kept with an object but not shown."""
        self.connection.execute("UPDATE thing SET private = ? WHERE id = ?", (json.dumps(private), thing_id))

    def select(
        self,
        kind: str,
        condition: str = "1",
        values: Sequence[Any] = (),
        limit: int = -1,
        index: str | None = None,
    ) -> list[Json]:
        """Return the few objects of a kind that meet an SQL condition, oldest first; ``index`` finds them."""
        source = f"thing INDEXED BY {index}" if index else "thing"
        # The plus keeps SQLite from walking through all objects in order instead of using a narrow index.
        return self._query(f"{source} WHERE {kind_is(kind)} AND {condition} ORDER BY +seq", values, limit)

    def page(
        self, kind: str, condition: str, values: Sequence[Any], oldest_first: bool, limit: int
    ) -> list[Json]:
        """Return the first or last objects of a kind that meet an SQL condition, however many do."""
        order = "seq" if oldest_first else "seq DESC"
        return self._query(f"thing WHERE {kind_is(kind)} AND {condition} ORDER BY {order}", values, limit)

    def _query(self, words: str, values: Sequence[Any], limit: int) -> list[Json]:
        # The words are this package's own; what a client sent is only ever among the values.
        rows = self.connection.execute(f"SELECT body FROM {words} LIMIT ?", (*values, limit))  # noqa: S608
        return [self._load(row["body"]) for row in rows]

    def emit(self, event_type: str, thing: Json, previous: Json | None = None) -> Json:
        """Write an event with a snapshot of ``thing`` and queue its webhook."""
        url = self.config.find_webhook_url()
        data: Json = {"object": thing}
        if previous is not None:
            data["previous_attributes"] = previous
        event: Json = {
            "id": new_id("evt_1", 23),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now,
            "data": data,
            "livemode": False,
            "pending_webhooks": 1 if url else 0,
            "request": {"id": self.cause.request_id, "idempotency_key": self.cause.idempotency_key},
            "type": event_type,
        }
        self.add(event)
        if url:
            self.queue(event["id"], event_type, url)
        self.wrote_event = True
        return event

    def queue(self, event_id: str, event_type: str, url: str) -> None:
        """Make a webhook due now."""
        self.connection.execute(
            "INSERT INTO delivery (event_id, event_type, url, created_at, due_at) VALUES (?, ?, ?, ?, ?)",
            (event_id, event_type, url, self.moment, self.moment),
        )
        self.wrote_event = True

    def setting(self, name: str) -> str | None:
        """Return a kept setting, or None."""
        row = self.connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return str(row["value"]) if row else None

    def set_setting(self, name: str, value: str | None) -> None:
        """Keep a setting, or forget it."""
        if value is None:
            self.connection.execute("DELETE FROM setting WHERE name = ?", (name,))
        else:
            self.connection.execute(
                "INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (name, value)
            )

    def _load(self, text: str) -> Json:
        body: Json = json.loads(text)
        if body["object"] == "balance_transaction" and body["available_on"] <= self.now:
            body["status"] = "available"
        return body


@contextmanager
def reading(config: PracticeConfig) -> Iterator[Book]:
    """Open the books to read: one consistent view."""
    store = open_store(config)
    with store.transaction("DEFERRED") as connection:
        yield Book(connection, config, store, Cause(), time.time())


@contextmanager
def writing(config: PracticeConfig, cause: Cause | None = None) -> Iterator[Book]:
    """Open the books to write: one writer at a time, all or nothing."""
    store = open_store(config)
    with store.transaction() as connection:
        book = Book(connection, config, store, cause or Cause(), time.time())
        yield book
    if book.wrote_event:
        store.changed.set()


def kind_is(kind: str) -> str:
    """Return the SQL condition for a kind, spelt out because a value would hide partial indexes."""
    return f"kind = '{kind}'"


def _columns(body: Json) -> tuple[Any, ...]:
    names = ("type", "status", "payment_intent", "charge", "customer", "source", "expires_at")
    return tuple(body.get(name) for name in names)
