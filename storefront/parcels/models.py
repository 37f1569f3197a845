"""Tables of parcels and returns."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id, choice
from storefront.core.ids import new_public_id
from storefront.parcels.states import ReturnOutcome, ReturnReason, ReturnState, ReturnWish, ShipmentState


class LineCount(Base):
    """How many pieces of a physical line were sent, won't be sent, and are in a return: the database keeps the sums.

    ``kept_back`` are pieces whose money went back before they were sent. ``asked_back`` counts returns that were not
    refused or withdrawn, ``came_back`` what arrived of them.
    """

    __tablename__ = "line_count"
    __table_args__ = (
        CheckConstraint(
            "sent >= 0 AND kept_back >= 0 AND sent + kept_back <= ordered", name="not_more_than_ordered"
        ),
        CheckConstraint(
            "came_back >= 0 AND came_back <= asked_back AND asked_back <= sent", name="not_more_than_sent"
        ),
    )

    order_line_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("order_line.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    ordered: Mapped[int]
    sent: Mapped[int] = mapped_column(default=0)
    kept_back: Mapped[int] = mapped_column(default=0)
    asked_back: Mapped[int] = mapped_column(default=0)
    came_back: Mapped[int] = mapped_column(default=0)


class Shipment(Base):
    """One parcel of an order, or its things lying ready where the buyer picks them up.

    ``carrier`` is one of ``parcels.carriers``, or empty; ``tracking_url`` a link of the owner's own, which counts more
    than the carrier's. ``page_key`` came with the page, so that the page sent twice is one parcel.
    """

    __tablename__ = "shipment"
    __table_args__ = (
        UniqueConstraint("order_id", "number"),
        Index(
            "ix_shipment_on_its_way",
            "sent_at",
            sqlite_where=text("state = 'sent'"),
            postgresql_where=text("state = 'sent'"),
        ),
        CheckConstraint("tracking_url = '' OR tracking_url LIKE 'https://%'", name="tracking_url_https"),
    )

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("shop_order.id", ondelete="RESTRICT"))
    number: Mapped[int]
    page_key: Mapped[str] = mapped_column(String(22), unique=True)
    state: Mapped[ShipmentState] = choice(ShipmentState, "state", default=ShipmentState.SENT)
    is_pickup: Mapped[bool] = mapped_column(default=False)
    carrier: Mapped[str] = mapped_column(String(20), default="")
    tracking_number: Mapped[str] = mapped_column(String(80), default="")
    tracking_url: Mapped[str] = mapped_column(String(500), default="")
    sent_at: Mapped[datetime] = mapped_column(default=now)
    delivered_at: Mapped[datetime | None]

    lines: Mapped[list["ShipmentLine"]] = relationship(
        order_by="ShipmentLine.order_line_id", lazy="raise", cascade="all, delete-orphan"
    )


class ShipmentLine(Base):
    """So many pieces of an order's line in a parcel."""

    __tablename__ = "shipment_line"
    __table_args__ = (CheckConstraint("quantity >= 1", name="quantity_positive"),)

    shipment_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("shipment.id", ondelete="CASCADE"), primary_key=True
    )
    order_line_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("order_line.id", ondelete="RESTRICT"), primary_key=True, index=True
    )
    quantity: Mapped[int]


class ReturnRequest(Base):
    """A buyer wants to give something back: asked, decided, arrived, and what came of it.

    ``answer`` are the owner's words with the decision, ``instructions`` how to send it. ``exchange_order_id`` is the
    order of what is sent instead.
    """

    __tablename__ = "return_request"
    __table_args__ = (
        UniqueConstraint("order_id", "number"),
        Index("ix_return_request_state", "state", "requested_at"),
        CheckConstraint("(state = 'closed') = (outcome IS NOT NULL)", name="closed_with_outcome"),
    )

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("shop_order.id", ondelete="RESTRICT"))
    number: Mapped[int]
    page_key: Mapped[str] = mapped_column(String(22), unique=True)
    state: Mapped[ReturnState] = choice(ReturnState, "state", default=ReturnState.REQUESTED)
    reason: Mapped[ReturnReason] = choice(ReturnReason, "reason")
    wish: Mapped[ReturnWish] = choice(ReturnWish, "wish", default=ReturnWish.REFUND)
    words: Mapped[str] = mapped_column(Text, default="")
    answer: Mapped[str] = mapped_column(Text, default="")
    instructions: Mapped[str] = mapped_column(Text, default="")
    outcome: Mapped[ReturnOutcome | None] = choice(ReturnOutcome, "outcome", nullable=True)
    exchange_order_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("shop_order.id", ondelete="RESTRICT"), unique=True
    )
    requested_at: Mapped[datetime] = mapped_column(default=now)
    decided_at: Mapped[datetime | None]
    received_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    lines: Mapped[list["ReturnLine"]] = relationship(
        order_by="ReturnLine.order_line_id", lazy="raise", cascade="all, delete-orphan"
    )


class ReturnLine(Base):
    """So many pieces of an order's line that are to come back, that arrived, and that went onto the shelf again."""

    __tablename__ = "return_line"
    __table_args__ = (
        CheckConstraint("quantity >= 1", name="quantity_positive"),
        CheckConstraint(
            "received >= 0 AND received <= quantity AND restocked >= 0 AND restocked <= received",
            name="received_of_asked",
        ),
    )

    return_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("return_request.id", ondelete="CASCADE"), primary_key=True
    )
    order_line_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("order_line.id", ondelete="RESTRICT"), primary_key=True, index=True
    )
    quantity: Mapped[int]
    received: Mapped[int] = mapped_column(default=0)
    restocked: Mapped[int] = mapped_column(default=0)
