"""What a list shows of a product: one row each, ready to print."""

from typing import Any, NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.orm import selectinload

from storefront.catalog.facets import mark
from storefront.catalog.models import (
    Chapter,
    Content,
    Lesson,
    Picture,
    Product,
    Sample,
    Variant,
    VariantPrice,
)
from storefront.catalog.pictures import PictureView, cover_of
from storefront.catalog.price_history import note_prices
from storefront.catalog.pricing import next_change, packed, steps_of
from storefront.catalog.states import ContentKind, ProductKind
from storefront.core import db
from storefront.core.clock import datetime, now
from storefront.core.money import Money


class Card(NamedTuple):
    """One product as a list shows it; equal ones look alike, so that what is drawn of one can be kept."""

    id: int
    path: str
    title: str
    summary: str
    kind: ProductKind
    price: Money
    price_varies: bool
    is_available: bool
    picture: PictureView | None
    published_at: datetime | None
    review_count: int = 0
    rating_sum: int = 0
    before: Money | None = None


def refresh_card(product_id: int) -> None:
    """Write down again what pages show of the product: lowest price, availability, cover, what one gets; and prices in
    the history.

    Must run in the unit that changed its variants, pictures or contents.
    """
    session = db.session()
    session.flush()
    mark(product_id)
    note_prices(product_id)
    cover = session.scalar(
        select(Picture)
        .where(Picture.product_id == product_id)
        .order_by(Picture.position, Picture.id)
        .limit(1)
    )
    session.execute(
        update(Product)
        .where(Product.id == product_id)
        .values(
            **_offered(product_id),
            other_prices=_other_prices(product_id),
            cover=cover_of(cover) if cover else None,
            facts={
                "contents": _contents(product_id),
                "samples": _samples(product_id),
                "access": _access(product_id),
            },
        )
    )


def refresh_offer(product_id: int) -> None:
    """Write down again what the product costs and whether it can be had, because the clock or its stock has moved."""
    session = db.session()
    session.flush()
    mark(product_id)
    session.execute(update(Product).where(Product.id == product_id).values(**_offered(product_id)))


def _offered(product_id: int) -> dict[str, Any]:
    variants = (
        db.session()
        .execute(select(*_PRICED).where(Variant.product_id == product_id, Variant.archived_at.is_(None)))
        .all()
    )
    moment = now()
    steps = steps_of(variants, moment)
    return {
        "price_amount": steps[0].amount,
        "price_varies": steps[0].varies,
        "price_steps": packed(steps),
        "price_next_at": next_change(variants, moment),
        "is_available": any(variant.stock is None or variant.stock > 0 for variant in variants),
    }


def _other_prices(product_id: int) -> dict[str, Any] | None:
    """Return what it costs in the other currencies in which all of its variants on offer have a price."""
    offered = (Variant.product_id == product_id, Variant.archived_at.is_(None))
    lowest, highest = func.min(VariantPrice.amount), func.max(VariantPrice.amount)
    all_of_them = select(func.count()).select_from(Variant).where(*offered).correlate(None)
    free = all_of_them.where(Variant.pays_what_they_want).scalar_subquery()
    statement = (
        select(VariantPrice.currency, lowest, highest, free)
        .join(Variant, Variant.id == VariantPrice.variant_id)
        .where(*offered)
        .group_by(VariantPrice.currency)
        .having(func.count() == all_of_them.scalar_subquery())
        .order_by(VariantPrice.currency)
    )
    found = {
        currency: {"amount": least, "varies": least != most or bool(free_ones)}
        for currency, least, most, free_ones in db.session().execute(statement)
    }
    return found or None


# All that decides on a price (catalog.pricing.Priced), and the stock.
_PRICED = (
    Variant.price_amount,
    Variant.compare_at_amount,
    Variant.currency,
    Variant.sale_amount,
    Variant.sale_starts_at,
    Variant.sale_ends_at,
    Variant.sale_before_amount,
    Variant.pays_what_they_want,
    Variant.stock,
)


def _contents(product_id: int) -> list[dict[str, Any]]:
    statement = (
        select(Content)
        .where(Content.product_id == product_id)
        .order_by(Content.position, Content.id)
        .options(
            selectinload(Content.file),
            selectinload(Content.chapters).selectinload(Chapter.lessons),
        )
    )
    return [_content_fact(content) for content in db.session().scalars(statement)]


def _access(product_id: int) -> dict[str, Any]:
    """Return how long buyers may use it, and from when; empty when that is for ever and at once."""
    own = (
        db.session()
        .execute(
            select(Product.access_days, Product.access_until, Product.opens_at).where(
                Product.id == product_id
            )
        )
        .one()
    )
    variants = db.session().execute(
        select(Variant.id, Variant.access_days, Variant.access_until).where(
            Variant.product_id == product_id,
            Variant.access_days.is_not(None) | Variant.access_until.is_not(None),
        )
    )
    fact = {
        **_window_fact(own.access_days, own.access_until),
        "opens_at": own.opens_at.isoformat() if own.opens_at else None,
        "variants": {str(row.id): _window_fact(row.access_days, row.access_until) for row in variants},
    }
    return fact if any(fact.values()) else {}


def _window_fact(days: int | None, until: datetime | None) -> dict[str, Any]:
    return {"days": days, "until": until.isoformat() if until else None}


def _samples(product_id: int) -> list[dict[str, Any]]:
    statement = (
        select(Sample)
        .where(Sample.product_id == product_id)
        .order_by(Sample.position, Sample.id)
        .options(selectinload(Sample.file))
    )
    return [_sample_fact(sample) for sample in db.session().scalars(statement)]


def _sample_fact(sample: Sample) -> dict[str, Any]:
    return {
        "public_id": sample.public_id,
        "kind": sample.file.content_type.partition("/")[0],
        "title": sample.title,
        "translations": sample.translations,
        "format": sample.file.filename.rpartition(".")[2].upper()[:8],
        "size": sample.file.size,
        "seconds": sample.duration_seconds,
        "width": sample.width,
        "height": sample.height,
    }


def _content_fact(content: Content) -> dict[str, Any]:
    fact: dict[str, Any] = {
        "kind": content.kind.value,
        "title": content.title,
        "translations": content.translations,
        "variant_id": content.variant_id,
    }
    if content.file is not None:
        fact |= {"format": content.file.filename.rpartition(".")[2].upper()[:8], "size": content.file.size}
    if content.kind is ContentKind.COURSE:
        fact["chapters"] = [_chapter_fact(chapter) for chapter in content.chapters]
    return fact


def _chapter_fact(chapter: Chapter) -> dict[str, Any]:
    return {
        "title": chapter.title,
        "translations": chapter.translations,
        "lessons": [_lesson_fact(lesson) for lesson in chapter.lessons],
    }


def _lesson_fact(lesson: Lesson) -> dict[str, Any]:
    return {
        "title": lesson.title,
        "translations": lesson.translations,
        "seconds": lesson.duration_seconds,
        "is_preview": lesson.is_preview,
        "public_id": lesson.public_id,
    }
