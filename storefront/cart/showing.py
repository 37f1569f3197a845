"""A cart as pages show it, with the prices of one moment, and amounts that buyers may choose."""

from dataclasses import dataclass, field, replace

from flask_babel import gettext

from storefront.catalog import queries as catalog
from storefront.catalog.pictures import PictureView
from storefront.catalog.pricing import Priced, PriceNow, price_at, unit_amount
from storefront.catalog.wares import ProductRow, VariantRow
from storefront.core.clock import datetime, now
from storefront.core.money import (
    InvalidAmount,
    Money,
    UnpayableAmount,
    exponent_of,
    parse_price,
    payable_step,
)
from storefront.pricing.calculating import calculate
from storefront.pricing.offers import Offer
from storefront.pricing.values import Line, LineQuote, Quote, Shipping
from storefront.promotions.queries import CodeRow
from storefront.shipping.rates import ParcelLine
from storefront.shipping.service import Offer as ShippingOffer
from storefront.taxes import service as taxes
from storefront.taxes.billing import Billing
from storefront.web.language import current_language, in_language

MOST_OF_ONE = 99
# Stripe takes amounts of up to eight digits.
MOST_CHOSEN = 99_999_999


@dataclass(slots=True)
class LineView:
    """One line as the cart shows it, at the price of ``moment``. ``problem`` says why it can't be bought as it is.

    ``priced`` is what decides on its price: the variant itself, or its price in another currency.
    """

    variant: VariantRow
    priced: Priced
    product: ProductRow
    quantity: int
    problem: str | None
    chosen_amount: int | None
    moment: datetime

    @property
    def title(self) -> str:
        """The title of the product in the page's language."""
        return in_language(self.product, "title")

    @property
    def variant_title(self) -> str:
        """Which of the variants, or nothing when there is only one."""
        return in_language(self.variant, "title")

    @property
    def price(self) -> PriceNow:
        """What one costs, or the least where the buyer chooses."""
        return price_at(self.priced, self.moment)

    @property
    def unit(self) -> Money:
        """What the buyer pays for one."""
        return Money(unit_amount(self.priced, self.chosen_amount, self.moment), self.priced.currency)

    @property
    def total(self) -> Money:
        """What this line costs."""
        return self.unit * self.quantity

    @property
    def picture(self) -> PictureView | None:
        """The cover of the product."""
        return self.product.picture


@dataclass(frozen=True, slots=True)
class CodeView:
    """The code of a cart. ``problem`` says in words why it takes nothing off; then it counts for nothing."""

    text: str
    row: CodeRow | None
    problem: str | None


@dataclass(slots=True)
class CartView:
    """The whole cart as it stands in the database now, in one currency.

    That is the one ``wished`` for, when everything in the cart has a price in it, else the shop's own; ``unpriced``
    are the titles of what has none. ``shipping`` is what is offered for its physical things, where that was asked for.
    ``quote`` is what all of it costs, and why; a line in another currency, which can't be bought, is not in it.
    """

    checkout_key: str
    lines: list[LineView]
    currency: str
    wished: str
    unpriced: list[str]
    shipping: ShippingOffer | None = None
    billing: Billing = field(default_factory=Billing)
    code: CodeView | None = None
    offers: tuple[Offer, ...] = ()
    # What was worked out last, and for which way of sending.
    _quoted: tuple[object, Quote] | None = field(default=None, repr=False)

    @property
    def count(self) -> int:
        """How many pieces."""
        return sum(line.quantity for line in self.lines)

    @property
    def quote(self) -> Quote:
        """What all of it costs, and why, with the way of sending that is chosen now."""
        if self._quoted is None or self._quoted[0] is not self.shipping:
            self._quoted = (self.shipping, _quote_of(self))
        return self._quoted[1]

    def quoted(self, line: LineView) -> LineQuote | None:
        """Return what a line costs in the end, and why; None for one that can't be bought."""
        return next((one for one in self.quote.lines if one.line.variant_id == line.variant.id), None)

    @property
    def to_pay(self) -> Money:
        """What the buyer pays in the end."""
        return self.quote.total

    @property
    def has_problem(self) -> bool:
        """Whether something must be changed before it can be bought."""
        return any(line.problem for line in self.lines)

    @property
    def parcel(self) -> list[ParcelLine]:
        """The physical lines, as the price of sending them is reckoned. What has no weight weighs nothing."""
        return [
            ParcelLine(line.quantity, line.variant.weight_grams or 0, line.total)
            for line in self.lines
            if line.product.requires_shipping
        ]

    @property
    def has_digital(self) -> bool:
        """Whether something of it is not sent by post."""
        return any(not line.product.requires_shipping for line in self.lines)

    @property
    def requires_shipping(self) -> bool:
        """Whether something of it is sent by post."""
        return any(line.product.requires_shipping for line in self.lines)


def _quote_of(view: CartView) -> Quote:
    """Tax is due where the parcel goes, or else in the country that the buyer has named."""
    offered, billing = view.shipping, view.billing
    chosen = offered.chosen if offered else None
    if offered and offered.destination and view.requires_shipping and not (chosen and chosen.is_pickup):
        billing = replace(billing, country=offered.destination.country)
    shipping = Shipping(chosen.title, chosen.amount.amount) if chosen else None
    lines = [
        Line(
            line.variant.id,
            line.product.id,
            line.quantity,
            line.unit.amount,
            line.priced.price_amount,
            line.variant.pays_what_they_want,
            line.product.tax_class,
        )
        for line in view.lines
        if line.priced.currency == view.currency
    ]
    rules = taxes.rules_for(billing)
    return calculate(view.currency, lines, shipping=shipping, offers=view.offers, tax=rules)


@dataclass(slots=True)
class Change:
    """What became of a wish: the sentence for the person, and how many there are now.

    ``wrong_amount`` is what was typed where one pays what one wants, when it can't be paid. ``pieces`` is how many
    there are in the whole cart, where that was found on the way.
    """

    sentence: str
    quantity: int
    is_as_wished: bool = True
    wrong_amount: str | None = None
    pieces: int | None = None


def read_amount(variant: Priced, text: str) -> int | str | None:
    """Return what was typed in minor units, None where nothing was, or what is wrong with it."""
    if not variant.pays_what_they_want or not text.strip():
        return None
    least, most = price_at(variant, now()).price, Money(MOST_CHOSEN, variant.currency)
    language = current_language()
    try:
        amount = parse_price(text[:30], variant.currency)
    except UnpayableAmount:
        step = Money(payable_step(variant.currency), variant.currency)
        return str(gettext("By card one pays in steps of %(step)s.", step=step.format(language)))
    except InvalidAmount:
        example = Money(max(least.amount, 10 ** exponent_of(variant.currency)), variant.currency)
        return str(gettext("Please enter an amount such as %(example)s.", example=f"{example.decimal}"))
    if amount < least.amount:
        return str(gettext("Please pay at least %(least)s.", least=least.format(language)))
    if amount > most.amount:
        return str(gettext("The highest amount is %(amount)s.", amount=most.format(language)))
    return amount


def problem_of_amount(
    variant: Priced, chosen_amount: int | None, chosen_currency: str, moment: datetime
) -> str | None:
    """The least may have risen since the buyer chose, or it was chosen in another currency."""
    if not variant.pays_what_they_want or chosen_amount is None:
        return None
    if chosen_currency != variant.currency:
        return str(
            gettext(
                "You chose an amount in %(before)s. Please choose one in %(now)s.",
                before=chosen_currency,
                now=variant.currency,
            )
        )
    least = price_at(variant, moment).price
    if chosen_amount >= least.amount:
        return None
    now_least = least.format(current_language())
    return str(gettext("This costs at least %(least)s now. Please choose again.", least=now_least))


def is_short(variant: VariantRow, quantity: int) -> bool:
    """Whether there are fewer left than wanted."""
    return variant.stock is not None and variant.stock < quantity


def most_of(variant: VariantRow, held: int) -> int:
    """Return how many one may have: what there is and what one's own unpaid order holds, within reason."""
    return MOST_OF_ONE if variant.stock is None else min(variant.stock + held, MOST_OF_ONE)


def problem(variant: VariantRow, product: ProductRow, quantity: int, held: int, currency: str) -> str | None:
    """Return why so many of it can't be bought as things are, None when they can."""
    is_on_offer = (
        variant.archived_at is None and catalog.is_published(product) and variant.currency == currency
    )
    if not is_on_offer:
        return str(gettext("This is not on offer any more. Please remove it."))
    left = most_of(variant, held)
    if left == 0:
        return str(gettext("This is sold out. Please remove it."))
    if variant.stock is not None and left < quantity:
        return str(gettext("Only %(num)s left. Please take fewer.", num=left))
    return None
