"""A course as its learner takes it: two devices, locked lessons, notes, quizzes, files; and nobody else's."""

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select

from storefront.catalog.models import Caption, LessonFile
from storefront.core import db
from storefront.core.clock import now
from storefront.fulfilment.models import AccessNote, Entitlement
from storefront.learning import jobs
from storefront.learning.models import LessonNote, LessonPosition, LessonPost, LessonProgress, QuizAttempt
from storefront.notifications.rendering import find_renderer
from storefront.storage import service as storage
from tests.learning.schooling import (
    RIGHT,
    WRONG,
    Learner,
    add_quiz,
    change_lesson,
    enrol,
    mails,
    words_of,
)
from tests.selling import token_of

Work = Callable[[], int]
VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\nFirst we look.\n"


@pytest.fixture
def learner(client: FlaskClient, work: Work) -> Learner:
    """Somebody who has just bought a course of three lessons."""
    return enrol(client, work)


@pytest.fixture
def stranger(app: Flask, work: Work, learner: Learner) -> Learner:
    """Somebody else, with the same course."""
    return enrol(app.test_client(), work, learner.product, "bob@example.org")


def rows(model: type[db.Base]) -> int:
    """Return how many rows a table has."""
    db.close_reader()
    return db.session().scalar(select(func.count()).select_from(model)) or 0


def keep_file(learner: Learner, content: bytes, name: str) -> LessonFile:
    """Put a file into the first lesson."""
    upload = storage.upload(io.BytesIO(content), name)
    with db.unit_of_work() as session:
        made = LessonFile(lesson_id=learner.lessons[0].id, file=storage.register(upload))
        session.add(made)
    return made


def report(learner: Learner, number: int, seconds: int, opened: int, elapsed: int = 0) -> None:
    """Tell where the learner is, as the player does."""
    learner.send(f"{learner.lesson(number)}/position", 204, seconds=seconds, opened=opened, elapsed=elapsed)


# ---- Progress


def test_a_course_goes_on_where_another_device_has_left_it(app: Flask, learner: Learner) -> None:
    telephone = Learner(
        app.test_client(), learner.product, learner.public_id, learner.lessons, learner.content
    )
    opened = int((now() - timedelta(minutes=5)).timestamp() * 1000)
    assert "Begin: One" in words_of(learner.open(learner.path))
    report(learner, 1, 95, opened, 60_000)
    page = words_of(telephone.open(learner.path))
    assert "Go on: Two" in page
    assert "0 of 3 lessons done" in page
    # A late report of a page that was put away long ago changes nothing.
    report(telephone, 1, 3, opened)
    report(telephone, 0, 50, opened)
    assert "Go on: Two" in words_of(learner.open(learner.path))
    learner.done(1)
    assert "Go on: Three" in words_of(telephone.open(learner.path))


@pytest.mark.parametrize("odd", ["", "x", "-5", "1e9", "٣", "9" * 40])
def test_odd_positions_are_never_newer_than_anything(learner: Learner, odd: str) -> None:
    report(learner, 0, 40, int(now().timestamp() * 1000))
    learner.send(f"{learner.lesson()}/position", 204, seconds=odd, opened=odd, elapsed=odd)
    db.close_reader()
    assert db.session().scalars(select(LessonPosition.seconds)).one() == 40


def test_a_lesson_is_marked_and_unmarked_without_scripts(learner: Learner) -> None:
    assert learner.done(0).headers["Location"] == learner.lesson(1)
    assert learner.done(0).headers["Location"] == learner.lesson(1)
    assert "1 of 3 lessons done" in words_of(learner.open(learner.path))
    learner.send(f"{learner.lesson(0)}/done/removal")
    learner.send(f"{learner.lesson(0)}/done/removal")
    assert rows(LessonProgress) == 0
    assert learner.done(2).headers["Location"] == learner.path


def test_what_was_opened_stands_in_the_access_log(learner: Learner) -> None:
    for _ in range(2):
        learner.open(learner.lesson(1))
    db.close_reader()
    noted = db.session().execute(select(AccessNote.deed, AccessNote.title)).all()
    assert [tuple(row) for row in noted] == [("lesson", "Two")]


def test_pages_of_learners_are_never_kept(learner: Learner) -> None:
    for path in (learner.path, learner.lesson(), f"{learner.path}/notes.txt"):
        assert learner.client.get(path).headers["Cache-Control"] == "no-store"


# ---- Opening later


def test_a_locked_lesson_says_when_and_why_and_opens_with_the_clock(
    app: Flask, learner: Learner, work: Work
) -> None:
    change_lesson(learner.lessons[1], opens_after_days=7)
    with db.unit_of_work() as session:
        session.add(Caption(lesson_id=learner.lessons[1].id, language="en", text=VTT))
    add_quiz(learner.lessons[1])
    locked = words_of(learner.open(learner.lesson(1), 403))
    assert "This lesson opens on" in locked
    assert "7 days after your access began" in locked
    assert "Words of Two" not in locked
    learner.open(f"{learner.lesson(1)}/captions/en.vtt", 404)
    for deed in ("done", "position", "quiz", "notes", "questions"):
        learner.send(f"{learner.lesson(1)}/{deed}", 404, note="x", words="x", **RIGHT)
    assert "Locked" in learner.open(learner.path)

    with time_machine.travel(now() + timedelta(days=7, minutes=1)):
        with app.app_context():
            assert jobs.tell_open_lessons() == 1
        assert "Words of Two" in words_of(learner.open(learner.lesson(1)))
        (told,) = mails("lesson_open")
        write = find_renderer("lesson_open")
        assert write is not None
        with app.app_context():
            mail = write(told.args, "en")
        assert mail is not None
        assert learner.lesson(1) in mail.text
        way_out = mail.text.rpartition("/learning/")[2].split()[0]
        learner.send(f"/learning/{way_out}", 200)
        learner.send(f"/learning/{way_out}", 200)
        with app.app_context():
            assert write(told.args, "en") is None


def test_a_course_that_waits_for_a_day_opens_for_all(learner: Learner) -> None:
    change_lesson(learner.lessons[0], opens_at=now() + timedelta(days=2))
    assert "opens for everybody on the same day" in words_of(learner.open(learner.lesson(0), 403))
    assert "Begin: Two" in words_of(learner.open(learner.path))
    change_lesson(learner.lessons[0], is_preview=True)
    assert "Words of One" in learner.open(learner.lesson(0))


# ---- What a lesson has


def test_files_pictures_and_captions_open_for_buyers_only(learner: Learner, client: FlaskClient) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(picture, "PNG")
    shown = keep_file(learner, picture.getvalue(), "the grid.png")
    paper = keep_file(learner, b"%PDF-1.4 sheet", "sheet.pdf")
    change_lesson(
        learner.lessons[0],
        body="![A grid](the%20grid.png) and ![none](other.png)\n\n```python\nprint(1)\n```",
    )
    with db.unit_of_work() as session:
        session.add(Caption(lesson_id=learner.lessons[0].id, language="en", text=VTT))
    page = learner.open(learner.lesson())
    address = f"{learner.lesson()}/files/{shown.public_id}"
    assert f'src="{address}" alt="A grid"' in page
    assert '<code class="language-python">' in page
    assert "sheet.pdf" in page
    assert "First we look." in page
    for path in (address, f"{learner.lesson()}/files/{paper.public_id}"):
        link = client.get(path)
        assert client.get(link.headers["Location"]).status_code == 200
    captions = client.get(f"{learner.lesson()}/captions/en.vtt")
    assert (captions.text, captions.mimetype) == (VTT, "text/vtt")
    # The same through another purchase's address, or none at all.
    elsewhere = address.replace(learner.public_id, "x" * 22)
    assert client.get(elsewhere).status_code == 404
    with db.unit_of_work() as session:
        session.execute(select(Entitlement).with_for_update()).scalar_one().revoked_at = now()
    for path in (
        learner.lesson(),
        address,
        f"{learner.lesson()}/captions/en.vtt",
        f"{learner.path}/notes.txt",
    ):
        assert client.get(path).status_code == 404, path
    for deed in ("done", "position", "quiz", "notes", "questions"):
        learner.send(f"{learner.lesson()}/{deed}", 404, note="x", words="x")


# ---- Notes


def test_notes_are_ones_own(learner: Learner, stranger: Learner) -> None:
    learner.send(f"{learner.lesson(1)}/notes", note="Look\nagain <b>", at="1:02:03")
    learner.send(f"{learner.lesson(0)}/notes", note="First thing")
    assert learner.client.get(f"{learner.path}/notes.txt").text == (
        "Colour\n\nOne\n- First thing\n\nTwo\n- 1:02:03  Look\n  again <b>\n"
    )
    page = learner.open(learner.lesson(1))
    assert "again &lt;b&gt;" in page
    note = db.session().scalars(select(LessonNote).order_by(LessonNote.id)).first()
    assert note is not None
    theirs = f"{stranger.lesson(1)}/notes/{note.public_id}"
    stranger.send(theirs, 404, note="Mine now")
    stranger.send(theirs, 404, note="x", remove="1")
    assert "again &lt;b&gt;" not in stranger.open(stranger.lesson(1))
    assert stranger.client.get(f"{stranger.path}/notes.txt").text == "Colour\n"
    mine = f"{learner.lesson(1)}/notes/{note.public_id}"
    learner.send(mine, note="Other words")
    assert "Other words" in learner.open(learner.lesson(1))
    learner.send(mine, note="", remove="1")
    assert rows(LessonNote) == 1


@pytest.mark.parametrize(("field", "value"), [("note", "  "), ("note", "x" * 5001), ("at", "3:99")])
def test_an_odd_note_is_said_at_its_field(learner: Learner, field: str, value: str) -> None:
    answer = learner.send(f"{learner.lesson()}/notes", 422, **{"note": "Good", field: value})
    assert (
        f'id="{field}-error"' in answer.text or field == "at"
    )  # where there is no film, nobody is asked for it
    assert rows(LessonNote) == 0


# ---- Quiz


def test_a_quiz_is_marked_here_and_its_answers_are_not_in_the_page(learner: Learner) -> None:
    add_quiz(learner.lessons[0])
    page = learner.open(learner.lesson())
    assert "Which are numbers?" in page
    assert "Right answer" not in page
    assert "Red is one." not in page
    assert "is_right" not in page
    # Without passing it the lesson is not done.
    assert learner.done(0).headers["Location"] == f"{learner.lesson(0)}#quiz"
    assert rows(LessonProgress) == 0

    learner.send(f"{learner.lesson()}/quiz", **WRONG)
    failed = learner.open(learner.lesson())
    assert "Not passed yet: 0 of 2 right" in words_of(failed)
    assert "Red is one." in failed
    assert "Right answer" not in failed
    learner.send(f"{learner.lesson()}/quiz", **{**RIGHT, "other": ["x"], "number": ["dddd", "cccc", "zzzz"]})
    passed = learner.open(learner.lesson())
    assert words_of(passed).count("Right answer") == 3
    assert rows(LessonProgress) == 1
    learner.send(f"{learner.lesson()}/quiz", 409, **WRONG)
    assert rows(QuizAttempt) == 2


def test_tries_are_counted_and_the_solution_is_shown_at_their_end(learner: Learner) -> None:
    add_quiz(learner.lessons[0], most_tries=2)
    learner.send(f"{learner.lesson()}/quiz", **WRONG)
    assert "1 try is left." in words_of(learner.open(learner.lesson()))
    learner.send(f"{learner.lesson()}/quiz", **WRONG)
    over = learner.open(learner.lesson())
    assert "You have used up your tries" in over
    assert "Right answer" in over
    learner.send(f"{learner.lesson()}/quiz", 409, **RIGHT)


def test_a_quiz_by_htmx_brings_the_steps_along(learner: Learner) -> None:
    add_quiz(learner.lessons[0])
    answer = learner.client.post(
        f"{learner.lesson()}/quiz",
        data={"csrf_token": learner.token(), **RIGHT},
        headers={"HX-Request": "true", "HX-Request-Type": "partial"},
    )
    assert answer.text.lstrip().startswith('<section class="section stack" id="quiz"')
    assert 'id="steps" hx-swap-oob="true"' in answer.text
    assert "Not done yet" in answer.text
    assert answer.headers["X-Announce"] == "Passed."


# ---- Questions


def test_a_question_is_answered_and_told(
    app: Flask, learner: Learner, stranger: Learner, owner_client: FlaskClient
) -> None:
    asked = "Why **blue**? <script>x</script> ![p](http://elsewhere/p.png) [l](javascript:x)"
    learner.send(f"{learner.lesson()}/questions", words=asked, author_name="Anna")
    page = stranger.open(stranger.lesson())
    assert "<strong>blue</strong>" in page
    assert "<script>x" not in page
    assert "elsewhere" not in page
    assert 'href="javascript' not in page
    (told,) = mails("question_asked")
    assert told.recipient == "owner@example.org"
    question = db.session().scalars(select(LessonPost.public_id)).one()

    stranger.send(f"{stranger.lesson()}/questions/{question}/answers", words="I wonder, too")
    thread = f"/admin/questions/{question}"
    token = token_of(owner_client.get(thread))
    assert "Why" in owner_client.get("/admin/questions").text
    owner_client.post(f"{thread}/answers", data={"csrf_token": token, "words": "Because."})
    assert "No questions wait for you" in owner_client.get("/admin/questions").text
    assert "Why" in owner_client.get("/admin/questions?state=all").text
    shown = words_of(learner.open(learner.lesson()))
    assert "I wonder, too" in shown
    assert "The teacher" in shown
    answers = mails("question_answered")
    assert [one.recipient for one in answers] == ["anna@example.org"] * 2
    write = find_renderer("question_answered")
    assert write is not None
    with app.app_context():
        mail = write(answers[-1].args, "zh")
    assert mail is not None
    assert "Because." in mail.text
    assert f"/zh{learner.lesson()}#question-{question}" in mail.text

    # Hidden with a reason, with everything under it; and shown again.
    hiding = f"{thread}/posts/{question}/hiding"
    assert owner_client.post(hiding, data={"csrf_token": token, "reason": ""}).status_code == 422
    owner_client.post(hiding, data={"csrf_token": token, "reason": "Off the point"})
    assert "Because." not in stranger.open(stranger.lesson())
    stranger.send(f"{stranger.lesson()}/questions/{question}/answers", 404, words="Too late")
    owner_client.post(f"{thread}/posts/{question}/showing", data={"csrf_token": token})
    assert "Because." in stranger.open(stranger.lesson())


def test_who_asks_without_end_is_slowed_down(learner: Learner) -> None:
    for _ in range(20):
        learner.send(f"{learner.lesson()}/questions", words="Again?")
    learner.send(f"{learner.lesson()}/questions", 429, words="And again?")
    assert rows(LessonPost) == 20


def test_a_lesson_asks_the_database_equally_often_for_more_of_everything(
    learner: Learner, stranger: Learner
) -> None:
    from tests.house.test_queries import counted

    counts = []
    for more in range(2):
        for number in range(1 + 2 * more):
            learner.send(f"{learner.lesson()}/notes", note=f"Note {number}")
            learner.send(f"{learner.lesson()}/questions", words=f"Question {number}")
            post = db.session().scalars(select(LessonPost.public_id).order_by(LessonPost.id)).first()
            db.close_reader()
            learner.send(f"{learner.lesson()}/questions/{post}/answers", words="Answer")
        learner.open(learner.lesson())  # noted in the access log, once in some minutes
        with counted() as asked:
            learner.open(learner.lesson())
        counts.append(len(asked))
    assert counts[0] == counts[1]
