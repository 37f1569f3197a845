"""Pictures of products.

First the work, without a transaction, then the row in the unit of the caller, who also refreshes the card::

    encoded = encode_picture(stream)
    with unit_of_work():
        add_picture(product.id, encoded, alt="The poster on a wall")
        refresh_card(product.id)

Whatever is sent becomes WebP in some widths, without metadata, in sRGB. Dying in between leaves objects,
which ``sweep_pictures`` removes a day later.
"""

import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any, BinaryIO

from PIL import Image, ImageCms
from sqlalchemy import delete, func, select

from storefront.catalog.models import Picture
from storefront.core.clock import timedelta
from storefront.core.db import after_commit, get_or_404, in_unit, session
from storefront.core.errors import N_, Refused, ShopError
from storefront.core.faults import reach
from storefront.core.ids import new_public_id
from storefront.jobs.registry import periodic
from storefront.storage import service as storage
from storefront.web.language import current_language

PREFIX = "pictures/"
WIDTHS = (320, 640, 960, 1600)
MAX_BYTES = 20_000_000
MAX_PIXELS = 50_000_000

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
_MAX_HEIGHT = 3200
_QUALITY = 80
_METHOD = 4
# A progressive JPEG may ask for thousands of passes over all its pixels; honest ones have some ten.
_MAX_SCANS = 30
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_START_OF_SCAN = 0xDA
_END_OF_IMAGE = 0xD9
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# The width that pages name for browsers without srcset.
_USUAL_WIDTH = 960

# One picture at a time: a large one takes 200 MB while it is open.
_one_at_a_time = Lock()


class BadPicture(ShopError):
    """Nothing that we can or want to show."""

    status = 422
    sentence = N_(
        "This is not a picture that the shop can show. Please send a JPEG, PNG, WebP, AVIF or GIF file."
    )


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """A picture whose objects are in the storage; ``widths`` maps each width to its size in bytes."""

    key: str
    width: int
    height: int
    widths: dict[str, int]


@dataclass(frozen=True, slots=True)
class PictureView:
    """What a template needs for one ``<img>``; ``full`` is the address of the largest."""

    src: str
    srcset: str
    width: int
    height: int
    alt: str
    full: str


def encode_picture(stream: BinaryIO, prefix: str = PREFIX) -> EncodedPicture:
    """Decode the picture, put it into the storage in all widths, and return what ``add_picture`` needs.

    Call it with no unit running; it takes about a second. Who keeps pictures under another ``prefix`` sweeps them too.

    Raises:
        BadPicture: it is no picture, too large, broken, or of a kind that we do not show.
        Unavailable: the storage is down or full.
    """
    storage.forbid_unit()
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise BadPicture(
            N_("This picture is larger than %(megabytes)s MB."), megabytes=MAX_BYTES // 1_000_000
        )
    with _one_at_a_time:
        picture = _decoded(data)
        encodings = _in_all_widths(picture)
    key = prefix + new_public_id()
    for width, encoded in encodings.items():
        storage.store().put(f"{key}-{width}.webp", io.BytesIO(encoded), "image/webp")
    reach("pictures.stored")
    sizes = {str(width): len(encoded) for width, encoded in encodings.items()}
    return EncodedPicture(key, picture.width, picture.height, sizes)


def add_picture(product_id: int, encoded: EncodedPicture, alt: str = "") -> Picture:
    """Write the row, after the other pictures of the product."""
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
    return picture


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
    keys = [f"{picture.key}-{width}.webp" for width in picture.widths]
    after_commit(lambda: storage.forget_objects(keys))


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
        "alt": picture.alt,
        "translations": picture.translations,
    }


def picture_view(picture: Picture, language: str | None = None) -> PictureView:
    """Return what a template shows of a picture; the language is the page's when none is given."""
    return cover_view(cover_of(picture), language)


def cover_view(cover: Mapping[str, Any], language: str | None = None) -> PictureView:
    """Return what a template shows of a ``product.cover``; the language is the page's when none is given."""
    chosen = language or current_language()
    widths = _widths_of(cover)
    usual = max((width for width in widths if width <= _USUAL_WIDTH), default=widths[0])
    return PictureView(
        src=_address(cover["key"], usual),
        srcset=srcset(cover),
        width=cover["width"],
        height=cover["height"],
        alt=(cover.get("translations") or {}).get(chosen, {}).get("alt") or cover.get("alt", ""),
        full=_address(cover["key"], widths[-1]),
    )


@lru_cache(maxsize=4096)
def cover_view_of(cover: str, language: str) -> PictureView:
    """Return the same for a cover as the database keeps it, in JSON; a list has many, and they seldom change."""
    return cover_view(json.loads(cover), language)


def srcset(picture: Mapping[str, Any] | Picture) -> str:
    """Return the ``srcset`` of a picture or of a cover."""
    cover = cover_of(picture) if isinstance(picture, Picture) else picture
    return ", ".join(f"{_address(cover['key'], width)} {width}w" for width in _widths_of(cover))


@periodic("catalog.sweep_pictures", every=timedelta(hours=6))
def sweep_pictures() -> int:
    """Delete picture objects that are older than a day and have no row; return how many."""
    return storage.sweep(PREFIX, _known)


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


def _address(key: str, width: int) -> str:
    return f"/media/{key}-{width}.webp"


def _decoded(data: bytes) -> Image.Image:
    """Return the picture upright, in sRGB, no larger than we show it, and bare of all but pixels."""
    if data.startswith(b"\xff\xd8") and _count_scans(data) > _MAX_SCANS:
        raise BadPicture
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise _too_many_pixels()
            return _prepared(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except ShopError:
        raise
    except Exception as error:  # decoders raise whatever they like over hostile bytes
        raise BadPicture from error


def _count_scans(data: bytes) -> int:
    """Return how many passes the JPEG asks for; what cameras hang behind its end does not count."""
    count = 0
    found = _JPEG_MARKER.search(data, 2)
    while found and data[found.end() - 1] != _END_OF_IMAGE:
        count += data[found.end() - 1] == _START_OF_SCAN
        length = int.from_bytes(data[found.end() : found.end() + 2], "big")
        found = _JPEG_MARKER.search(data, found.end() + max(2, length))
    return count


def _too_many_pixels() -> BadPicture:
    return BadPicture(
        N_("This picture has more than %(megapixels)s million pixels."), megapixels=MAX_PIXELS // 1_000_000
    )


def _prepared(image: Image.Image) -> Image.Image:
    """Shrink first, so that all that follows has little to do."""
    orientation = _orientation_of(image)
    size = _largest_size(image.size, is_turned=orientation >= 5)
    image.draft(None, size)  # a JPEG is then decoded at a half, a quarter or an eighth
    profile = image.info.get("icc_profile")
    picture = _in_a_common_mode(image).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    picture = _in_srgb(picture, profile)
    if orientation in _TURNS:
        picture = picture.transpose(_TURNS[orientation])
    picture.info.clear()
    return picture


def _orientation_of(image: Image.Image) -> int:
    """Return how the camera was held; 1 also when the metadata can't be read."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # broken metadata is no reason to refuse a sound picture
        return 1


def _largest_size(size: tuple[int, int], *, is_turned: bool) -> tuple[int, int]:
    box = (_MAX_HEIGHT, WIDTHS[-1]) if is_turned else (WIDTHS[-1], _MAX_HEIGHT)
    scale = min(1.0, box[0] / size[0], box[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _in_a_common_mode(image: Image.Image) -> Image.Image:
    """Return the first frame in a mode that can be shrunk smoothly."""
    if image.mode in ("RGBA", "LA", "CMYK"):
        return image
    if "transparency" in image.info or image.mode in ("PA", "La", "RGBa"):
        return image.convert("RGBA")
    if image.mode in ("RGB", "L"):
        return image
    if image.mode.startswith("I"):
        # 16 bits of grey: Pillow's own conversion would make nearly all of it white.
        return image.convert("I").point(lambda grey: grey * (1 / 256)).convert("L")
    return image.convert("L" if image.mode == "1" else "RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the picture in the colours that every screen understands, transparent where it was."""
    alpha = image.getchannel("A") if image.mode in ("RGBA", "LA") else None
    opaque = image.convert(image.mode[:-1]) if alpha is not None else image
    colours = _transformed(opaque, profile) if profile else None
    colours = colours or opaque.convert("RGB")
    if alpha is not None and alpha.getextrema()[0] != 255:
        colours.putalpha(alpha)
    return colours


def _transformed(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Return the picture by its colour profile, or None when that is broken or of another kind."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _in_all_widths(picture: Image.Image) -> dict[int, bytes]:
    """Return the encoded picture by width, each made from the next larger one; nothing is blown up."""
    encodings: dict[int, bytes] = {}
    for width in _wanted_widths(picture.width):
        height = max(1, round(picture.height * width / picture.width))
        if width < picture.width:
            picture = picture.resize((width, height), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=_QUALITY, method=_METHOD)
        encodings[width] = buffer.getvalue()
    return encodings


def _wanted_widths(largest: int) -> Iterable[int]:
    """Return the largest width first, and no two that are nearly the same."""
    yield largest
    yield from (width for width in reversed(WIDTHS) if width < 0.9 * largest)
