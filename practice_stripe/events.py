"""Events as the API shows them."""

from __future__ import annotations

from typing import Any

from practice_stripe.calls import Call, Route
from practice_stripe.errors import InvalidParamsError
from practice_stripe.lists import EXPAND, LISTING, list_things
from practice_stripe.params import Boolean, ListOf, Mapping, Text
from practice_stripe.store import Book, Json


def _retrieve(call: Call) -> Json:
    return _with_pending(call.book, call.book.get("event", call.ids["id"]))


def _list(call: Call) -> Json:
    wish = call.params
    if "type" in wish and "types" in wish:
        message = "You may only specify one of these parameters: type, types."
        raise InvalidParamsError(message, param="type", code="parameters_exclusive")
    conditions: list[str] = ["1"]
    values: list[Any] = []
    types = [wish["type"]] if "type" in wish else wish.get("types", [])
    if types:
        conditions.append(f"({' OR '.join('type GLOB ?' for _ in types)})")
        values.extend(_pattern(event_type) for event_type in types)
    if "delivery_success" in wish:
        undelivered = (
            "EXISTS (SELECT 1 FROM delivery WHERE event_id = thing.id AND outcome IS NOT 'delivered')"
        )
        conditions.append(f"NOT {undelivered}" if wish["delivery_success"] else undelivered)
    page = list_things(call.book, "event", wish, "/v1/events", extra=(" AND ".join(conditions), values))
    page["data"] = [_with_pending(call.book, event) for event in page["data"]]
    return page


def _pattern(event_type: str) -> Any:
    """Return a GLOB pattern in which only a star at the end is one."""
    start = event_type.removesuffix("*").replace("[", "[[]").replace("?", "[?]").replace("*", "[*]")
    return start + "*" if event_type.endswith("*") else start


def _with_pending(book: Book, event: Json) -> Json:
    row = book.connection.execute(
        "SELECT count(*) FROM delivery WHERE event_id = ? AND done_at IS NULL", (event["id"],)
    ).fetchone()
    event["pending_webhooks"] = row[0]
    return event


_LIST = Mapping(
    {**LISTING, "type": Text(), "types": ListOf(Text(), maximum=20), "delivery_success": Boolean()}
)

ROUTES = (
    Route("GET", "/v1/events", _list, _LIST),
    Route("GET", "/v1/events/<id>", _retrieve, Mapping({"expand": EXPAND})),
)
