"""Idempotency keys: the first answer is kept for a day and given again.

The key is written before the request acts and the answer in the same transaction as what it did, so that a
request cut off in the middle leaves either all of it or nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sqlite3
import time
from dataclasses import dataclass

from practice_stripe.errors import NotBegunError

_KEPT_SECONDS = 24 * 3600
_LEASE_SECONDS = 90
_MAX_KEY_LENGTH = 255
_BOOT = secrets.token_hex(8)


@dataclass(frozen=True)
class Answer:
    """A status, its own headers and a JSON body."""

    status: int
    body: str
    headers: dict[str, str]


def begin(
    connection: sqlite3.Connection, key: str, endpoint: str, encoded: bytes, request_id: str
) -> Answer | None:
    """Claim ``key`` for this request and return None, or return the kept answer of the first one.

    Raises NotBegunError when the key is too long, was used for something else, or is in use now.
    """
    if len(key) > _MAX_KEY_LENGTH:
        raise NotBegunError(f"Keys for idempotent requests can be at most {_MAX_KEY_LENGTH} characters long.")
    now = time.time()
    connection.execute("DELETE FROM idempotency WHERE started_at < ?", (now - _KEPT_SECONDS,))
    request = hashlib.sha256(encoded).hexdigest()
    row = connection.execute("SELECT * FROM idempotency WHERE key = ?", (key,)).fetchone()
    if row is not None:
        _refuse_other_use(row, key, endpoint, request)
        if row["status"] is not None:
            headers = {**json.loads(row["headers"]), "Original-Request": row["request_id"]}
            return Answer(row["status"], row["body"], {**headers, "Idempotent-Replayed": "true"})
        if _is_under_way(row["owner"], row["started_at"], now):
            raise _in_use(key)
    connection.execute(
        "INSERT OR REPLACE INTO idempotency (key, request, endpoint, request_id, owner, started_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (key, request, endpoint, request_id, _owner(), now),
    )
    return None


def finish(connection: sqlite3.Connection, key: str, answer: Answer) -> None:
    """Keep the answer of a claimed key."""
    connection.execute(
        "UPDATE idempotency SET status = ?, headers = ?, body = ? WHERE key = ?",
        (answer.status, json.dumps(answer.headers), answer.body, key),
    )


def release(connection: sqlite3.Connection, key: str) -> None:
    """Forget a claimed key whose request did not begin after all."""
    connection.execute("DELETE FROM idempotency WHERE key = ? AND status IS NULL", (key,))


def _refuse_other_use(row: sqlite3.Row, key: str, endpoint: str, request: str) -> None:
    advice = f"Try using a key other than '{key}' if you meant to execute a different request."
    if row["endpoint"] != endpoint:
        message = (
            "Keys for idempotent requests can only be used for the same endpoint they were first used for "
            f"('{endpoint}' vs '{row['endpoint']}'). {advice}"
        )
        raise NotBegunError(message, kind="idempotency_error")
    if row["request"] != request:
        message = (
            "Keys for idempotent requests can only be used with the same parameters they were first used "
            f"with. {advice}"
        )
        raise NotBegunError(message, kind="idempotency_error")


def _is_under_way(owner: str, started_at: float, now: float) -> bool:
    """Say whether the process that claimed the key may still be at it: a killed one must not hold it."""
    pid, boot = owner.split(":")
    if now - started_at > _LEASE_SECONDS:
        return False
    if int(pid) == os.getpid():
        return boot == _BOOT
    return _is_alive(int(pid))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _owner() -> str:
    return f"{os.getpid()}:{_BOOT}"


def _in_use(key: str) -> NotBegunError:
    message = (
        "There is currently another in-progress request using this Idempotent Key (that probably means you "
        f"submitted twice, and the other request is still going through): {key}. Please try again later."
    )
    return NotBegunError(message, code="idempotency_key_in_use", status=409, kind="idempotency_error")
