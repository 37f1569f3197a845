"""The price calculation. Order: price, sale, offers, the least charge, tax.

Rounding: half up, once for everything at one rate, then shared out over the lines by largest remainder, so that lines
add up to the sums to the minor unit. In currencies that cards pay in steps (dinars of ten fils) everything is a step.
"""

from collections.abc import Sequence
from typing import NamedTuple

from storefront.core.money import payable_step
from storefront.pricing.least import least_charge
from storefront.pricing.offers import Cut, Offer, best_cuts
from storefront.pricing.splitting import portion, split
from storefront.pricing.values import (
    Line,
    LineQuote,
    OfferUse,
    Quote,
    Reason,
    Shipping,
    ShippingQuote,
    TaxSum,
)
from storefront.taxes.rules import WHOLE, Rate, TaxRules


def calculate(
    currency: str,
    lines: Sequence[Line],
    *,
    shipping: Shipping | None = None,
    offers: Sequence[Offer] = (),
    tax: TaxRules | None = None,
) -> Quote:
    """Return what it all costs, and why, line by line.

    What an offer leaves to be paid below the least that a card can pay is not asked at all: nobody is charged more
    than the offer says.
    """
    step = payable_step(currency)
    postage = shipping.amount if shipping else 0
    cuts = best_cuts(offers, lines, postage, step)
    waived = _waived(currency, lines, postage, cuts)
    parts = [
        _Part(line.amount, _line_reasons(line), line.tax_class).less(cuts, waived, place)
        for place, line in enumerate(lines)
    ]
    if shipping:
        price = [Reason("price", postage, shipping.name)]
        parts.append(_Part(postage, price, shipping.tax_class).less(cuts, waived, None))
    taxed, sums = _tax(parts, tax, step)
    return _quote(currency, lines, shipping, cuts, taxed, sums, tax)


class _Part(NamedTuple):
    """A line, or the parcels, on the way through the calculation; ``tax_amount`` is added or included."""

    amount: int
    why: list[Reason]
    tax_class: str
    tax_amount: int = 0
    rate: Rate | None = None

    def less(self, cuts: Sequence[tuple[Offer, Cut]], waived: Cut | None, place: int | None) -> "_Part":
        """Return the same after what offers take off the line at that place, or off the parcels (None)."""
        off = [Reason("offer", -_taken(cut, place), offer.name) for offer, cut in cuts]
        if waived is not None:
            off.append(Reason("minimum", -_taken(waived, place)))
        told = [reason for reason in off if reason.amount]
        return self._replace(amount=self.amount + sum(one.amount for one in told), why=[*self.why, *told])


def _taken(cut: Cut, place: int | None) -> int:
    return cut.shipping_amount if place is None else cut.amounts[place]


def _line_reasons(line: Line) -> list[Reason]:
    """Return what the price of a line begins with."""
    if line.is_chosen:
        return [Reason("chosen", line.amount)]
    regular = line.regular_amount * line.quantity
    sale = line.amount - regular
    return [Reason("price", regular), *([Reason("sale", sale)] if sale else [])]


def _waived(
    currency: str, lines: Sequence[Line], postage: int, cuts: Sequence[tuple[Offer, Cut]]
) -> Cut | None:
    """Return what offers leave when it is too little to be paid by card."""
    if not cuts:
        return None
    amounts = [line.amount - sum(cut.amounts[place] for _, cut in cuts) for place, line in enumerate(lines)]
    left = Cut(amounts, postage - sum(cut.shipping_amount for _, cut in cuts))
    before = sum(line.amount for line in lines) + postage
    return left if 0 < left.total < least_charge(currency) <= before else None


def _tax(parts: Sequence[_Part], rules: TaxRules | None, step: int) -> tuple[list[_Part], tuple[TaxSum, ...]]:
    """Return the parts with their tax, and what is taxed at each rate, the highest first."""
    if rules is None:
        return list(parts), ()
    rates = [rules.rate_of(part.tax_class) for part in parts]
    taxes = [0] * len(parts)
    for rate in set(rates):
        places = [place for place, own in enumerate(rates) if own == rate]
        amounts = [parts[place].amount for place in places]
        whole = _tax_of(sum(amounts), rate.hundredths, rules, step)
        # What is included need not be paid apart, so that it may be any amount.
        shares = split(whole, amounts, 1 if rules.is_included and not rules.is_reversed else step)
        for place, share in zip(places, shares, strict=True):
            taxes[place] = share
    taxed = [
        _with_tax(part, rate, amount, rules) for part, rate, amount in zip(parts, rates, taxes, strict=True)
    ]
    return taxed, _sums(taxed, rules)


def _tax_of(amount: int, hundredths: int, rules: TaxRules, step: int) -> int:
    """Return the tax on an amount that includes it, or to be added to one that does not."""
    if not rules.is_included:
        return 0 if rules.is_reversed else portion(amount, hundredths, WHOLE, step)
    return portion(amount, hundredths, WHOLE + hundredths, step if rules.is_reversed else 1)


def _with_tax(part: _Part, rate: Rate, amount: int, rules: TaxRules) -> _Part:
    if rules.is_reversed:
        freed = [Reason("reversed", -amount, rate.name, rate.hundredths)]
        return part._replace(amount=part.amount - amount, why=[*part.why, *freed], rate=Rate(0, rate.name))
    told = Reason("tax", 0 if rules.is_included else amount, rate.name, rate.hundredths)
    return part._replace(tax_amount=amount, rate=rate, why=[*part.why, told] if rate.hundredths else part.why)


def _sums(parts: Sequence[_Part], rules: TaxRules) -> tuple[TaxSum, ...]:
    found: dict[Rate, TaxSum] = {}
    for part in parts:
        rate = part.rate or Rate(0)
        net = part.amount - (part.tax_amount if rules.is_included else 0)
        before = found.get(rate, TaxSum(rate, 0, 0))
        found[rate] = TaxSum(rate, before.net_amount + net, before.tax_amount + part.tax_amount)
    return tuple(sorted(found.values(), key=lambda one: -one.rate.hundredths))


def _quote(
    currency: str,
    lines: Sequence[Line],
    shipping: Shipping | None,
    cuts: Sequence[tuple[Offer, Cut]],
    parts: Sequence[_Part],
    sums: tuple[TaxSum, ...],
    rules: TaxRules | None,
) -> Quote:
    quoted = tuple(
        LineQuote(line, line.amount - part.amount, part.tax_amount, part.rate, tuple(part.why))
        for line, part in zip(lines, parts, strict=False)
    )
    parcels = parts[len(lines)] if shipping else None
    tax = sum(part.tax_amount for part in parts)
    is_included = rules is not None and rules.is_included
    return Quote(
        currency=currency,
        lines=quoted,
        shipping=ShippingQuote(
            shipping.name, parcels.amount, parcels.tax_amount, parcels.rate, tuple(parcels.why)
        )
        if shipping and parcels
        else None,
        offers=tuple(OfferUse(offer.name, cut.total) for offer, cut in cuts),
        taxes=sums,
        rules=rules,
        subtotal_amount=sum(line.amount for line in lines),
        discount_amount=sum(one.discount_amount for one in quoted),
        shipping_amount=parcels.amount if parcels else 0,
        added_tax_amount=0 if is_included else tax,
        included_tax_amount=tax if is_included else 0,
    )
