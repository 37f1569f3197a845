"""A product like another one."""

import pytest

from storefront.catalog.models import Chapter, Content, Lesson, Picture, Variant
from storefront.catalog.queries import pictures_of
from storefront.catalog.service.contents import list_contents
from storefront.catalog.states import ContentKind, ProductState
from storefront.core import db
from storefront.storage import service as storage
from storefront.storage.models import StoredFile
from tests.admin.desk import Desk, words_of
from tests.admin.test_products import make, picture_file, product_at


def duplicate(desk: Desk, slug: str) -> str:
    """Press the button and return the address of the copy."""
    answer = desk.send(f"/admin/products/{slug}/copies", f"/admin/products/{slug}")
    assert answer.status_code == 303, answer.text[:2000]
    return str(answer.headers["Location"]).rpartition("/")[2]


def test_a_copy_is_a_draft_with_the_same_words_and_a_life_of_its_own(desk: Desk) -> None:
    slug = make(title="Poster", stock=7, amount=2500)
    copy = duplicate(desk, slug)
    assert "sales and stock are not copied" in words_of(desk.open(f"/admin/products/{copy}"))
    before, after = product_at(slug), product_at(copy)
    assert (after.slug, after.title, after.state) == ("poster-copy", "Poster (copy)", ProductState.DRAFT)
    assert after.translations["zh"]["title"].startswith(before.translations["zh"]["title"])
    assert after.summary == before.summary
    assert (after.variants[0].price_amount, after.variants[0].stock) == (2500, 0)
    assert after.variants[0].sku not in ("", before.variants[0].sku)
    assert after.preview_token != before.preview_token
    assert duplicate(desk, slug) == "poster-copy-2"


def test_variants_keep_options_and_their_pictures_and_contents_their_variant(desk: Desk) -> None:
    slug = make(title="Shirt")
    here = f"/admin/products/{slug}"
    desk.upload(f"{here}/pictures", f"{here}/pictures", (picture_file(), "a.jpg"))
    with db.unit_of_work() as session:
        product = product_at(slug)
        picture = session.get_one(Picture, pictures_of(product.id)[0].id)
        picture.shows = {"Size": ["L"]}
        session.add(
            Variant(
                product_id=product.id,
                sku="LARGE",
                barcode="4006381333931",
                title="L",
                options={"Size": "L"},
                translations={"zh": {"title": "大"}},
                price_amount=1,
                currency="EUR",
                picture_id=picture.id,
            )
        )
        session.flush()
        session.query(Content).filter_by(product_id=product.id).update(
            {"variant_id": session.query(Variant.id).filter_by(sku="LARGE").scalar()}
        )
    copy = product_at(duplicate(desk, slug))
    large = copy.variants[1]
    assert (large.title, large.options, large.barcode) == ("L", {"Size": "L"}, "")
    assert large.translations == {"zh": {"title": "大"}}
    (picture_copy,) = pictures_of(copy.id)
    assert (large.picture_id, picture_copy.shows) == (picture_copy.id, {"Size": ["L"]})
    assert list_contents(copy.id)[0].variant_id == large.id


@pytest.mark.parametrize("first", ["original", "copy"])
def test_neither_takes_the_files_of_the_other(desk: Desk, first: str) -> None:
    slug = make(title="Book", state=ProductState.DRAFT)
    here = f"/admin/products/{slug}"
    desk.upload(f"{here}/contents/files", f"{here}/contents", (b"%PDF-1.4 hello", "guide.pdf"))
    desk.upload(f"{here}/pictures", f"{here}/pictures", (picture_file(), "a.jpg"))
    _add_course(slug)
    copy = duplicate(desk, slug)
    gone, kept = (slug, copy) if first == "original" else (copy, slug)

    answer = desk.send(f"/admin/products/{gone}/deletion")
    assert answer.status_code == 303
    product = product_at(kept)
    file = db.session().query(StoredFile).one()
    assert storage.store().stat(file.key) is not None
    kinds = [content.kind for content in list_contents(product.id)]
    assert kinds == [ContentKind.TEXT, ContentKind.FILE, ContentKind.COURSE]
    lessons = [lesson.title for lesson in list_contents(product.id)[2].chapters[0].lessons]
    assert lessons == ["One"]
    picture = pictures_of(product.id)[0]
    assert storage.store().stat(f"{picture.key}-{picture.width}.webp") is not None

    desk.send(f"/admin/products/{kept}/deletion")
    assert db.session().query(StoredFile).count() == 0
    assert storage.store().stat(file.key) is None
    assert db.session().query(Picture).count() == 0


def _add_course(slug: str) -> None:
    with db.unit_of_work() as session:
        course = Content(
            product_id=product_at(slug).id,
            kind=ContentKind.COURSE,
            title="Course",
            position=9,
            translations={},
        )
        lesson = Lesson(title="One", position=0, translations={})
        course.chapters = [Chapter(title="First", position=0, translations={}, lessons=[lesson])]
        session.add(course)
