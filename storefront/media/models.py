"""The table of what was made of films and sounds."""

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id, Json, choice
from storefront.storage.models import StoredFile


class MediaState(StrEnum):
    """Where the preparing stands. ``original``: nothing had to or could be made, the file plays as it is."""

    WAITING = "waiting"
    WORKING = "working"
    READY = "ready"
    ORIGINAL = "original"
    FAILED = "failed"


class PreparedMedia(Base):
    """What was made of one film or sound: sizes in pixels, a poster, a file that plays everywhere, encrypted segments.

    ``hls`` lists the sizes as ``{"height", "width", "bandwidth", "durations"}``, largest last. Their segments stand
    in the storage below ``hls_prefix`` and are useless without ``hls_key``, sixteen random bytes.
    """

    __tablename__ = "prepared_media"
    __table_args__ = (
        CheckConstraint("percent BETWEEN 0 AND 100", name="percent_in_range"),
        CheckConstraint("(hls_prefix IS NULL) = (hls_key IS NULL)", name="hls_has_key"),
    )

    id: Mapped[Id]
    file_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("stored_file.id", ondelete="CASCADE"), unique=True
    )
    state: Mapped[MediaState] = choice(MediaState, "state", default=MediaState.WAITING)
    percent: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str | None] = mapped_column(Text)
    duration_seconds: Mapped[int | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    poster_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("stored_file.id", ondelete="RESTRICT"), index=True
    )
    web_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("stored_file.id", ondelete="RESTRICT"), index=True
    )
    hls_prefix: Mapped[str | None] = mapped_column(String(40), unique=True)
    hls_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    hls: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)
    updated_at: Mapped[datetime] = mapped_column(default=now)

    file: Mapped[StoredFile] = relationship(lazy="raise", foreign_keys=[file_id])
    poster: Mapped[StoredFile | None] = relationship(lazy="raise", foreign_keys=[poster_id])
    web: Mapped[StoredFile | None] = relationship(lazy="raise", foreign_keys=[web_id])
