"""Questions about a lesson and their answers. All who have the course read them; the owner hides with a reason."""

from dataclasses import dataclass

from sqlalchemy import func, select

from storefront.accounts.models import Account
from storefront.accounts.states import Role
from storefront.catalog.models import Chapter, Content, Lesson, Product
from storefront.core import db
from storefront.core.clock import now, timedelta
from storefront.core.errors import NotFound
from storefront.fulfilment.models import Entitlement
from storefront.journal import service as journal
from storefront.learning.models import LessonPost
from storefront.learning.opting_out import QUESTION_ANSWERED, has_opted_out
from storefront.notifications.service import tell
from storefront.web import throttle
from storefront.web.language import current_language

QUESTION_ASKED = "question_asked"
LONGEST = 5000
MOST_SHOWN = 200
OWNER_PAGE_SIZE = 30
_PER_PURCHASE, _PER_CLIENT = 20, 60


@dataclass(frozen=True, slots=True)
class Thread:
    """A question with its answers, oldest first."""

    question: LessonPost
    answers: list[LessonPost]


@dataclass(frozen=True, slots=True)
class OwnedThread:
    """A question as the owner's list shows it. ``needs_answer``: the last word is a learner's."""

    question: LessonPost
    lesson: Lesson
    product: Product
    needs_answer: bool


def threads_of(lesson_id: int, *, also_hidden: bool = False) -> list[Thread]:
    """Return the questions of a lesson, newest first, with their answers (2 queries)."""
    session = db.session()
    shown = () if also_hidden else (LessonPost.hidden_at.is_(None),)
    asked = (
        select(LessonPost)
        .where(LessonPost.lesson_id == lesson_id, LessonPost.question_id.is_(None), *shown)
        .order_by(LessonPost.id.desc())
        .limit(MOST_SHOWN)
    )
    questions = list(session.scalars(asked))
    answers = (
        select(LessonPost)
        .where(LessonPost.question_id.in_([question.id for question in questions]), *shown)
        .order_by(LessonPost.id)
    )
    found = list(session.scalars(answers)) if questions else []
    return [
        Thread(question, [answer for answer in found if answer.question_id == question.id])
        for question in questions
    ]


def is_often(public_id: str, client: str) -> bool:
    """Count one more post of a purchase and of a client, in the current unit; say whether that is too many."""
    hour = timedelta(hours=1)
    of_purchase = throttle.count("lesson-post", public_id, per=hour)
    of_client = throttle.count("lesson-post-client", client, per=hour)
    return of_purchase > _PER_PURCHASE or of_client > _PER_CLIENT


def ask(entitlement: Entitlement, lesson: Lesson, body: str, author_name: str) -> LessonPost:
    """Put a learner's question under a lesson in the current unit, and tell the owner."""
    question = LessonPost(
        lesson_id=lesson.id,
        entitlement_id=entitlement.id,
        author_name=author_name,
        body=body,
        language=current_language(),
    )
    _keep(question)
    _tell_owners(question)
    return question


def answer(entitlement: Entitlement, lesson: Lesson, question_id: str, body: str, author_name: str) -> None:
    """Put a learner's answer under a question of the lesson in the current unit; tell who asked, and the owner.

    Raises:
        NotFound: the lesson has no such question, or it is hidden.
    """
    question = db.get_or_404(
        LessonPost,
        LessonPost.public_id == question_id,
        LessonPost.lesson_id == lesson.id,
        LessonPost.question_id.is_(None),
        LessonPost.hidden_at.is_(None),
    )
    post = LessonPost(
        lesson_id=lesson.id,
        question_id=question.id,
        entitlement_id=entitlement.id,
        author_name=author_name,
        body=body,
        language=current_language(),
    )
    _keep(post)
    _tell_asker(question, post)
    _tell_owners(post)


def answer_as_owner(question_id: str, body: str) -> None:
    """Put the owner's answer under a question in the current unit, and tell who asked.

    Raises:
        NotFound: there is no such question.
    """
    question = db.get_or_404(
        LessonPost, LessonPost.public_id == question_id, LessonPost.question_id.is_(None)
    )
    post = LessonPost(
        lesson_id=question.lesson_id, question_id=question.id, body=body, language=current_language()
    )
    _keep(post)
    _tell_asker(question, post)
    journal.write(question.topic, "discussion.answered")


def hide(post_id: str, reason: str) -> None:
    """Take a question with its answers, or one answer, away from the learners, in the current unit.

    Raises:
        NotFound: there is no such post.
    """
    post = db.get_or_404(LessonPost, LessonPost.public_id == post_id, for_update=True)
    if post.hidden_at is None:
        post.hidden_at, post.hidden_reason = now(), reason
        journal.write(post.topic, "discussion.hidden", reason=reason)


def show(post_id: str) -> None:
    """Bring a hidden post back, in the current unit.

    Raises:
        NotFound: there is no such post.
    """
    post = db.get_or_404(LessonPost, LessonPost.public_id == post_id, for_update=True)
    if post.hidden_at is not None:
        post.hidden_at = post.hidden_reason = None
        journal.write(post.topic, "discussion.shown")


def questions_for_owner(
    *, waiting: bool = False, before: str | None = None
) -> tuple[list[OwnedThread], str | None]:
    """Return a page of questions, newest first, and where the next begins; ``waiting``: only those not answered."""
    last_word = (
        select(func.max(LessonPost.id))
        .where(LessonPost.hidden_at.is_(None))
        .group_by(func.coalesce(LessonPost.question_id, LessonPost.id))
    )
    unanswered = (
        select(func.coalesce(LessonPost.question_id, LessonPost.id))
        .where(LessonPost.id.in_(last_word), LessonPost.entitlement_id.is_not(None))
        .scalar_subquery()
    )
    statement = (
        select(LessonPost, Lesson, Product, LessonPost.id.in_(unanswered))
        .join(Lesson, Lesson.id == LessonPost.lesson_id)
        .join(Chapter, Chapter.id == Lesson.chapter_id)
        .join(Content, Content.id == Chapter.content_id)
        .join(Product, Product.id == Content.product_id)
        .where(LessonPost.question_id.is_(None))
    )
    if waiting:
        statement = statement.where(LessonPost.id.in_(unanswered), LessonPost.hidden_at.is_(None))
    if before:
        place = select(LessonPost.id).where(LessonPost.public_id == before[:22]).scalar_subquery()
        statement = statement.where(LessonPost.id < place)
    rows = db.session().execute(statement.order_by(LessonPost.id.desc()).limit(OWNER_PAGE_SIZE + 1)).all()
    found = [OwnedThread(row[0], row[1], row[2], bool(row[3])) for row in rows[:OWNER_PAGE_SIZE]]
    return found, found[-1].question.public_id if len(rows) > OWNER_PAGE_SIZE else None


def get_thread(question_id: str) -> tuple[Thread, Lesson, Product]:
    """Return a question with all its answers for the owner, its lesson and product.

    Raises:
        NotFound: there is none.
    """
    row = db.session().execute(
        select(LessonPost, Lesson, Product)
        .join(Lesson, Lesson.id == LessonPost.lesson_id)
        .join(Chapter, Chapter.id == Lesson.chapter_id)
        .join(Content, Content.id == Chapter.content_id)
        .join(Product, Product.id == Content.product_id)
        .where(LessonPost.public_id == question_id, LessonPost.question_id.is_(None))
    )
    found = row.one_or_none()
    if found is None:
        raise NotFound
    answers = select(LessonPost).where(LessonPost.question_id == found[0].id).order_by(LessonPost.id)
    return Thread(found[0], list(db.session().scalars(answers))), found[1], found[2]


def _keep(post: LessonPost) -> None:
    db.session().add(post)
    db.session().flush()


def _tell_owners(post: LessonPost) -> None:
    owners = select(Account.email, Account.language).where(
        Account.role == Role.OWNER, Account.disabled_at.is_(None)
    )
    for email, language in db.session().execute(owners):
        tell(
            QUESTION_ASKED,
            email,
            language,
            unique_key=f"{QUESTION_ASKED}:{post.id}:{email}",
            post_id=post.id,
        )


def _tell_asker(question: LessonPost, post: LessonPost) -> None:
    """Nobody is told of their own answer, nor who does not want to be."""
    if question.entitlement_id is None or question.entitlement_id == post.entitlement_id:
        return
    asker = db.session().get_one(Entitlement, question.entitlement_id)
    if not has_opted_out(asker.email, QUESTION_ANSWERED):
        tell(
            QUESTION_ANSWERED,
            asker.email,
            question.language,
            unique_key=f"{QUESTION_ANSWERED}:{post.id}",
            post_id=post.id,
        )
