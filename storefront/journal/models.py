"""The journal's table."""

from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id


class JournalEntry(Base):
    """One line of the journal. ``topic`` names the thing (``order:12``), ``actor`` the one who did it."""

    __tablename__ = "journal_entry"
    __table_args__ = (Index("ix_journal_entry_topic", "topic", "id"),)

    id: Mapped[Id]
    at: Mapped[datetime] = mapped_column(default=now)
    actor: Mapped[str] = mapped_column(String(80))
    topic: Mapped[str] = mapped_column(String(60))
    action: Mapped[str] = mapped_column(String(80))
    data: Mapped[dict[str, Any]]
    request_id: Mapped[str | None] = mapped_column(String(40))
