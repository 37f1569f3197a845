"""How far a learner is."""

from storefront.core.clock import now
from storefront.fulfilment.inserting import insert_once
from storefront.learning.models import LessonProgress


def mark_done(entitlement_id: int, lesson_id: int) -> None:
    """Note that a lesson is finished; harmless when repeated."""
    insert_once(LessonProgress, {"entitlement_id": entitlement_id, "lesson_id": lesson_id, "done_at": now()})
