"""discount codes, taxes, why a price is what it is; invoices, and texts that are agreed to"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261120_prices"
down_revision = "20261120_media"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_MOMENT = sa.DateTime(timezone=True)
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _columns():
    no, yes = sa.false(), sa.true()
    return {
        "shop_profile": [
            sa.Column("prices_include_tax", sa.Boolean(), server_default=yes, nullable=False),
            sa.Column("country", sa.String(length=2), server_default="", nullable=False),
            sa.Column("tax_version", sa.Integer(), server_default=sa.text("0"), nullable=False),
            sa.Column("offers_withdrawal", sa.Boolean(), server_default=yes, nullable=False),
            sa.Column("asks_terms", sa.Boolean(), server_default=no, nullable=False),
            sa.Column("asks_waiver", sa.Boolean(), server_default=no, nullable=False),
        ],
        "product": [sa.Column("tax_class", sa.String(length=10), server_default="standard", nullable=False)],
        "cart": [
            sa.Column("code", sa.String(length=40), nullable=True),
            sa.Column("billing", _JSON, nullable=True),
        ],
        "shop_order": [
            sa.Column("included_tax_amount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
            sa.Column("code", sa.String(length=40), nullable=True),
            sa.Column("taxes", _JSON, nullable=True),
            sa.Column("billing", _JSON, nullable=True),
            sa.Column("terms", _JSON, nullable=True),
        ],
        "order_line": [
            sa.Column("discount_amount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
            sa.Column("tax_amount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
            sa.Column("tax_rate", sa.Integer(), nullable=True),
            sa.Column("tax_class", sa.String(length=10), server_default="standard", nullable=False),
            sa.Column("why", _JSON, nullable=True),
        ],
    }


def upgrade() -> None:
    """Apply this step."""
    for table, columns in _columns().items():
        for column in columns:
            op.add_column(table, column)
    # A column's own check is the only one that SQLite can add to a table that is there.
    op.execute(
        "ALTER TABLE shop_profile ADD COLUMN tax_mode VARCHAR(10) DEFAULT 'off' NOT NULL\n"
        "CONSTRAINT ck_shop_profile_tax_mode CHECK (tax_mode IN ('off', 'rates', 'stripe'))\n"
    )
    op.create_table(
        "tax_rate",
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column(
            "tax_class",
            sa.Enum(
                "standard",
                "reduced",
                "zero",
                name="tax_class",
                native_enum=False,
                length=40,
                create_constraint=True,
            ),
            nullable=False,
        ),
        sa.Column("hundredths", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.CheckConstraint("hundredths BETWEEN 0 AND 10000", name=op.f("ck_tax_rate_hundredths_range")),
        sa.CheckConstraint("length(country) = 2", name=op.f("ck_tax_rate_country")),
        sa.PrimaryKeyConstraint("country", "tax_class", name=op.f("pk_tax_rate")),
    )
    _create_discount_code()
    _create_code_scope()
    _create_code_use()
    _create_invoices()
    _create_legal()


def downgrade() -> None:
    """Take this step back."""
    for table in (
        "withdrawal",
        "legal_text",
        "invoice",
        "invoice_series",
        "invoice_settings",
        "code_use",
        "code_scope",
        "discount_code",
        "tax_rate",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_shop_profile_tax_mode"), "shop_profile", type_="check")
    op.drop_column("shop_profile", "tax_mode")
    for table, columns in reversed(_columns().items()):
        for column in reversed(columns):
            op.drop_column(table, column.name)


def _create_discount_code():
    op.create_table(
        "discount_code",
        sa.Column("id", _ID, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "percent",
                "amount",
                "shipping",
                name="kind",
                native_enum=False,
                length=40,
                create_constraint=True,
            ),
            nullable=False,
        ),
        sa.Column("percent", sa.Integer(), nullable=True),
        sa.Column("amounts", _JSON, nullable=False),
        sa.Column("minimums", _JSON, nullable=False),
        sa.Column("is_scoped", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("starts_at", _MOMENT, nullable=True),
        sa.Column("ends_at", _MOMENT, nullable=True),
        sa.Column("most_uses", sa.Integer(), nullable=True),
        sa.Column("most_per_customer", sa.Integer(), nullable=True),
        sa.Column("used", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("disabled_at", _MOMENT, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.CheckConstraint(
            "used >= 0 AND (most_uses IS NULL OR used <= most_uses)",
            name=op.f("ck_discount_code_used_within_limit"),
        ),
        sa.CheckConstraint(
            "percent IS NULL OR percent BETWEEN 1 AND 10000", name=op.f("ck_discount_code_percent_range")
        ),
        sa.CheckConstraint(
            "(kind = 'percent') = (percent IS NOT NULL)", name=op.f("ck_discount_code_percent_of_its_kind")
        ),
        sa.CheckConstraint(
            "most_per_customer IS NULL OR most_per_customer >= 1",
            name=op.f("ck_discount_code_per_customer_positive"),
        ),
        sa.CheckConstraint(
            "ends_at IS NULL OR starts_at IS NULL OR ends_at > starts_at",
            name=op.f("ck_discount_code_ends_later"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discount_code")),
        sa.UniqueConstraint("key", name=op.f("uq_discount_code_key")),
    )


def _create_code_scope():
    op.create_table(
        "code_scope",
        sa.Column("id", _ID, nullable=False),
        sa.Column("code_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("category_id", sa.BigInteger(), nullable=True),
        sa.Column("collection_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(product_id IS NOT NULL AND category_id IS NULL AND collection_id IS NULL)"
            " OR (product_id IS NULL AND category_id IS NOT NULL AND collection_id IS NULL)"
            " OR (product_id IS NULL AND category_id IS NULL AND collection_id IS NOT NULL)",
            name=op.f("ck_code_scope_one_thing"),
        ),
        *(
            sa.ForeignKeyConstraint(
                [f"{name}_id"], [f"{table}.id"], name=op.f(f"fk_code_scope_{name}_id"), ondelete="CASCADE"
            )
            for name, table in (
                ("code", "discount_code"), ("product", "product"), ("category", "category"), ("collection", "collection"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_scope")),
    )  # fmt: skip
    for name in ("code_id", "product_id", "category_id", "collection_id"):
        op.create_index(f"ix_code_scope_{name}", "code_scope", [name])


def _create_code_use():
    op.create_table(
        "code_use",
        sa.Column("id", _ID, nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("code_id", sa.BigInteger(), nullable=False),
        sa.Column("customer", sa.String(length=254), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "held", "used", "released", name="state", native_enum=False, length=40, create_constraint=True
            ),
            nullable=False,
        ),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop_order.id"], name=op.f("fk_code_use_order_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["code_id"], ["discount_code.id"], name=op.f("fk_code_use_code_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_use")),
        sa.UniqueConstraint("order_id", name=op.f("uq_code_use_order_id")),
    )
    op.create_index("ix_code_use_customer", "code_use", ["code_id", "customer"])


def _create_invoices():
    op.create_table(
        "invoice_settings",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        *(sa.Column(name, kind, nullable=False) for name, kind in (
            ("seller_name", sa.String(length=200)), ("seller_address", sa.Text()), ("vat_id", sa.String(length=40)),
            ("tax_number", sa.String(length=60)), ("note", sa.Text()), ("prefix", sa.String(length=20)),
            ("credit_prefix", sa.String(length=20)),
        )),
        sa.Column("has_year", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_invoice_settings_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_settings")),
    )  # fmt: skip
    op.create_table(
        "invoice_series",
        sa.Column("id", _ID, nullable=False),
        sa.Column("prefix", sa.String(length=20), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_series")),
        sa.UniqueConstraint("prefix", "year", name=op.f("uq_invoice_series_prefix_year")),
    )
    op.create_table(
        "invoice",
        sa.Column("id", _ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("invoice", "credit", name="kind", native_enum=False, length=40, create_constraint=True),
            nullable=False,
        ),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("series_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("refund_id", sa.BigInteger(), nullable=True),
        sa.Column("corrects_id", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("total_amount", sa.BigInteger(), nullable=False),
        sa.Column("snapshot", _JSON, nullable=False),
        sa.Column("issued_at", _MOMENT, nullable=False),
        sa.CheckConstraint("total_amount >= 0", name=op.f("ck_invoice_total_not_negative")),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_invoice_{column}"), ondelete="RESTRICT"
            )
            for column, table in (
                ("series_id", "invoice_series"), ("order_id", "shop_order"), ("refund_id", "refund"),
                ("corrects_id", "invoice"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint("public_id", name=op.f("uq_invoice_public_id")),
        sa.UniqueConstraint("number", name=op.f("uq_invoice_number")),
        sa.UniqueConstraint("refund_id", name=op.f("uq_invoice_refund_id")),
        sa.UniqueConstraint("series_id", "sequence", name=op.f("uq_invoice_series_id_sequence")),
    )  # fmt: skip
    for name, column, condition in (
        ("uq_invoice_first", "order_id", "corrects_id IS NULL"),
        ("uq_invoice_correction", "corrects_id", "refund_id IS NULL AND corrects_id IS NOT NULL"),
    ):
        op.create_index(
            name,
            "invoice",
            [column],
            unique=True,
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    op.create_index("ix_invoice_order_id", "invoice", ["order_id", "id"])


def _create_legal():
    op.create_table(
        "legal_text",
        sa.Column("id", _ID, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("translations", _JSON, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_text")),
        sa.UniqueConstraint("kind", "version", name=op.f("uq_legal_text_kind_version")),
    )
    op.create_table(
        "withdrawal",
        sa.Column("id", _ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("what", sa.String(length=500), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("declared_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["shop_order.id"], name=op.f("fk_withdrawal_order_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawal")),
        sa.UniqueConstraint("order_id", name=op.f("uq_withdrawal_order_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_withdrawal_public_id")),
    )
