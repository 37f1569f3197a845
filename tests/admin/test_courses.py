"""The course editor: an outline that two windows do not overwrite, quizzes, captions, and a look as a buyer."""

import io
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from storefront.catalog.models import Caption, Chapter, Lesson, LessonFile, Product, Quiz
from storefront.catalog.states import ProductState
from storefront.core import db
from storefront.journal.models import JournalEntry
from storefront.storage.models import StoredFile
from tests.admin.desk import Desk, fields_of, fill, words_of
from tests.learning.schooling import Learner, enrol, make_course

_FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}
VTT = b"WEBVTT\n\n00:01.000 --> 00:02.000\nFirst we look.\n"


@pytest.fixture
def course(desk: Desk, work: Callable[[], int]) -> Learner:
    """A course of three lessons in one chapter, with a second chapter that is empty, and its buyer."""
    learner = enrol(desk.client.application.test_client(), work, make_course())
    with db.unit_of_work() as session:
        session.add(Chapter(content_id=learner.content.id, title="Second", position=1, translations={}))
    return learner


def page_of(course: Learner) -> str:
    """Return the page of the course."""
    return f"/admin/products/{course.product.slug}/contents/{course.content.public_id}"


def lesson_of(course: Learner, number: int = 0) -> str:
    """Return the page of a lesson."""
    return f"/admin/products/{course.product.slug}/lessons/{course.lessons[number].public_id}"


def arrangement() -> list[tuple[str, list[str]]]:
    """Return chapters and lessons as they are now."""
    db.close_reader()
    chapters = db.session().execute(select(Chapter.id, Chapter.title).order_by(Chapter.position)).all()
    return [
        (
            title,
            list(
                db.session().scalars(
                    select(Lesson.title).where(Lesson.chapter_id == id_).order_by(Lesson.position)
                )
            ),
        )
        for id_, title in chapters
    ]


def test_lessons_move_across_chapters_by_buttons_and_by_dragging(desk: Desk, course: Learner) -> None:
    page, outline = page_of(course), f"{page_of(course)}/outline"
    third = course.lessons[2].public_id
    desk.press(outline, page, move=f"{third}:down")
    assert arrangement() == [("First", ["One", "Two"]), ("Second", ["Three"])]
    desk.press(outline, page, move=f"{third}:up")
    desk.press(outline, page, move=f"{third}:up")
    assert arrangement() == [("First", ["One", "Three", "Two"]), ("Second", [])]

    fields = desk.form(page, outline)
    first, second = db.session().scalars(select(Chapter.public_id).order_by(Chapter.position))
    one, two = (course.lessons[number].public_id for number in (0, 1))
    fields.setlist("order", [second, two, "nobody", first, third, one, one])
    answer = desk.client.post(outline, data=fields, headers=_FRAGMENT)
    assert arrangement() == [("Second", ["Two"]), ("First", ["Three", "One"])]
    assert answer.text.lstrip().startswith('<div class="stack stack--wide" id="chapters"')
    facts = db.session().scalars(select(Product.facts)).one()["contents"][0]["chapters"]
    assert [each["title"] for each in facts[1]["lessons"]] == ["Three", "One"]


def test_titles_are_changed_in_place_and_two_windows_do_not_overwrite_each_other(
    desk: Desk, course: Learner
) -> None:
    page, outline = page_of(course), f"{page_of(course)}/outline"
    name = f"title-{course.lessons[0].public_id}"
    old = desk.form(page, outline)
    desk.press(outline, page, **{name: "From the other window"})
    old[name] = "From this window"
    refused = desk.client.post(outline, data=old)
    assert refused.status_code == 409
    assert "From the other window" in words_of(refused)
    assert 'value="From this window"' in refused.text
    assert arrangement()[0][1][0] == "From the other window"
    again = desk.form(page, outline)
    again[name] = ""
    assert desk.client.post(outline, data=again).status_code == 422
    assert arrangement()[0][1][0] == "From the other window"


def test_the_outline_of_a_draft_is_saved_while_one_writes(desk: Desk, course: Learner) -> None:
    page, outline = page_of(course), f"{page_of(course)}/outline"
    name = f"title-{course.lessons[0].public_id}"
    fields = desk.form(page, outline)
    fields[name] = "Half a"
    live = desk.client.post(f"{outline}/autosave", data=fields, headers=_FRAGMENT)
    assert "X-Saved" not in live.headers
    assert arrangement()[0][1][0] == "One"
    with db.unit_of_work() as session:
        session.execute(update(Product).values(state=ProductState.DRAFT))
    saved = desk.client.post(f"{outline}/autosave", data=fields, headers=_FRAGMENT)
    assert saved.headers["X-Saved"] == "1"
    assert arrangement()[0][1][0] == "Half a"
    # The window beside it stands on what was: it is told, and nothing is overwritten.
    fields[name] = "Something else"
    other = desk.client.post(f"{outline}/autosave", data=fields, headers=_FRAGMENT)
    assert "another window" in other.text
    assert arrangement()[0][1][0] == "Half a"


def test_chapters_and_lessons_are_added_without_leaving_the_outline(desk: Desk, course: Learner) -> None:
    page = page_of(course)
    desk.press(f"{page}/chapters", page, title="Third")
    chapter = db.session().scalars(select(Chapter.public_id).where(Chapter.title == "Second")).one()
    add = f"/admin/products/{course.product.slug}/chapters/{chapter}/lessons"
    fields = desk.form(page, add)
    typed = {f"title-{course.lessons[0].public_id}": "Typed and not saved"}
    answer = desk.client.post(add, data={**fields, **typed, "title": "Four"}, headers=_FRAGMENT)
    assert 'value="Typed and not saved"' in answer.text
    assert arrangement() == [("First", ["One", "Two", "Three"]), ("Second", ["Four"]), ("Third", [])]


def test_a_lesson_opens_later_by_its_own_page_or_step_by_step(desk: Desk, course: Learner) -> None:
    lesson = lesson_of(course, 1)
    assert desk.send(lesson, opens_after_days="x").status_code == 422
    both = desk.send(lesson, opens_after_days="3", opens_at="2030-05-31T18:00")
    assert both.status_code == 422
    assert "not both" in words_of(both)
    desk.press(lesson, lesson, opens_after_days="3")
    opening = f"/admin/products/{course.product.slug}/courses/{course.content.public_id}/opening"
    days = select(Lesson.opens_after_days).order_by(Lesson.id)
    assert list(db.session().scalars(days)) == [None, 3, None]
    desk.press(opening, page_of(course), every_days="7", by="lesson")
    assert list(db.session().scalars(days)) == [None, 7, 14]
    desk.press(opening, page_of(course), every_days="7", by="chapter")
    assert list(db.session().scalars(days)) == [None, None, None]


def test_a_quiz_is_built_question_by_question(desk: Desk, course: Learner) -> None:
    quiz = f"{lesson_of(course)}/quiz"
    fields = desk.form(quiz)
    assert desk.client.post(quiz, data=fields).status_code == 422
    fill(fields, {"q0.text": "Which is a colour?", "q0.c0": "Red", "q0.c0.right": "on", "q0.c1": "Three"})
    for what in ("add", "add:1", "up:1"):
        fields["do"] = what
        answer = desk.client.post(f"{quiz}/form", data=fields, headers=_FRAGMENT)
        assert answer.text.lstrip().startswith('<form class="form" id="quiz-editor"')
        fields = fields_of(answer, quiz)
    assert (fields["q1.text"], fields["q1.c0.right"], fields["q0.c2"]) == ("Which is a colour?", "on", "")
    fields["do"] = "drop:0"
    fields = fields_of(desk.client.post(f"{quiz}/form", data=fields), quiz)
    assert db.session().scalar(select(func.count()).select_from(Quiz)) == 0
    fields["pass_percent"] = "0"
    assert desk.client.post(quiz, data=fields).status_code == 422
    fields["pass_percent"] = "60"
    assert desk.client.post(quiz, data=fields).status_code == 303
    db.close_reader()
    saved = db.session().scalars(select(Quiz)).one()
    assert [choice["is_right"] for choice in saved.questions[0]["choices"]] == [True, False]
    # The window beside it still shows the empty quiz.
    fields["q0.text"] = "From the other window"
    refused = desk.client.post(quiz, data=fields)
    assert refused.status_code == 409
    assert "From the other window" in refused.text
    assert desk.client.post(quiz, data=fields_of(refused, quiz)).status_code == 303
    # Without questions it goes.
    fields = desk.form(quiz)
    fields["do"] = "drop:0"
    fields = fields_of(desk.client.post(f"{quiz}/form", data=fields), quiz)
    assert desk.client.post(quiz, data=fields).status_code == 303
    db.close_reader()
    assert db.session().scalar(select(func.count()).select_from(Quiz)) == 0


def test_captions_and_files_are_taken_checked_and_removed(desk: Desk, course: Learner) -> None:
    lesson = lesson_of(course)

    def send(language: str, content: bytes) -> int:
        token = desk.form(lesson)["csrf_token"]
        return desk.client.post(
            f"{lesson}/captions",
            data={"csrf_token": token, "language": language, "file": (io.BytesIO(content), "c.vtt")},
        ).status_code

    assert send("en", VTT) == 303
    assert send("en", VTT.replace(b"look", b"see")) == 303
    assert [send("en", b"1\n00:00:01,000"), send("English!", VTT), send("en", b"")] == [422, 422, 422]
    assert "see" in desk.open(f"{lesson}/captions/en.vtt").text
    assert db.session().scalar(select(func.count()).select_from(Caption)) == 1
    desk.upload(f"{lesson}/files", lesson, (b"%PDF-1.4 one", "sheet.pdf"), (b"more", "notes.txt"))
    desk.upload(f"{lesson}/files", lesson, (b"%PDF-1.4 two", "sheet.pdf"))
    assert db.session().scalar(select(func.count()).select_from(StoredFile)) == 2
    sheet = db.session().scalars(select(LessonFile.public_id).order_by(LessonFile.position)).first()
    desk.press(f"{lesson}/files/{sheet}/removal", lesson)
    desk.press(f"{lesson}/captions/en/removal", lesson)
    desk.press(f"{lesson}/removal", f"{lesson}/removal")
    db.close_reader()
    for model in (Caption, LessonFile, StoredFile):
        assert db.session().scalar(select(func.count()).select_from(model)) == 0


def test_the_owner_sees_the_course_as_buyers_do_and_leaves_no_trace(
    desk: Desk, course: Learner, client: FlaskClient
) -> None:
    lesson = lesson_of(course, 1)
    desk.press(lesson, lesson, opens_after_days="30")
    preview = f"/admin/products/{course.product.slug}/courses/{course.content.public_id}/preview"
    before = db.session().scalar(select(func.count()).select_from(JournalEntry))
    assert "Begin: One" in words_of(desk.open(preview))
    shown = desk.open(f"{preview}/lessons/{course.lessons[1].public_id}")
    assert "Words of Two" in words_of(shown)
    assert "data-report" not in shown.text
    assert "<form" not in shown.text.split("<main")[1].split("</main>")[0]
    db.close_reader()
    assert db.session().scalar(select(func.count()).select_from(JournalEntry)) == before
    assert client.get(preview).status_code == 303


def test_a_copy_of_a_course_has_all_that_its_lessons_have(desk: Desk, course: Learner) -> None:
    lesson = lesson_of(course)
    desk.upload(f"{lesson}/files", lesson, (b"%PDF-1.4 one", "sheet.pdf"))
    desk.press(f"/admin/products/{course.product.slug}/copies", f"/admin/products/{course.product.slug}")
    db.close_reader()
    assert db.session().scalar(select(func.count()).select_from(LessonFile)) == 2
    desk.press(f"{lesson}/removal", f"{lesson}/removal")
    db.close_reader()
    assert db.session().scalar(select(func.count()).select_from(StoredFile)) == 1
