"""Reading reviews: for pages that are the same for everybody, and for the owner."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import selectinload

from storefront.catalog.models import OldSlug, Product
from storefront.catalog.pictures import PictureView, cover_view
from storefront.core import db
from storefront.core.errors import NotFound
from storefront.reviews.models import Review, ReviewPicture

PAGE_SIZE = 10
OWNER_PAGE_SIZE = 30
HIGHEST = 5


class Shown(StrEnum):
    """Which reviews the owner looks at."""

    VISIBLE = "visible"
    HIDDEN = "hidden"
    UNANSWERED = "unanswered"


@dataclass(slots=True)
class ReviewPage:
    """A piece of a list of reviews, newest first, and where the next one begins."""

    reviews: list[Review]
    next_after: str | None


@dataclass(slots=True)
class OwnedReview:
    """A review as the owner sees it, with the product it is about."""

    review: Review
    slug: str
    title: str


def visible_reviews(product_id: int, after: str | None = None, size: int = PAGE_SIZE) -> ReviewPage:
    """Return a page of what everybody may read of a product, newest first (2 queries at any depth).

    ``after`` is the public id of the last review of the page before.
    """
    statement = _with_pictures().where(Review.product_id == product_id, Review.hidden_at.is_(None))
    return _page(statement, after, size)


def histogram(product_id: int) -> list[tuple[int, int]]:
    """Return (stars, how many visible reviews), from five down to one (1 query)."""
    statement = (
        select(Review.rating, func.count())
        .where(Review.product_id == product_id, Review.hidden_at.is_(None))
        .group_by(Review.rating)
    )
    counts = {row[0]: row[1] for row in db.session().execute(statement)}
    return [(rating, counts.get(rating, 0)) for rating in range(HIGHEST, 0, -1)]


def reviews_for_owner(
    shown: Shown | None = None, slug: str | None = None, before: str | None = None
) -> tuple[list[OwnedReview], str | None]:
    """Return a page of reviews for the owner, newest first, and where the next begins (3 queries)."""
    statement = _with_pictures()
    if shown is not None:
        statement = statement.where(_is_shown(shown))
    if slug is not None:
        statement = statement.where(Review.product_id.in_(_products(slug)))
    page = _page(statement, before, OWNER_PAGE_SIZE)
    return _with_products(page.reviews), page.next_after


def get_for_owner(public_id: str) -> OwnedReview:
    """Return one review with its product.

    Raises:
        NotFound: there is none.
    """
    found = list(db.session().scalars(_with_pictures().where(Review.public_id == public_id)))
    if not found:
        raise NotFound
    return _with_products(found)[0]


def pictures_of(review: Review) -> list[PictureView]:
    """Return the pictures of a review as templates show them; what they show, only their author knows."""
    return [picture_view(picture) for picture in review.pictures]


def picture_view(picture: ReviewPicture) -> PictureView:
    """Return one picture as templates show it."""
    facts: dict[str, Any] = {"widths": picture.widths, "width": picture.width, "height": picture.height}
    return cover_view({"key": picture.key, "alt": "", "translations": {}, **facts})


def _page(statement: Select[Any], after: str | None, size: int) -> ReviewPage:
    if after:
        position = select(Review.id).where(Review.public_id == after[:22]).scalar_subquery()
        statement = statement.where(Review.id < position)
    found = list(db.session().scalars(statement.order_by(Review.id.desc()).limit(size + 1)))
    return ReviewPage(found[:size], found[size - 1].public_id if len(found) > size else None)


def _with_pictures() -> Select[Any]:
    return select(Review).options(selectinload(Review.pictures))


def _with_products(reviews: list[Review]) -> list[OwnedReview]:
    ids = {review.product_id for review in reviews}
    statement = select(Product.id, Product.slug, Product.title).where(Product.id.in_(ids))
    named = {row.id: row for row in db.session().execute(statement)} if ids else {}
    return [OwnedReview(one, named[one.product_id].slug, named[one.product_id].title) for one in reviews]


def _products(slug: str) -> Select[Any]:
    had = select(OldSlug.product_id).where(OldSlug.slug == slug).scalar_subquery()
    return select(Product.id).where((Product.slug == slug) | (Product.id == had))


def _is_shown(shown: Shown) -> ColumnElement[bool]:
    if shown is Shown.HIDDEN:
        return Review.hidden_at.is_not(None)
    visible = Review.hidden_at.is_(None)
    return visible & Review.reply.is_(None) if shown is Shown.UNANSWERED else visible
