"""Saving a product: several at once, while it is being sold, and with what the database refuses."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy import select

from storefront.admin.changing import change_product
from storefront.catalog import stock
from storefront.catalog.models import OldSlug, Product, Variant
from storefront.catalog.service import editing, publishing
from storefront.catalog.service.editing import ProductInput, VariantInput
from storefront.catalog.service.mistakes import InvalidField, SavedMeanwhile
from storefront.catalog.states import ProductState
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.journal.models import JournalEntry
from tests.selling import make_product

T = TypeVar("T")
pytestmark = pytest.mark.usefixtures("work_database")


def made(**facts: object) -> Product:
    """Put a product into the shop."""
    with db.unit_of_work():
        return make_product(**facts)  # type: ignore[arg-type]  # passed on


def the_variant() -> Variant:
    """Return the only variant as it is now."""
    db.close_reader()
    return db.session().scalars(select(Variant)).one()


def wish(product: Product, **changes: object) -> ProductInput:
    """Return the product as it is, but for the changes."""
    variant = the_variant()
    facts = {
        "title": product.title,
        "slug": product.slug,
        "kind": product.kind,
        "variants": [
            VariantInput(
                variant.id, variant.title, variant.price_amount, stock=variant.stock, stock_seen=variant.stock
            )
        ],
        **changes,
    }
    return ProductInput(**facts)  # type: ignore[arg-type]  # put together above


def at_once(*works: Callable[[], T]) -> list[T | Exception]:
    """Start all works at the same moment, each in a thread of its own, and return what came of each."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], T]) -> T | Exception:
        barrier.wait(10)
        try:
            return work()
        except Exception as error:
            return error
        finally:
            db.close_reader()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


def test_of_two_who_save_the_same_version_one_is_told() -> None:
    product = made()
    wanted = wish(product)

    results = at_once(
        *(lambda: change_product(product.slug, lambda locked: editing.save(locked, wanted, version=1)),) * 2
    )

    assert sorted(type(result).__name__ for result in results) == ["NoneType", "SavedMeanwhile"]
    db.close_reader()
    assert db.session().scalars(select(Product.version)).one() == 2


def test_saving_while_it_is_sold_loses_no_unit() -> None:
    product = made(stock=50)
    variant_id = the_variant().id

    def sell() -> None:
        for _ in range(10):
            with db.unit_of_work():
                assert stock.reserve(variant_id, 1)

    def save() -> None:
        for version in range(1, 8):
            change_product(product.slug, lambda locked, v=version: editing.save(locked, wish(product), v))  # type: ignore[misc]

    assert at_once(sell, sell, save) == [None, None, None]

    variant = the_variant()
    assert (variant.stock, variant.reserved, variant.received) == (30, 20, 50)


def test_a_stock_that_is_set_counts_as_received() -> None:
    product = made(stock=5)
    variant = the_variant()
    with db.unit_of_work():
        assert stock.reserve(variant.id, 2)
    now_there = the_variant()
    wanted = wish(
        product, variants=[VariantInput(now_there.id, "", now_there.price_amount, stock=9, stock_seen=3)]
    )

    change_product(product.slug, lambda locked: editing.save(locked, wanted, version=1))

    variant = the_variant()
    assert (variant.stock, variant.reserved, variant.received) == (9, 2, 11)


def test_a_refused_save_changes_nothing() -> None:
    other, product = made(), made()
    with db.unit_of_work() as session:
        before = len(session.scalars(select(JournalEntry)).all())
    wanted = ProductInput("Other title", other.slug, product.kind, [VariantInput(None, "", 1)])

    with pytest.raises(InvalidField):
        change_product(product.slug, lambda locked: editing.save(locked, wanted, version=1))

    db.close_reader()
    assert editing.get_for_owner(product.slug).title == product.title
    assert len(db.session().scalars(select(JournalEntry)).all()) == before
    assert db.session().scalars(select(OldSlug)).all() == []


def test_a_product_keeps_a_variant_that_can_be_bought() -> None:
    product = made()
    variant = the_variant()
    wanted = wish(product, variants=[VariantInput(variant.id, "", 1, is_archived=True)])

    with pytest.raises(InvalidField, match="at least one variant"):
        change_product(product.slug, lambda locked: editing.save(locked, wanted, version=1))


def test_another_products_variant_is_not_changed_through_this_one() -> None:
    other, product = made(amount=500), made()
    foreign = editing.get_for_owner(other.slug).variants[0]
    own = editing.get_for_owner(product.slug).variants[0]
    lines = [VariantInput(own.id, "A", 1), VariantInput(foreign.id, "B", 2)]
    wanted = ProductInput(product.title, product.slug, product.kind, lines)

    change_product(product.slug, lambda locked: editing.save(locked, wanted, version=1))

    db.close_reader()
    assert db.session().get_one(Variant, foreign.id).price_amount == 500
    assert [variant.title for variant in editing.get_for_owner(product.slug).variants] == ["A", "B"]


def test_a_time_to_come_publishes_later_and_none_keeps_it_published() -> None:
    product = made(state=ProductState.DRAFT)
    later = now() + timedelta(days=3)
    change_product(product.slug, lambda locked: editing.save(locked, wish(product, published_at=later), 1))
    change_product(product.slug, publishing.publish)
    assert editing.get_for_owner(product.slug).published_at == later

    change_product(product.slug, lambda locked: editing.save(locked, wish(product), 2))
    published = editing.get_for_owner(product.slug).published_at
    assert published is not None
    assert published <= now()


def test_publishing_twice_is_one_move() -> None:
    product = made(state=ProductState.DRAFT)

    at_once(*(lambda: change_product(product.slug, publishing.publish),) * 2)

    db.close_reader()
    moves = db.session().scalars(select(JournalEntry).where(JournalEntry.action == "product.moved")).all()
    assert len(moves) == 1


def test_what_can_not_be_delivered_is_not_published() -> None:
    product = made(content=None, state=ProductState.DRAFT)

    with pytest.raises(publishing.NotReady) as refusal:
        change_product(product.slug, publishing.publish)
    assert refusal.value.missing == [publishing.Missing.GOODS]


def test_saved_meanwhile_is_a_refusal_with_a_sentence() -> None:
    assert (SavedMeanwhile.status, str(SavedMeanwhile())) == (
        409,
        "This was saved in another window in the meantime.",
    )
