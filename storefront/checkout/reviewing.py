"""Which paid orders wait until the owner has looked at them, by rules that she sets."""

from dataclasses import dataclass
from typing import Any

from storefront.checkout.models import ReviewRules
from storefront.core import db
from storefront.core.errors import N_
from storefront.core.money import Money
from storefront.journal.service import write as journal
from storefront.orders.models import Order
from storefront.payments import failures
from storefront.payments.models import Payment
from storefront.shop.service import currency

# Stripe's words, the harmless ones first. Source: https://docs.stripe.com/radar/risk-evaluation
RISK_LEVELS = ("normal", "elevated", "highest")


@dataclass(frozen=True, slots=True)
class Why:
    """Why an order waits: a sentence for the owner, and its values."""

    sentence: str
    values: dict[str, Any]


def get_rules() -> ReviewRules:
    """Return the rules as they are now; where none were set, rules that hold nothing."""
    return db.session().get(ReviewRules, 1) or ReviewRules(id=1, countries="", risk_level="")


def save_rules(
    *, from_amount: int | None, countries: tuple[str, ...], most_failures: int | None, risk_level: str
) -> None:
    """Set the rules in the current unit; orders that wait already go on waiting."""
    rules = get_rules()
    db.session().add(rules)
    rules.from_amount, rules.failures = from_amount, most_failures
    rules.countries, rules.risk_level = " ".join(countries), risk_level
    db.session().flush()
    journal(
        "shop",
        "review.rules",
        amount=from_amount,
        currency=currency(),
        countries=rules.countries,
        failures=most_failures,
        risk_level=risk_level,
    )


def counts_failures() -> bool:
    """Whether a rule wants to know of refused tries, so that Stripe is asked for them."""
    return get_rules().failures is not None


def find_reason(order: Order, payment: Payment) -> Why | None:
    """Return why the order, whose money has just come, waits for the owner; None when it does not."""
    rules = get_rules()
    checks = (_by_risk(rules, payment), _by_amount(rules, order), _by_country(rules, order, payment))
    return next((why for why in checks if why), None) or _by_failures(rules, order)


def _by_risk(rules: ReviewRules, payment: Payment) -> Why | None:
    known = (rules.risk_level, payment.risk_level or "")
    if not all(level in RISK_LEVELS for level in known) or rules.risk_level == RISK_LEVELS[0]:
        return None
    if RISK_LEVELS.index(known[1]) < RISK_LEVELS.index(known[0]):
        return None
    sentence = N_(
        "Stripe calls the risk of this payment %(level)s. Nothing was delivered: approve it, or refund it."
    )
    return Why(sentence, {"level": known[1]})


def _by_amount(rules: ReviewRules, order: Order) -> Why | None:
    """Amounts of other currencies are not compared: nothing is converted here."""
    if rules.from_amount is None or order.currency != currency() or order.total_amount < rules.from_amount:
        return None
    sentence = N_("Orders from %(amount)s on wait for you. Nothing was delivered: approve it, or refund it.")
    return Why(sentence, {"amount": Money(rules.from_amount, order.currency)})


def _by_country(rules: ReviewRules, order: Order, payment: Payment) -> Why | None:
    address = order.shipping_address or {}
    place = address.get("address") or address
    for code in (payment.card_country, str(place.get("country") or "").upper()):
        if code and code in rules.countries.split():
            sentence = N_(
                "It comes from a country that you look at: %(country)s. Nothing was delivered: approve or refund it."
            )
            return Why(sentence, {"country": code})
    return None


def _by_failures(rules: ReviewRules, order: Order) -> Why | None:
    if rules.failures is None:
        return None
    number = failures.count_failures(order.id)
    if number < rules.failures:
        return None
    sentence = N_(
        "%(number)s payments were refused before this one. Nothing was delivered: approve it, or refund it."
    )
    return Why(sentence, {"number": number})
