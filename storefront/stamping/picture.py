"""Marking a picture: a small line in its lower corner, and the same in its metadata."""

import warnings
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps, PngImagePlugin, UnidentifiedImageError

from storefront.core.errors import N_
from storefront.stamping.words import Mark, NotStampable, chinese_face, picture_face

_FORMATS = ("JPEG", "PNG", "WEBP")
_COPYRIGHT, _DESCRIPTION = 0x8298, 0x010E
# The line is so high as a part of the picture's shorter side, but never too small to be read.
_PART, _SMALLEST = 60, 11


def stamp_picture(source: Path, target: Path, mark: Mark) -> None:
    """Write the picture with the mark in it, in its own format and colours.

    Raises:
        NotStampable: it is broken, moves, or has more pixels than can be held.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(source, formats=_FORMATS) as opened:
                if getattr(opened, "n_frames", 1) > 1:
                    raise NotStampable(N_("A picture that moves can't be marked."))
                _save(opened, target, mark)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NotStampable(N_("The picture is too large to be marked.")) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise NotStampable(N_("The picture is broken and can't be marked.")) from error


def _save(opened: Image.Image, target: Path, mark: Mark) -> None:
    file_format, profile = opened.format or "PNG", opened.info.get("icc_profile")
    # Upright first: the line must stand the way in which the picture is looked at.
    picture = ImageOps.exif_transpose(opened)
    line = mark.line(is_chinese_possible=chinese_face() is not None)
    exif = picture.getexif()
    exif[_COPYRIGHT] = exif[_DESCRIPTION] = mark.plain
    drawn = _drawn(picture, line)
    if file_format == "PNG":
        words = PngImagePlugin.PngInfo()
        words.add_itxt("Copyright", mark.line(is_chinese_possible=True))
        drawn.save(target, "PNG", icc_profile=profile, exif=exif, pnginfo=words)
    else:
        drawn.save(target, file_format, quality=95, icc_profile=profile, exif=exif)


def _drawn(picture: Image.Image, line: str) -> Image.Image:
    """Return the picture with the line on a plate that lets some of it through."""
    mode = (
        picture.mode
        if picture.mode in ("RGB", "RGBA", "L", "CMYK")
        else "RGBA"
        if picture.mode == "P"
        else "RGB"
    )
    base = picture.convert(mode)
    size = max(_SMALLEST, min(base.size) // _PART)
    face = picture_face(size)
    left, top, right, bottom = (int(edge) for edge in face.getbbox(line))
    plate = Image.new("L", (right - left + size, bottom - top + size), 150)
    words = Image.new("L", plate.size, 0)
    ImageDraw.Draw(words).text((size // 2 - left, size // 2 - top), line, fill=255, font=face)
    place = (size // 2, max(0, base.height - plate.height - size // 2))
    base.paste(Image.new("RGB", plate.size, "black").convert(mode), place, plate)
    base.paste(Image.new("RGB", plate.size, "white").convert(mode), place, words)
    return base
