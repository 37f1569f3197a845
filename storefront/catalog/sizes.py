"""Making the sizes of pictures: WebP for every browser, AVIF for most, when nobody is waiting for them.

Until that is done, pages show the one size that the upload left. Killed halfway, the job begins again and writes the
same objects; the row says what there is only when all of it is there.

The job of one picture puts down that of the next, so that the mail of a buyer waits for one picture at most.
"""

import io
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

from PIL import Image
from sqlalchemy import select

from storefront.catalog.cards import refresh_card
from storefront.catalog.models import Picture, Product
from storefront.catalog.pictures import MAKE_SIZES, job_key, lacks_sizes, objects_of, order_sizes
from storefront.catalog.pixels import (
    CAN_AVIF,
    BadPicture,
    as_avif,
    as_webp,
    decoded,
    in_widths,
    one_at_a_time,
)
from storefront.catalog.stamp import raise_stamp
from storefront.core import db
from storefront.core.clock import timedelta
from storefront.core.faults import reach
from storefront.gateways.files import NoSuchObject
from storefront.jobs.models import Job
from storefront.jobs.registry import NeedsAttention, job, periodic
from storefront.jobs.service import is_underway
from storefront.storage import service as storage


def order_next() -> None:
    """Put down the job of the newest picture that lacks sizes and has none, in the current unit."""
    found = db.session().execute(_WITHOUT_JOB).first()
    if found is not None:
        order_sizes(found.id, found.key)


@job(MAKE_SIZES, outside=True, when_resting=lambda _args, _reason: order_next())
def make_sizes(picture_id: int) -> Callable[[], None]:
    """Make what a picture lacks; what comes back has the pages show it.

    Raises:
        NeedsAttention: the picture itself is gone from the storage, or broken there.
    """
    wanted = Picture.id == picture_id, lacks_sizes()
    row = db.session().execute(select(*_NEEDED).where(*wanted)).first()
    db.close_reader()
    if row is None:
        return order_next
    try:
        picture = _opened(f"{row.key}-{max(map(int, row.widths))}.webp")
    except (NoSuchObject, BadPicture) as error:
        raise NeedsAttention(
            "This picture can't be read from the storage any more. Please upload it again."
        ) from error
    widths = _made(row.key, dict(row.widths), picture)
    reach("pictures.sized")
    return partial(_show, picture_id, row.product_id, row.key, widths)


@periodic("catalog.find_pictures_without_sizes", every=timedelta(minutes=1))
def find_pictures_without_sizes() -> None:
    """Begin with the pictures of an older shop, and go on where a picture that failed has stopped the others."""
    if db.session().execute(_WITHOUT_JOB).first() is not None:
        with db.unit_of_work():
            if not is_underway(MAKE_SIZES):
                order_next()


def _opened(key: str) -> Image.Image:
    with closing(storage.store().open(key)) as stream:
        data = stream.read()
    with one_at_a_time:
        return decoded(data)


def _made(key: str, widths: dict[str, Any], picture: Image.Image) -> dict[str, Any]:
    """Write the missing objects and return the sizes of the WebPs in bytes. Widths that are there stay as they are."""
    for width, scaled in in_widths(picture):
        if str(width) not in widths:
            with one_at_a_time:
                data = as_webp(scaled)
            widths[str(width)] = len(data)
            storage.store().put(f"{key}-{width}.webp", io.BytesIO(data), "image/webp")
        if CAN_AVIF:
            with one_at_a_time:
                data = as_avif(scaled)
            storage.store().put(f"{key}-{width}.avif", io.BytesIO(data), "image/avif")
        reach("pictures.size_stored")
    return widths


def _show(picture_id: int, product_id: int, key: str, widths: dict[str, Any]) -> None:
    """Write down what there is now. A picture that was removed meanwhile takes its objects along."""
    order_next()
    session = db.session()
    session.execute(select(Product.id).where(Product.id == product_id).with_for_update(key_share=True))
    picture = session.scalar(select(Picture).where(Picture.id == picture_id).with_for_update())
    if picture is None:
        db.after_commit(lambda: storage.forget_objects(objects_of(key, widths)))
        return
    picture.widths = widths
    picture.has_sizes, picture.has_avif = True, CAN_AVIF
    refresh_card(product_id)
    raise_stamp()


_NEEDED = (Picture.product_id, Picture.key, Picture.widths)
_WITHOUT_JOB = (
    select(Picture.id, Picture.key)
    .outerjoin(Job, Job.unique_key == job_key(Picture.key))
    .where(lacks_sizes(), Job.id.is_(None))
    .order_by(Picture.has_sizes.desc(), Picture.id.desc())  # as the index has them
    .limit(1)
)
