"""The table of stamped copies."""

from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storefront.catalog.states import Stamp
from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id, choice
from storefront.storage.models import StoredFile


class CopyState(StrEnum):
    """Whether the copy is there. ``failed``: only the owner can help."""

    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"


class StampedCopy(Base):
    """One buyer's copy of one file. It is made when it is asked for, deleted by age, and made again."""

    __tablename__ = "stamped_copy"
    __table_args__ = (
        UniqueConstraint("entitlement_id", "source_id", "stamp"),
        Index("ix_stamped_copy_used_at", "used_at"),
        CheckConstraint("state <> 'ready' OR file_id IS NOT NULL", name="ready_has_file"),
    )

    id: Mapped[Id]
    entitlement_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("entitlement.id", ondelete="CASCADE"))
    source_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("stored_file.id", ondelete="CASCADE"), index=True
    )
    stamp: Mapped[Stamp] = choice(Stamp, "stamp")
    state: Mapped[CopyState] = choice(CopyState, "state", default=CopyState.WAITING)
    file_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("stored_file.id", ondelete="RESTRICT"), index=True
    )
    used_at: Mapped[datetime] = mapped_column(default=now)

    file: Mapped[StoredFile | None] = relationship(lazy="raise", foreign_keys=[file_id])
