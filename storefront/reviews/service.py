"""Writing, hiding and answering reviews. Only who has bought may write, once for each product."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import selectinload

from storefront.catalog.facets import mark
from storefront.catalog.models import Product
from storefront.catalog.pictures import EncodedPicture
from storefront.catalog.stamp import raise_stamp
from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import N_, NotFound, Refused
from storefront.core.ids import new_public_id
from storefront.fulfilment.doors import require_theirs
from storefront.fulfilment.models import Entitlement
from storefront.fulfilment.service import is_active
from storefront.journal import service as journal
from storefront.reviews.models import Review, ReviewPicture
from storefront.storage import service as storage

PREFIX = "reviews/"
MOST_PICTURES = 4
LONGEST_BODY = 5000
LONGEST_REPLY = 2000


class TooManyPictures(Refused):
    """More than a review may hold."""

    status = 422
    sentence = N_("A review can have up to %(most)s pictures.")


@dataclass(frozen=True, slots=True)
class ReviewInput:
    """A review as its author wants it; ``removed`` names pictures that shall go."""

    rating: int
    title: str
    body: str
    author_name: str
    language: str
    added: Sequence[EncodedPicture] = ()
    removed: Sequence[str] = field(default=())


@dataclass(slots=True)
class Purchase:
    """What gives the right to review: the entitlement, what it is for, and the review if there is one."""

    entitlement: Entitlement
    product: Product
    review: Review | None


def get_purchase(public_id: str) -> Purchase:
    """Return the purchase at that unguessable address, which may be reviewed (3 queries).

    Raises:
        NotFound: there is none, it was taken back because the money went back, or it is another account's.
    """
    entitlement = db.session().scalar(select(Entitlement).where(Entitlement.public_id == public_id))
    if entitlement is None or not is_active(entitlement):
        raise NotFound
    require_theirs(entitlement)
    product = db.session().get_one(Product, entitlement.product_id)
    return Purchase(entitlement, product, _find(entitlement))


def write(public_id: str, wanted: ReviewInput) -> Review:
    """Write the one review of this buyer and product, or change it.

    A hidden review stays hidden when its author changes it.

    Raises:
        NotFound: nothing was bought there, or the money went back. TooManyPictures.
    """
    entitlement = db.get_or_404(Entitlement, Entitlement.public_id == public_id, for_update=True)
    if not is_active(entitlement):
        raise NotFound
    if _find(entitlement) is None and _insert(entitlement, wanted):
        _count(entitlement.product_id, 1, wanted.rating)
        action = "review.written"
    else:
        action = "review.changed"
    review = _lock_of(entitlement)
    if review.hidden_at is None:
        _count(entitlement.product_id, 0, wanted.rating - review.rating)
    review.rating, review.title, review.body = wanted.rating, wanted.title, wanted.body
    review.author_name, review.language, review.updated_at = wanted.author_name, wanted.language, now()
    _change_pictures(review, wanted)
    journal.write(topic_of(review), action, rating=wanted.rating)
    raise_stamp()
    db.session().flush()
    return review


def hide(public_id: str, reason: str) -> Review:
    """Take a review out of the shop and out of the average; harmless when repeated.

    Raises:
        NotFound: there is no such review.
    """
    review = lock(public_id)
    if review.hidden_at is None:
        review.hidden_at, review.hidden_reason = now(), reason
        _count(review.product_id, -1, -review.rating)
        journal.write(topic_of(review), "review.hidden", reason=reason)
        raise_stamp()
    return review


def show(public_id: str) -> Review:
    """Bring a hidden review back; harmless when repeated.

    Raises:
        NotFound: there is no such review.
    """
    review = lock(public_id)
    if review.hidden_at is not None:
        review.hidden_at = review.hidden_reason = None
        _count(review.product_id, 1, review.rating)
        journal.write(topic_of(review), "review.shown")
        raise_stamp()
    return review


def reply(public_id: str, words: str) -> Review:
    """Answer a review under it, for everybody; no words take the answer back.

    Raises:
        NotFound: there is no such review.
    """
    review = lock(public_id)
    if words != (review.reply or ""):
        review.reply, review.replied_at = (words, now()) if words else (None, None)
        journal.write(topic_of(review), "review.replied" if words else "review.reply_removed")
        raise_stamp()
    return review


def lock(public_id: str) -> Review:
    """Return the review as it is now, held until the end of the unit.

    Raises:
        NotFound: there is none.
    """
    return db.get_or_404(Review, Review.public_id == public_id, for_update=True)


def topic_of(review: Review) -> str:
    """Return how the journal names the review: it belongs to the story of its product."""
    return f"product:{review.product_id}"


def _find(entitlement: Entitlement) -> Review | None:
    statement = select(Review).where(*_of_buyer(entitlement)).options(selectinload(Review.pictures))
    return db.session().scalars(statement.order_by(Review.id).limit(1)).first()


def _lock_of(entitlement: Entitlement) -> Review:
    statement = select(Review).where(*_of_buyer(entitlement)).options(selectinload(Review.pictures))
    statement = statement.order_by(Review.id).limit(1).with_for_update(of=Review)
    return db.session().scalars(statement.execution_options(populate_existing=True)).one()


def _of_buyer(entitlement: Entitlement) -> tuple[ColumnElement[bool], ...]:
    """One buyer is one mailbox, or one account whatever mailbox it had when it bought."""
    is_same: ColumnElement[bool] = Review.email == entitlement.email
    if entitlement.account_id is not None:
        is_same = or_(is_same, Review.account_id == entitlement.account_id)
    return (Review.product_id == entitlement.product_id, is_same)


def _insert(entitlement: Entitlement, wanted: ReviewInput) -> bool:
    """Two tabs may send the first review at once: the database lets one of them in, the other one changes it."""
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    values = {
        "public_id": new_public_id(),
        "product_id": entitlement.product_id,
        "order_line_id": entitlement.order_line_id,
        "account_id": entitlement.account_id,
        "email": entitlement.email,
        "language": wanted.language,
        "rating": wanted.rating,
        "title": wanted.title,
        "body": wanted.body,
        "author_name": wanted.author_name,
        "created_at": now(),
        "updated_at": now(),
    }
    statement = insert(Review).values(**values).on_conflict_do_nothing().returning(Review.id)
    return db.session().execute(statement).scalar_one_or_none() is not None


def _count(product_id: int, count: int, stars: int) -> None:
    """Add to what the product row says of its visible reviews; the database adds, so that nobody's is lost."""
    if count or stars:
        db.session().execute(
            update(Product)
            .where(Product.id == product_id)
            .values(review_count=Product.review_count + count, rating_sum=Product.rating_sum + stars)
            .execution_options(synchronize_session=False)
        )
        mark(product_id)


def _change_pictures(review: Review, wanted: ReviewInput) -> None:
    gone = [picture for picture in review.pictures if picture_name(picture) in wanted.removed]
    if len(review.pictures) - len(gone) + len(wanted.added) > MOST_PICTURES:
        raise TooManyPictures(most=MOST_PICTURES)
    session = db.session()
    session.execute(delete(ReviewPicture).where(ReviewPicture.id.in_([picture.id for picture in gone])))
    keys = [f"{picture.key}-{width}.webp" for picture in gone for width in picture.widths]
    db.after_commit(lambda: storage.forget_objects(keys))
    for one in wanted.added:
        row = {"key": one.key, "width": one.width, "height": one.height, "widths": dict(one.widths)}
        session.add(ReviewPicture(review_id=review.id, **row))


def picture_name(picture: ReviewPicture) -> str:
    """Return the random part of the key, by which forms name the picture."""
    return picture.key.removeprefix(PREFIX)
