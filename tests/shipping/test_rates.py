"""What sending costs: properties that hold for every rate, and the places that a zone may name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront.accounts.places import COUNTRIES, cleaned, rules_of
from storefront.catalog.service.mistakes import InvalidField
from storefront.core.money import Money
from storefront.shipping.rates import (
    Destination,
    ParcelLine,
    Place,
    Rate,
    Step,
    amount_for,
    missing_to_free,
    price_of,
    zone_of,
)
from storefront.shipping.states import RateBasis
from storefront.shipping.zoning import in_order, read_places

AMOUNTS = st.integers(0, 100_000)
ENDS = st.lists(st.integers(1, 50_000), min_size=1, max_size=8, unique=True)
LINES = st.lists(
    st.builds(
        ParcelLine,
        st.integers(1, 9),
        st.integers(0, 5_000),
        st.builds(Money, st.integers(0, 90_000), st.just("EUR")),
    ),
    max_size=6,
)


@st.composite
def steps(draw: st.DrawFn) -> list[Step]:
    """Return steps as the owner may type them, in any order, perhaps with one that never ends."""
    ends: list[int | None] = [*draw(ENDS)]
    if draw(st.booleans()):
        ends.append(None)
    return draw(st.permutations([Step(end, draw(AMOUNTS)) for end in ends]))


@given(steps(), st.integers(0, 60_000))
def test_every_measure_has_exactly_one_price_until_the_last_step_ends(
    found: list[Step], measure: int
) -> None:
    ordered = in_order(found)
    last = ordered[-1].up_to
    amount = amount_for(ordered, measure)
    assert (amount is None) == (last is not None and measure > last)
    below = [step for step in ordered if step.up_to is not None and step.up_to < measure]
    if amount is not None:
        assert amount == ordered[len(below)].amount


@given(steps(), st.sampled_from(RateBasis), st.none() | AMOUNTS, LINES)
def test_price_is_one_of_the_steps_or_nothing_and_free_from_the_promised_amount(
    found: list[Step], basis: RateBasis, free_from: int | None, lines: list[ParcelLine]
) -> None:
    rate = Rate("EUR", basis, in_order(found), free_from)
    value = sum(line.total.amount for line in lines)
    price, missing = price_of(rate, lines), missing_to_free(rate, lines)
    if price is not None:
        is_free = free_from is not None and value >= free_from
        assert price.amount == 0 if is_free else price.amount in {step.amount for step in found}
    if missing is not None:
        assert free_from is not None
        assert value + missing.amount == free_from


@given(steps(), LINES.filter(bool))
def test_nothing_is_converted(found: list[Step], lines: list[ParcelLine]) -> None:
    assert price_of(Rate("USD", RateBasis.WEIGHT, in_order(found)), lines) is None


def test_the_closest_place_decides() -> None:
    places = [Place(1, "*"), Place(2, "ES"), Place(3, "ES", "", "35"), Place(4, "US"), Place(5, "US", "HI")]

    def zone(country: str, state: str = "", code: str = "") -> int | None:
        return zone_of(Destination(country, state, code), places)

    assert [zone("FR"), zone("ES"), zone("ES", code="28001"), zone("ES", code="35 001")] == [1, 2, 2, 3]
    assert [zone("US", "OR"), zone("US", "HI"), zone_of(Destination("FR"), places[1:])] == [4, 5, None]


def test_places_are_named_as_people_name_them() -> None:
    assert read_places("Germany, 法国\nus-hi; ES 35*, GB bt 1*，*") == [
        ("DE", "", ""),
        ("FR", "", ""),
        ("US", "HI", ""),
        ("ES", "", "35"),
        ("GB", "", "BT1"),
        ("*", "", ""),
    ]
    assert len(read_places("EU, Germany")) == 27
    for wrong in ("Narnia", "DE-ZZ", " ,, "):
        with pytest.raises(InvalidField):
            read_places(wrong)


def test_steps_that_reach_equally_far_are_refused() -> None:
    with pytest.raises(InvalidField):
        in_order([Step(None, 1), Step(None, 2)])
    with pytest.raises(InvalidField):
        in_order([])


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_country_has_fields_for_an_address(country: str) -> None:
    rules = rules_of(country)
    assert "line1" in rules.fields
    assert rules.required - {"name"} <= set(rules.fields)
    code = rules.code_example
    assert (
        rules.code_pattern is None
        or not code
        or rules.code_pattern.fullmatch(
            cleaned({"country": country, "postal_code": code}).get("postal_code", code)
        )
    )
