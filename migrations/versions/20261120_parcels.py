"""zones and prices of sending, places to pick things up, address books, and where an order goes"""

import secrets
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "20261120_parcels"
down_revision = "20261120_licences"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql")
_CART = {"ship_country": 2, "ship_state": 100, "ship_postal_code": 20, "ship_method": 22}


def upgrade() -> None:
    """Apply this step."""
    _zones()
    _methods()
    _pickup_and_rules()
    _addresses()
    for name, length in _CART.items():
        op.add_column("cart", sa.Column(name, sa.String(length=length), nullable=True))
    op.add_column("shop_order", sa.Column("delivery", _JSON, nullable=True))
    _go_on_sending_everywhere()


def downgrade() -> None:
    """Take this step back."""
    op.drop_column("shop_order", "delivery")
    for name in _CART:
        op.drop_column("cart", name)
    for name in (
        "saved_address", "shipping_rules", "pickup_place", "rate_step", "shipping_method", "zone_place", "shipping_zone",
    ):  # fmt: skip
        op.drop_table(name)


def _zones() -> None:
    op.create_table(
        "shipping_zone",
        sa.Column("id", _ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipping_zone")),
        sa.UniqueConstraint("public_id", name=op.f("uq_shipping_zone_public_id")),
    )
    op.create_table(
        "zone_place",
        sa.Column("id", _ID, nullable=False),
        sa.Column("zone_id", sa.BigInteger(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("state", sa.String(length=100), nullable=False),
        sa.Column("postal_prefix", sa.String(length=20), nullable=False),
        sa.CheckConstraint("state = '' OR postal_prefix = ''", name=op.f("ck_zone_place_one_part")),
        sa.ForeignKeyConstraint(
            ["zone_id"], ["shipping_zone.id"], name=op.f("fk_zone_place_zone_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zone_place")),
        sa.UniqueConstraint(
            "country", "state", "postal_prefix", name=op.f("uq_zone_place_country_state_postal_prefix")
        ),
    )
    op.create_index("ix_zone_place_zone_id", "zone_place", ["zone_id"])


def _methods() -> None:
    op.create_table(
        "shipping_method",
        sa.Column("id", _ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("zone_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("translations", _JSON, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column(
            "basis",
            sa.Enum("weight", "price", name="basis", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("free_from_amount", sa.BigInteger(), nullable=True),
        sa.Column("days_min", sa.Integer(), nullable=True),
        sa.Column("days_max", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "free_from_amount IS NULL OR free_from_amount >= 0",
            name=op.f("ck_shipping_method_free_from_not_negative"),
        ),
        sa.CheckConstraint("length(currency) = 3", name=op.f("ck_shipping_method_currency")),
        sa.CheckConstraint(
            "(days_min IS NULL) = (days_max IS NULL) AND (days_min IS NULL OR days_min <= days_max)",
            name=op.f("ck_shipping_method_days_range"),
        ),
        sa.ForeignKeyConstraint(
            ["zone_id"], ["shipping_zone.id"], name=op.f("fk_shipping_method_zone_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipping_method")),
        sa.UniqueConstraint("public_id", name=op.f("uq_shipping_method_public_id")),
    )
    op.create_index("ix_shipping_method_zone_id", "shipping_method", ["zone_id", "position"])
    op.create_table(
        "rate_step",
        sa.Column("id", _ID, nullable=False),
        sa.Column("method_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("up_to", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("up_to IS NULL OR up_to > 0", name=op.f("ck_rate_step_up_to_positive")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_rate_step_amount_not_negative")),
        sa.ForeignKeyConstraint(
            ["method_id"], ["shipping_method.id"], name=op.f("fk_rate_step_method_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_step")),
        sa.UniqueConstraint("method_id", "position", name=op.f("uq_rate_step_method_id_position")),
        sa.UniqueConstraint("method_id", "up_to", name=op.f("uq_rate_step_method_id_up_to")),
    )
    op.create_index(
        "uq_rate_step_last",
        "rate_step",
        ["method_id"],
        unique=True,
        sqlite_where=sa.text("up_to IS NULL"),
        postgresql_where=sa.text("up_to IS NULL"),
    )


def _pickup_and_rules() -> None:
    op.create_table(
        "pickup_place",
        sa.Column("id", _ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("opening", sa.Text(), nullable=False),
        sa.Column("translations", _JSON, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pickup_place")),
        sa.UniqueConstraint("public_id", name=op.f("uq_pickup_place_public_id")),
    )
    op.create_table(
        "shipping_rules",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("delivered_after_days", sa.Integer(), nullable=False),
        sa.Column("return_days", sa.Integer(), nullable=False),
        sa.Column("return_instructions", sa.Text(), nullable=False),
        sa.Column("translations", _JSON, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_shipping_rules_only_one")),
        sa.CheckConstraint(
            "delivered_after_days BETWEEN 0 AND 365", name=op.f("ck_shipping_rules_delivered_after_range")
        ),
        sa.CheckConstraint("return_days BETWEEN 0 AND 365", name=op.f("ck_shipping_rules_return_days_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipping_rules")),
    )


def _addresses() -> None:
    texts = {
        "name": 120, "company": 120, "line1": 200, "line2": 200, "district": 100, "city": 100, "state": 100,
        "postal_code": 20, "country": 2, "phone": 40,
    }  # fmt: skip
    op.create_table(
        "saved_address",
        sa.Column("id", _ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.String(length=length), nullable=False) for name, length in texts.items()),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.CheckConstraint("length(country) = 2", name=op.f("ck_saved_address_country")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_saved_address_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_address")),
        sa.UniqueConstraint("public_id", name=op.f("uq_saved_address_public_id")),
    )
    op.create_index("ix_saved_address_account_id", "saved_address", ["account_id"])
    op.create_index(
        "uq_saved_address_default",
        "saved_address",
        ["account_id"],
        unique=True,
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    )


def _go_on_sending_everywhere() -> None:
    """A shop that sells what must be sent has said until now that postage is included, to all countries."""
    connection = op.get_bind()
    sends = connection.execute(sa.text("SELECT 1 FROM product WHERE requires_shipping LIMIT 1")).first()
    if sends is None:
        return
    found = connection.execute(
        sa.text("SELECT currency, other_currencies FROM shop_profile WHERE id = 1")
    ).first()
    others = found.other_currencies if found is not None and isinstance(found.other_currencies, list) else []
    currency = found.currency if found is not None else "EUR"
    connection.execute(
        sa.text(
            "INSERT INTO shipping_zone (public_id, name, position, created_at) VALUES (:id, 'Everywhere', 1, :now)"
        ).bindparams(sa.bindparam("now", type_=_MOMENT)),
        {"id": secrets.token_urlsafe(16), "now": datetime.now(UTC)},
    )
    zone = connection.execute(sa.text("SELECT max(id) FROM shipping_zone")).scalar_one()
    connection.execute(
        sa.text(
            "INSERT INTO zone_place (zone_id, country, state, postal_prefix) VALUES (:zone, '*', '', '')"
        ),
        {"zone": zone},
    )
    for place, code in enumerate([currency, *others]):
        _add_free_method(connection, zone, place, code)


def _add_free_method(connection: sa.Connection, zone: int, position: int, currency: str) -> None:
    methods = sa.table(
        "shipping_method",
        sa.column("public_id", sa.String()),
        sa.column("zone_id", sa.BigInteger()),
        sa.column("title", sa.String()),
        sa.column("translations", _JSON),
        sa.column("currency", sa.String()),
        sa.column("basis", sa.String()),
        sa.column("position", sa.Integer()),
    )
    connection.execute(
        methods.insert().values(
            public_id=secrets.token_urlsafe(16),
            zone_id=zone,
            title="Post",
            translations={"zh": {"title": "邮寄"}},
            currency=currency,
            basis="weight",
            position=position,
        )
    )
    method = connection.execute(sa.text("SELECT max(id) FROM shipping_method")).scalar_one()
    connection.execute(
        sa.text("INSERT INTO rate_step (method_id, position, up_to, amount) VALUES (:method, 0, NULL, 0)"),
        {"method": method},
    )
