"""Tables of what learners do."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id, Json
from storefront.core.ids import new_public_id


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


class LessonPosition(Base):
    """Where in a lesson a learner was last, in seconds. An older report never replaces a newer one."""

    __tablename__ = "lesson_position"
    __table_args__ = (
        UniqueConstraint("entitlement_id", "lesson_id"),
        CheckConstraint("seconds >= 0", name="seconds_not_negative"),
    )

    id: Mapped[Id]
    entitlement_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("entitlement.id", ondelete="CASCADE"))
    lesson_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("lesson.id", ondelete="CASCADE"), index=True
    )
    seconds: Mapped[int]
    reported_at: Mapped[datetime]


class LessonNote(Base):
    """What a learner noted for themselves, perhaps at a second of the video. Nobody else reads it."""

    __tablename__ = "lesson_note"
    __table_args__ = (Index("ix_lesson_note_entitlement_id", "entitlement_id", "lesson_id"),)

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    entitlement_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("entitlement.id", ondelete="CASCADE"))
    lesson_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("lesson.id", ondelete="CASCADE"), index=True
    )
    seconds: Mapped[int | None]
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


class LessonPost(Base):
    """A question about a lesson, or an answer to one (``question_id``). Without an entitlement it is the owner's.

    ``author_name`` is what the learner wants to be called, empty for nobody in particular. All who have the course
    read it.
    """

    __tablename__ = "lesson_post"
    __table_args__ = (
        Index("ix_lesson_post_lesson_id", "lesson_id", "question_id", "id"),
        CheckConstraint("(hidden_at IS NULL) = (hidden_reason IS NULL)", name="hidden_with_reason"),
        CheckConstraint("question_id IS NOT NULL OR entitlement_id IS NOT NULL", name="learners_ask"),
    )

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    lesson_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lesson.id", ondelete="CASCADE"))
    question_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("lesson_post.id", ondelete="CASCADE"), index=True
    )
    entitlement_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("entitlement.id", ondelete="CASCADE"), index=True
    )
    author_name: Mapped[str] = mapped_column(String(60), default="")
    language: Mapped[str] = mapped_column(String(8))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)
    hidden_at: Mapped[datetime | None]
    hidden_reason: Mapped[str | None] = mapped_column(String(300))

    @property
    def is_owners(self) -> bool:
        """Whether the owner of the shop wrote it."""
        return self.entitlement_id is None

    @property
    def topic(self) -> str:
        """How the journal names it."""
        return f"lesson_post:{self.id}"


class QuizAttempt(Base):
    """One try of a learner at a quiz, as it was marked. The number makes the count of tries hold."""

    __tablename__ = "quiz_attempt"
    __table_args__ = (UniqueConstraint("entitlement_id", "lesson_id", "number"),)

    id: Mapped[Id]
    entitlement_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("entitlement.id", ondelete="CASCADE"))
    lesson_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("lesson.id", ondelete="CASCADE"), index=True
    )
    number: Mapped[int]
    # The ids of the choices that were ticked, by the id of the question; and the questions that were right.
    answers: Mapped[dict[str, Any]]
    right_ones: Mapped[list[str]] = mapped_column(Json)
    percent: Mapped[int]
    has_passed: Mapped[bool]
    made_at: Mapped[datetime] = mapped_column(default=now)


class Certificate(Base):
    """That a learner has finished a course, under the name that the learner gave. Issued once; ``public_id`` checks it.

    The course is kept as it was called then. It counts unless it was revoked, or the purchase was taken back.
    """

    __tablename__ = "certificate"
    __table_args__ = (
        UniqueConstraint("entitlement_id", "content_id"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_reason IS NULL)", name="revoked_with_reason"),
    )

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    entitlement_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("entitlement.id", ondelete="RESTRICT"))
    content_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("content.id", ondelete="SET NULL"), index=True
    )
    name: Mapped[str] = mapped_column(String(120))
    course: Mapped[str] = mapped_column(String(200))
    course_translations: Mapped[dict[str, dict[str, str]]]
    completed_at: Mapped[datetime]
    issued_at: Mapped[datetime] = mapped_column(default=now)
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None] = mapped_column(String(300))

    @property
    def topic(self) -> str:
        """How the journal names it."""
        return f"certificate:{self.id}"


class LessonNotice(Base):
    """That a buyer was told, or need not be, that a lesson has opened: each once."""

    __tablename__ = "lesson_notice"

    entitlement_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("entitlement.id", ondelete="CASCADE"), primary_key=True
    )
    lesson_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("lesson.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    told_at: Mapped[datetime] = mapped_column(default=now)


class LearningOptOut(Base):
    """A mailbox that wants no mails of a kind about its courses, by the SHA-256 of its address."""

    __tablename__ = "learning_opt_out"

    email_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
