"""Telling buyers that a lesson has opened, each once."""

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from storefront.catalog.models import Chapter, Content, Lesson
from storefront.core import db
from storefront.core.clock import datetime, now, timedelta
from storefront.fulfilment.models import Entitlement
from storefront.fulfilment.service import is_active
from storefront.learning.classroom import opening_of
from storefront.learning.models import LessonNotice
from storefront.learning.opting_out import LESSON_OPEN, has_opted_out
from storefront.notifications.service import tell
from storefront.orders.models import Order

# A worker that was away so long still tells; what opened before that, everybody has seen by now. So nobody who gives an
# old course dates writes to all its buyers.
WINDOW = timedelta(days=2)
_BATCH = 200


def due_entitlements(after_id: int = 0) -> list[int]:
    """Return ids of entitlements for which lessons have opened lately of which nothing was said, in batches by id."""
    moment = now()
    statement = (
        select(Entitlement.id)
        .distinct()
        .join(Content, Content.product_id == Entitlement.product_id)
        .join(Chapter, Chapter.content_id == Content.id)
        .join(Lesson, Lesson.chapter_id == Chapter.id)
        .outerjoin(
            LessonNotice,
            (LessonNotice.entitlement_id == Entitlement.id) & (LessonNotice.lesson_id == Lesson.id),
        )
        .where(
            Entitlement.id > after_id,
            Entitlement.revoked_at.is_(None),
            or_(Content.variant_id.is_(None), Content.variant_id == Entitlement.variant_id),
            Lesson.is_preview.is_(False),
            or_(_by_date(moment), *_by_days(moment)),
            LessonNotice.lesson_id.is_(None),
        )
    )
    return list(db.session().scalars(statement.order_by(Entitlement.id).limit(_BATCH)))


def tell_open_lessons(entitlement_id: int) -> bool:
    """Tell a buyer in the current unit of lessons that have opened, all in one mail; return whether one goes out.

    What was told is noted in the same transaction, also when the buyer does not want to hear it.
    """
    entitlement = db.get_or_404(Entitlement, Entitlement.id == entitlement_id, for_update=True)
    if not is_active(entitlement):
        return False
    fresh = [lesson for lesson in _opened(entitlement) if _note(entitlement_id, lesson)]
    if not fresh or has_opted_out(entitlement.email, LESSON_OPEN):
        return False
    order = db.session().get_one(Order, entitlement.order_id)
    tell(
        LESSON_OPEN,
        entitlement.email,
        order.language,
        unique_key=f"{LESSON_OPEN}:{entitlement_id}:{fresh[0].id}",
        topic=order.topic,
        entitlement_id=entitlement_id,
        lesson_ids=[lesson.id for lesson in fresh],
    )
    return True


def _opened(entitlement: Entitlement) -> list[Lesson]:
    """Return the lessons that have opened for a buyer lately, in the order of the course."""
    moment = now()
    statement = (
        select(Lesson)
        .join(Chapter, Chapter.id == Lesson.chapter_id)
        .join(Content, Content.id == Chapter.content_id)
        .where(
            Content.product_id == entitlement.product_id,
            or_(Content.variant_id.is_(None), Content.variant_id == entitlement.variant_id),
            or_(Lesson.opens_at.is_not(None), Lesson.opens_after_days.is_not(None)),
        )
        .order_by(Content.position, Content.id, Chapter.position, Chapter.id, Lesson.position, Lesson.id)
    )
    return [
        lesson
        for lesson in db.session().scalars(statement)
        if _is_news(opening_of(lesson, entitlement), entitlement, moment)
    ]


def _is_news(opened: datetime | None, entitlement: Entitlement, moment: datetime) -> bool:
    return opened is not None and entitlement.starts_at < opened and moment - WINDOW < opened <= moment


def _by_date(moment: datetime) -> ColumnElement[bool]:
    return Lesson.opens_at.between(moment - WINDOW, moment) & (Entitlement.starts_at < Lesson.opens_at)


def _by_days(moment: datetime) -> list[ColumnElement[bool]]:
    """One condition for each number of days that is used, since databases count days each in their own way."""
    used = select(Lesson.opens_after_days).where(Lesson.opens_after_days.is_not(None)).distinct()
    return [
        (Lesson.opens_after_days == days)
        & Entitlement.starts_at.between(moment - timedelta(days=days) - WINDOW, moment - timedelta(days=days))
        for days in db.session().scalars(used)
        if days is not None
    ]


def _note(entitlement_id: int, lesson: Lesson) -> bool:
    """Return whether this is the first time; the database decides between two workers."""
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    values = {"entitlement_id": entitlement_id, "lesson_id": lesson.id, "told_at": now()}
    statement = insert(LessonNotice).values(values).on_conflict_do_nothing()
    return db.session().execute(statement.returning(LessonNotice.lesson_id)).scalar_one_or_none() is not None
