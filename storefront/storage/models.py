"""Tables of stored files, and of uploads that are on their way."""

from sqlalchemy import BigInteger, CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id
from storefront.core.ids import new_public_id


class StoredFile(Base):
    """One object in the storage. Public ones are served under ``/media/``, others by signed URLs only."""

    __tablename__ = "stored_file"
    __table_args__ = (CheckConstraint("size >= 0", name="size_not_negative"),)

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(200), unique=True)
    filename: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    is_public: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)

    @property
    def etag(self) -> str:
        """What tells this object from others; the checksum of a large file is known a little later."""
        return self.sha256[:32] or self.key.rpartition("/")[2]


class PartialUpload(Base):
    """A large file that comes in parts and is not all there yet.

    Which parts have arrived is known by the storage alone; ``token`` is what it calls the upload. ``place`` is the path
    of the form that it is for; ``fingerprint`` tells the same file for the same place after a cut. Sizes are bytes.
    """

    __tablename__ = "partial_upload"
    __table_args__ = (
        Index("ix_partial_upload_touched_at", "touched_at"),
        CheckConstraint("size > 0 AND part_size > 0", name="sizes_positive"),
    )

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    place: Mapped[str] = mapped_column(String(300))
    key: Mapped[str] = mapped_column(String(200), unique=True)
    token: Mapped[str] = mapped_column(String(1024))
    filename: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(BigInteger)
    part_size: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=now)
    touched_at: Mapped[datetime] = mapped_column(default=now)
