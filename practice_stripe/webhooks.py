"""Sending events to the shop, signed as Stripe signs them, again and again until it says 2xx."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import random
import re
import secrets
import sqlite3
import threading
import time
from dataclasses import dataclass

import requests

from practice_stripe.config import PracticeConfig
from practice_stripe.faults import find_webhook_order, list_faults, take_webhook_fault
from practice_stripe.sessions import expire_overdue
from practice_stripe.store import Book, Json, open_store, reading, writing

logger = logging.getLogger(__name__)

# Seconds between one try and the next. Stripe goes on for three days too, but begins more slowly.
DELAYS = (1, 5, 30, 120, 600, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600, 24 * 3600)
_TIME_OUT = (3.05, 20)
_LEASE_SECONDS = 40.0
_IDLE_SECONDS = 0.3
_ORDERS = {"created": "due_at, id", "reverse": "id DESC", "shuffle": "random()"}


@dataclass(frozen=True)
class Delivery:
    """One webhook that this process has claimed."""

    delivery_id: int
    event: Json
    url: str
    attempts: int
    lease: str
    fault: str | None


def deliver_due_webhooks(config: PracticeConfig, now: float | None = None, limit: int = 100) -> int:
    """Send at most ``limit`` webhooks that are due at ``now`` (Unix time); return how many were dealt with.

    Any number of processes and threads may do this at once: each webhook is claimed by one of them.
    """
    with _http_session() as http:
        return _deliver_due(config, http, now, limit)


def sign(payload: bytes, secret: str, moment: int) -> str:
    """Return the ``Stripe-Signature`` of a payload that is sent at ``moment``."""
    signed = f"{moment}.".encode() + payload
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def list_deliveries(book: Book, limit: int = 100) -> list[Json]:
    """Return the newest webhooks and how they fared."""
    rows = book.connection.execute("SELECT * FROM delivery ORDER BY id DESC LIMIT ?", (limit,))
    hidden = ("lease", "lease_until")
    return [{name: row[name] for name in row.keys() if name not in hidden} for row in rows]  # noqa: SIM118


def hurry(book: Book) -> None:
    """Make every webhook due now that waits for its next try."""
    book.connection.execute("UPDATE delivery SET due_at = ? WHERE done_at IS NULL", (book.moment,))
    book.wrote_event = True


class WebhookCourier:
    """Threads that send webhooks as they become due and expire sessions whose time is over."""

    def __init__(self, config: PracticeConfig, threads: int = 1) -> None:
        self._config = config
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"practice-stripe-courier-{number}", daemon=True)
            for number in range(threads)
        ]

    def start(self) -> WebhookCourier:
        """Begin, and return the courier."""
        for thread in self._threads:
            thread.start()
        return self

    def stop(self, timeout: float = 5.0) -> None:
        """Stop after the webhook that is being sent, waiting at most ``timeout`` seconds."""
        self._stopping.set()
        open_store(self._config).changed.set()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        changed = open_store(self._config).changed
        with _http_session() as http:
            while not self._stopping.is_set():
                changed.clear()
                if not self._go_round(http):
                    changed.wait(_IDLE_SECONDS)

    def _go_round(self, http: requests.Session) -> int:
        try:
            expire_overdue(self._config)
            return _deliver_due(self._config, http, None, 1)
        except sqlite3.Error:
            logger.exception("practice stripe: the courier could not use its store")
            return 0


def _http_session() -> requests.Session:
    http = requests.Session()
    # A proxy of the environment has no business between two parts of one machine.
    http.trust_env = False
    return http


def _deliver_due(config: PracticeConfig, http: requests.Session, now: float | None, limit: int) -> int:
    handled = 0
    while handled < limit and _is_anything_due(config, now):
        delivery = _claim(config, now)
        if delivery is None:
            break
        _deliver(config, http, delivery)
        handled += 1
    return handled


def _is_anything_due(config: PracticeConfig, now: float | None) -> bool:
    with open_store(config).connection() as connection:
        moment = time.time() if now is None else now
        row = connection.execute(
            "SELECT 1 FROM delivery WHERE done_at IS NULL AND due_at <= ? AND lease_until <= ? LIMIT 1",
            (moment, time.time()),
        ).fetchone()
        return row is not None


def _claim(config: PracticeConfig, now: float | None) -> Delivery | None:
    """Take the next due webhook for this process, or None."""
    with writing(config) as book:
        row = _next_due(book, book.moment if now is None else now)
        if row is None:
            return None
        lease = secrets.token_hex(8)
        book.connection.execute(
            "UPDATE delivery SET lease = ?, lease_until = ?, attempts = attempts + 1 WHERE id = ?",
            (lease, book.moment + _LEASE_SECONDS, row["id"]),
        )
        fault = take_webhook_fault(book, row["event_type"], ("webhook_drop", "webhook_duplicate"))
        event = book.get("event", row["event_id"])
        # The shop may have moved since the event happened; it listens in one place only.
        url = config.find_webhook_url() or row["url"]
        return Delivery(row["id"], event, url, row["attempts"] + 1, lease, fault)


def _next_due(book: Book, moment: float) -> sqlite3.Row | None:
    held = [fault["match"] for fault in list_faults(book) if fault["kind"] == "webhook_hold"]
    order = _ORDERS[find_webhook_order(book)]
    condition = "done_at IS NULL AND due_at <= ? AND lease_until <= ?"
    query = f"SELECT * FROM delivery WHERE {condition} ORDER BY {order}"  # noqa: S608 -- words of this module
    rows = book.connection.execute(query, (moment, book.moment))
    for row in rows:
        if not any(re.search(pattern, row["event_type"]) for pattern in held):
            found: sqlite3.Row = row
            rows.close()
            return found
    return None


def _deliver(config: PracticeConfig, http: requests.Session, delivery: Delivery) -> None:
    if delivery.fault == "webhook_drop":
        _finish(config, delivery, "dropped", None, "dropped by an ordered fault")
        return
    for _ in range(2 if delivery.fault == "webhook_duplicate" else 1):
        status, error = _send(config, http, delivery)
    if status is not None and 200 <= status < 300:
        _finish(config, delivery, "delivered", status, None)
    elif delivery.attempts > len(DELAYS):
        _finish(config, delivery, "given_up", status, error)
    else:
        _postpone(config, delivery, status, error)


def _send(
    config: PracticeConfig, http: requests.Session, delivery: Delivery
) -> tuple[int | None, str | None]:
    payload = json.dumps(delivery.event, indent=2).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Stripe-Signature": sign(payload, config.webhook_secret, int(time.time())),
    }
    try:
        answer = http.post(
            delivery.url, data=payload, headers=headers, timeout=_TIME_OUT, allow_redirects=False
        )
    except requests.RequestException as error:
        logger.info("practice stripe: %s could not be sent: %s", delivery.event["type"], error)
        return None, str(error)[:500]
    return answer.status_code, None if answer.ok else answer.text[:500]


def _finish(
    config: PracticeConfig, delivery: Delivery, outcome: str, status: int | None, error: str | None
) -> None:
    with writing(config) as book:
        book.connection.execute(
            "UPDATE delivery SET done_at = ?, outcome = ?, last_status = ?, last_error = ?,"
            " lease = NULL, lease_until = 0 WHERE id = ? AND lease = ?",
            (book.moment, outcome, status, error, delivery.delivery_id, delivery.lease),
        )


def _postpone(config: PracticeConfig, delivery: Delivery, status: int | None, error: str | None) -> None:
    # A little chance keeps a crowd of failed webhooks from coming back as one.
    delay = DELAYS[delivery.attempts - 1] * random.uniform(1.0, 1.1)  # noqa: S311 -- a spread, not a secret
    with writing(config) as book:
        book.connection.execute(
            "UPDATE delivery SET due_at = ?, last_status = ?, last_error = ?,"
            " lease = NULL, lease_until = 0 WHERE id = ? AND lease = ?",
            (book.moment + delay, status, error, delivery.delivery_id, delivery.lease),
        )


def count_waiting(config: PracticeConfig) -> int:
    """Return how many webhooks have not arrived yet."""
    with reading(config) as book:
        row = book.connection.execute("SELECT count(*) FROM delivery WHERE done_at IS NULL").fetchone()
        return int(row[0])
