"""Pictures that a file named by their addresses, fetched later, one product at a time, and never in anyone's way.

The job of one product puts down the job of the next, so that mail waits for one picture at most. What can't be had
is noted for the owner, who may have it tried again; the import itself is done long before.
"""

import io
from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import func, select, update

from storefront.catalog.cards import refresh_card
from storefront.catalog.models import Picture, Product
from storefront.catalog.pictures import MAX_BYTES, EncodedPicture, add_picture, keep_picture
from storefront.catalog.pixels import BadPicture
from storefront.catalog.stamp import raise_stamp
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.errors import N_
from storefront.core.sentences import keep
from storefront.gateways.fetching import NotFetched, fetch
from storefront.importing.models import PictureWish
from storefront.importing.states import WishState
from storefront.jobs.service import enqueue

MOST_PICTURES = 30
MOST_TRIES = 3
_AGAIN_AFTER = timedelta(minutes=10)


def fetch_later(run_id: int) -> None:
    """Have the pictures of a run fetched, if there are any; within the current unit."""
    waiting = select(PictureWish.id).where(
        PictureWish.run_id == run_id, PictureWish.state == WishState.WAITING
    )
    if db.session().scalar(waiting.limit(1)) is not None:
        enqueue("importing.fetch_pictures", topic=f"import:{run_id}", run_id=run_id, after=0)


def fetch_of_next_product(run_id: int, after: int) -> Callable[[], None] | None:
    """Fetch the pictures of the next product behind ``after``; return what is to follow in the unit of "done"."""
    wishes = _wishes_of_next(run_id, after)
    if not wishes:
        return lambda: _again_later(run_id)
    for wish in wishes:
        fetch_one(wish)
    product_id = wishes[0].product_id
    return lambda: enqueue(
        "importing.fetch_pictures", topic=f"import:{run_id}", run_id=run_id, after=product_id
    )


def fetch_one(wish: PictureWish) -> None:
    """Fetch one picture and hang it up, or note why not."""
    try:
        encoded = keep_picture(io.BytesIO(fetch(wish.url, MAX_BYTES)))
    except NotFetched as error:
        db.again_on_conflict(partial(_note_failure, wish.id, error.reason, is_final=error.is_final))
    except BadPicture as error:
        reason = keep(error.sentence, **error.values)
        db.again_on_conflict(partial(_note_failure, wish.id, reason, is_final=True))
    else:
        db.again_on_conflict(partial(_hang_up, wish.id, encoded))


def try_again(run_id: int) -> int:
    """Have the pictures that failed fetched once more; return how many. Within the current unit."""
    statement = (
        update(PictureWish)
        .where(PictureWish.run_id == run_id, PictureWish.state == WishState.FAILED)
        .values(state=WishState.WAITING, tries=0, reason="")
        .returning(PictureWish.id)
    )
    count = len(db.session().execute(statement).all())
    if count:
        fetch_later(run_id)
    return count


def counts(run_id: int) -> dict[WishState, int]:
    """Return how many pictures of a run are waiting, fetched and failed."""
    statement = (
        select(PictureWish.state, func.count().label("how_many"))
        .where(PictureWish.run_id == run_id)
        .group_by(PictureWish.state)
    )
    found = {row.state: row.how_many for row in db.session().execute(statement)}
    return {state: found.get(state, 0) for state in WishState}


def failed(run_id: int, limit: int) -> Sequence[PictureWish]:
    """Return the first pictures of a run that were not to be had."""
    statement = select(PictureWish).where(PictureWish.run_id == run_id, PictureWish.state == WishState.FAILED)
    return db.session().scalars(statement.order_by(PictureWish.id).limit(limit)).all()


def _wishes_of_next(run_id: int, after: int) -> list[PictureWish]:
    waiting = (PictureWish.run_id == run_id, PictureWish.state == WishState.WAITING)
    product_id = db.session().scalar(
        select(PictureWish.product_id)
        .where(*waiting, PictureWish.product_id > after)
        .order_by(PictureWish.product_id)
        .limit(1)
    )
    statement = (
        select(PictureWish).where(*waiting, PictureWish.product_id == product_id).order_by(PictureWish.id)
    )
    return list(db.session().scalars(statement)) if product_id else []


def _again_later(run_id: int) -> None:
    """All products were visited; what did not answer is asked again in a while."""
    waiting = select(PictureWish.id).where(
        PictureWish.run_id == run_id, PictureWish.state == WishState.WAITING
    )
    if db.session().scalar(waiting.limit(1)) is not None:
        enqueue(
            "importing.fetch_pictures",
            topic=f"import:{run_id}",
            run_after=now() + _AGAIN_AFTER,
            run_id=run_id,
            after=0,
        )


def _note_failure(wish_id: int, reason: str, *, is_final: bool) -> None:
    with db.unit_of_work() as session:
        wish = session.get(PictureWish, wish_id, with_for_update=True)
        if wish is None or wish.state is not WishState.WAITING:
            return
        wish.tries += 1
        wish.reason = reason
        if is_final or wish.tries >= MOST_TRIES:
            wish.state = WishState.FAILED


def _hang_up(wish_id: int, encoded: EncodedPicture) -> None:
    """A picture that is not wanted any more stays without a row, and is swept away later."""
    with db.unit_of_work() as session:
        wish = session.get(PictureWish, wish_id, with_for_update=True)
        if wish is None or wish.state is not WishState.WAITING:
            return
        session.execute(
            select(Product.id).where(Product.id == wish.product_id).with_for_update(key_share=True)
        )
        count = session.scalar(
            select(func.count()).select_from(Picture).where(Picture.product_id == wish.product_id)
        )
        if (count or 0) >= MOST_PICTURES:
            wish.state = WishState.FAILED
            wish.reason = keep(N_("A product can have up to %(most)s pictures."), most=MOST_PICTURES)
            return
        add_picture(wish.product_id, encoded, wish.alt)
        wish.state, wish.reason = WishState.FETCHED, ""
        refresh_card(wish.product_id)
        raise_stamp()
