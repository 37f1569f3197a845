"""Coupons: one discount on the whole session."""

from __future__ import annotations

from practice_stripe.calls import Call, Route
from practice_stripe.errors import InvalidParamsError, StripeError
from practice_stripe.ids import new_id
from practice_stripe.lists import EXPAND, LISTING, list_things
from practice_stripe.params import (
    Currency,
    Integer,
    Mapping,
    Metadata,
    Number,
    Text,
    Timestamp,
    merge_metadata,
)
from practice_stripe.store import Book, Json


def discount_of(
    book: Book, wish: Json, subtotal: int, currency: str, lines: list[Json]
) -> tuple[Json | None, int]:
    """Return the coupon of a session and what it takes off, and share that amount out among the lines."""
    discounts = wish.get("discounts") or [{}]
    if "promotion_code" in discounts[0]:
        message = f"No such promotion code: '{discounts[0]['promotion_code']}'"
        raise StripeError(message, param="discounts[0][promotion_code]", code="resource_missing")
    if "coupon" not in discounts[0]:
        return None, 0
    coupon = book.get("coupon", discounts[0]["coupon"], "discounts[0][coupon]", 400)
    if not is_valid(coupon, book.now):
        raise StripeError(
            f"Coupon {coupon['id']} is no longer valid.", param="discounts", code="coupon_expired"
        )
    if coupon["amount_off"] is not None and coupon["currency"] != currency:
        message = f"The coupon {coupon['id']} is in {coupon['currency']}, the session in {currency}."
        raise StripeError(message, param="discounts")
    discount = _amount(coupon, subtotal)
    _share(discount, subtotal, lines)
    return coupon, discount


def is_valid(coupon: Json, now: int) -> bool:
    """Say whether a coupon may still be used."""
    spent = coupon["max_redemptions"] is not None and coupon["times_redeemed"] >= coupon["max_redemptions"]
    late = coupon["redeem_by"] is not None and coupon["redeem_by"] <= now
    return bool(coupon["valid"]) and not spent and not late


def use_coupon(book: Book, coupon_id: str | None) -> None:
    """Count one use of the coupon of a session that was completed."""
    coupon = book.find("coupon", coupon_id) if coupon_id else None
    if coupon is None:
        return
    coupon["times_redeemed"] += 1
    coupon["valid"] = is_valid(coupon, book.now)
    book.save(coupon)


def _amount(coupon: Json, subtotal: int) -> int:
    if coupon["amount_off"] is not None:
        return min(int(coupon["amount_off"]), subtotal)
    return round(subtotal * float(coupon["percent_off"]) / 100)


def _share(discount: int, subtotal: int, lines: list[Json]) -> None:
    """Spread a discount over the lines so that the shares add up exactly."""
    given, reached = 0, 0
    for line in lines:
        reached += line["amount_subtotal"]
        share = (discount * reached // subtotal if subtotal else 0) - given
        given += share
        line["amount_discount"] = share
        line["amount_total"] = line["amount_subtotal"] - share


def _create(call: Call) -> Json:
    wish, book = call.params, call.book
    if ("amount_off" in wish) == ("percent_off" in wish):
        message = "You must pass either percent_off or amount_off, and not both."
        raise InvalidParamsError(message, param="percent_off", code="parameters_exclusive")
    if "amount_off" in wish and "currency" not in wish:
        raise InvalidParamsError(
            "Missing required param: currency.", param="currency", code="parameter_missing"
        )
    coupon_id = wish.get("id") or new_id("", 8)
    if book.find("coupon", coupon_id):
        raise StripeError("Coupon already exists.", param="id", code="resource_already_exists")
    return book.add(
        {
            "id": coupon_id,
            "object": "coupon",
            "amount_off": wish.get("amount_off"),
            "created": book.now,
            "currency": wish.get("currency") if "amount_off" in wish else None,
            "duration": wish.get("duration", "once"),
            "duration_in_months": None,
            "livemode": False,
            "max_redemptions": wish.get("max_redemptions"),
            "metadata": merge_metadata({}, wish.get("metadata", {})),
            "name": wish.get("name"),
            "percent_off": wish.get("percent_off"),
            "redeem_by": wish.get("redeem_by"),
            "times_redeemed": 0,
            "valid": True,
        }
    )


def _retrieve(call: Call) -> Json:
    return call.book.get("coupon", call.ids["id"], "coupon")


def _list(call: Call) -> Json:
    return list_things(call.book, "coupon", call.params, "/v1/coupons")


_CREATE = Mapping(
    {
        "id": Text(maximum=200),
        "amount_off": Integer(1),
        "percent_off": Number(0.01, 100),
        "currency": Currency(),
        "duration": Text(choices=("forever", "once")),
        "max_redemptions": Integer(1),
        "metadata": Metadata(),
        "name": Text(maximum=40),
        "redeem_by": Timestamp(),
        "expand": EXPAND,
    },
    unspoken=frozenset({"applies_to", "currency_options", "duration_in_months"}),
)

ROUTES = (
    Route("POST", "/v1/coupons", _create, _CREATE),
    Route("GET", "/v1/coupons", _list, Mapping(LISTING)),
    Route("GET", "/v1/coupons/<id>", _retrieve, Mapping({"expand": EXPAND})),
)
