"""What a buyer gets: files, courses, licence keys, texts, links."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storefront.catalog.states import ContentKind, Stamp
from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id, Json, choice
from storefront.core.ids import new_public_id
from storefront.storage.models import StoredFile


class Content(Base):
    """One thing that comes with a product, or with one variant of it.

    Buyers are not given copies of this list: an entitlement points to the product, so what is added today reaches
    everyone who bought before. What each kind does when it is given and taken back: ``fulfilment.kinds``.

    ``is_stream_only``: it is shown and played, never given to be kept. A file may be downloaded ``download_limit``
    times, within ``download_days`` days from the purchase; None is without end.

    Of licences: ``keys_from_pool`` takes keys that the owner imported instead of making them by ``pattern``,
    ``low_pool_at`` is how few free keys she wants to be told of, ``activation_limit`` on how many machines one key may
    be in use, None on any number.
    """

    __tablename__ = "content"
    __table_args__ = (
        Index("ix_content_product_id", "product_id", "position"),
        CheckConstraint("kind <> 'file' OR file_id IS NOT NULL", name="file_has_file"),
        CheckConstraint("kind <> 'licence' OR pattern <> ''", name="licence_has_pattern"),
        CheckConstraint("activation_limit IS NULL OR activation_limit > 0", name="activation_limit_positive"),
        CheckConstraint("download_limit IS NULL OR download_limit > 0", name="download_limit_positive"),
        CheckConstraint("download_days IS NULL OR download_days > 0", name="download_days_positive"),
        CheckConstraint("kind <> 'link' OR url <> ''", name="link_has_url"),
    )

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id", ondelete="CASCADE"))
    variant_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("variant.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[ContentKind] = choice(ContentKind, "kind")
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text, default="")
    pattern: Mapped[str] = mapped_column(String(80), default="")
    keys_from_pool: Mapped[bool] = mapped_column(default=False, server_default=false())
    low_pool_at: Mapped[int] = mapped_column(default=10, server_default=text("10"))
    activation_limit: Mapped[int | None]
    file_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("stored_file.id", ondelete="RESTRICT"), index=True
    )
    position: Mapped[int] = mapped_column(default=0)
    translations: Mapped[dict[str, dict[str, str]]] = mapped_column(default=dict)
    is_stream_only: Mapped[bool] = mapped_column(default=False, server_default=false())
    download_limit: Mapped[int | None]
    download_days: Mapped[int | None]
    stamp: Mapped[Stamp] = choice(Stamp, "stamp", default=Stamp.NONE, server_default=text("'none'"))
    url: Mapped[str] = mapped_column(String(500), default="", server_default="")
    # Whether who has finished the course may have a certificate of it.
    gives_certificate: Mapped[bool] = mapped_column(default=False, server_default=false())

    file: Mapped[StoredFile | None] = relationship(lazy="raise")
    chapters: Mapped[list["Chapter"]] = relationship(
        order_by="(Chapter.position, Chapter.id)", lazy="raise", cascade="all, delete-orphan"
    )


class ContentVersion(Base):
    """One file that a content has had; the present one is ``content.file_id``. A file never replaced has no versions.

    ``notes`` say in markdown what is new. What is withdrawn buyers get no more.
    """

    __tablename__ = "content_version"
    __table_args__ = (UniqueConstraint("content_id", "number"),)

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    content_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("content.id", ondelete="CASCADE"))
    number: Mapped[int]
    name: Mapped[str] = mapped_column(String(40), default="")
    notes: Mapped[str] = mapped_column(Text, default="")
    file_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("stored_file.id", ondelete="RESTRICT"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(default=now)
    withdrawn_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]

    file: Mapped[StoredFile] = relationship(lazy="raise")


class NewsOptOut(Base):
    """A mailbox that wants no mails about new versions of a product."""

    __tablename__ = "news_opt_out"

    product_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("product.id", ondelete="CASCADE"), primary_key=True
    )
    email_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Chapter(Base):
    """A part of a course."""

    __tablename__ = "chapter"
    __table_args__ = (Index("ix_chapter_content_id", "content_id", "position"),)

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    content_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("content.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(200))
    position: Mapped[int] = mapped_column(default=0)
    translations: Mapped[dict[str, dict[str, str]]] = mapped_column(default=dict)

    lessons: Mapped[list["Lesson"]] = relationship(
        order_by="(Lesson.position, Lesson.id)", lazy="raise", cascade="all, delete-orphan"
    )


class Lesson(Base):
    """One lesson: text, and perhaps a video or sound (with a picture of its own, ``poster``), files, captions, a quiz.

    It opens so many days after a buyer's access began, or at a moment for all, or at once. ``transcript`` is
    markdown; when it is empty, the captions are the transcript.
    """

    __tablename__ = "lesson"
    __table_args__ = (
        Index("ix_lesson_chapter_id", "chapter_id", "position"),
        CheckConstraint("duration_seconds IS NULL OR duration_seconds >= 0", name="duration_not_negative"),
        CheckConstraint("opens_after_days IS NULL OR opens_after_days > 0", name="opens_later"),
        CheckConstraint("opens_after_days IS NULL OR opens_at IS NULL", name="opens_once"),
        # The worker looks for the few lessons that open later.
        Index(
            "ix_lesson_opens",
            "opens_after_days",
            "opens_at",
            sqlite_where=text("opens_after_days IS NOT NULL OR opens_at IS NOT NULL"),
            postgresql_where=text("opens_after_days IS NOT NULL OR opens_at IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    chapter_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("chapter.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text, default="")
    media_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("stored_file.id", ondelete="RESTRICT"), index=True
    )
    duration_seconds: Mapped[int | None]
    is_preview: Mapped[bool] = mapped_column(default=False)
    opens_after_days: Mapped[int | None]
    opens_at: Mapped[datetime | None]
    transcript: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))
    position: Mapped[int] = mapped_column(default=0)
    translations: Mapped[dict[str, dict[str, str]]] = mapped_column(default=dict)

    is_stream_only: Mapped[bool] = mapped_column(default=False, server_default=false())
    poster_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("stored_file.id", ondelete="RESTRICT"), index=True
    )

    media: Mapped[StoredFile | None] = relationship(lazy="raise", foreign_keys=[media_id])
    poster: Mapped[StoredFile | None] = relationship(lazy="raise", foreign_keys=[poster_id])
    files: Mapped[list["LessonFile"]] = relationship(
        order_by="(LessonFile.position, LessonFile.id)", lazy="raise", cascade="all, delete-orphan"
    )
    captions: Mapped[list["Caption"]] = relationship(
        order_by="Caption.language", lazy="raise", cascade="all, delete-orphan"
    )
    quiz: Mapped["Quiz | None"] = relationship(lazy="raise", cascade="all, delete-orphan")


class LessonFile(Base):
    """A file of a lesson: to be downloaded or, when the text names it, shown as a picture in the text."""

    __tablename__ = "lesson_file"
    __table_args__ = (Index("ix_lesson_file_lesson_id", "lesson_id", "position"),)

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    lesson_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lesson.id", ondelete="CASCADE"))
    file_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("stored_file.id", ondelete="RESTRICT"), index=True
    )
    position: Mapped[int] = mapped_column(default=0)

    file: Mapped[StoredFile] = relationship(lazy="raise")


class Caption(Base):
    """What is said in a video or sound, as WebVTT, one text for each language."""

    __tablename__ = "lesson_caption"
    __table_args__ = (UniqueConstraint("lesson_id", "language"),)

    id: Mapped[Id]
    lesson_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lesson.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(String(12))
    text: Mapped[str] = mapped_column(Text)


class Quiz(Base):
    """Questions of a lesson, in order; see ``catalog.quizzes`` for their form.

    ``pass_percent`` of them must be answered rightly. ``most_tries`` None is as often as one likes.
    """

    __tablename__ = "quiz"
    __table_args__ = (
        CheckConstraint("pass_percent > 0 AND pass_percent <= 100", name="pass_percent"),
        CheckConstraint("most_tries IS NULL OR most_tries > 0", name="most_tries"),
    )

    lesson_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("lesson.id", ondelete="CASCADE"), primary_key=True
    )
    pass_percent: Mapped[int] = mapped_column(default=70)
    most_tries: Mapped[int | None]
    questions: Mapped[list[dict[str, Any]]] = mapped_column(Json)


class Sample(Base):
    """Something that everybody may read, hear or see before buying: an excerpt, a track, a trailer.

    It is a file of its own and never one that buyers pay for. ``width`` and ``height`` are a film's, in pixels, where
    it says so.
    """

    __tablename__ = "sample"
    __table_args__ = (Index("ix_sample_product_id", "product_id", "position"),)

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id", ondelete="CASCADE"))
    file_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("stored_file.id", ondelete="RESTRICT"), unique=True
    )
    title: Mapped[str] = mapped_column(String(200))
    translations: Mapped[dict[str, dict[str, str]]] = mapped_column(default=dict)
    duration_seconds: Mapped[int | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    position: Mapped[int] = mapped_column(default=0)

    file: Mapped[StoredFile] = relationship(lazy="raise")
