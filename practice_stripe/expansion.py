"""``expand[]``: ids replaced by the objects that they name."""

from __future__ import annotations

from typing import Any

from practice_stripe.errors import InvalidParamsError
from practice_stripe.store import Book, Json

_MAX_DEPTH = 4

# Fields that hold an id which Stripe expands.
_EXPANDABLE_FIELDS = """
balance_transaction charge customer failure_balance_transaction latest_charge payment_intent payment_method
shipping_rate source coupon product
"""
_EXPANDABLE = frozenset(_EXPANDABLE_FIELDS.split())


def expand(book: Book, body: Json, paths: list[str]) -> Json:
    """Replace the ids at ``paths`` (such as ``payment_intent.latest_charge``) inside ``body`` and return it.

    Raises InvalidParamsError for a path that Stripe would not expand.
    """
    for path in paths:
        steps = path.split(".")
        if len(steps) > _MAX_DEPTH:
            message = f"You cannot expand more than {_MAX_DEPTH} levels of a property. Property: {path}"
            raise InvalidParamsError(message, param="expand")
        _walk(book, body, steps, path)
    return body


def _walk(book: Book, here: Any, steps: list[str], path: str) -> None:
    if isinstance(here, list):
        for item in here:
            _walk(book, item, steps, path)
        return
    if not isinstance(here, dict) or not steps:
        return
    step, *rest = steps
    value = _included(book, here, step)
    if value is None and step not in here:
        raise InvalidParamsError(f"This property cannot be expanded ({path}).", param="expand")
    if isinstance(value, str):
        value = _replace(book, here, step, value, path)
    elif not rest and not isinstance(value, dict | list | None):
        raise InvalidParamsError(f"This property cannot be expanded ({path}).", param="expand")
    _walk(book, value, rest, path)


def _included(book: Book, here: Json, step: str) -> Any:
    """Return the value at ``step``, adding the lists that Stripe shows only when asked."""
    if step not in here:
        if here.get("object") == "checkout.session" and step == "line_items":
            here[step] = session_lines(book, here["id"])
        elif here.get("object") == "charge" and step == "refunds":
            here[step] = charge_refunds(book, here["id"])
    return here.get(step)


def _replace(book: Book, here: Json, step: str, thing_id: str, path: str) -> Any:
    found = book.find_any(thing_id) if step in _EXPANDABLE else None
    if found is None:
        raise InvalidParamsError(f"This property cannot be expanded ({path}).", param="expand")
    here[step] = found
    return found


def session_lines(book: Book, session_id: str, limit: int = 10) -> Json:
    """Return the first line items of a session as Stripe lists them."""
    lines = book.private(session_id)["lines"]
    url = f"/v1/checkout/sessions/{session_id}/line_items"
    return {"object": "list", "data": lines[:limit], "has_more": len(lines) > limit, "url": url}


def charge_refunds(book: Book, charge_id: str, limit: int = 10) -> Json:
    """Return the newest refunds of a charge as Stripe lists them."""
    refunds = book.select("refund", "charge = ?", (charge_id,))[::-1]
    url = f"/v1/charges/{charge_id}/refunds"
    return {"object": "list", "data": refunds[:limit], "has_more": len(refunds) > limit, "url": url}
