"""Faults on demand: what a network and a bad day do to requests and webhooks.

They are kept in the store, so that a fault ordered through one process strikes in another. Each strikes a
number of times and is then gone.
"""

from __future__ import annotations

import re
import sqlite3
import time
from dataclasses import dataclass

from practice_stripe.config import PracticeConfig
from practice_stripe.errors import InvalidParamsError, NotBegunError
from practice_stripe.params import Integer, Mapping, Number, Raw, Text
from practice_stripe.store import Book, Json, open_store

REQUEST_KINDS = ("500", "500_after_effect", "503", "429", "timeout", "timeout_after_effect", "drop", "slow")
WEBHOOK_KINDS = ("webhook_drop", "webhook_duplicate", "webhook_reverse", "webhook_shuffle", "webhook_hold")

_FOREVER = 1_000_000
_PARAMS = Mapping(
    {
        "kind": Text(choices=REQUEST_KINDS + WEBHOOK_KINDS),
        "match": Text(maximum=500),
        "method": Text(choices=("GET", "POST", "DELETE")),
        "seconds": Number(0, 600),
        "times": Integer(1, _FOREVER),
    },
    required=("kind",),
)


class ConnectionLostError(Exception):
    """The client shall get no answer: the server cuts the connection."""


@dataclass(frozen=True)
class Fault:
    """One fault that strikes now."""

    kind: str
    seconds: float

    def before_it_begins(self) -> None:
        """Strike before the request is looked at: nothing is done and nothing is kept."""
        if self.kind == "429":
            message = "Request rate limit exceeded. See https://stripe.com/docs/rate-limits."
            raise NotBegunError(message, code="rate_limit", status=429)
        if self.kind == "503":
            raise NotBegunError(
                "Stripe is unavailable at the moment. Please try again.", status=503, kind="api_error"
            )
        if self.kind == "timeout":
            time.sleep(self.seconds)
            raise ConnectionLostError
        if self.kind == "drop":
            raise ConnectionLostError

    def while_it_runs(self) -> None:
        """Strike while the request is under way."""
        if self.kind == "slow":
            time.sleep(self.seconds)

    def after_it_is_done(self) -> None:
        """Strike when everything is done and kept: only the answer is lost."""
        if self.kind == "timeout_after_effect":
            time.sleep(self.seconds)
            raise ConnectionLostError


NO_FAULT = Fault("none", 0)


def add_fault(book: Book, raw: Raw) -> Json:
    """Order a fault from untyped parameters and return it."""
    wish = _PARAMS.read(raw)
    pattern = wish.get("match", "")
    try:
        re.compile(pattern)
    except re.error as error:
        raise InvalidParamsError(f"Invalid match: {error}", param="match") from error
    standing = wish["kind"] in ("webhook_hold", "webhook_reverse", "webhook_shuffle")
    cursor = book.connection.execute(
        "INSERT INTO fault (kind, match, method, seconds, times, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        (
            wish["kind"],
            pattern,
            wish.get("method"),
            wish.get("seconds", 30.0 if wish["kind"].startswith("timeout") else 1.0),
            wish.get("times", _FOREVER if standing else 1),
            book.moment,
        ),
    )
    return next(fault for fault in list_faults(book) if fault["id"] == cursor.lastrowid)


def list_faults(book: Book) -> list[Json]:
    """Return the faults that may still strike."""
    rows = book.connection.execute("SELECT * FROM fault WHERE times > 0 ORDER BY id")
    return [
        {name: row[name] for name in ("id", "kind", "match", "method", "seconds", "times")} for row in rows
    ]


def clear_faults(book: Book, fault_id: str | None = None) -> None:
    """Withdraw one fault, or all."""
    if fault_id is None:
        book.connection.execute("DELETE FROM fault")
    else:
        book.connection.execute("DELETE FROM fault WHERE id = ?", (fault_id,))


def take_request_fault(config: PracticeConfig, method: str, path: str) -> Fault:
    """Return the fault that strikes this request (and count it), or NO_FAULT."""
    with open_store(config).connection() as connection:
        rows = connection.execute("SELECT * FROM fault WHERE times > 0 ORDER BY id").fetchall()
        for row in rows:
            if row["kind"] not in REQUEST_KINDS or row["method"] not in (None, method):
                continue
            if re.search(row["match"], path) and _count(connection, row["id"]):
                return Fault(row["kind"], row["seconds"])
    return NO_FAULT


def take_webhook_fault(book: Book, event_type: str, kinds: tuple[str, ...]) -> str | None:
    """Return which of ``kinds`` strikes this webhook first (and count it), or None."""
    rows = book.connection.execute("SELECT * FROM fault WHERE times > 0 ORDER BY id").fetchall()
    for row in rows:
        if (
            row["kind"] in kinds
            and re.search(row["match"], event_type)
            and _count(book.connection, row["id"])
        ):
            return str(row["kind"])
    return None


def find_webhook_order(book: Book) -> str:
    """Return in which order due webhooks go out: ``created``, ``reverse`` or ``shuffle``."""
    row = book.connection.execute(
        "SELECT kind FROM fault WHERE times > 0 AND kind IN ('webhook_reverse', 'webhook_shuffle')"
        " ORDER BY id"
    ).fetchone()
    return str(row["kind"]).removeprefix("webhook_") if row else "created"


def _count(connection: sqlite3.Connection, fault_id: int) -> bool:
    """Count one strike; False when another process took the last one."""
    cursor = connection.execute("UPDATE fault SET times = times - 1 WHERE id = ? AND times > 0", (fault_id,))
    connection.execute("DELETE FROM fault WHERE id = ? AND times = 0", (fault_id,))
    return cursor.rowcount == 1
