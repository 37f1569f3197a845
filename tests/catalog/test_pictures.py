"""Pictures: whatever is sent becomes harmless WebP in some widths, or is refused with a sentence."""

import io
import struct
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageDraw
from sqlalchemy import select

from storefront.catalog import pictures, pixels
from storefront.catalog.models import Picture, Product
from storefront.catalog.states import ProductKind
from storefront.core import db
from storefront.core.errors import NotFound, Refused
from storefront.gateways.files import FileStore
from storefront.storage import service as storage
from storefront.storage import sweeping
from tests.storage.keeping import opened_shop, opened_storage, settings_for


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return opened_storage(settings_for(tmp_path))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[None]:
    with opened_shop(settings_for(tmp_path)):
        yield


@pytest.fixture
def product_id(database: None) -> int:
    with db.unit_of_work() as session:
        product = Product(
            slug="poster",
            kind=ProductKind.PHYSICAL,
            title="Poster",
            translations={},
            currency="EUR",
        )
        session.add(product)
        session.flush()
        return product.id


def _drawn(size: tuple[int, int] = (800, 600), mode: str = "RGB") -> Image.Image:
    """A picture whose upper left quarter is red, the rest blue."""
    image = Image.new("RGB", size, (0, 0, 200))
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 2, size[1] // 2), fill=(220, 0, 0))
    return image.convert(mode)


def _deep_grey() -> Image.Image:
    """The same in 16 bits of grey."""
    return _drawn(mode="L").convert("I").point(lambda grey: grey * 256).convert("I;16")


def _saved(image: Image.Image, kind: str = "JPEG", **options: Any) -> io.BytesIO:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    buffer.seek(0)
    return buffer


def _opened(store: FileStore, encoded: pictures.EncodedPicture, width: int) -> Image.Image:
    with store.open(f"{encoded.key}-{width}.webp") as stream:
        image = Image.open(io.BytesIO(stream.read()))
    image.load()
    return image


def _is_near(
    image: Image.Image, where: tuple[int, int], colour: tuple[int, int, int], within: int = 12
) -> bool:
    found = image.convert("RGB").getpixel(where)
    assert isinstance(found, tuple)
    return all(abs(a - b) <= within for a, b in zip(found, colour, strict=True))


def _added(product_id: int, encoded: pictures.EncodedPicture, alt: str = "") -> Picture:
    with db.unit_of_work():
        return pictures.add_picture(product_id, encoded, alt)


def _order(product_id: int) -> list[str]:
    statement = select(Picture).where(Picture.product_id == product_id).order_by(Picture.position, Picture.id)
    return [pictures.picture_name(picture) for picture in db.session().execute(statement).scalars()]


def test_picture_is_kept_in_all_widths(store: FileStore) -> None:
    encoded = pictures.encode_picture(_saved(_drawn((4000, 3000))))

    assert encoded.key.startswith("pictures/")
    assert (encoded.width, encoded.height) == (1600, 1200)
    assert list(map(int, encoded.widths)) == [1600, 960, 640, 320]
    for width in (1600, 960, 640, 320):
        image = _opened(store, encoded, width)
        assert (image.format, image.size) == ("WEBP", (width, width * 3 // 4))
        assert _is_near(image, (width // 4, width // 4), (220, 0, 0))
        assert _is_near(image, (width * 3 // 4, width // 2), (0, 0, 200))
        found = store.stat(f"{encoded.key}-{width}.webp")
        assert found is not None
        assert found.size == encoded.widths[str(width)]


@pytest.mark.parametrize(
    ("size", "widths"),
    [
        ((200, 100), [200]),
        ((320, 320), [320]),
        ((500, 400), [500, 320]),
        ((1000, 800), [1000, 640, 320]),
        ((1600, 900), [1600, 960, 640, 320]),
        ((1, 1), [1]),
        ((4000, 10), [1600, 960, 640, 320]),
        ((500, 6400), [250]),
    ],
)
def test_nothing_is_blown_up(store: FileStore, size: tuple[int, int], widths: list[int]) -> None:
    encoded = pictures.encode_picture(_saved(_drawn(size), "PNG"))

    assert [int(width) for width in encoded.widths] == widths
    assert encoded.width == widths[0]


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "RGB"),
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
        ("PNG", "RGB"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("PNG", "1"),
        ("PNG", "LA"),
        ("PNG", "I;16"),
        ("WEBP", "RGB"),
        ("WEBP", "RGBA"),
        ("GIF", "P"),
        ("AVIF", "RGB"),
    ],
)
def test_every_kind_of_picture_is_read(store: FileStore, kind: str, mode: str) -> None:
    image = _deep_grey() if mode == "I;16" else _drawn(mode=mode)

    encoded = pictures.encode_picture(_saved(image, kind))

    small = _opened(store, encoded, 320)
    assert (small.mode, small.size) == ("RGB", (320, 240))
    if mode in ("RGB", "RGBA", "P", "CMYK"):
        assert _is_near(small, (80, 60), (220, 0, 0), within=40)
    elif mode != "1":
        red, blue = small.getpixel((80, 60)), small.getpixel((300, 200))
        assert isinstance(red, tuple)
        assert isinstance(blue, tuple)
        assert 50 < red[0] < 80
        assert 10 < blue[0] < 35


def test_transparency_is_kept(store: FileStore) -> None:
    image = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((100, 100, 300, 300), fill=(0, 200, 0, 255))

    for stream in (_saved(image, "PNG"), _saved(image.quantize(), "PNG"), _saved(image, "GIF")):
        small = _opened(store, pictures.encode_picture(stream), 320)
        assert small.mode == "RGBA"
        assert small.getpixel((5, 5))[3] == 0  # type: ignore[index]  # a pixel of RGBA is a tuple
        assert small.getpixel((160, 160))[3] == 255  # type: ignore[index]


def test_first_frame_of_a_film_is_shown(store: FileStore) -> None:
    frames = [Image.new("RGB", (400, 300), colour) for colour in ((200, 0, 0), (0, 200, 0), (0, 0, 200))]
    stream = _saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)

    small = _opened(store, pictures.encode_picture(stream), 320)

    assert getattr(small, "n_frames", 1) == 1
    assert _is_near(small, (100, 100), (200, 0, 0))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_picture_stands_as_the_camera_was_held(store: FileStore, orientation: int) -> None:
    upright = _drawn((1200, 600))
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    as_taken = upright.transpose(back[orientation]) if orientation in back else upright
    exif = Image.Exif()
    exif[0x0112] = orientation

    encoded = pictures.encode_picture(_saved(as_taken, exif=exif))

    assert (encoded.width, encoded.height) == (1200, 600)
    assert _is_near(_opened(store, encoded, 320), (40, 40), (220, 0, 0))
    assert _is_near(_opened(store, encoded, 320), (300, 40), (0, 0, 200))
    assert _is_near(_opened(store, encoded, 320), (40, 150), (0, 0, 200))


def test_turned_picture_is_measured_upright(store: FileStore) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    encoded = pictures.encode_picture(_saved(_drawn((4000, 3000)), exif=exif))

    assert (encoded.width, encoded.height) == (1600, 2133)


def test_place_and_all_other_metadata_are_dropped(store: FileStore) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Secret Camera"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind in ("JPEG", "PNG", "WEBP"):
        stream = _saved(_drawn(), kind, exif=exif, icc_profile=profile, xmp=b"<x:xmpmeta>Secret</x:xmpmeta>")
        assert b"Secret Camera" in stream.getvalue()

        encoded = pictures.encode_picture(stream)

        for width in encoded.widths:
            with store.open(f"{encoded.key}-{width}.webp") as kept:
                data = kept.read()
            assert not any(mark in data for mark in (b"EXIF", b"ICCP", b"XMP ", b"Secret"))
            assert not dict(Image.open(io.BytesIO(data)).getexif())


def test_colours_of_other_spaces_become_srgb(store: FileStore) -> None:
    # Red and green change places in this profile: who ignores it shows red.
    swapped = _swapped_profile()
    stream = _saved(Image.new("RGB", (400, 300), (230, 20, 20)), "PNG", icc_profile=swapped)

    small = _opened(store, pictures.encode_picture(stream), 320)

    red, green, _blue = small.getpixel((100, 100))[:3]  # type: ignore[index]  # a pixel of RGB is a tuple
    assert green > 150 > 100 > red


def _swapped_profile() -> bytes:
    """sRGB with the columns of red and green exchanged."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    return bytes(data).replace(b"rXYZ", b"TEMP").replace(b"gXYZ", b"rXYZ").replace(b"TEMP", b"gXYZ")


@pytest.mark.parametrize("profile", [b"", b"nonsense", b"\x00" * 200])
def test_broken_profile_is_ignored(store: FileStore, profile: bytes) -> None:
    encoded = pictures.encode_picture(_saved(_drawn(), "JPEG", icc_profile=profile))

    assert _is_near(_opened(store, encoded, 320), (80, 60), (220, 0, 0))


def test_profile_of_another_kind_of_picture_is_ignored(store: FileStore) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    encoded = pictures.encode_picture(_saved(_drawn(mode="L"), "PNG", icc_profile=profile))

    assert _opened(store, encoded, 320).mode == "RGB"


_SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
_REFUSED = {
    "svg": _SVG,
    "svg with a mark": b"\xef\xbb\xbf" + _SVG,
    "html": b"<!doctype html><img src=x onerror=alert(1)>",
    "text": b"hello",
    "nothing": b"",
    "pdf": b"%PDF-1.7\n",
    "zip": b"PK\x03\x04" + b"\x00" * 100,
    "head of a jpeg": b"\xff\xd8\xff\xe0",
    "head of a png": b"\x89PNG\r\n\x1a\n",
    "head of a gif": b"GIF89a",
    "gif without pixels": b"GIF89a\x00\x00\x00\x00\x00\x00\x00;",
    "head of a webp": b"RIFF\x00\x00\x00\x00WEBP",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
}


@pytest.mark.parametrize("data", _REFUSED.values(), ids=_REFUSED.keys())
def test_what_is_no_picture_is_refused_with_a_sentence(store: FileStore, data: bytes) -> None:
    with pytest.raises(pixels.BadPicture) as caught:
        pictures.encode_picture(io.BytesIO(data))

    assert caught.value.status == 422
    assert str(caught.value).startswith("This is not a picture that the shop can show.")
    assert list(store.list()) == []


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "PPM", "TGA", "ICO", "JPEG2000"])
def test_other_kinds_of_pictures_are_refused(store: FileStore, kind: str) -> None:
    with pytest.raises(pixels.BadPicture):
        pictures.encode_picture(_saved(_drawn((64, 64)), kind))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_cut_picture_is_refused(store: FileStore, kind: str) -> None:
    data = _saved(Image.effect_noise((300, 300), 80).convert("RGB"), kind).getvalue()

    with pytest.raises(pixels.BadPicture):
        pictures.encode_picture(io.BytesIO(data[: len(data) // 2]))


def test_script_hidden_behind_a_picture_does_not_survive(store: FileStore) -> None:
    for kind in ("JPEG", "GIF", "PNG"):
        polyglot = _saved(_drawn(), kind).getvalue() + b"<script>alert(1)</script>"

        encoded = pictures.encode_picture(io.BytesIO(polyglot))

        for width in encoded.widths:
            with store.open(f"{encoded.key}-{width}.webp") as kept:
                data = kept.read()
            assert data.startswith(b"RIFF")
            assert b"script" not in data


def _png_bomb(width: int, height: int) -> bytes:
    """A PNG that promises many pixels, all there, in some kilobytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packer = zlib.compressobj(9)
    row = b"\x00" * (width // 8 + 2)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [7_100, 9_800, 20_000])
def test_decompression_bomb_is_refused_at_once(store: FileStore, side: int) -> None:
    bomb = _png_bomb(side, side)
    assert len(bomb) < 200_000
    began = time.monotonic()

    with pytest.raises(pixels.BadPicture, match="more than 50 million pixels"):
        pictures.encode_picture(io.BytesIO(bomb))

    assert time.monotonic() - began < 0.5


def test_bomb_of_text_is_refused(store: FileStore) -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    data = _saved(_drawn((64, 64)), "PNG").getvalue()
    bomb = chunk(b"zTXt", b"k\x00\x00" + zlib.compress(b"\x00" * 100_000_000, 9))

    with pytest.raises(pixels.BadPicture):
        pictures.encode_picture(io.BytesIO(data[:33] + bomb + data[33:]))


def test_picture_of_endless_scans_is_refused_at_once(store: FileStore) -> None:
    data = _saved(_drawn((2000, 2000)), "JPEG", progressive=True).getvalue()
    last = data.rindex(b"\xff\xda")
    began = time.monotonic()

    with pytest.raises(pixels.BadPicture):
        pictures.encode_picture(io.BytesIO(data[:-2] + data[last:-2] * 500 + data[-2:]))

    assert time.monotonic() - began < 0.5


def test_film_behind_a_photo_does_no_harm(store: FileStore) -> None:
    photo = _saved(_drawn()).getvalue()

    encoded = pictures.encode_picture(io.BytesIO(photo + b"\xff\xda" * 1000))

    assert encoded.width == 800


def test_too_many_bytes_are_refused(store: FileStore) -> None:
    with pytest.raises(pixels.BadPicture, match="larger than 20 MB"):
        pictures.encode_picture(io.BytesIO(b"\xff" * 20_000_001))


def test_large_photo_takes_little_work(store: FileStore) -> None:
    """Processor time, so that a busy machine does not matter; noise is the hardest picture that there is."""
    stream = _saved(Image.effect_noise((4000, 3000), 40).convert("RGB"), quality=90)
    began = time.process_time()

    pictures.encode_picture(stream)

    assert time.process_time() - began < 1.5


def test_work_is_done_outside_of_units(store: FileStore, product_id: int) -> None:
    with pytest.raises(RuntimeError, match="outside of units"), db.unit_of_work():
        pictures.encode_picture(_saved(_drawn()))
    encoded = pictures.encode_picture(_saved(_drawn()))
    with pytest.raises(RuntimeError, match="in a unit"):
        pictures.add_picture(product_id, encoded)


def test_pictures_line_up_as_they_come(store: FileStore, product_id: int) -> None:
    encoded = [pictures.encode_picture(_saved(_drawn())) for _ in range(3)]

    added = [_added(product_id, each, f" Poster {number} ") for number, each in enumerate(encoded)]

    assert [picture.position for picture in added] == [0, 1, 2]
    assert [picture.alt for picture in added] == ["Poster 0", "Poster 1", "Poster 2"]
    assert _order(product_id) == [pictures.picture_name(picture) for picture in added]
    assert pictures.get_picture(product_id, pictures.picture_name(added[1])).id == added[1].id
    with pytest.raises(NotFound):
        pictures.get_picture(product_id + 1, pictures.picture_name(added[1]))


def test_pictures_are_moved_and_ordered(store: FileStore, product_id: int) -> None:
    added = [_added(product_id, pictures.encode_picture(_saved(_drawn()))) for _ in range(3)]
    a, b, c = (pictures.picture_name(picture) for picture in added)

    def after_moving(name: str, *, up: bool) -> list[str]:
        with db.unit_of_work():
            pictures.move_picture(pictures.get_picture(product_id, name), up=up)
        return _order(product_id)

    assert after_moving(a, up=True) == [a, b, c]
    assert after_moving(c, up=True) == [a, c, b]
    assert after_moving(a, up=False) == [c, a, b]
    assert after_moving(b, up=False) == [c, a, b]
    with db.unit_of_work():
        pictures.order_pictures(product_id, [b, a, c])
    assert _order(product_id) == [b, a, c]
    for wrong in ([b, a], [b, a, a], [b, a, c, c], [b, a, "x"]):
        with pytest.raises(Refused), db.unit_of_work():
            pictures.order_pictures(product_id, wrong)
    assert _order(product_id) == [b, a, c]


def test_removed_picture_is_gone_after_the_commit(store: FileStore, product_id: int) -> None:
    picture = _added(product_id, pictures.encode_picture(_saved(_drawn())))
    assert len(list(store.list("pictures/"))) == 3

    with db.unit_of_work():
        pictures.remove_picture(picture)
        assert len(list(store.list("pictures/"))) == 3

    assert list(store.list()) == []
    assert _order(product_id) == []


def test_pictures_without_row_go_after_a_day(
    store: FileStore, product_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = pictures.encode_picture(_saved(_drawn()))
    _added(product_id, kept)
    pictures.encode_picture(_saved(_drawn()))
    upload = storage.upload(io.BytesIO(b"x"), "a.txt")

    assert pictures.sweep_pictures() == 0
    monkeypatch.setattr(sweeping, "now", lambda: datetime.now(UTC) + timedelta(days=1, minutes=1))
    assert pictures.sweep_pictures() == 3

    keys = {found.key for found in store.list()}
    assert keys == {f"{kept.key}-{width}.webp" for width in kept.widths} | {upload.key}


def test_views_tell_templates_all_they_need(store: FileStore, product_id: int) -> None:
    picture = _added(product_id, pictures.encode_picture(_saved(_drawn((2000, 1000)))), "A poster")
    picture.translations = {"zh": {"alt": "一张海报"}}
    key = picture.key

    view = pictures.picture_view(picture, "en")

    few = ", ".join(f"/media/{key}-{width}.webp {width}w" for width in (320, 640, 960))
    assert view == pictures.PictureView(
        src=f"/media/{key}-960.webp",
        srcset=f"{few}, /media/{key}-1600.webp 1600w",
        width=1600,
        height=800,
        alt="A poster",
        full=f"/media/{key}-1600.webp",
        avif="",
        small=f"/media/{key}-640.webp",
        small_srcset=few,
        small_avif="",
    )
    assert pictures.cover_view(pictures.cover_of(picture), "en") == view
    assert pictures.picture_view(picture, "zh").alt == "一张海报"
    assert pictures.picture_view(picture).alt == "A poster"
    picture.has_avif = True
    finished = pictures.picture_view(picture)
    assert finished.small_avif == few.replace("webp", "avif")
    assert finished.avif == view.srcset.replace("webp", "avif")
    assert finished.src == view.src


def test_view_of_a_small_picture_names_what_there_is(store: FileStore) -> None:
    cover = {"key": "pictures/x", "width": 1300, "height": 10, "widths": {"1300": 5}, "alt": ""}

    view = pictures.cover_view(cover, "en")

    assert (view.src, view.srcset) == ("/media/pictures/x-1300.webp", "/media/pictures/x-1300.webp 1300w")


def test_pictures_are_kept_at_s3_too(tmp_path: Path, s3_url: str) -> None:
    store = opened_storage(settings_for(tmp_path, storage_url=s3_url))

    encoded = pictures.encode_picture(_saved(_drawn()))

    assert _opened(store, encoded, 320).size == (320, 240)
