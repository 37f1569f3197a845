"""Tables of what happens with licence keys. The keys themselves are what buyers have: ``fulfilment.models``."""

from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id, choice
from storefront.core.ids import new_public_id


class Activation(Base):
    """A key in use on one machine or in one place, which its application calls ``instance``."""

    __tablename__ = "activation"
    __table_args__ = (UniqueConstraint("licence_key_id", "instance"),)

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    licence_key_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("licence_key.id", ondelete="CASCADE"))
    instance: Mapped[str] = mapped_column(String(200))
    label: Mapped[str] = mapped_column(String(120), default="")
    activated_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime] = mapped_column(default=now)


class ImportState(StrEnum):
    """How far an import of keys has come."""

    LOOKED_AT = "looked_at"  # the owner sees what it would bring
    RUNNING = "running"
    DONE = "done"


class KeyImport(Base):
    """Keys that the owner wants in the pool of a content: first looked at, then brought in by the worker.

    ``keys`` are those that can be taken, one a line, until they are in. The numbers say how many lines there were,
    which of them came twice, are in the shop already or are no keys, and how many were worked off and brought in.
    """

    __tablename__ = "key_import"

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    content_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("content.id", ondelete="CASCADE"), index=True
    )
    state: Mapped[ImportState] = choice(ImportState, "state", default=ImportState.LOOKED_AT)
    keys: Mapped[str] = mapped_column(Text)
    lines: Mapped[int]
    repeated: Mapped[int]
    known: Mapped[int]
    odd: Mapped[int]
    # Some of the lines that are left out, for the owner to look at.
    examples: Mapped[str] = mapped_column(Text, default="")
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    added: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]


class SigningKey(Base):
    """A pair of keys (Ed25519) with which licence files are signed. The newest signs; all stay valid.

    Both halves are base64 of 32 bytes. ``name`` is what a licence file calls it.
    """

    __tablename__ = "signing_key"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(16), unique=True)
    private_half: Mapped[str] = mapped_column(String(64))
    public_half: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)
