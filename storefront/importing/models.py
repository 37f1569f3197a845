"""Tables of imports: the runs, what they have to say, and the pictures still to be fetched."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id, choice
from storefront.core.ids import new_public_id
from storefront.importing.states import RunState, Source, WishState


class ImportRun(Base):
    """One file on its way into the catalogue.

    ``position`` counts the products that are dealt with in the present pass (looking through or writing), of
    ``total``; whoever goes on after a crash begins there. It rises in the same unit as the products change.
    ``columns`` lists heading and meaning of each column. ``failure`` is a kept sentence (core.sentences).
    """

    __tablename__ = "import_run"
    __table_args__ = (
        CheckConstraint("position >= 0 AND position <= total", name="position_within"),
        Index("ix_import_run_created_at", "created_at"),
    )

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    file_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("stored_file.id", ondelete="RESTRICT"))
    filename: Mapped[str] = mapped_column(String(255))
    source: Mapped[Source | None] = choice(Source, "source", nullable=True)
    encoding: Mapped[str] = mapped_column(String(20), default="")
    columns: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[RunState] = choice(RunState, "state", default=RunState.CHECKING)
    with_pictures: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    rows: Mapped[int] = mapped_column(default=0)
    created_count: Mapped[int] = mapped_column(default=0)
    changed_count: Mapped[int] = mapped_column(default=0)
    unchanged_count: Mapped[int] = mapped_column(default=0)
    refused_count: Mapped[int] = mapped_column(default=0)
    error_count: Mapped[int] = mapped_column(default=0)
    warning_count: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str] = mapped_column(Text, default="")
    actor: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]


class ImportNote(Base):
    """Something about one row of the file: why its product was left out, or what the owner should know."""

    __tablename__ = "import_note"
    __table_args__ = (Index("ix_import_note_run_id", "run_id", "is_error", "id"),)

    id: Mapped[Id]
    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("import_run.id", ondelete="CASCADE"))
    line: Mapped[int]
    column: Mapped[str] = mapped_column(String(120))
    is_error: Mapped[bool]
    sentence: Mapped[str] = mapped_column(Text)


class ImportKey(Base):
    """How another shop names a product of ours, so that its next file finds it again."""

    __tablename__ = "import_key"

    key: Mapped[str] = mapped_column(String(250), primary_key=True)
    product_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("product.id", ondelete="CASCADE"), index=True
    )


class PictureWish(Base):
    """A picture of a product that a file named by its address; each address once for each product,
    for as long as the product lives, so that the same file again brings no picture twice."""

    __tablename__ = "picture_wish"
    __table_args__ = (
        UniqueConstraint("product_id", "url"),
        Index("ix_picture_wish_run_id", "run_id", "state", "id"),
    )

    id: Mapped[Id]
    run_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("import_run.id", ondelete="SET NULL"))
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("product.id", ondelete="CASCADE"))
    url: Mapped[str] = mapped_column(String(1000))
    alt: Mapped[str] = mapped_column(String(300), default="")
    state: Mapped[WishState] = choice(WishState, "state", default=WishState.WAITING)
    tries: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(Text, default="")
