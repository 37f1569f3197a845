"""Pixels: whatever bytes were sent become a harmless picture in memory, and that becomes WebP and AVIF.

Nothing here knows of tables or of the storage. A large picture takes 200 MB while it is open, so callers hold
``one_at_a_time``.
"""

import io
import re
from collections.abc import Iterable, Iterator
from threading import Lock

from PIL import Image, ImageCms, features

from storefront.core.errors import N_, ShopError

WIDTHS = (320, 640, 960, 1600)
MAX_PIXELS = 50_000_000
CAN_AVIF = bool(features.check("avif"))

# What is kept first is what all sizes are made of later, so it loses less.
BEST_QUALITY = 90
USUAL_QUALITY = 80

one_at_a_time = Lock()

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
_MAX_HEIGHT = 3200
_WEBP_METHOD = 4
# Looks like WebP at 80 and is smaller by a third; slower speeds save little more and cost twice the time each.
_AVIF_QUALITY = 55
AVIF_SPEED = 7
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


class BadPicture(ShopError):
    """Nothing that we can or want to show."""

    status = 422
    sentence = N_(
        "This is not a picture that the shop can show. Please send a JPEG, PNG, WebP, AVIF or GIF file."
    )


def decoded(data: bytes) -> Image.Image:
    """Return the picture upright, in sRGB, no larger than we show it, and bare of all but pixels.

    Raises:
        BadPicture: it is no picture, has too many pixels, is broken, or of a kind that we do not show.
    """
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


def in_widths(picture: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """Yield the picture in all widths in which it is shown, each made from the next larger one; none is blown up."""
    for width in wanted_widths(picture.width):
        height = max(1, round(picture.height * width / picture.width))
        if width < picture.width:
            picture = picture.resize((width, height), Image.Resampling.LANCZOS)
        yield width, picture


def wanted_widths(largest: int) -> Iterable[int]:
    """Return the largest width first, and no two that are nearly the same."""
    yield largest
    yield from (width for width in reversed(WIDTHS) if width < 0.9 * largest)


def as_webp(picture: Image.Image, quality: int = USUAL_QUALITY) -> bytes:
    """Return the picture as WebP."""
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=quality, method=_WEBP_METHOD)
    return buffer.getvalue()


def as_avif(picture: Image.Image) -> bytes:
    """Return the picture as AVIF; only where ``CAN_AVIF``."""
    buffer = io.BytesIO()
    picture.save(buffer, "AVIF", quality=_AVIF_QUALITY, speed=AVIF_SPEED, max_threads=1)
    return buffer.getvalue()


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
