"""Facets: every count is what counting by hand gives, whatever was changed before, on both databases."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from urllib.parse import parse_qsl, quote, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from storefront.catalog import bits, facets
from storefront.catalog.cards import refresh_card
from storefront.catalog.models import Category, Facet, Product, ProductFacets, ProductTag, Tag, Variant
from storefront.catalog.stamp import raise_stamp
from storefront.catalog.states import ProductState
from storefront.catalog.stock import reserve
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.search import jobs
from storefront.web.page_cache import MOST_OF_A_KEY, allowed_query
from tests.selling import make_product, variant_of

SIZES, COLOURS = ("S", "M", "L"), ("Red", "Blue")


@dataclass
class Thing:
    """What a test knows of a product."""

    id: int
    title: str
    shelf: int
    tags: frozenset[int]
    options: tuple[tuple[str, str], ...]
    price: int
    in_stock: bool
    reviews: int
    stars: int
    shown: bool


def fill(count: int, seed: int) -> list[Thing]:
    """Put so many different products into the shop, in two categories of which one is inside of the other."""
    chance, made = random.Random(seed), []
    with db.unit_of_work() as session:
        outer = Category(slug="outer", name="Outer", position=1, translations={"zh": {"name": "外面"}})
        session.add(outer)
        session.flush()
        inner = Category(slug="inner", name="Inner", position=2, parent_id=outer.id, translations={})
        tags = [Tag(slug=f"tag-{n}", key=f"tag {n}", name=f"Tag {n}", translations={}) for n in range(3)]
        session.add_all([inner, *tags])
        session.flush()
        for number in range(count):
            made.append(_thing(chance, number, (outer.id, inner.id), [tag.id for tag in tags]))
    return made


def _thing(chance: random.Random, number: int, shelves: tuple[int, int], tags: list[int]) -> Thing:
    session = db.session()
    thing = Thing(
        id=0,
        title=f"Lamp {number}",
        shelf=chance.choice(shelves),
        tags=frozenset(chance.sample(tags, chance.randrange(3))),
        options=tuple(chance.sample([("Size", s) for s in SIZES] + [("Colour", c) for c in COLOURS], 2)),
        price=chance.randrange(5, 40) * 100,
        in_stock=chance.random() < 0.7,
        reviews=(reviews := chance.randrange(3)),
        stars=sum(chance.randrange(1, 6) for _ in range(reviews)),
        shown=chance.random() < 0.85,
    )
    product = make_product(thing.title, amount=thing.price, stock=5 if thing.in_stock else 0)
    product.category_id, product.review_count, product.rating_sum = thing.shelf, thing.reviews, thing.stars
    product.translations = {"zh": {"title": "灯", "option": "尺码", "value:M": "中号"}}
    product.option_names = ["Size", "Colour"]
    if not thing.shown:
        if chance.random() < 0.5:
            product.state = ProductState.DRAFT
        else:
            product.published_at = now() + timedelta(days=1)
    first = variant_of(product)
    first.options = dict(thing.options[:1])
    second = Variant(
        product_id=product.id, sku=f"{first.sku}-B", price_amount=thing.price, currency="EUR", position=1,
        options=dict(thing.options[1:]), stock=0, reserved=0, sold=0, received=0,
    )  # fmt: skip
    session.add(second)
    session.add_all([ProductTag(product_id=product.id, tag_id=tag) for tag in thing.tags])
    thing.id = product.id
    return thing


def meets(
    thing: Thing, query: dict[str, list[str]], tag_ids: dict[str, int], shelf_ids: dict[str, int]
) -> bool:
    """Say in plain Python whether a list with this address has the product."""
    outer, inner = shelf_ids["outer"], shelf_ids["inner"]
    below = {"outer": {outer, inner}, "inner": {inner}}
    checks = [thing.shown]
    if "category" in query:
        checks.append(any(thing.shelf in below.get(slug, set()) for slug in query["category"]))
    if "tag" in query:
        checks.append(any(tag_ids.get(slug) in thing.tags for slug in query["tag"]))
    for name in ("Size", "Colour"):
        if wanted := query.get(f"option.{name}"):
            checks.append(any((name, value) in thing.options for value in wanted))
    if "min" in query:
        checks.append(thing.price >= int(query["min"][0]) * 100)
    if "max" in query:
        checks.append(thing.price <= int(query["max"][0]) * 100)
    if "stock" in query:
        checks.append(thing.in_stock)
    if "rating" in query:
        checks.append(thing.reviews > 0 and thing.stars >= int(query["rating"][0]) * thing.reviews)
    return all(checks)


class Boxes(HTMLParser):
    """The boxes of the filters with their counts: ``{("tag", "tag-1"): "4"}``."""

    def __init__(self, page: str) -> None:
        """Read the page."""
        super().__init__()
        self.counts: dict[tuple[str, str], str] = {}
        self._field: tuple[str, str] | None = None
        self._counting = False
        self.feed(page[page.index('id="narrowing"') : page.index("</form>", page.index('id="narrowing"'))])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note which box it is, and where its count begins."""
        found = dict(attrs)
        if tag == "input" and found.get("type") in ("checkbox", "radio") and found.get("value"):
            self._field = (str(found["name"]), str(found["value"]))
        self._counting = tag == "span" and found.get("class") == "narrowing__count"

    def handle_data(self, data: str) -> None:
        """Take the count."""
        if self._counting and self._field is not None:
            self.counts[self._field] = data.strip()
            self._counting, self._field = False, None


def titles(page: str) -> list[str]:
    """Return the titles of the cards in their order."""
    return [unescape(title) for title in re.findall(r'class="card__title"><a [^>]*>([^<]*)</a>', page)]


def walk(client: FlaskClient, path: str) -> list[str]:
    """Return the titles of all pages, following "Show more"."""
    found: list[str] = []
    for _ in range(20):
        page = client.get(path).text
        found += titles(page)
        more = re.search(r'rel="next" href="([^"]+)"', page)
        if more is None:
            return found
        path = unescape(more[1])
    raise AssertionError("a list without end")


def test_counts_and_lists_are_what_counting_by_hand_gives(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        things = fill(60, seed=1)
        tag_ids = {tag.slug: tag.id for tag in db.session().query(Tag)}
        shelf_ids = {shelf.slug: shelf.id for shelf in db.session().query(Category)}
        db.close_reader()
    chance = random.Random(2)
    some = {
        "category": ["outer", "inner"], "tag": ["tag-0", "tag-1", "tag-2"], "option.Size": list(SIZES),
        "option.Colour": list(COLOURS), "min": ["8"], "max": ["30"], "stock": ["1"], "rating": ["4", "2"],
    }  # fmt: skip
    for _ in range(8):
        names = chance.sample(sorted(some), chance.randrange(1, 5))
        query = {name: chance.sample(some[name], chance.randrange(1, len(some[name]) + 1)) for name in names}
        query = {name: values[:1] if name == "rating" else values for name, values in query.items()}
        path = "/en/products?filters=1&" + "&".join(
            f"{name}={value}" for name in query for value in query[name]
        )
        hits = [thing for thing in things if meets(thing, query, tag_ids, shelf_ids)]
        assert sorted(walk(client, path)) == sorted(thing.title for thing in hits), path
        counts = Boxes(client.get(path).text).counts
        for (name, value), count in counts.items():
            others = {other: values for other, values in query.items() if other != name}
            expected = [t for t in things if meets(t, {**others, name: [value]}, tag_ids, shelf_ids)]
            assert count == str(len(expected)), (path, name, value)


def test_filtered_list_comes_in_order_and_each_product_once(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        things = [thing for thing in fill(60, seed=3) if thing.shown]
        seconds = {
            row.id: int(row.published_at.timestamp())
            for row in db.session().query(Product)
            if row.published_at
        }
        db.close_reader()
    keys: dict[str, Callable[[Thing], tuple[int, int]]] = {
        "newest": lambda t: (-seconds[t.id], -t.id),
        "price": lambda t: (t.price, t.id),
        "-price": lambda t: (-t.price, -t.id),
    }
    for sort, key in keys.items():
        found = walk(client, f"/en/products?filters=1&sort={sort}")
        assert found == [thing.title for thing in sorted(things, key=key)], sort


def test_facets_follow_sale_review_tag_and_state(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        with db.unit_of_work() as session:
            product = make_product("Lamp", stock=1)
            tag = Tag(slug="gift", key="gift", name="Gift", translations={"zh": {"name": "礼物"}})
            session.add(tag)
            session.flush()
            variant_id, product_id, tag_id = variant_of(product).id, product.id, tag.id
        assert Boxes(client.get("/products?filters=1").text).counts == {("stock", "1"): "1"}
        with db.unit_of_work() as session:
            session.add(ProductTag(product_id=product_id, tag_id=tag_id))
            session.execute(update(Product).values(review_count=2, rating_sum=9))
            refresh_card(product_id)
        counts = Boxes(client.get("/products?filters=1").text).counts
        assert (counts["tag", "gift"], counts["rating", "4"]) == ("1", "1")
        with db.unit_of_work():
            assert reserve(variant_id, 1)
        assert ("stock", "1") not in Boxes(client.get("/products?filters=1").text).counts
        with db.unit_of_work() as session:
            session.get_one(Product, product_id).state = ProductState.DRAFT
            refresh_card(product_id)
        assert Boxes(client.get("/products?filters=1").text).counts == {}
        assert {facet.products for facet in db.session().query(Facet)} == {0}
        db.close_reader()


def test_products_from_before_get_their_facets_and_words(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        things = [thing for thing in fill(5, seed=4) if thing.shown]
        with db.unit_of_work() as session:
            for table in ("facet_block", "facet", "product_facets", "search_misspelling", "search_word"):
                session.connection().exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - our own tables
            raise_stamp()
        assert jobs.fill() == 5
        assert jobs.fill() == 0
        assert facets.unmarked_products(9) == []
        assert db.session().query(ProductFacets).count() == 5
        db.close_reader()
    assert len(walk(client, "/products?filters=1")) == len(things)
    assert "“lamp”" in client.get("/products?q=lanp").text


def test_chips_take_back_one_choice_each_and_addresses_have_one_order(
    app: Flask, client: FlaskClient
) -> None:
    with app.app_context():
        fill(20, seed=5)
    page = client.get("/en/products?tag=tag-2&option.Size=M&tag=tag-1&min=6&utm_source=mail").text
    chips = [unescape(href) for href in re.findall(r'<a class="chip" href="([^"]+)"', page)]
    asked = [("tag", "tag-1"), ("tag", "tag-2"), ("option.Size", "M"), ("min", "6.00")]
    assert [parse_qsl(urlsplit(chip).query) for chip in chips] == [
        [pair for pair in asked if pair != left_out] for left_out in asked
    ]
    assert 'href="/en/products" hx-boost="true">Clear all' in page
    assert '<meta name="robots" content="noindex">' in page
    assert re.search(r'<link rel="canonical" href="[^"?]*/en/products">', page)


def test_filters_speak_chinese(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        fill(20, seed=6)
    page = client.get("/zh/products?filters=1&option.Size=M").text
    assert "尺码: 中号" in page
    assert re.search(r">\s*外面 <span", page)


def test_nothing_in_the_address_is_a_fault(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        fill(3, seed=7)
    for path in (
        "/products?option.=x", "/products?option.Size=", "/products?min=abc&max=-1", "/products?rating=9&stock=2",
        "/products?filters=1&after=9-9-9", "/products?stock=1&after=999999999999999-1", "/products?tag=none&tag=nil",
        "/products?category=a&category=b", f"/products?option.{quote('尺')}={quote('中号')}", "/products?max=0&min=5",
        "/products?q=lamp&option.Size=M&after=24", "/products?after=1-1&category=outer&filters=1",
    ):  # fmt: skip
        assert client.get(path).status_code == 200, path


def test_strangers_make_a_bounded_page_of_each_address() -> None:
    many = "&".join(f"tag=t{n}" for n in range(30)) + "&" + "&".join(f"option.o{n}=v" for n in range(30))
    kept = parse_qsl(allowed_query(f"{many}&min=&x=1"))
    assert len(kept) == MOST_OF_A_KEY + 3
    assert allowed_query("tag=b&tag=a&option.S=1") == allowed_query("option.S=1&tag=a&tag=b&tag=a&utm_id=7")


@settings(max_examples=40, deadline=None)
@given(
    st.sets(st.integers(1, 40_000), max_size=60),
    st.sets(st.integers(1, 40_000), max_size=60),
    st.integers(0, 1200),
    st.integers(1, 30),
)
def test_sets_of_bits_are_sets(one: set[int], other: set[int], bound: int, size: int) -> None:
    a, b = bits.of(one), bits.of(other)
    assert set(bits.members(bits.both(a, b))) == one & other
    assert set(bits.members(bits.either(a, b))) == one | other
    assert set(bits.members(bits.without(a, b))) == one - other
    assert bits.count_both(a, b) == len(one & other)
    numbers = {member: member * 7 % 1000 for member in one}
    digits = [bits.of(m for m, n in numbers.items() if n >> place & 1) for place in range(10)]
    assert set(bits.members(bits.below(a, digits, bound))) == {m for m, n in numbers.items() if n < bound}
    for highest in (True, False):
        order = sorted(one, key=lambda m: (numbers[m], m), reverse=highest)
        assert set(bits.foremost(a, digits, size, highest=highest)) == set(order[:size])
    blocks = {number: bits.unpack(bits.pack(block)) for number, block in enumerate(a)}
    assert bits.join(blocks) == a
