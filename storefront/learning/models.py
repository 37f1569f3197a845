"""Tables of what learners do."""

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id


class LessonProgress(Base):
    """That a learner has finished a lesson."""

    __tablename__ = "lesson_progress"
    __table_args__ = (UniqueConstraint("entitlement_id", "lesson_id"),)

    id: Mapped[Id]
    entitlement_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("entitlement.id", ondelete="CASCADE"))
    lesson_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("lesson.id", ondelete="CASCADE"), index=True
    )
    done_at: Mapped[datetime] = mapped_column(default=now)
