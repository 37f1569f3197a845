"""The price calculation, for carts of all kinds: it adds up, explains itself, and never asks more than it should."""

from hypothesis import given, settings
from hypothesis import strategies as st

from storefront.core.money import payable_step
from storefront.pricing.calculating import calculate
from storefront.pricing.least import least_charge
from storefront.pricing.offers import AmountOff, FreeShipping, Offer, PercentOff
from storefront.pricing.splitting import portion, split
from storefront.pricing.values import Line, Quote, Reason, Shipping
from storefront.taxes.rules import Rate, TaxRules

CURRENCIES = st.sampled_from(["EUR", "JPY", "BHD", "HUF"])


def line(
    amount: int, quantity: int = 1, product: int = 1, regular: int | None = None, tax_class: str = "standard"
) -> Line:
    return Line(
        product, product, quantity, amount, amount if regular is None else regular, tax_class=tax_class
    )


@st.composite
def carts(draw: st.DrawFn) -> tuple[str, list[Line], Shipping | None, list[Offer], TaxRules | None]:
    currency = draw(CURRENCIES)
    step = payable_step(currency)
    amounts = st.integers(0, 50_000).map(lambda amount: amount * step)
    classes = st.sampled_from(["standard", "reduced", "zero"])
    lines = [
        Line(number, number % 3, draw(st.integers(1, 9)), unit, unit + draw(amounts), tax_class=draw(classes))
        for number, unit in enumerate(draw(st.lists(amounts, min_size=1, max_size=6)))
    ]
    products = st.none() | st.frozensets(st.integers(0, 2))
    some: list[st.SearchStrategy[Offer]] = [
        st.builds(PercentOff, st.just("P"), st.integers(1, 10_000), products, stacks=st.booleans()),
        st.builds(AmountOff, st.just("A"), amounts, products, stacks=st.booleans()),
        st.builds(FreeShipping, st.just("S"), products, stacks=st.booleans()),
    ]
    offers = draw(st.lists(st.one_of(some), max_size=3))
    rates = {"standard": Rate(draw(st.integers(0, 3000)), "VAT"), "zero": Rate(0, "VAT")}
    rules = draw(st.none() | st.builds(TaxRules, st.just("DE"), st.just(rates), st.booleans(), st.booleans()))
    return currency, lines, draw(st.none() | st.builds(Shipping, st.just("Post"), amounts)), offers, rules


def quoted(cart: tuple[str, list[Line], Shipping | None, list[Offer], TaxRules | None]) -> Quote:
    currency, lines, shipping, offers, tax = cart
    return calculate(currency, lines, shipping=shipping, offers=offers, tax=tax)


@settings(max_examples=60, deadline=None)
@given(carts())
def test_everything_adds_up_and_can_be_paid(
    cart: tuple[str, list[Line], Shipping | None, list[Offer], TaxRules | None],
) -> None:
    currency, lines, shipping, _, rules = cart
    quote = quoted(cart)
    step = payable_step(currency)
    tax_of_shipping = quote.shipping.tax_amount if quote.shipping else 0
    tax = sum(one.tax_amount for one in quote.lines) + tax_of_shipping
    assert (
        tax
        == quote.added_tax_amount + quote.included_tax_amount
        == sum(one.tax_amount for one in quote.taxes)
    )
    assert sum(one.discount_amount for one in quote.lines) == quote.discount_amount
    assert quote.subtotal_amount == sum(one.amount for one in lines)
    for one in quote.lines:
        assert 0 <= one.discount_amount <= one.line.amount
        assert one.tax_amount >= 0
        added = 0 if rules and rules.is_included else one.tax_amount
        assert sum(reason.amount for reason in one.why) == one.amount + added
        assert one.amount % step == 0
    assert 0 <= quote.shipping_amount <= (shipping.amount if shipping else 0)
    assert quote.total_amount >= 0
    assert quote.total_amount % step == 0
    if rules is not None:
        net = quote.total_amount - tax
        assert sum(one.net_amount for one in quote.taxes) == net


@settings(max_examples=40, deadline=None)
@given(carts())
def test_offers_never_leave_what_no_card_can_pay(
    cart: tuple[str, list[Line], Shipping | None, list[Offer], TaxRules | None],
) -> None:
    currency, lines, shipping, offers, _ = cart
    before = sum(one.amount for one in lines) + (shipping.amount if shipping else 0)
    total = calculate(currency, lines, shipping=shipping, offers=offers).total_amount
    assert total <= before
    assert total == 0 or total >= least_charge(currency) or before < least_charge(currency)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=12), st.data())
def test_split_gives_all_away_and_to_nobody_too_much(weights: list[int], data: st.DataObject) -> None:
    amount = data.draw(st.integers(0, sum(weights)))
    shares = split(amount, weights)
    assert sum(shares) == amount
    whole = sum(weights)
    for share, weight in zip(shares, weights, strict=True):
        assert share <= weight
        assert abs(share * whole - amount * weight) < max(whole, 1)


def test_portion_rounds_half_up_and_to_the_step() -> None:
    assert [portion(5, 1, 2), portion(3, 1, 2), portion(1, 1, 3), portion(0, 1, 2)] == [3, 2, 0, 0]
    assert [portion(1050, 1, 10, 10), portion(1040, 1, 10, 10)] == [110, 100]


def test_line_says_why_it_costs_what_it_costs() -> None:
    rules = TaxRules("DE", {"standard": Rate(1900, "MwSt.")}, is_included=True)
    quote = calculate("EUR", [line(1500, 2, regular=1900)], offers=[PercentOff("SPRING", 1000)], tax=rules)
    assert quote.lines[0].why == (
        Reason("price", 3800),
        Reason("sale", -800),
        Reason("offer", -300, "SPRING"),
        Reason("tax", 0, "MwSt.", 1900),
    )
    assert (quote.total_amount, quote.included_tax_amount, quote.added_tax_amount) == (2700, 431, 0)


def test_yen_and_dinars_are_split_in_what_can_be_paid() -> None:
    yen = calculate(
        "JPY", [line(100), line(100, product=2), line(100, product=3)], offers=[AmountOff("C", 100)]
    )
    assert [one.discount_amount for one in yen.lines] == [34, 33, 33]
    dinars = calculate(
        "BHD", [line(1000), line(1000, product=2), line(1000, product=3)], offers=[AmountOff("C", 1005)]
    )
    assert [one.discount_amount for one in dinars.lines] == [340, 330, 330]
    added = calculate("BHD", [line(1230)], tax=TaxRules("BH", {"standard": Rate(1000)}, is_included=False))
    assert (added.added_tax_amount, added.total_amount) == (120, 1350)


def test_offer_takes_only_from_what_it_covers() -> None:
    quote = calculate(
        "EUR",
        [line(1000), line(500, product=2)],
        offers=[AmountOff("C", 9000, frozenset({2}))],
    )
    assert ([one.discount_amount for one in quote.lines], quote.total_amount) == ([0, 500], 1000)


def test_best_of_two_offers_that_do_not_stack_counts() -> None:
    offers: list[Offer] = [PercentOff("TEN", 1000), AmountOff("FIVE", 500)]
    assert [use.name for use in calculate("EUR", [line(1000)], offers=offers).offers] == ["FIVE"]
    assert [use.name for use in calculate("EUR", [line(9000)], offers=offers).offers] == ["TEN"]
    stacking: list[Offer] = [
        PercentOff("TEN", 1000, stacks=True),
        AmountOff("FIVE", 500, stacks=True),
        PercentOff("ALONE", 1200),
    ]
    quote = calculate("EUR", [line(1000)], offers=stacking)
    assert [(use.name, use.amount) for use in quote.offers] == [("TEN", 100), ("FIVE", 500)]


def test_postage_is_free_with_its_code_and_taxed_without() -> None:
    rules = TaxRules("DE", {"standard": Rate(1900, "MwSt.")}, is_included=False)
    post = Shipping("Post", 500)
    asked = calculate("EUR", [line(1000)], shipping=post, tax=rules)
    assert (asked.shipping_amount, asked.added_tax_amount, asked.total_amount) == (500, 285, 1785)
    free = calculate("EUR", [line(1000)], shipping=post, offers=[FreeShipping("POST")], tax=rules)
    assert (free.shipping_amount, free.added_tax_amount, free.total_amount) == (0, 190, 1190)


def test_business_elsewhere_pays_the_price_without_the_tax_that_is_in_it() -> None:
    rules = TaxRules("FR", {"standard": Rate(2000, "TVA")}, is_included=True, is_reversed=True)
    quote = calculate("EUR", [line(1200)], tax=rules)
    assert (quote.total_amount, quote.discount_amount, quote.included_tax_amount) == (1000, 200, 0)
    assert quote.lines[0].why[-1] == Reason("reversed", -200, "TVA", 2000)


def test_rates_are_summed_apart() -> None:
    rules = TaxRules("DE", {"standard": Rate(1900), "reduced": Rate(700), "zero": Rate(0)}, is_included=False)
    quote = calculate(
        "EUR",
        [line(1000), line(1000, product=2, tax_class="reduced"), line(300, product=3, tax_class="zero")],
        tax=rules,
    )
    assert [(one.rate.hundredths, one.net_amount, one.tax_amount) for one in quote.taxes] == [
        (1900, 1000, 190),
        (700, 1000, 70),
        (0, 300, 0),
    ]


def test_what_no_card_can_pay_after_a_code_is_a_gift() -> None:
    quote = calculate("EUR", [line(1900)], offers=[PercentOff("MOST", 9900)])
    assert (quote.total_amount, quote.lines[0].why[-1]) == (0, Reason("minimum", -19))
