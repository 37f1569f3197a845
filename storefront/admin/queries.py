"""Reading for the owner's lists: explicit columns, few queries, counts that stop counting early."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, union_all
from sqlalchemy.orm import selectinload

from storefront.catalog.models import Category, Product, Variant
from storefront.catalog.pictures import PictureView, cover_view
from storefront.catalog.states import ProductKind, ProductState
from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.core.errors import NotFound
from storefront.core.money import Money
from storefront.orders.models import Order
from storefront.payments.models import Refund
from storefront.payments.states import COUNTED_REFUNDS

PAGE_SIZE = 30
# Nobody reads on past a thousand; counting a million takes its time.
MOST_COUNTED = 1000


class ProductSort(StrEnum):
    """The orders in which the owner reads the list of products."""

    NEWEST = "newest"
    OLDEST = "oldest"
    CHEAPEST = "price"
    DEAREST = "-price"


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product as the owner's list shows it; ``stock`` None is unlimited."""

    slug: str
    title: str
    state: ProductState
    kind: ProductKind
    price: Money
    price_varies: bool
    stock: int | None
    category: str | None
    published_at: datetime | None
    picture: PictureView | None


@dataclass(frozen=True, slots=True)
class ProductPage:
    """A piece of the owner's list of products, and where the next one begins."""

    rows: list[ProductRow]
    next_before: str | None


def list_products(
    words: str, state: ProductState | None, before: str | None, sort: ProductSort = ProductSort.NEWEST
) -> ProductPage:
    """Return a page of products, found by title (in any language) or SKU. Costs one query.

    ``before`` is where a page ended: an id, or price and id where the price orders the list.
    """
    statement = (
        select(
            Product.id,
            Product.slug,
            Product.title,
            Product.state,
            Product.kind,
            Product.price_amount,
            Product.currency,
            Product.price_varies,
            Product.published_at,
            Product.cover,
            Category.name,
            _stock(),
            _has_unlimited(),
        )
        .outerjoin(Category, Category.id == Product.category_id)
        .where(*_wanted(words, state), *_further(sort, before))
        .order_by(*_ORDERS[sort])
        .limit(PAGE_SIZE + 1)
    )
    found = db.session().execute(statement).all()
    rows = [_row(row) for row in found[:PAGE_SIZE]]
    return ProductPage(rows, _mark(found[PAGE_SIZE - 1], sort) if len(found) > PAGE_SIZE else None)


def find_slugs(words: str, state: ProductState | None, most: int) -> list[str]:
    """Return the addresses of the newest products that the list finds, no more than ``most``."""
    statement = select(Product.slug).where(*_wanted(words, state)).order_by(Product.id.desc()).limit(most)
    return list(db.session().scalars(statement))


def count_products(words: str) -> dict[str, int]:
    """Return how many products of each state, and of all (``""``), match; counting stops early.

    Costs one query: a look at the beginning of each state in the index, or with words one walk that ends soon.
    """
    some = [select(Product.state).where(*_wanted(words, None)).limit(MOST_COUNTED + 1)]
    if not words:
        some = [
            select(Product.state).where(Product.state == each).limit(MOST_COUNTED + 1)
            for each in ProductState
        ]
    found = union_all(*(select(part.subquery()) for part in some)).subquery()
    rows = db.session().execute(select(found.c.state, func.count()).group_by(found.c.state)).all()
    counts = {state.value: 0 for state in ProductState} | {str(row[0]): int(row[1]) for row in rows}
    return {"": sum(counts.values()), **counts}


def sells_parcels() -> bool:
    """Whether customers can see any product that has to be sent."""
    sent = select(Product.id).where(Product.state == ProductState.PUBLISHED, Product.requires_shipping)
    return db.session().scalar(sent.limit(1)) is not None


def has_published() -> bool:
    """Whether customers can see any product."""
    return (
        db.session().scalar(select(Product.id).where(Product.state == ProductState.PUBLISHED).limit(1))
        is not None
    )


@dataclass(frozen=True, slots=True)
class Takings:
    """What came in and went back since a moment, by currency; ``days`` 0 is today (UTC)."""

    days: int
    orders: int
    income: list[Money]
    refunded: list[Money]


def takings(currency: str) -> list[Takings]:
    """Return how it went today, in the last 7 and the last 30 days (two queries).

    Amounts of different currencies are never added up; the shop's own comes first.
    """
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    since = {0: midnight, 7: now() - timedelta(days=7), 30: now() - timedelta(days=30)}
    session = db.session()
    income = session.execute(
        select(
            Order.currency,
            *(func.count(case((Order.paid_at >= moment, 1))) for moment in since.values()),
            *(
                func.sum(case((Order.paid_at >= moment, Order.total_amount), else_=0))
                for moment in since.values()
            ),
        )
        .where(Order.paid_at >= since[30])
        .group_by(Order.currency)
    ).all()
    refunds = session.execute(
        select(
            Refund.currency,
            *(
                func.sum(case((Refund.created_at >= moment, Refund.amount), else_=0))
                for moment in since.values()
            ),
        )
        .where(Refund.created_at >= since[30], Refund.status.in_(COUNTED_REFUNDS))
        .group_by(Refund.currency)
    ).all()
    return [
        Takings(
            days,
            sum(int(row[place]) for row in income),
            _amounts({row[0]: row[place + 3] for row in income}, currency) or [Money(0, currency)],
            _amounts({row[0]: row[place] for row in refunds}, currency),
        )
        for place, days in enumerate(since, 1)
    ]


def _amounts(found: dict[str, Any], first: str) -> list[Money]:
    """Return what is not nothing, the ``first`` currency before the others."""
    in_order = sorted(found, key=lambda currency: (currency != first, currency))
    return [Money(int(found[currency]), currency) for currency in in_order if found[currency]]


def find_variants(slug: str) -> list[Variant]:
    """Return the variants on offer of the product at that address, in order; none when there is no such product."""
    statement = (
        select(Variant)
        .join(Product, Product.id == Variant.product_id)
        .where(Product.slug == slug, Variant.archived_at.is_(None))
        .order_by(Variant.position, Variant.id)
    )
    return list(db.session().scalars(statement))


def get_order_by_number(number: str) -> Order:
    """Return the order with its lines.

    Raises:
        NotFound: there is none.
    """
    order = db.session().scalar(
        select(Order).where(Order.number == number.upper()).options(selectinload(Order.lines))
    )
    if order is None:
        raise NotFound
    return order


def _wanted(words: str, state: ProductState | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Product.state == state] if state is not None else []
    if words:
        pattern = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        with_sku = select(Variant.product_id).where(Variant.sku.ilike(pattern, escape="\\"))
        conditions.append(
            or_(
                Product.title.ilike(pattern, escape="\\"),
                Product.translations["zh"]["title"].as_string().ilike(pattern, escape="\\"),
                Product.id.in_(with_sku),
            )
        )
    return conditions


_ORDERS: dict[ProductSort, tuple[Any, ...]] = {
    ProductSort.NEWEST: (Product.id.desc(),),
    ProductSort.OLDEST: (Product.id,),
    ProductSort.CHEAPEST: (Product.price_amount, Product.id),
    ProductSort.DEAREST: (Product.price_amount.desc(), Product.id.desc()),
}
_BY_PRICE = (ProductSort.CHEAPEST, ProductSort.DEAREST)


def _mark(row: Any, sort: ProductSort) -> str:
    return f"{row.price_amount}-{row.id}" if sort in _BY_PRICE else str(row.id)


def _further(sort: ProductSort, before: str | None) -> list[ColumnElement[bool]]:
    """Return the condition that goes on where a page ended; an odd mark begins at the beginning."""
    if not re.fullmatch(r"[0-9]{1,18}-[0-9]{1,18}" if sort in _BY_PRICE else r"[0-9]{1,18}", before or ""):
        return []
    amount, product_id = (int(part) for part in f"0-{before}".split("-")[-2:])
    if sort is ProductSort.NEWEST:
        return [Product.id < product_id]
    if sort is ProductSort.OLDEST:
        return [Product.id > product_id]
    # Said twice, so that both databases use the index on the price alone.
    price = Product.price_amount
    if sort is ProductSort.CHEAPEST:
        return [price >= amount, or_(price > amount, Product.id > product_id)]
    return [price <= amount, or_(price < amount, Product.id < product_id)]


def _offered() -> ColumnElement[bool]:
    return and_(Variant.product_id == Product.id, Variant.archived_at.is_(None))


def _stock() -> Any:
    return select(func.sum(Variant.stock)).where(_offered()).scalar_subquery().label("stock")


def _has_unlimited() -> Any:
    unlimited = select(func.count(Variant.id)).where(_offered(), Variant.stock.is_(None))
    return unlimited.scalar_subquery().label("unlimited")


def _row(row: Any) -> ProductRow:
    return ProductRow(
        slug=row.slug,
        title=row.title,
        state=row.state,
        kind=row.kind,
        price=Money(row.price_amount, row.currency),
        price_varies=row.price_varies,
        stock=None if row.unlimited else int(row.stock or 0),
        category=row.name,
        published_at=row.published_at,
        picture=cover_view(row.cover) if row.cover else None,
    )
