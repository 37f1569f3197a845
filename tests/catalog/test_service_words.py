"""Addresses, SKUs, key patterns and lists in an order: what needs no shop around it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront.catalog.models import Product
from storefront.catalog.service import editing, naming
from storefront.catalog.service.licences import check_pattern, possible_keys
from storefront.catalog.service.mistakes import InvalidField
from storefront.catalog.service.ordering import reordered
from storefront.catalog.states import ProductKind
from storefront.core import db
from storefront.licensing.patterns import new_key


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Two Inks: colour", "two-inks-colour"),
        ("安静的页面", "an-jing-de-ye-mian"),
        ("Café 茶", "cafe-cha"),
        ("  --  ", ""),
        ("🙂", ""),
        ("x" * 500, "x" * 80),
    ],
)
def test_an_address_is_made_from_a_title_in_any_script(title: str, slug: str) -> None:
    assert naming.slug_of(title) == slug


@given(st.text(max_size=300))
def test_every_title_makes_a_sound_address_or_none(title: str) -> None:
    slug = naming.slug_of(title)

    assert slug in ("", "new", "preview") or naming.is_slug(slug)


@pytest.mark.parametrize(
    "slug", ["", "new", "preview", "A", "a b", "a--b", "-a", "a-", "ä", "a/b", "a\n", "x" * 81]
)
def test_an_odd_address_is_refused(slug: str) -> None:
    assert not naming.is_slug(slug)


@pytest.mark.usefixtures("work_database")
def test_equal_titles_get_addresses_and_skus_of_their_own() -> None:
    with db.unit_of_work():
        made = [editing.create("New", ProductKind.DOWNLOAD, 100, "EUR") for _ in range(35)]
        db.session().flush()
        skus = {variant.sku for product in made for variant in product.variants}

    assert made[0].slug == "new-2"  # "new" is the page that makes products
    assert len({product.slug for product in made}) == len(skus) == 35
    db.close_reader()
    assert db.session().query(Product).count() == 35


@pytest.mark.parametrize("pattern", ["XXXX-####-****-***", "****-****-*", "APP ############", "*" * 80])
def test_a_pattern_makes_keys_that_look_like_it(pattern: str) -> None:
    assert check_pattern(f" {pattern} ") == pattern
    key = new_key(pattern)
    assert len(key) == len(pattern)
    assert all(a == b for a, b in zip(pattern, key, strict=True) if a not in "*#")
    assert "*" not in key
    assert "#" not in key


@pytest.mark.parametrize(
    "pattern", ["", "APP-1234", "****-****", "#" * 11, "*" * 81, "锁********", "***\n*****", "****  ****"]
)
def test_a_pattern_that_could_be_guessed_or_is_odd_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidField) as refusal:
        check_pattern(pattern)
    assert refusal.value.field == "pattern"


def test_possible_keys_are_counted() -> None:
    assert possible_keys("A-*#") == 230


@pytest.mark.parametrize(
    ("wanted", "step", "result"),
    [
        (["a", "b", "c"], None, "abc"),
        (["c", "a", "b"], None, "cab"),
        (["a", "b", "c"], "b:up", "bac"),
        (["a", "b", "c"], "b:down", "acb"),
        (["a", "b", "c"], "a:up", "abc"),
        (["a", "b", "c"], "c:down", "abc"),
        (["a", "b", "c"], "x:up", "abc"),
        (["a", "b", "c"], "b:sideways", "abc"),
        (["a", "b", "c"], "::", "abc"),
        (["c", "x", "c", "a"], None, "cab"),
        ([], "c:up", "acb"),
    ],
)
def test_a_list_is_put_in_order_whatever_the_page_sent(
    wanted: list[str], step: str | None, result: str
) -> None:
    assert "".join(reordered("abc", wanted, step)) == result


@given(st.lists(st.text(max_size=3)), st.text(max_size=6))
def test_nothing_is_lost_or_doubled_by_an_order(wanted: list[str], step: str) -> None:
    assert sorted(reordered(["a", "b", "c:d"], wanted, step)) == ["a", "b", "c:d"]
