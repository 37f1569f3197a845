"""Tables of durable work."""

from typing import Any

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id

_DUE = text("done_at IS NULL AND resting_since IS NULL")
# Without the waiting ones, so that PostgreSQL does not take this index for the one of what is due.
_DONE = text("done_at IS NOT NULL")
_RESTING = text("resting_since IS NOT NULL")


class Job(Base):
    """One piece of work: waiting, leased by a worker, done, or resting after its last failed attempt.

    ``run_after`` is the next moment at which a worker may take it: while it is leased, the end of the
    lease, so that work whose worker has died is due by itself. ``outside`` says that it talks to the
    network, which has a lane of its own.
    """

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_due", "outside", "run_after", "id", sqlite_where=_DUE, postgresql_where=_DUE),
        Index("ix_job_resting", "resting_since", sqlite_where=_RESTING, postgresql_where=_RESTING),
        Index("ix_job_done", "done_at", sqlite_where=_DONE, postgresql_where=_DONE),
        Index("ix_job_topic", "topic"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(60))
    args: Mapped[dict[str, Any]]
    topic: Mapped[str | None] = mapped_column(String(60))
    unique_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    outside: Mapped[bool] = mapped_column(default=False)
    run_after: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[str | None] = mapped_column(String(43))
    leased_until: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    resting_since: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Periodic(Base):
    """When each piece of periodic work is due next; claiming it moves the time on."""

    __tablename__ = "periodic"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    next_at: Mapped[datetime]


class Heartbeat(Base):
    """When each part of the shop (worker, web) was last seen alive."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    seen_at: Mapped[datetime]
