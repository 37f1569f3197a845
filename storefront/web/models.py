"""Counters that must hold across processes."""

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import datetime
from storefront.core.db import Base


class ThrottleCount(Base):
    """How often something happened within one window of time. ``key`` is a hash, never an address in clear."""

    __tablename__ = "throttle_count"
    __table_args__ = (Index("ix_throttle_count_ends_at", "ends_at"),)

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    window: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    count: Mapped[int]
    ends_at: Mapped[datetime]
