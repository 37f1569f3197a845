"""The API: who is asking, what for, and the answer in Stripe's manner."""

from __future__ import annotations

import base64
import hmac
import json
import logging
import re
import sqlite3
from binascii import Error as BadBase64
from dataclasses import dataclass

from practice_stripe import (
    coupons,
    customers,
    disputes,
    events,
    expansion,
    idempotency,
    payments,
    refunds,
    sessions,
)
from practice_stripe.calls import Call, Route
from practice_stripe.config import API_VERSION, PracticeConfig
from practice_stripe.errors import NotBegunError, StripeError, server_error
from practice_stripe.faults import ConnectionLostError, Fault, take_request_fault
from practice_stripe.idempotency import Answer
from practice_stripe.ids import new_id
from practice_stripe.params import decode
from practice_stripe.store import Cause, Json, open_store, reading, writing

logger = logging.getLogger(__name__)

ROUTES: tuple[Route, ...] = (
    *sessions.ROUTES,
    *payments.ROUTES,
    *refunds.ROUTES,
    *disputes.ROUTES,
    *events.ROUTES,
    *coupons.ROUTES,
    *customers.ROUTES,
)


@dataclass(frozen=True)
class Asked:
    """A request as it came over HTTP."""

    method: str
    path: str
    query: str
    body: bytes
    authorization: str
    version: str
    idempotency_key: str
    base_url: str


def answer_api(config: PracticeConfig, asked: Asked) -> Answer:
    """Answer one request; raises faults.ConnectionLostError when a fault wants no answer."""
    request_id = new_id("req_", 14)
    try:
        authenticate(config, asked.authorization)
        _check_version(asked.version)
        answer = _answer(config, asked, request_id)
    except StripeError as error:
        answer = refusal(error)
    except ConnectionLostError:
        raise
    except Exception:
        logger.exception("practice stripe: %s %s failed", asked.method, asked.path)
        answer = refusal(server_error())
    headers = {"Request-Id": request_id, "Stripe-Version": asked.version or API_VERSION, **answer.headers}
    if asked.idempotency_key and asked.method == "POST":
        headers["Idempotency-Key"] = _printable(asked.idempotency_key)
    return Answer(answer.status, answer.body, headers)


def authenticate(config: PracticeConfig, authorization: str) -> None:
    """Raise NotBegunError unless the header carries the secret key, as Bearer or as Basic user name."""
    scheme, _, given = authorization.partition(" ")
    key = given.strip()
    if scheme.lower() == "basic":
        key = _user_name(key)
    if scheme.lower() not in ("basic", "bearer") or not key:
        message = (
            "You did not provide an API key. You need to provide your API key in the Authorization header, "
            "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
            "https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/."
        )
        raise NotBegunError(message, status=401, headers={"WWW-Authenticate": 'Basic realm="Stripe"'})
    if not hmac.compare_digest(key.encode(), config.secret_key.encode()):
        hidden = f"{key[:8]}{'*' * 12}{key[-4:]}" if len(key) > 16 else "*" * len(key)
        message = f"Invalid API Key provided: {_printable(hidden)}"
        raise NotBegunError(message, status=401, headers={"WWW-Authenticate": 'Basic realm="Stripe"'})


def refusal(error: StripeError) -> Answer:
    """Return the answer that a StripeError stands for."""
    return Answer(error.status, json.dumps(error.body()), dict(error.headers))


def _answer(config: PracticeConfig, asked: Asked, request_id: str) -> Answer:
    route, ids = _find_route(asked)
    fault = take_request_fault(config, asked.method, asked.path)
    fault.before_it_begins()
    sessions.expire_overdue(config)
    if asked.method == "GET":
        return _read(config, asked, route, ids, fault)
    return _write(config, asked, route, ids, fault, request_id)


def _find_route(asked: Asked) -> tuple[Route, dict[str, str]]:
    for route in ROUTES:
        match = route.pattern.fullmatch(asked.path) if route.method == asked.method else None
        if match:
            return route, match.groupdict()
    message = (
        f"Unrecognized request URL ({asked.method}: {asked.path}). Please see https://stripe.com/docs or "
        "we can help at https://support.stripe.com/."
    )
    raise NotBegunError(message, status=404)


def _read(config: PracticeConfig, asked: Asked, route: Route, ids: dict[str, str], fault: Fault) -> Answer:
    params = route.params.read(decode(asked.query))
    fault.while_it_runs()
    with reading(config) as book:
        body = route.answer(Call(book, ids, params, asked.base_url))
        expansion.expand(book, body, params.get("expand", []))
    if fault.kind.startswith("500"):
        raise server_error()
    fault.after_it_is_done()
    return Answer(200, json.dumps(body), {})


def _write(
    config: PracticeConfig, asked: Asked, route: Route, ids: dict[str, str], fault: Fault, request_id: str
) -> Answer:
    raw = decode(asked.body)
    if asked.query:
        raw.update(decode(asked.query))
    params = route.params.read(raw)
    key = asked.idempotency_key
    store = open_store(config)
    if key:
        with store.transaction() as connection:
            kept = idempotency.begin(
                connection, key, asked.path, asked.body + asked.query.encode(), request_id
            )
        if kept:
            fault.after_it_is_done()
            return kept
    fault.while_it_runs()
    answer = _act(config, asked, route, (ids, params), fault, Cause(request_id, key or None))
    fault.after_it_is_done()
    return answer


def _act(
    config: PracticeConfig,
    asked: Asked,
    route: Route,
    known: tuple[dict[str, str], Json],
    fault: Fault,
    cause: Cause,
) -> Answer:
    """Do what was asked and keep the answer under the idempotency key, in one transaction."""
    ids, params = known
    key = cause.idempotency_key
    try:
        if fault.kind == "500":
            raise server_error()
        with writing(config, cause) as book:
            body = route.answer(Call(book, ids, params, asked.base_url))
            expansion.expand(book, body, params.get("expand", []))
            answer = Answer(200, json.dumps(body), {})
            if fault.kind == "500_after_effect":
                answer = refusal(server_error())
            if key:
                idempotency.finish(book.connection, key, answer)
        return answer
    except StripeError as error:
        _keep_refusal(config, key, error)
        raise
    except sqlite3.OperationalError as error:
        logger.warning("practice stripe: the store was busy: %s", error)
        raise _locked(config, key) from error
    except Exception as error:
        logger.exception("practice stripe: %s %s failed", asked.method, asked.path)
        _keep_refusal(config, key, server_error())
        raise server_error() from error


def _keep_refusal(config: PracticeConfig, key: str | None, error: StripeError) -> None:
    if not key:
        return
    with open_store(config).transaction() as connection:
        if error.begun:
            idempotency.finish(connection, key, refusal(error))
        else:
            idempotency.release(connection, key)


def _locked(config: PracticeConfig, key: str | None) -> NotBegunError:
    message = (
        "This object cannot be accessed right now because another API request or Stripe process is currently "
        "accessing it. If you see this error intermittently, retry the request."
    )
    error = NotBegunError(message, code="lock_timeout", status=429)
    _keep_refusal(config, key, error)
    return error


def _check_version(version: str) -> None:
    if version and not re.fullmatch(r"20\d\d-\d\d-\d\d(\.[a-z]+)?", version, re.ASCII):
        raise NotBegunError(f"Invalid Stripe API version: {_printable(version)}")


def _user_name(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[0]
    except (BadBase64, UnicodeDecodeError):
        return ""


def _printable(text: str) -> str:
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)[:300]
