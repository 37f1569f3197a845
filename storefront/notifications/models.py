"""The tables of messages, and of the owner's own words for them."""

from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id, choice
from storefront.core.ids import new_public_id
from storefront.notifications.states import MessageState


class Message(Base):
    """One mail to one person. It is written when it is sent, from ``kind`` and ``args`` (ids only).

    ``unique_key`` keeps it one per thing and kind; ``public_id`` makes its Message-ID, the same at each try.
    """

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_topic", "topic"), Index("ix_message_state", "state", "id"))

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    kind: Mapped[str] = mapped_column(String(60))
    unique_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    topic: Mapped[str | None] = mapped_column(String(60))
    recipient: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(8))
    args: Mapped[dict[str, Any]]
    state: Mapped[MessageState] = choice(MessageState, "state", default=MessageState.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    subject: Mapped[str | None] = mapped_column(String(200))
    server_answer: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)
    sent_at: Mapped[datetime | None]


class MailWords(Base):
    """The owner's own words for one kind of mail in one language; without a row the shop's words are used.

    ``broken_reason`` says why they could not be used the last time, as ``core.sentences`` keeps it.
    """

    __tablename__ = "mail_words"

    kind: Mapped[str] = mapped_column(String(60), primary_key=True)
    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime] = mapped_column(default=now)
    broken_reason: Mapped[str | None] = mapped_column(Text)
    broken_at: Mapped[datetime | None]
