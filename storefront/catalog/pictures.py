"""Pictures of products.

First the work, without a transaction, then the row in the unit of the caller, who also refreshes the card::

    kept = keep_picture(stream)
    with unit_of_work():
        add_picture(product.id, kept, alt="The poster on a wall")
        refresh_card(product.id)

Whatever is sent becomes one WebP without metadata, in sRGB, which pages show at once; a job makes the other sizes,
in WebP and AVIF (``catalog.sizes``). Dying in between leaves objects, which ``sweep_pictures`` removes a day later.
"""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, BinaryIO

from PIL import Image
from sqlalchemy import and_, delete, false, func, select

from storefront.catalog.models import Picture
from storefront.catalog.pixels import (
    BEST_QUALITY,
    CAN_AVIF,
    BadPicture,
    as_webp,
    decoded,
    in_widths,
    one_at_a_time,
    wanted_widths,
)
from storefront.core.clock import timedelta
from storefront.core.db import after_commit, get_or_404, in_unit, session
from storefront.core.errors import N_, Refused
from storefront.core.faults import reach
from storefront.core.ids import new_public_id
from storefront.jobs.registry import periodic
from storefront.jobs.service import enqueue, is_underway
from storefront.storage import service as storage
from storefront.storage import sweeping
from storefront.web.language import current_language

PREFIX = "pictures/"
MAX_BYTES = 20_000_000
MAKE_SIZES = "catalog.make_sizes"

# The width that pages name for browsers without srcset, the one that cards name, and the largest that cards need.
_USUAL_WIDTH = 960
_SMALL_WIDTH = 640
_WIDEST_OF_CARDS = 960


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """A picture whose objects are in the storage; ``widths`` maps each width to the size of its WebP in bytes."""

    key: str
    width: int
    height: int
    widths: dict[str, int]


@dataclass(frozen=True, slots=True)
class PictureView:
    """What a template needs for one picture; ``full`` is the address of the largest WebP.

    ``avif`` is the srcset for browsers that read AVIF, empty while there is none. ``small...`` are the same without
    what a card has no use for.
    """

    src: str
    srcset: str
    width: int
    height: int
    alt: str
    full: str
    avif: str = ""
    small: str = ""
    small_srcset: str = ""
    small_avif: str = ""


def keep_picture(stream: BinaryIO) -> EncodedPicture:
    """Check the picture, put it into the storage in its largest width, and return what ``add_picture`` needs.

    Call it with no unit running; it takes some tenths of a second.

    Raises:
        BadPicture: it is no picture, too large, broken, or of a kind that we do not show.
        Unavailable: the storage is down or full.
    """
    picture, encoded = _taken(stream)
    return _stored(PREFIX, picture, {picture.width: encoded})


def encode_picture(stream: BinaryIO, prefix: str = PREFIX) -> EncodedPicture:
    """Do the same in all widths at once, for those whose pictures no job looks after (reviews).

    Who keeps pictures under another ``prefix`` sweeps them too. Raises as ``keep_picture`` does.
    """
    picture, _ = _taken(stream, quality=None)
    with one_at_a_time:
        encodings = {width: as_webp(scaled) for width, scaled in in_widths(picture)}
    return _stored(prefix, picture, encodings)


def copy_objects(picture: Picture) -> EncodedPicture:
    """Copy the WebPs of a picture in the storage, for another product; a job makes the rest anew.

    Call it with no unit running.

    Raises:
        NoSuchObject: the picture is gone from the storage. Unavailable: the storage is down or full.
    """
    storage.forbid_unit()
    key = PREFIX + new_public_id()
    for width in picture.widths:
        with closing(storage.store().open(f"{picture.key}-{width}.webp")) as stream:
            storage.store().put(f"{key}-{width}.webp", stream, "image/webp")
    return EncodedPicture(key, picture.width, picture.height, dict(picture.widths))


def _taken(stream: BinaryIO, quality: int | None = BEST_QUALITY) -> tuple[Image.Image, bytes]:
    storage.forbid_unit()
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise BadPicture(
            N_("This picture is larger than %(megabytes)s MB."), megabytes=MAX_BYTES // 1_000_000
        )
    with one_at_a_time:
        picture = decoded(data)
        return picture, as_webp(picture, quality) if quality else b""


def _stored(prefix: str, picture: Image.Image, encodings: Mapping[int, bytes]) -> EncodedPicture:
    key = prefix + new_public_id()
    for width, encoded in encodings.items():
        storage.store().put(f"{key}-{width}.webp", io.BytesIO(encoded), "image/webp")
    reach("pictures.stored")
    sizes = {str(width): len(encoded) for width, encoded in encodings.items()}
    return EncodedPicture(key, picture.width, picture.height, sizes)


def add_picture(product_id: int, encoded: EncodedPicture, alt: str = "") -> Picture:
    """Write the row, after the other pictures of the product, and have the sizes made that it has not got."""
    _require_unit()
    next_position = func.coalesce(func.max(Picture.position) + 1, 0)
    position = session().execute(select(next_position).where(Picture.product_id == product_id)).scalar_one()
    picture = Picture(
        product_id=product_id,
        key=encoded.key,
        width=encoded.width,
        height=encoded.height,
        widths=dict(encoded.widths),
        alt=alt.strip()[:300],
        translations={},
        position=position,
    )
    session().add(picture)
    session().flush()
    if not is_underway(MAKE_SIZES):
        order_sizes(picture.id, picture.key)
    return picture


def lacks_sizes() -> Any:
    """Return the condition for pictures whose sizes are still to be made, as far as this machine can make them."""
    lacking = Picture.has_avif == false()  # as the index says it
    return lacking if CAN_AVIF else and_(lacking, Picture.has_sizes == false())


def order_sizes(picture_id: int, key: str) -> None:
    """Put down the job that makes the sizes of a picture; once for each, and one after the other."""
    enqueue(MAKE_SIZES, unique_key=job_key(key), picture_id=picture_id)


def job_key(key: Any) -> Any:
    """Return the unique key of that job; works on the column too."""
    return "sizes:" + key


def picture_name(picture: Picture) -> str:
    """Return the random part of the key, by which forms and addresses may name the picture."""
    return picture.key.removeprefix(PREFIX)


def get_picture(product_id: int, name: str) -> Picture:
    """Return the product's picture of that name.

    Raises:
        NotFound: it has none.
    """
    return get_or_404(Picture, Picture.product_id == product_id, Picture.key == PREFIX + name)


def remove_picture(picture: Picture) -> None:
    """Delete the row in the current unit, and the objects after its commit."""
    _require_unit()
    session().execute(delete(Picture).where(Picture.id == picture.id))
    keys = objects_of(picture.key, [*picture.widths, *wanted_widths(picture.width)])
    after_commit(lambda: storage.forget_objects(keys))


def objects_of(key: str, widths: Iterable[int | str]) -> list[str]:
    """Return the names of all objects that a picture may have, those that a job is just writing included."""
    return [f"{key}-{width}.{kind}" for width in dict.fromkeys(map(str, widths)) for kind in ("webp", "avif")]


def move_picture(picture: Picture, *, up: bool) -> None:
    """Change places with the picture before or after; quiet at the ends."""
    names = [picture_name(each) for each in _pictures_of(picture.product_id)]
    here = names.index(picture_name(picture))
    there = here - 1 if up else here + 1
    if 0 <= there < len(names):
        names[here], names[there] = names[there], names[here]
        order_pictures(picture.product_id, names)


def order_pictures(product_id: int, names: Sequence[str]) -> None:
    """Put all pictures of the product into this order; the first becomes the cover.

    Raises:
        Refused: the names are not exactly those of its pictures (someone has added or removed one meanwhile).
    """
    _require_unit()
    pictures = {picture_name(picture): picture for picture in _pictures_of(product_id)}
    if sorted(pictures) != sorted(names):
        raise Refused(N_("The pictures have changed meanwhile. Please look at the page again."))
    for position, name in enumerate(names):
        pictures[name].position = position
    session().flush()


def cover_of(picture: Picture) -> dict[str, Any]:
    """Return what ``product.cover`` keeps of its first picture."""
    return {
        "key": picture.key,
        "width": picture.width,
        "height": picture.height,
        "widths": dict(picture.widths),
        "has_avif": picture.has_avif,
        "alt": picture.alt,
        "translations": picture.translations,
    }


def picture_view(picture: Picture, language: str | None = None) -> PictureView:
    """Return what a template shows of a picture; the language is the page's when none is given."""
    return cover_view(cover_of(picture), language)


def cover_view(cover: Mapping[str, Any], language: str | None = None) -> PictureView:
    """Return what a template shows of a ``product.cover``; the language is the page's when none is given."""
    chosen = language or current_language()
    key, widths = cover["key"], _widths_of(cover)
    few = [width for width in widths if width <= _WIDEST_OF_CARDS] or widths[:1]
    has_avif = cover.get("has_avif", False)
    return PictureView(
        src=_address(key, _nearest(widths, _USUAL_WIDTH)),
        srcset=_addresses(key, widths),
        width=cover["width"],
        height=cover["height"],
        alt=(cover.get("translations") or {}).get(chosen, {}).get("alt") or cover.get("alt", ""),
        full=_address(key, widths[-1]),
        avif=_addresses(key, widths, "avif") if has_avif else "",
        small=_address(key, _nearest(widths, _SMALL_WIDTH)),
        small_srcset=_addresses(key, few),
        small_avif=_addresses(key, few, "avif") if has_avif else "",
    )


@lru_cache(maxsize=4096)
def cover_view_of(cover: str, language: str) -> PictureView:
    """Return the same for a cover as the database keeps it, in JSON; a list has many, and they seldom change."""
    return cover_view(json.loads(cover), language)


@periodic("catalog.sweep_pictures", every=timedelta(hours=6))
def sweep_pictures() -> int:
    """Delete picture objects that are older than a day and have no row; return how many."""
    return sweeping.sweep(PREFIX, _known)


def _known(keys: list[str]) -> set[str]:
    stems = {key: key.rpartition("-")[0] for key in keys}
    rows = set(session().execute(select(Picture.key).where(Picture.key.in_(set(stems.values())))).scalars())
    return {key for key, stem in stems.items() if stem in rows}


def _pictures_of(product_id: int) -> Sequence[Picture]:
    statement = select(Picture).where(Picture.product_id == product_id).order_by(Picture.position, Picture.id)
    return session().execute(statement).scalars().all()


def _require_unit() -> None:
    if not in_unit():
        raise RuntimeError("pictures are changed in a unit of work")


def _widths_of(cover: Mapping[str, Any]) -> list[int]:
    return sorted(int(width) for width in cover["widths"])


def _nearest(widths: Sequence[int], usual: int) -> int:
    """Return the largest width up to the usual one, or the smallest where all are larger."""
    return max((width for width in widths if width <= usual), default=widths[0])


def _addresses(key: str, widths: Sequence[int], kind: str = "webp") -> str:
    return ", ".join(f"{_address(key, width, kind)} {width}w" for width in widths)


def _address(key: str, width: int, kind: str = "webp") -> str:
    return f"/media/{key}-{width}.{kind}"
