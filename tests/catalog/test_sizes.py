"""Sizes of pictures: an upload is shown at once, and a job makes WebP and AVIF of it when nobody waits."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import delete, select, update

from storefront.catalog import pictures, pixels, sizes
from storefront.catalog.cards import refresh_card
from storefront.catalog.models import Picture, Product
from storefront.catalog.pictures import cover_view
from storefront.catalog.stamp import read_stamp
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.faults import InjectedFault
from storefront.gateways.files import FileStore
from storefront.jobs import worker
from storefront.jobs.models import Job
from storefront.storage import sweeping
from tests.selling import make_product
from tests.storage.keeping import opened_storage, settings_for


@pytest.fixture
def store(work_database: str, tmp_path: Path) -> Iterator[FileStore]:
    yield opened_storage(settings_for(tmp_path))
    worker.configure()


def photo(width: int = 400, height: int = 300) -> io.BytesIO:
    """A photo that a camera held sideways has signed."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Secret Camera", 6
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(buffer, "JPEG", exif=exif)
    buffer.seek(0)
    return buffer


def hung(stream: io.BytesIO | None = None) -> Picture:
    """A picture that the owner has just uploaded for a product of its own."""
    kept = pictures.keep_picture(stream or photo())
    with db.unit_of_work():
        product = make_product()
        picture = pictures.add_picture(product.id, kept)
        refresh_card(product.id)
    return picture


def the(picture: Picture) -> Picture:
    """The picture as it is now."""
    db.close_reader()
    found: Picture = db.session().execute(select(Picture).where(Picture.id == picture.id)).scalar_one()
    return found


def names(store: FileStore) -> list[str]:
    """What is in the storage, without the random part."""
    return sorted(found.key[-9:] for found in store.list("pictures/"))


def cover_of(picture: Picture) -> dict[str, Any]:
    db.close_reader()
    cover: dict[str, Any] | None = db.session().scalar(
        select(Product.cover).where(Product.id == picture.product_id)
    )
    assert cover is not None
    return cover


def test_upload_is_shown_at_once_and_a_job_makes_the_rest(store: FileStore) -> None:
    picture = hung(photo(2400, 1800))
    first = cover_view(cover_of(picture), "en")
    assert (first.width, first.height) == (1600, 2133)
    assert (first.src, first.srcset, first.avif) == (
        f"/media/{picture.key}-1600.webp",
        f"/media/{picture.key}-1600.webp 1600w",
        "",
    )
    assert [found.key for found in store.list()] == [f"{picture.key}-1600.webp"]
    before = read_stamp()

    assert worker.drain() == 1

    shown = cover_view(cover_of(picture), "en")
    assert shown.full == first.full
    assert (shown.width, shown.height) == (first.width, first.height)
    assert shown.small_avif.count(".avif ") == 3
    addresses = [each.split(" ") for each in f"{shown.srcset}, {shown.avif}".split(", ")]
    for address, said in addresses:
        with store.open(address.removeprefix("/media/")) as stream:
            data = stream.read()
        image = Image.open(io.BytesIO(data))
        assert (image.format, f"{image.width}w") == (address.rpartition(".")[2].upper(), said)
        assert abs(image.height / image.width - 2133 / 1600) < 0.01
        assert b"Secret" not in data
        assert not dict(image.getexif())
    assert len(addresses) == len(list(store.list())) == 8
    db.close_reader()
    assert read_stamp() > before
    assert sizes.make_sizes(picture.id) is sizes.order_next
    assert worker.drain() == 0


@pytest.mark.parametrize("point", ["pictures.size_stored", "pictures.sized"])
def test_job_that_dies_halfway_leaves_a_page_that_works_and_finishes_later(
    store: FileStore, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    picture = hung()
    before = cover_of(picture)

    def die(reached: str) -> None:
        if reached == point:
            raise InjectedFault(point)

    with monkeypatch.context() as broken:
        broken.setattr(sizes, "reach", die)
        worker.drain()

    assert cover_of(picture) == before
    assert f"{picture.key}-300.webp" in {found.key for found in store.list()}
    with db.unit_of_work() as session:
        session.execute(update(Job).values(run_after=now() - timedelta(hours=1)))
    assert worker.drain() == 1
    assert the(picture).has_avif
    assert names(store) == ["-300.avif", "-300.webp"]


def test_picture_removed_while_the_job_works_leaves_nothing(store: FileStore) -> None:
    picture = hung()
    finish = sizes.make_sizes(picture.id)
    with db.unit_of_work():
        pictures.remove_picture(the(picture))
    with db.unit_of_work():
        finish()
    assert names(store) == []

    again = hung()
    worker.drain()
    with db.unit_of_work():
        pictures.remove_picture(the(again))
    assert names(store) == []


def test_picture_that_is_gone_from_the_storage_rests_with_a_reason(store: FileStore) -> None:
    picture = hung()
    store.delete(f"{picture.key}-300.webp")

    worker.drain()

    db.close_reader()
    row = db.session().execute(select(Job.resting_since, Job.last_error)).one()
    assert row.resting_since is not None
    assert "Please upload it again" in row.last_error
    sizes.find_pictures_without_sizes()
    assert worker.drain() == 0


def test_pictures_of_an_older_shop_are_found(store: FileStore) -> None:
    """Those have all WebPs, and no job was ever put down for them."""
    with db.unit_of_work():
        product = make_product()
        kept = [pictures.EncodedPicture(f"pictures/{n * 22}", 640, 480, {"640": 1, "320": 1}) for n in "ab"]
        old = [pictures.add_picture(product.id, one) for one in kept]
        db.session().execute(delete(Job))
    image = io.BytesIO()
    Image.new("RGB", (640, 480), "teal").save(image, "WEBP")
    for picture in old:
        for width in (640, 320):
            store.put(f"{picture.key}-{width}.webp", io.BytesIO(image.getvalue()), "image/webp")

    sizes.find_pictures_without_sizes()
    sizes.find_pictures_without_sizes()
    db.close_reader()
    assert db.session().scalars(select(Job.args)).all() == [{"picture_id": old[1].id}]
    assert worker.drain() == 2
    assert [the(picture).has_avif for picture in old] == [True, True]
    assert the(old[0]).widths == {"640": 1, "320": 1}


def test_one_picture_at_a_time_so_that_mail_gets_in_between(store: FileStore) -> None:
    """One that has failed stops the others for a minute at most."""
    with db.unit_of_work():
        product = make_product()
        hidden = pictures.EncodedPicture(f"pictures/{'x' * 22}", 10, 10, {"10": 1})
        lost = pictures.add_picture(product.id, hidden)
    crowd = [hung() for _ in range(2)]
    db.close_reader()
    assert db.session().scalars(select(Job.args)).all() == [{"picture_id": lost.id}]

    assert worker.drain() == 3

    assert [the(picture).has_avif for picture in (lost, *crowd)] == [False, True, True]


def test_without_avif_there_is_webp(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "CAN_AVIF", False)
    monkeypatch.setattr(sizes, "CAN_AVIF", False)
    picture = hung(photo(900, 700))

    worker.drain()

    assert (the(picture).has_sizes, the(picture).has_avif) == (True, False)
    assert names(store) == ["-320.webp", "-700.webp"]
    assert sizes.make_sizes(picture.id) is sizes.order_next
    monkeypatch.undo()
    assert sizes.make_sizes(picture.id) is not sizes.order_next  # once the machine can, the job does


def test_transparent_and_tiny_pictures_have_all_sizes_too(store: FileStore) -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (400, 1), (0, 0, 0, 0)).save(buffer, "PNG")
    buffer.seek(0)
    picture = hung(buffer)

    worker.drain()

    with store.open(f"{picture.key}-320.avif") as stream:
        image = Image.open(io.BytesIO(stream.read()))
    assert (image.size, image.mode) == ((320, 1), "RGBA")


@pytest.mark.parametrize(
    "data",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"GIF89a" + b"<script>alert(1)</script>",
        b"\xff\xd8\xff\xe0" + b"\x00" * 100,
        photo().getvalue()[:1500],
    ],
    ids=["svg", "polyglot", "head", "truncated"],
)
def test_what_is_no_picture_is_refused_before_anything_is_kept(store: FileStore, data: bytes) -> None:
    with pytest.raises(pixels.BadPicture):
        pictures.keep_picture(io.BytesIO(data))
    assert list(store.list()) == []


def test_copies_of_pictures_are_their_own(store: FileStore) -> None:
    picture = hung()
    worker.drain()
    copied = pictures.copy_objects(the(picture))
    with db.unit_of_work():
        other = pictures.add_picture(make_product().id, copied)
        pictures.remove_picture(the(picture))
    worker.drain()
    assert the(other).has_avif
    assert {found.key.rpartition("-")[0] for found in store.list()} == {other.key}
    assert sweeping.sweep(pictures.PREFIX, lambda keys: set(keys)) == 0
