"""pictures of categories, collections, what is related"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261120_shelves"
down_revision = "20261120_picture_sizes"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_MOMENT = sa.DateTime(timezone=True)
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply this step."""
    op.add_column("category", sa.Column("picture", _JSON, nullable=True))
    _create_collections()
    _create_related()


def downgrade() -> None:
    """Take this step back."""
    op.drop_table("related_walk")
    op.drop_index(op.f("ix_product_related_other_id"), table_name="product_related")
    op.drop_table("product_related")
    op.drop_index(op.f("ix_old_collection_slug_collection_id"), table_name="old_collection_slug")
    op.drop_table("old_collection_slug")
    op.drop_index(op.f("ix_collection_product_product_id"), table_name="collection_product")
    op.drop_index("ix_collection_product_position", table_name="collection_product")
    op.drop_table("collection_product")
    op.drop_table("collection")
    op.drop_column("category", "picture")


def _create_collections():
    op.create_table(
        "collection",
        sa.Column("id", _ID, nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("picture", _JSON, nullable=True),
        sa.Column("translations", _JSON, nullable=False),
        sa.Column("published_at", _MOMENT, nullable=True),
        sa.Column("home_position", sa.Integer(), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection")),
        sa.UniqueConstraint("slug", name=op.f("uq_collection_slug")),
    )
    op.create_table(
        "collection_product",
        sa.Column("collection_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collection.id"],
            name=op.f("fk_collection_product_collection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_collection_product_product_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("collection_id", "product_id", name=op.f("pk_collection_product")),
    )
    op.create_index(
        "ix_collection_product_position", "collection_product", ["collection_id", "position", "product_id"]
    )
    op.create_index(op.f("ix_collection_product_product_id"), "collection_product", ["product_id"])
    op.create_table(
        "old_collection_slug",
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("collection_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collection.id"],
            name=op.f("fk_old_collection_slug_collection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_old_collection_slug")),
    )
    op.create_index(op.f("ix_old_collection_slug_collection_id"), "old_collection_slug", ["collection_id"])


def _create_related():
    kind = sa.Enum("alike", "bought", name="kind", native_enum=False, create_constraint=True, length=40)
    op.create_table(
        "product_related",
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", kind, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("product_id <> other_id", name=op.f("ck_product_related_not_itself")),
        sa.ForeignKeyConstraint(
            ["other_id"], ["product.id"], name=op.f("fk_product_related_other_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_product_related_product_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("product_id", "kind", "rank", name=op.f("pk_product_related")),
    )
    op.create_index(op.f("ix_product_related_other_id"), "product_related", ["other_id"])
    op.create_table(
        "related_walk",
        sa.Column("kind", kind, nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_related_walk")),
    )
