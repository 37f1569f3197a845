"""The one picture of a category or of a collection, kept in its own row as ``product.cover`` is.

First the work, without a transaction, then the row in the unit of the caller::

    encoded = keep(stream)
    with unit_of_work():
        put(category, encoded)
"""

from typing import Any, BinaryIO, Protocol

from sqlalchemy import select

from storefront.catalog.models import Category, Collection
from storefront.catalog.pictures import EncodedPicture, encode_picture, objects_of
from storefront.core import db
from storefront.core.clock import timedelta
from storefront.jobs.registry import periodic
from storefront.storage import service as storage
from storefront.storage import sweeping

PREFIX = "shelves/"


class Pictured(Protocol):
    """Something with a picture of its own."""

    picture: dict[str, Any] | None


def keep(stream: BinaryIO) -> EncodedPicture:
    """Put the picture into the storage in all widths, re-encoded as those of products are.

    Raises:
        BadPicture: it is no picture that the shop can show. Unavailable: the storage is down or full.
    """
    return encode_picture(stream, PREFIX)


def put(shelf: Pictured, encoded: EncodedPicture) -> None:
    """Show the picture instead of the one before, whose words stay."""
    before = shelf.picture or {}
    _forget_objects(shelf)
    shelf.picture = {
        "key": encoded.key,
        "width": encoded.width,
        "height": encoded.height,
        "widths": dict(encoded.widths),
        "alt": before.get("alt", ""),
        "translations": before.get("translations", {}),
    }


def describe(shelf: Pictured, alt: str, translations: dict[str, dict[str, str]]) -> None:
    """Say what is to be seen, if there is a picture."""
    if shelf.picture is not None:
        shelf.picture = {**shelf.picture, "alt": alt, "translations": translations}


def take(shelf: Pictured) -> None:
    """Show no picture any more; its objects go after the commit."""
    _forget_objects(shelf)
    shelf.picture = None


@periodic("catalog.sweep_shelf_pictures", every=timedelta(hours=6))
def sweep() -> int:
    """Delete objects that are older than a day and that no category or collection shows; return how many."""
    return sweeping.sweep(PREFIX, _known)


def _forget_objects(shelf: Pictured) -> None:
    if shelf.picture is not None:
        keys = objects_of(shelf.picture["key"], shelf.picture["widths"])
        db.after_commit(lambda: storage.forget_objects(keys))


def _known(keys: list[str]) -> set[str]:
    pictures = [
        *db.session().scalars(select(Category.picture).where(Category.picture.is_not(None))),
        *db.session().scalars(select(Collection.picture).where(Collection.picture.is_not(None))),
    ]
    known = {picture["key"] for picture in pictures if picture}
    return {key for key in keys if key.rpartition("-")[0] in known}
