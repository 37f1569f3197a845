"""Tables of downloads that are counted, and of files packed together."""

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id, Json, choice
from storefront.storage.models import StoredFile


class DownloadUse(Base):
    """How often a buyer has downloaded a file of which there is a limit, ``since`` when it is counted.

    ``file_id`` and ``last_at`` tell a resumed download from a new one; ``resumes`` keeps that from being a way around.
    """

    __tablename__ = "download_use"
    __table_args__ = (CheckConstraint("used >= 0", name="used_not_negative"),)

    entitlement_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("entitlement.id", ondelete="CASCADE"), primary_key=True
    )
    content_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("content.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    used: Mapped[int] = mapped_column(default=0)
    since: Mapped[datetime]
    file_id: Mapped[int | None] = mapped_column(BigInteger)
    last_at: Mapped[datetime | None]
    resumes: Mapped[int] = mapped_column(default=0)


class PackState(StrEnum):
    """Whether the archive is there. ``failed``: only the owner can help."""

    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"


class FilePack(Base):
    """All files of a product in one zip, made once for each set of versions and deleted by age.

    ``entries`` are pairs: the id of a stored file and its name in the zip.
    """

    __tablename__ = "file_pack"
    __table_args__ = (
        Index("ix_file_pack_used_at", "used_at"),
        CheckConstraint("state <> 'ready' OR file_id IS NOT NULL", name="ready_has_file"),
    )

    id: Mapped[Id]
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    product_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("product.id", ondelete="CASCADE"), index=True
    )
    entries: Mapped[list[list[Any]]] = mapped_column(Json)
    state: Mapped[PackState] = choice(PackState, "state", default=PackState.WAITING)
    file_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("stored_file.id", ondelete="RESTRICT"), index=True
    )
    used_at: Mapped[datetime] = mapped_column(default=now)

    file: Mapped[StoredFile | None] = relationship(lazy="raise")
