"""What buyers get: files, licence keys, texts and courses at the owner's desk."""

import re

import pytest
from sqlalchemy import func, select

from storefront.catalog.models import Chapter, Content, Lesson, Product, Variant
from storefront.catalog.service import editing
from storefront.catalog.states import ContentKind
from storefront.core import db
from storefront.fulfilment.models import Entitlement, LicenceKey
from storefront.storage.models import StoredFile
from tests.admin.desk import Desk, errors_of, fields_of, words_of
from tests.admin.ordering import make_order
from tests.selling import make_product

MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\x00" * 64


@pytest.fixture
def here(desk: Desk) -> str:
    """The page of the contents of a product that has none."""
    with db.unit_of_work():
        return f"/admin/products/{make_product(content=None).slug}/contents"


def only(model: type[Content] | type[Chapter] | type[Lesson] | type[StoredFile]) -> object:
    """Return the only row of a table as it is now."""
    db.close_reader()
    return db.session().scalars(select(model)).one()


def count(model: object) -> int:
    """Return how many rows a table has."""
    db.close_reader()
    return db.session().scalar(select(func.count()).select_from(model)) or 0  # type: ignore[arg-type]  # a table


def the_product() -> Product:
    """Return the only product as it is now."""
    db.close_reader()
    return editing.get_for_owner(db.session().scalars(select(Product.slug)).one())


def test_a_file_is_titled_given_a_new_version_opened_and_removed(desk: Desk, here: str) -> None:
    desk.upload(f"{here}/files", here, (b"%PDF-1.4 one", "Guide.pdf"))
    content = only(Content)
    assert isinstance(content, Content)
    page = f"{here}/{content.public_id}"
    assert the_product().facts["contents"][0]["format"] == "PDF"

    desk.press(page, page, title="The guide", title_zh="指南")
    desk.upload(f"{page}/file", page, (b"%PDF-1.4 two, longer", "Guide 2.pdf"))
    files = db.session().execute(select(StoredFile.filename, StoredFile.size).order_by(StoredFile.id)).all()
    assert [tuple(row) for row in files] == [("Guide.pdf", 12), ("Guide 2.pdf", 20)]
    fact = the_product().facts["contents"][0]
    assert (fact["title"], fact["translations"], fact["size"]) == ("The guide", {"zh": {"title": "指南"}}, 20)

    link = desk.client.get(f"{page}/file").headers["Location"]
    assert desk.client.get(link).data == b"%PDF-1.4 two, longer"

    assert "Everyone who bought" in words_of(desk.open(f"{page}/removal"))
    desk.press(f"{page}/removal", f"{page}/removal")
    assert (count(Content), count(StoredFile)) == (0, 0)
    assert the_product().facts["contents"] == []


def test_licence_keys_have_a_pattern_that_can_not_be_guessed(desk: Desk, here: str) -> None:
    new = f"{here}/new/licence"
    for pattern, reason in (
        ("", "Please enter a pattern."),
        ("APP-####", "Keys like this could be guessed. Use at least nine * in the pattern."),
        ("锁-********", "Use letters, digits and dashes, with * and # for what changes: APP-****-****-####."),
    ):
        answer = desk.send(new, title="Key", pattern=pattern)
        assert answer.status_code == 422
        assert errors_of(answer) == {"pattern": reason}

    desk.press(new, new, title="Key", pattern="XXXX-####-****-****", body="Enter it under **Help**.")
    content = only(Content)
    assert isinstance(content, Content)
    assert (content.kind, content.pattern, content.body) == (
        ContentKind.LICENCE,
        "XXXX-####-****-****",
        "Enter it under **Help**.",
    )


def test_a_licence_whose_keys_buyers_have_stays(desk: Desk, here: str) -> None:
    desk.press(f"{here}/new/licence", f"{here}/new/licence", title="Key", pattern="****-****-****")
    content = only(Content)
    assert isinstance(content, Content)
    with db.unit_of_work() as session:
        order = make_order(the_product())
        line = order.lines[0]
        held = Entitlement(
            order_id=order.id,
            order_line_id=line.id,
            product_id=line.product_id,
            variant_id=line.variant_id,
            email=order.email,
        )
        session.add(held)
        session.flush()
        session.add(LicenceKey(entitlement_id=held.id, content_id=content.id, position=0, key="A"))

    answer = desk.send(f"{here}/{content.public_id}/removal")

    assert answer.status_code == 409
    assert "Keys of this were already given to buyers" in answer.text
    assert count(Content) == 1


def test_a_text_is_shown_as_it_will_look_before_it_is_saved(desk: Desk, here: str) -> None:
    desk.press(f"{here}/new/text", f"{here}/new/text", title="Thanks", body="Old words")
    content = only(Content)
    assert isinstance(content, Content)
    page = f"{here}/{content.public_id}"
    fields = desk.form(page)
    fields["body"], fields["preview"] = "New *words*", "body"

    assert "New <em>words</em>" in desk.client.post(f"{page}/form", data=fields).text
    db.close_reader()
    assert db.session().scalars(select(Content.body)).one() == "Old words"


def test_two_windows_do_not_overwrite_a_text(desk: Desk, here: str) -> None:
    desk.press(f"{here}/new/text", f"{here}/new/text", title="Thanks", body="Old words")
    content = only(Content)
    assert isinstance(content, Content)
    page = f"{here}/{content.public_id}"
    old = desk.form(page)
    desk.press(page, page, body="From the other window")

    old["body"] = "From this window"
    answer = desk.client.post(page, data=old)
    assert answer.status_code == 409
    assert "From the other window" in words_of(answer)
    again = fields_of(answer, page)
    assert again["body"] == "From this window"
    assert desk.client.post(page, data=again).status_code == 303


def test_contents_are_put_in_order_by_buttons_and_by_dragging(desk: Desk, here: str) -> None:
    desk.upload(f"{here}/files", here, *((f"{name}".encode(), f"{name}.txt") for name in "abc"))

    def titles() -> list[str]:
        db.close_reader()
        return list(db.session().scalars(select(Content.title).order_by(Content.position)))

    names = list(db.session().scalars(select(Content.public_id).order_by(Content.position)))
    desk.press(f"{here}/order", here, move=f"{names[2]}:up")
    assert titles() == ["a", "c", "b"]
    token = desk.form(here, f"{here}/order")["csrf_token"]
    dragged = desk.client.post(
        f"{here}/order",
        data={"csrf_token": token, "order": [names[1], names[2], names[0], "nobody"]},
        headers={"HX-Request": "true", "HX-Request-Type": "partial"},
    )
    assert titles() == ["b", "c", "a"]
    assert dragged.text.lstrip().startswith('<div class="stack stack--wide" id="contents">')
    assert dragged.headers["X-Announce"] == "Moved."


def test_a_course_is_built_rearranged_and_taken_apart(desk: Desk, here: str) -> None:
    desk.press(f"{here}/new/course", f"{here}/new/course", title="Colour")
    course = only(Content)
    assert isinstance(course, Content)
    page = f"{here}/{course.public_id}"
    product = here.removesuffix("/contents")
    desk.press(f"{page}/chapters", page, title="One")
    desk.press(f"{page}/chapters", page, title="Two")
    one, _two = db.session().scalars(select(Chapter.public_id).order_by(Chapter.position)).all()
    desk.press(f"{product}/chapters/{one}/lessons", page, title="Light")
    desk.press(f"{product}/chapters/{one}/lessons", page, title="Dark")
    light, dark = db.session().scalars(select(Lesson.public_id).order_by(Lesson.position)).all()

    lesson = f"{product}/lessons/{light}"
    desk.press(lesson, lesson, title="Light!", body="## Look", duration="3:20", is_preview="y", title_zh="光")
    desk.upload(f"{lesson}/media", lesson, (MP4, "light.mp4"))
    fact = the_product().facts["contents"][0]["chapters"][0]["lessons"][0]
    assert (fact["title"], fact["seconds"], fact["is_preview"]) == ("Light!", 200, True)
    assert "<video" in desk.open(lesson).text

    desk.press(f"{page}/outline", page, move=f"{dark}:up")
    desk.press(f"{page}/outline", page, move=f"{one}:down")
    chapters = the_product().facts["contents"][0]["chapters"]
    assert [chapter["title"] for chapter in chapters] == ["Two", "One"]
    assert [each["title"] for each in chapters[1]["lessons"]] == ["Dark", "Light!"]

    desk.press(f"{lesson}/media/removal", f"{lesson}/media/removal")
    assert count(StoredFile) == 0
    chapter = f"{product}/chapters/{one}"
    desk.press(chapter, chapter, title="First", title_zh="第一章")
    desk.press(f"{lesson}/removal", f"{lesson}/removal")
    assert count(Lesson) == 1
    assert "(1)" in words_of(desk.open(f"{chapter}/removal"))
    desk.press(f"{chapter}/removal", f"{chapter}/removal")
    assert (count(Chapter), count(Lesson)) == (1, 0)


def test_a_lesson_plays_only_what_browsers_can_play(desk: Desk, here: str) -> None:
    desk.press(f"{here}/new/course", f"{here}/new/course", title="Colour")
    course = only(Content)
    assert isinstance(course, Content)
    page = f"{here}/{course.public_id}"
    desk.press(f"{page}/chapters", page, title="One")
    chapter = only(Chapter)
    assert isinstance(chapter, Chapter)
    product = here.removesuffix("/contents")
    desk.press(f"{product}/chapters/{chapter.public_id}/lessons", page, title="Light")
    lesson = only(Lesson)
    assert isinstance(lesson, Lesson)
    address = f"{product}/lessons/{lesson.public_id}"

    answer = desk.upload(f"{address}/media", address, (b"%PDF-1.4", "film.mp4"))

    assert answer.status_code == 422
    assert re.search("Browsers can.+t play this file", answer.text)
    assert count(StoredFile) == 0


@pytest.mark.parametrize("duration", ["3", "3:99", "a:b", "99999:00", "-1:00", "３:20"])
def test_an_odd_duration_is_said_at_its_field(desk: Desk, here: str, duration: str) -> None:
    desk.press(f"{here}/new/course", f"{here}/new/course", title="Colour")
    course = only(Content)
    assert isinstance(course, Content)
    page = f"{here}/{course.public_id}"
    desk.press(f"{page}/chapters", page, title="One")
    chapter = only(Chapter)
    assert isinstance(chapter, Chapter)
    product = here.removesuffix("/contents")
    desk.press(f"{product}/chapters/{chapter.public_id}/lessons", page, title="Light")
    lesson = only(Lesson)
    assert isinstance(lesson, Lesson)
    address = f"{product}/lessons/{lesson.public_id}"

    answer = desk.send(address, duration=duration)

    assert (answer.status_code, list(errors_of(answer))) == (422, ["duration"])


def test_content_may_be_for_one_variant_only(desk: Desk, here: str) -> None:
    desk.press(f"{here}/new/text", f"{here}/new/text", title="Thanks", body="Words")
    product = the_product()
    with db.unit_of_work() as session:
        pro = Variant(
            product_id=product.id,
            sku="PRO",
            title="Pro",
            price_amount=1,
            currency="EUR",
            reserved=0,
            sold=0,
            received=0,
        )
        session.add(pro)
    content = only(Content)
    assert isinstance(content, Content)
    page = f"{here}/{content.public_id}"

    desk.press(page, page, variant=str(pro.id))
    db.close_reader()
    assert db.session().scalars(select(Content.variant_id)).one() == pro.id
    desk.press(page, page, variant="999999")
    db.close_reader()
    assert db.session().scalars(select(Content.variant_id)).one() is None
