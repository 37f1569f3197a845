"""Many products at once."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from storefront.catalog.models import Category, PriceHistory, Variant
from storefront.catalog.service import bulk
from storefront.catalog.service.bulk import PriceChange, _new_amount
from storefront.catalog.stamp import read_stamp
from storefront.catalog.states import ProductState
from storefront.core import db
from storefront.core.money import exponent_of
from storefront.journal.service import entries_of, latest
from tests.admin.desk import Desk, Fields, errors_of, fields_of, words_of
from tests.admin.test_products import make, product_at
from tests.selling import OWNER, log_in, make_product, token_of

LIST, PREVIEW, CHANGES = "/admin/products", "/admin/products/bulk/preview", "/admin/products/bulk/changes"


def preview(desk: Desk, *slugs: str, **change: str) -> Fields:
    """Choose products in the list, say what shall change, and return the form that asks."""
    fields = desk.form(LIST, PREVIEW)
    fields.setlist("product", list(slugs))
    for name, value in change.items():
        fields[name] = value
    page = desk.client.post(PREVIEW, data=fields)
    assert page.status_code == 200, page.text[:2000]
    return fields_of(page, CHANGES)


def _only_the_first(marks: dict[str, str]) -> list[dict[str, str]]:
    return [dict(list(marks.items())[:2])]


def change(desk: Desk, *slugs: str, **wanted: str) -> str:
    """Do the same, say yes, and return the words of the page that tells what was done."""
    answer = desk.client.post(CHANGES, data=preview(desk, *slugs, **wanted))
    assert answer.status_code == 303
    return words_of(desk.open(answer.headers["Location"]))


def test_prices_change_together_with_history_version_and_cached_pages(desk: Desk) -> None:
    first, second, other = make(amount=1999), make(amount=1000), make(amount=500)
    versions, stamp = product_at(first).version, read_stamp()

    fields = preview(desk, first, second, price_change="raise_percent", price_number="7,5")
    assert product_at(first).price_amount == 1999  # only asked so far
    answer = desk.client.post(CHANGES, data=fields)

    assert "2 products changed" in words_of(desk.open(answer.headers["Location"]))
    assert [product_at(slug).price_amount for slug in (first, second, other)] == [2149, 1075, 500]
    changed = product_at(first)
    assert (changed.version, read_stamp() > stamp) == (versions + 1, True)
    assert entries_of(f"product:{changed.id}")[0].data["changed"] == {
        f"price {changed.variants[0].sku}": [1999, 2149]
    }
    history = db.session().query(PriceHistory).filter_by(variant_id=changed.variants[0].id)
    assert [row.price_amount for row in history.order_by(PriceHistory.id)][-1] == 2149


def test_the_same_page_sent_twice_changes_once(desk: Desk) -> None:
    slug = make(amount=1000)
    fields = preview(desk, slug, price_change="raise_percent", price_number="10")
    answers = [desk.client.post(CHANGES, data=fields) for _ in range(2)]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert product_at(slug).price_amount == 1100
    assert sum(entry.action == "products.changed" for entry in latest()) == 1


def test_the_same_page_sent_twice_at_once_changes_once(app: Flask, desk: Desk) -> None:
    slugs = [make(amount=1000) for _ in range(5)]
    fields = preview(desk, *slugs, price_change="raise_percent", price_number="10")
    windows = [desk.client, app.test_client()]
    log_in(windows[1], OWNER)
    tokens = [token_of(window.get("/admin/products/new")) for window in windows]

    def send(place: int) -> int:
        sent = [*((name, each) for name, each in fields.items(multi=True) if name != "csrf_token")]
        data = MultiDict([*sent, ("csrf_token", tokens[place])])
        return windows[place].post(CHANGES, data=data).status_code

    with ThreadPoolExecutor(2) as both:
        assert list(both.map(send, [0, 1])) == [303, 303]
    assert [product_at(slug).price_amount for slug in slugs] == [1100] * 5
    assert bulk.find_outcome(fields["key"]) == bulk.Outcome(slugs, {})


def test_what_broke_off_in_the_middle_goes_on_when_the_page_is_sent_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storefront.catalog.service.bulk._BATCH", 2)
    slugs = [make(amount=1000) for _ in range(3)]
    fields = preview(desk, *slugs, price_change="raise", price_number="1")
    with monkeypatch.context() as broken:
        broken.setattr("storefront.admin.changing.bulk.batches", _only_the_first)
        desk.client.post(CHANGES, data=fields)
    assert [product_at(slug).price_amount for slug in slugs] == [1100, 1100, 1000]
    told = words_of(desk.open(desk.client.post(CHANGES, data=fields).headers["Location"]))
    assert "3 products changed All of it was done." in told
    assert [product_at(slug).price_amount for slug in slugs] == [1100, 1100, 1100]


def test_what_is_not_ready_stays_a_draft_with_the_reason_and_the_others_are_published(desk: Desk) -> None:
    ready = make(title="Ready", state=ProductState.DRAFT)
    empty = make(title="Empty", state=ProductState.DRAFT, content=None)
    told = change(desk, ready, empty, state="published")
    assert [product_at(slug).state for slug in (ready, empty)] == [ProductState.PUBLISHED, ProductState.DRAFT]
    assert "1 product will be left out" not in told
    fields = desk.form(LIST, PREVIEW)
    fields.setlist("product", [ready, empty])
    fields["state"] = "published"
    page = words_of(desk.client.post(PREVIEW, data=fields))
    assert "1 product will be left out" in page
    assert "Empty: There is nothing to deliver yet" in page
    assert "1 product is like this already." in page


def test_what_changed_since_the_page_asked_is_left_out(desk: Desk) -> None:
    first, second = make(amount=1000), make(amount=1000)
    fields = preview(desk, first, second, price_change="set", price_number="15")
    desk.send(f"{LIST}/{first}", title="Another title")
    told = words_of(desk.open(desk.client.post(CHANGES, data=fields).headers["Location"]))
    assert "1 product changed" in told
    assert "Another title: It was changed in another window" in told
    assert [product_at(slug).price_amount for slug in (first, second)] == [1000, 1500]


def test_prices_that_the_database_would_refuse_are_left_out_with_the_reason(desk: Desk) -> None:
    crossed, free, plain = make(amount=1000), make(amount=100), make(amount=1000)
    with db.unit_of_work() as session:
        session.query(Variant).filter_by(id=product_at(crossed).variants[0].id).update(
            {"compare_at_amount": 1100}
        )
    fields = desk.form(LIST, PREVIEW)
    fields.setlist("product", [crossed, free, plain])
    fields["price_change"], fields["price_number"] = "raise", "2"
    page = desk.client.post(PREVIEW, data=fields)
    assert "would not be higher any more" in words_of(page)
    fields["price_change"] = "lower"
    page = desk.client.post(PREVIEW, data=fields)
    assert "The price would be less than nothing." in words_of(page)
    desk.client.post(CHANGES, data=fields_of(page, CHANGES))
    assert [product_at(slug).price_amount for slug in (crossed, free, plain)] == [800, 100, 800]


def test_category_state_and_price_change_in_one_go(desk: Desk) -> None:
    slug = make(amount=1000)
    with db.unit_of_work() as session:
        session.add(Category(slug="shelf", name="Shelf", description="", translations={}))
    told = change(desk, slug, price_change="set", price_number="0", state="archived", category="in-shelf")
    product = product_at(slug)
    assert "1 product changed" in told
    assert (product.price_amount, product.state, product.category_id is not None) == (
        0,
        ProductState.ARCHIVED,
        True,
    )
    change(desk, slug, category="none")
    assert product_at(slug).category_id is None


def test_all_that_was_found_can_be_chosen_and_no_more_than_two_hundred(desk: Desk) -> None:
    with db.unit_of_work():
        for _ in range(32):
            make_product("Found")
        make_product("Elsewhere")
    fields = desk.form(f"{LIST}?q=Found", PREVIEW)
    assert fields.getlist("product") == []
    fields["everything"], fields["state"] = "1", "archived"
    asked = fields_of(desk.client.post(PREVIEW, data=fields), CHANGES)
    assert len(asked.getlist("product")) == 32
    assert "32 products changed" in words_of(
        desk.open(desk.client.post(CHANGES, data=asked).headers["Location"])
    )


def test_all_on_the_page_are_chosen_by_a_link(desk: Desk) -> None:
    slugs = {make(), make()}
    assert set(desk.form(f"{LIST}?select=page", PREVIEW).getlist("product")) == slugs


def test_a_wrong_change_comes_back_with_the_choice_and_the_error(desk: Desk) -> None:
    slug = make()
    asked = desk.form(LIST, PREVIEW)
    for how, number, field in (
        ("", "", "category"),
        ("set", "cheap", "price_number"),
        ("lower_percent", "101", "price_number"),
        ("raise_percent", "1e9", "price_number"),
    ):
        asked.setlist("product", [slug])
        asked["price_change"], asked["price_number"] = how, number
        page = desk.client.post(PREVIEW, data=asked)
        assert page.status_code == 422
        assert field in errors_of(page)
        assert fields_of(page, PREVIEW).getlist("product") == [slug]
    asked.setlist("product", [])
    assert "Please choose some products first." in words_of(desk.client.post(PREVIEW, data=asked))


def test_the_list_is_sorted_and_goes_on_where_a_page_ended(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storefront.admin.queries.PAGE_SIZE", 2)
    slugs = {make(amount=number * 100): number for number in (2, 3, 1)}
    for sort, order in (("price", [1, 2, 3]), ("-price", [3, 2, 1]), ("oldest", [2, 3, 1]), ("", [1, 3, 2])):
        page = desk.open(f"{LIST}?sort={sort}")
        following = page.text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
        shown = [*_shown(page.text, slugs), *_shown(desk.open(following).text, slugs)]
        assert shown == order, sort


def _shown(text: str, slugs: dict[str, int]) -> list[int]:
    places = {text.find(f'value="{slug}"'): number for slug, number in slugs.items()}
    return [number for place, number in sorted(places.items()) if place >= 0]


@settings(max_examples=60, deadline=None)
@given(
    price=st.integers(0, 99_999_999),
    percent=st.decimals(Decimal("0.01"), Decimal(100), places=2),
    currency=st.sampled_from(["EUR", "JPY", "BHD"]),
)
def test_per_cent_is_rounded_to_what_can_be_paid(price: int, percent: Decimal, currency: str) -> None:
    variant = Variant(price_amount=price, currency=currency)
    for how, factor in (
        (PriceChange.RAISE_PERCENT, 100 + percent),
        (PriceChange.LOWER_PERCENT, 100 - percent),
    ):
        amount = _new_amount(variant, how, percent)
        step = 10 if exponent_of(currency) == 3 else 1
        assert amount % step == 0
        assert abs(amount - price * factor / 100) * 2 <= step
