"""Lists with cursors, newest first, as every list of Stripe's."""

from __future__ import annotations

from typing import Any

from practice_stripe.errors import InvalidParamsError, missing_resource
from practice_stripe.params import Integer, Kind, ListOf, Range, Text
from practice_stripe.store import Book, Json

EXPAND = ListOf(Text(maximum=500), maximum=20)
PAGE: dict[str, Kind] = {
    "limit": Integer(1, 100),
    "starting_after": Text(),
    "ending_before": Text(),
    "expand": EXPAND,
}
LISTING: dict[str, Kind] = {**PAGE, "created": Range()}

_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_DEFAULT_LIMIT = 10


def list_things(
    book: Book,
    kind: str,
    params: Json,
    url: str,
    filters: tuple[str, ...] = (),
    extra: tuple[str, list[Any]] = ("1", []),
) -> Json:
    """Return one page of the objects of ``kind``.

    ``filters`` names parameters that are columns; ``extra`` is a further SQL condition with its values.
    """
    conditions, values = [extra[0]], [*extra[1]]
    for name in filters:
        if name in params:
            conditions.append(f"{name} = ?")
            values.append(params[name])
    for limit_name, moment in params.get("created", {}).items():
        conditions.append(f"created {_COMPARISONS[limit_name]} ?")
        values.append(moment)
    backwards = _add_cursor(book, kind, params, conditions, values)
    limit = params.get("limit", _DEFAULT_LIMIT)
    found = book.page(kind, " AND ".join(conditions), values, backwards, limit + 1)
    has_more = len(found) > limit
    found = found[:limit]
    if backwards:
        found.reverse()
    return {"object": "list", "data": found, "has_more": has_more, "url": url}


def list_given(items: list[Json], params: Json, url: str) -> Json:
    """Return one page of ``items``, which are in their order already."""
    start, end = 0, len(items)
    if "starting_after" in params:
        start = _place(items, params["starting_after"], "starting_after") + 1
    if "ending_before" in params:
        end = _place(items, params["ending_before"], "ending_before")
    limit = params.get("limit", _DEFAULT_LIMIT)
    part = items[start:end]
    page = part[-limit:] if "ending_before" in params else part[:limit]
    return {"object": "list", "data": page, "has_more": len(part) > limit, "url": url}


def _add_cursor(book: Book, kind: str, params: Json, conditions: list[str], values: list[Any]) -> bool:
    """Add the cursor's condition and say whether the page is read backwards."""
    if "starting_after" in params and "ending_before" in params:
        message = "You may only specify one of these parameters: starting_after, ending_before."
        raise InvalidParamsError(message, param="starting_after", code="parameters_exclusive")
    for name, comparison in (("starting_after", "<"), ("ending_before", ">")):
        if name in params:
            conditions.append(f"seq {comparison} ?")
            values.append(_sequence(book, kind, params[name], name))
    return "ending_before" in params


def _sequence(book: Book, kind: str, thing_id: str, param: str) -> int:
    row = book.connection.execute(
        "SELECT seq FROM thing WHERE id = ? AND kind = ?", (thing_id, kind)
    ).fetchone()
    if row is None:
        raise missing_resource(kind, thing_id, param, 400)
    return int(row["seq"])


def _place(items: list[Json], item_id: str, param: str) -> int:
    for place, item in enumerate(items):
        if item["id"] == item_id:
            return place
    raise missing_resource("item", item_id, param, 400)
