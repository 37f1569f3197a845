"""Being told when something sold out can be had again: asked, confirmed from the mailbox, told once, forgotten."""

from typing import Any

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storefront.catalog.models import Product, StockRequest, Variant
from storefront.catalog.states import ProductState
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.errors import NotFound
from storefront.core.ids import new_public_id
from storefront.notifications.service import tell
from storefront.web import throttle

CONFIRM, BACK = "stock_request", "back_in_stock"
# Nobody's mailbox is filled by others: so many mails that ask for confirmation in a day, whatever for.
MOST_ASKED = 5
# What was never confirmed is forgotten after that, and what was told, too.
KEPT_FOR = timedelta(days=7)

_BATCH = 100


def ask(slug: str, variant_id: int, email: str, language: str) -> None:
    """Note that somebody wants to be told, and ask the mailbox whether that is so.

    Whoever asks again gets the mail again, within reason; a mailbox that has confirmed hears nothing more. To the
    person who asks, all of that looks the same.

    Raises:
        NotFound: the product has no such variant on offer.
    """
    session = db.session()
    offered = (Product.slug == slug, Variant.id == variant_id, Variant.archived_at.is_(None))
    if (
        session.scalar(select(Variant.id).join(Product, Product.id == Variant.product_id).where(*offered))
        is None
    ):
        raise NotFound
    request = _request(variant_id, email, language)
    if request.confirmed_at is not None and request.told_at is None:
        return
    if request.told_at is not None:
        request.told_at = request.confirmed_at = None
        request.public_id, request.created_at, request.language = new_public_id(), now(), language
    if throttle.count("stock-request", email, per=timedelta(days=1)) <= MOST_ASKED:
        tell(CONFIRM, email, language, topic=f"variant:{variant_id}", request_id=request.id)


def get(public_id: str) -> tuple[StockRequest, Variant, Product]:
    """Return the request that a mailed link names, with what it is about.

    Raises:
        NotFound: there is none, or not any more.
    """
    statement = (
        select(StockRequest, Variant, Product)
        .join(Variant, Variant.id == StockRequest.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(StockRequest.public_id == public_id)
    )
    row = db.session().execute(statement).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1], row[2]


def confirm(public_id: str) -> None:
    """Note that the mailbox wants to be told; harmless when repeated."""
    db.session().execute(
        update(StockRequest)
        .where(StockRequest.public_id == public_id, StockRequest.confirmed_at.is_(None))
        .values(confirmed_at=now())
    )


def leave(public_id: str) -> None:
    """Forget the request; harmless when repeated."""
    db.session().execute(delete(StockRequest).where(StockRequest.public_id == public_id))


def due() -> list[int]:
    """Return requests whose variant can be had now, by a batch."""
    statement = (
        select(StockRequest.id)
        .join(Variant, Variant.id == StockRequest.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(StockRequest.confirmed_at.is_not(None), StockRequest.told_at.is_(None), *_can_be_had())
        .order_by(StockRequest.id)
        .limit(_BATCH)
    )
    return list(db.session().scalars(statement))


def tell_once(request_id: int) -> bool:
    """Put down the one mail in the current unit; False when another worker has done it or there is none to tell.

    The conditional update decides, and it is one transaction with the mail.
    """
    available = exists().where(
        Variant.id == StockRequest.variant_id, Variant.product_id == Product.id, *_can_be_had()
    )
    told = (
        db.session()
        .execute(
            update(StockRequest)
            .where(
                StockRequest.id == request_id,
                StockRequest.told_at.is_(None),
                StockRequest.confirmed_at.is_not(None),
                available,
            )
            .values(told_at=now())
            .returning(
                StockRequest.email, StockRequest.language, StockRequest.variant_id, StockRequest.public_id
            )
            .execution_options(synchronize_session=False)
        )
        .one_or_none()
    )
    if told is None:
        return False
    tell(
        BACK,
        told.email,
        told.language,
        unique_key=f"{BACK}:{told.public_id}",
        topic=f"variant:{told.variant_id}",
        request_id=request_id,
    )
    return True


def forget_old() -> None:
    """Delete requests that nobody has confirmed in a week, and those that were told a week ago."""
    before = now() - KEPT_FOR
    unconfirmed = StockRequest.confirmed_at.is_(None) & (StockRequest.created_at < before)
    db.session().execute(delete(StockRequest).where(unconfirmed | (StockRequest.told_at < before)))


def waiting_for(variant_ids: list[int]) -> dict[int, int]:
    """Return how many people wait for each of these variants, for the owner."""
    statement = (
        select(StockRequest.variant_id, func.count())
        .where(
            StockRequest.variant_id.in_(variant_ids),
            StockRequest.confirmed_at.is_not(None),
            StockRequest.told_at.is_(None),
        )
        .group_by(StockRequest.variant_id)
    )
    return {row[0]: row[1] for row in db.session().execute(statement)}


def _can_be_had() -> tuple[Any, ...]:
    return (
        Variant.archived_at.is_(None),
        Variant.stock.is_(None) | (Variant.stock > 0),
        Product.state == ProductState.PUBLISHED,
        Product.published_at <= now(),
    )


def _request(variant_id: int, email: str, language: str) -> StockRequest:
    """Return the one request of a mailbox for a variant; two tabs at once make one."""
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    row = {"variant_id": variant_id, "email": email, "language": language}
    more = {"public_id": new_public_id(), "created_at": now()}
    db.session().execute(
        insert(StockRequest)
        .values(**row, **more)
        .on_conflict_do_nothing(index_elements=["variant_id", "email"])
    )
    mine = select(StockRequest).where(StockRequest.variant_id == variant_id, StockRequest.email == email)
    return db.session().scalars(mine.with_for_update()).one()
