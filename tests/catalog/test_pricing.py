"""Rules of price and stock, looked for with many examples: prices by the clock, lowest before a sale, stock books."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from storefront.catalog import stock
from storefront.catalog.choosing import combinations, match_options
from storefront.catalog.models import StockMovement
from storefront.catalog.pricing import (
    LOOKS_BACK,
    PricePoint,
    changes_after,
    lowest_before,
    next_change,
    packed,
    price_at,
    step_at,
    steps_of,
    unit_amount,
)
from storefront.catalog.states import StockReason
from storefront.core import db
from storefront.core.clock import UTC, datetime, timedelta
from storefront.core.money import Money, exponent_of, parse_amount
from tests.selling import make_product, variant_of

DAY_ONE = datetime(2030, 1, 1, tzinfo=UTC)
moments = st.integers(0, 90 * 24).map(lambda hours: DAY_ONE + timedelta(hours=hours))
amounts = st.integers(1, 10**7)


@dataclass(frozen=True)
class Thing:
    """What of a variant decides on its price."""

    price_amount: int
    sale_amount: int | None = None
    sale_starts_at: datetime | None = None
    sale_ends_at: datetime | None = None
    sale_before_amount: int | None = None
    compare_at_amount: int | None = None
    currency: str = "EUR"
    pays_what_they_want: bool = False


@st.composite
def things(draw: st.DrawFn) -> Thing:
    """Variants with and without a sale."""
    price = draw(amounts)
    thing = Thing(price, pays_what_they_want=draw(st.booleans()))
    if not draw(st.booleans()):
        return replace(thing, compare_at_amount=price + 1 if draw(st.booleans()) else None)
    starts = draw(moments)
    ends = draw(st.none() | st.integers(1, 1000).map(lambda hours: starts + timedelta(hours=hours)))
    before = draw(st.none() | amounts)
    return replace(
        thing,
        sale_amount=draw(st.integers(0, price - 1)),
        sale_starts_at=starts,
        sale_ends_at=ends,
        sale_before_amount=before,
    )


@given(things(), moments)
def test_price_is_the_sale_price_exactly_within_the_sale(thing: Thing, moment: datetime) -> None:
    found = price_at(thing, moment)
    runs = (
        thing.sale_starts_at is not None
        and thing.sale_starts_at <= moment
        and (thing.sale_ends_at is None or moment < thing.sale_ends_at)
    )
    assert found.is_sale is runs
    assert found.amount == (thing.sale_amount if runs else thing.price_amount)
    if found.before_amount is not None:
        assert found.before_amount > found.amount
        assert found.before_amount == (thing.sale_before_amount if runs else thing.compare_at_amount)


@given(things(), moments, st.integers(0, 10**6))
def test_price_changes_at_the_named_moments_and_at_no_others(
    thing: Thing, moment: datetime, seconds: int
) -> None:
    following = next_change([thing], moment)
    later = moment + timedelta(seconds=seconds)
    if following is None or later < following:
        assert price_at(thing, later) == price_at(thing, moment)
    if following is not None:
        assert price_at(thing, following) != price_at(thing, following - timedelta(seconds=1))
        assert following == min(changes_after(thing, moment))


@given(st.lists(things(), min_size=1, max_size=4), moments, moments)
def test_list_shows_at_each_moment_what_the_variants_cost_then(
    offers: list[Thing], one: datetime, two: datetime
) -> None:
    written, read = min(one, two), max(one, two)
    steps = steps_of(offers, written)
    kept = packed(steps)
    shown = step_at(kept, read)["amount"] if kept else steps[0].amount
    assert shown == min(price_at(offer, read).amount for offer in offers)


@given(things(), st.none() | st.integers(0, 10**8), moments)
def test_nobody_pays_less_than_the_price(thing: Thing, chosen: int | None, moment: datetime) -> None:
    least = price_at(thing, moment).amount
    paid = unit_amount(thing, chosen, moment)
    assert paid >= least
    assert paid == (max(chosen, least) if thing.pays_what_they_want and chosen is not None else least)


@st.composite
def histories(draw: st.DrawFn) -> list[PricePoint]:
    """What an owner has set over three months."""
    rows = []
    for set_at in sorted(draw(st.lists(moments, min_size=1, max_size=6, unique=True))):
        thing = draw(things())
        rows.append(
            PricePoint(
                set_at, thing.price_amount, thing.sale_amount, thing.sale_starts_at, thing.sale_ends_at
            )
        )
    return rows


@settings(max_examples=60, deadline=None)
@given(histories(), moments, st.none() | moments)
def test_lowest_before_is_what_one_finds_hour_by_hour(
    history: list[PricePoint], starts_at: datetime, since: datetime | None
) -> None:
    found = lowest_before(history, starts_at, since)
    seen = []
    for hours in range(1, int(LOOKS_BACK / timedelta(hours=1)) + 1):
        moment = starts_at - timedelta(hours=hours)
        rows = [row for row in history if row.set_at <= moment]
        if since is not None and moment >= since and rows:
            last = rows[-1]
            seen.append(price_at(Thing(*last[1:]), moment).amount)
    assert found == (min(seen) if seen else None)


@given(st.sampled_from(["EUR", "JPY", "BHD", "CNY", "USD", "KWD"]), st.integers(0, 99_999_999))
def test_amounts_go_through_forms_unchanged_in_every_currency(currency: str, amount: int) -> None:
    money = Money(amount, currency)
    assert parse_amount(money.plain, currency) == amount
    assert len(money.plain.partition(".")[2]) == exponent_of(currency)


@given(
    st.lists(st.lists(st.sampled_from("ABCD"), min_size=1, max_size=3, unique=True), min_size=1, max_size=3)
)
def test_every_combination_is_made_once_and_found_again(values: list[list[str]]) -> None:
    axes = [(f"axis {number}", each) for number, each in enumerate(values)]
    made = combinations(axes)
    assert len({tuple(one.items()) for one in made}) == len(made)
    variants = list(enumerate(made))
    for number, options in variants:
        wanted = {f"option-{place}": value for place, value in enumerate(options.values(), 1)}
        assert match_options(variants, [name for name, _ in axes], wanted) == number


class StockBooks(RuleBasedStateMachine):
    """Any order of moves keeps the books: nothing negative, and what was received is the sum of the movements."""

    held = Bundle("held")

    @initialize(units=st.none() | st.integers(0, 20))
    def open_shop(self, units: int | None) -> None:
        """Put one variant on the shelf."""
        with db.unit_of_work():
            self.product = make_product(stock=units)
        self.sold = self.reserved = 0

    @rule(target=held, number=st.integers(1, 5))
    def reserve(self, number: int) -> int:
        """A buyer begins to pay."""
        with db.unit_of_work():
            done = stock.reserve(variant_of(self.product).id, number)
        self.reserved += number if done else 0
        return number if done else 0

    @rule(number=st.integers(1, 5))
    def sell_late(self, number: int) -> None:
        """Money comes for what is no longer reserved."""
        with db.unit_of_work():
            self.sold += number if stock.sell_directly(variant_of(self.product).id, number) else 0

    @rule(number=st.integers(1, 5), is_paid=st.booleans())
    def end(self, number: int, is_paid: bool) -> None:
        """A buyer pays or leaves."""
        number = min(number, self.reserved)
        with db.unit_of_work():
            (stock.sell_reserved if is_paid else stock.release)(variant_of(self.product).id, number)
        self.reserved -= number
        self.sold += number if is_paid else 0

    @rule(units=st.none() | st.integers(0, 20))
    def count(self, units: int | None) -> None:
        """The owner counts, or lifts the limit."""
        with db.unit_of_work():
            stock.set_stock(variant_of(self.product), units)

    @rule(number=st.integers(-10, 10).filter(bool))
    def adjust(self, number: int) -> None:
        """Some come or go."""
        with db.unit_of_work():
            try:
                stock.adjust(variant_of(self.product), number, StockReason.OTHER)
            except stock.NotSoMany:
                return

    @invariant()
    def books_are_right(self) -> None:
        """What the database says of it."""
        if not hasattr(self, "product"):
            return
        db.close_reader()
        variant = variant_of(self.product)
        moved = db.session().scalar(
            select(func.coalesce(func.sum(StockMovement.quantity), 0)).where(
                StockMovement.variant_id == variant.id
            )
        )
        assert variant.received == moved
        assert (variant.reserved, variant.sold) == (self.reserved, self.sold)
        assert variant.stock is None or variant.stock == variant.received - self.reserved - self.sold >= 0


@pytest.fixture
def in_app(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield
        db.close_reader()


def test_stock_books_hold_whatever_happens(in_app: None) -> None:
    quick = settings(
        max_examples=8,
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(StockBooks, settings=quick)
