"""Tables of zones, of what sending there costs, and of places to pick things up."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from storefront.core.clock import datetime, now
from storefront.core.db import Base, Id, choice
from storefront.core.ids import new_public_id
from storefront.shipping.states import RateBasis

# Stands for every country that no other place names.
ELSEWHERE = "*"


class ShippingRules(Base):
    """What the owner has decided about parcels; there is at most one row, and none is the defaults.

    ``sender`` is the shop's own postal address for packing slips and returns. ``delivered_after_days`` is when a parcel
    that nobody reported counts as delivered, ``return_days`` how long after delivery one may ask to return something;
    0 is never.
    """

    __tablename__ = "shipping_rules"
    __table_args__ = (
        CheckConstraint("id = 1", name="only_one"),
        CheckConstraint("delivered_after_days BETWEEN 0 AND 365", name="delivered_after_range"),
        CheckConstraint("return_days BETWEEN 0 AND 365", name="return_days_range"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, default=1, autoincrement=False)
    sender: Mapped[str] = mapped_column(Text, default="")
    delivered_after_days: Mapped[int] = mapped_column(default=14)
    return_days: Mapped[int] = mapped_column(default=14)
    return_instructions: Mapped[str] = mapped_column(Text, default="")
    translations: Mapped[dict[str, dict[str, str]]] = mapped_column(default=dict)


class ShippingZone(Base):
    """Places to which sending costs the same."""

    __tablename__ = "shipping_zone"

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    name: Mapped[str] = mapped_column(String(80))
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)

    places: Mapped[list["ZonePlace"]] = relationship(
        order_by="ZonePlace.id", lazy="raise", cascade="all, delete-orphan"
    )
    methods: Mapped[list["ShippingMethod"]] = relationship(
        order_by="(ShippingMethod.position, ShippingMethod.id)",
        lazy="raise",
        cascade="all, delete-orphan",
        back_populates="zone",
    )


class ZonePlace(Base):
    """A country of a zone, or only one of its states, or only postcodes that begin so. A place is in one zone."""

    __tablename__ = "zone_place"
    __table_args__ = (
        UniqueConstraint("country", "state", "postal_prefix"),
        Index("ix_zone_place_zone_id", "zone_id"),
        CheckConstraint("state = '' OR postal_prefix = ''", name="one_part"),
    )

    id: Mapped[Id]
    zone_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("shipping_zone.id", ondelete="CASCADE"))
    country: Mapped[str] = mapped_column(String(2))
    state: Mapped[str] = mapped_column(String(100), default="")
    postal_prefix: Mapped[str] = mapped_column(String(20), default="")


class ShippingMethod(Base):
    """A way of sending to a zone, with its price by weight or by the price of the things, in one currency.

    Nothing is converted: a cart in another currency is offered the methods in that. From ``free_from_amount`` on,
    which the things must cost, it is free.
    """

    __tablename__ = "shipping_method"
    __table_args__ = (
        Index("ix_shipping_method_zone_id", "zone_id", "position"),
        CheckConstraint("free_from_amount IS NULL OR free_from_amount >= 0", name="free_from_not_negative"),
        CheckConstraint("length(currency) = 3", name="currency"),
        CheckConstraint(
            "(days_min IS NULL) = (days_max IS NULL) AND (days_min IS NULL OR days_min <= days_max)",
            name="days_range",
        ),
    )

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    zone_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("shipping_zone.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(80))
    translations: Mapped[dict[str, dict[str, str]]] = mapped_column(default=dict)
    currency: Mapped[str] = mapped_column(String(3))
    basis: Mapped[RateBasis] = choice(RateBasis, "basis", default=RateBasis.WEIGHT)
    free_from_amount: Mapped[int | None] = mapped_column(BigInteger)
    days_min: Mapped[int | None]
    days_max: Mapped[int | None]
    position: Mapped[int] = mapped_column(default=0)

    zone: Mapped[ShippingZone] = relationship(back_populates="methods", lazy="raise")
    steps: Mapped[list["RateStep"]] = relationship(
        order_by="RateStep.position", lazy="raise", cascade="all, delete-orphan"
    )


class RateStep(Base):
    """What sending costs up to so many grams, or up to such a price of the things; without limit in the last step.

    A step begins where the one before it ends, so that there are neither gaps nor overlaps.
    """

    __tablename__ = "rate_step"
    __table_args__ = (
        UniqueConstraint("method_id", "position"),
        UniqueConstraint("method_id", "up_to"),
        Index(
            "uq_rate_step_last",
            "method_id",
            unique=True,
            sqlite_where=text("up_to IS NULL"),
            postgresql_where=text("up_to IS NULL"),
        ),
        CheckConstraint("up_to IS NULL OR up_to > 0", name="up_to_positive"),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
    )

    id: Mapped[Id]
    method_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("shipping_method.id", ondelete="CASCADE"))
    position: Mapped[int]
    up_to: Mapped[int | None] = mapped_column(BigInteger)
    amount: Mapped[int] = mapped_column(BigInteger)


class PickupPlace(Base):
    """Where buyers may come for their things themselves, free of charge, and when it is open."""

    __tablename__ = "pickup_place"

    id: Mapped[Id]
    public_id: Mapped[str] = mapped_column(String(22), unique=True, default=new_public_id)
    title: Mapped[str] = mapped_column(String(80))
    place: Mapped[str] = mapped_column(Text)
    opening: Mapped[str] = mapped_column(Text, default="")
    translations: Mapped[dict[str, dict[str, str]]] = mapped_column(default=dict)
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)
