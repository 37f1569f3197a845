"""variants by options, stock movements and requests, sales and the history of prices"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261120_variants_stock_price"
down_revision = "20261120_importing"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_MOMENT = sa.DateTime(timezone=True)
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# A column's own check is the only one that SQLite can add to a table that is there. Each stands on a line of its own,
# which is how SQLAlchemy finds them again.
_VARIANT = (
    ("sale_amount", sa.BigInteger(), "", "sale_lower", "sale_amount IS NULL OR (sale_amount >= 0 AND sale_amount < price_amount)"),
    ("sale_starts_at", _MOMENT, "", "sale_has_start", "(sale_amount IS NULL) = (sale_starts_at IS NULL)"),
    ("sale_ends_at", _MOMENT, "", "sale_ends_later", "sale_ends_at IS NULL OR sale_ends_at > sale_starts_at"),
    ("sale_before_amount", sa.BigInteger(), "", "", ""),
    ("pays_what_they_want", sa.Boolean(), "DEFAULT {false} NOT NULL", "", ""),
    ("suggested_amount", sa.BigInteger(), "", "suggested_enough", "suggested_amount IS NULL OR suggested_amount >= price_amount"),
    ("cost_amount", sa.BigInteger(), "", "cost_not_negative", "cost_amount IS NULL OR cost_amount >= 0"),
    ("low_stock", sa.Integer(), "", "low_stock_not_negative", "low_stock IS NULL OR low_stock >= 0"),
    ("low_stock_told_at", _MOMENT, "", "", ""),
    ("picture_id", sa.BigInteger(), "CONSTRAINT fk_variant_picture_id REFERENCES picture (id) ON DELETE SET NULL", "", ""),
)  # fmt: skip
_PRODUCT = (
    ("option_names", _JSON, "", "", ""),
    ("specifications", _JSON, "", "", ""),
    ("price_steps", _JSON, "", "", ""),
    ("price_next_at", _MOMENT, "", "", ""),
)
_CART_LINE = (
    (
        "chosen_amount",
        sa.BigInteger(),
        "",
        "chosen_not_negative",
        "chosen_amount IS NULL OR chosen_amount >= 0",
    ),
)


def upgrade() -> None:
    """Apply this step."""
    _add("variant", _VARIANT)
    _add("product", _PRODUCT)
    _add("cart_line", _CART_LINE)
    op.create_index("ix_variant_picture_id", "variant", ["picture_id"])
    op.create_index(
        "ix_product_price_next_at",
        "product",
        ["price_next_at"],
        sqlite_where=sa.text("price_next_at IS NOT NULL"),
        postgresql_where=sa.text("price_next_at IS NOT NULL"),
    )
    _create_variant_price()
    _create_price_history()
    _create_stock_movement()
    _create_stock_request()
    _begin_the_books()


def downgrade() -> None:
    """Take this step back."""
    for table in ("stock_request", "stock_movement", "price_history", "variant_price"):
        op.drop_table(table)
    op.drop_index("ix_product_price_next_at", table_name="product")
    op.drop_index("ix_variant_picture_id", table_name="variant")
    _drop("cart_line", _CART_LINE)
    _drop("product", _PRODUCT)
    _drop("variant", _VARIANT)


def _add(table, columns):
    dialect = op.get_bind().dialect
    no = "0" if dialect.name == "sqlite" else "false"
    for name, kind, rest, check, condition in columns:
        type_name = dialect.type_compiler_instance.process(kind.dialect_impl(dialect))
        own = f"\nCONSTRAINT ck_{table}_{check} CHECK ({condition})\n" if check else "\n"
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN {name} {type_name} {rest.format(false=no)}{own}".rstrip(" ")
        )


def _drop(table, columns):
    """Last ones first: a check that looks at two columns belongs to the later one, and goes with it."""
    for name, _, _, check, _ in reversed(columns):
        if check and op.get_bind().dialect.name != "sqlite":
            op.drop_constraint(op.f(f"ck_{table}_{check}"), table, type_="check")
        op.drop_column(table, name)


def _create_variant_price():
    op.create_table(
        "variant_price",
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_variant_price_amount_not_negative")),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variant.id"], name=op.f("fk_variant_price_variant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("variant_id", "currency", name=op.f("pk_variant_price")),
    )


def _create_price_history():
    op.create_table(
        "price_history",
        sa.Column("id", _ID, nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("set_at", _MOMENT, nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("price_amount", sa.BigInteger(), nullable=False),
        sa.Column("sale_amount", sa.BigInteger(), nullable=True),
        sa.Column("sale_starts_at", _MOMENT, nullable=True),
        sa.Column("sale_ends_at", _MOMENT, nullable=True),
        sa.CheckConstraint("price_amount >= 0", name=op.f("ck_price_history_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variant.id"], name=op.f("fk_price_history_variant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_history")),
    )
    op.create_index("ix_price_history_variant_id", "price_history", ["variant_id", "set_at", "id"])


def _create_stock_movement():
    reason = sa.Enum(
        "received", "counted", "damaged", "other",
        name="reason", native_enum=False, create_constraint=True, length=40,
    )  # fmt: skip
    op.create_table(
        "stock_movement",
        sa.Column("id", _ID, nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("reason", reason, nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variant.id"], name=op.f("fk_stock_movement_variant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_movement")),
    )
    op.create_index("ix_stock_movement_variant_id", "stock_movement", ["variant_id", "id"])


def _create_stock_request():
    op.create_table(
        "stock_request",
        sa.Column("id", _ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("confirmed_at", _MOMENT, nullable=True),
        sa.Column("told_at", _MOMENT, nullable=True),
        sa.CheckConstraint(
            "told_at IS NULL OR confirmed_at IS NOT NULL",
            name=op.f("ck_stock_request_only_confirmed_are_told"),
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variant.id"], name=op.f("fk_stock_request_variant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_request")),
        sa.UniqueConstraint("public_id", name=op.f("uq_stock_request_public_id")),
        sa.UniqueConstraint("variant_id", "email", name=op.f("uq_stock_request_variant_id_email")),
    )
    waiting = sa.text("confirmed_at IS NOT NULL AND told_at IS NULL")
    op.create_index(
        "ix_stock_request_waiting",
        "stock_request",
        ["variant_id"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )


def _begin_the_books():
    """What was received before counts as one movement; prices are known from now on, and nothing before is made up."""
    op.execute(
        "INSERT INTO stock_movement (variant_id, quantity, reason, note, actor, at)"
        " SELECT id, received, 'counted', '', 'shop', CURRENT_TIMESTAMP FROM variant WHERE received <> 0"
    )
    op.execute(
        "INSERT INTO price_history (variant_id, set_at, actor, currency, price_amount)"
        " SELECT id, CURRENT_TIMESTAMP, 'shop', currency, price_amount FROM variant"
    )
