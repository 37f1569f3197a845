"""facets as bits, words for typing mistakes, and titles of their own in the index"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261120_facets"
down_revision = "20261120_currencies"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
# Words are compared byte by byte, so that a stretch of the index is all words with one beginning.
_WORD = sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql")


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "facet",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("value", sa.String(length=120), nullable=False),
        sa.Column("products", sa.Integer(), nullable=False),
        sa.Column("labels", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facet")),
        sa.UniqueConstraint("name", "value", name=op.f("uq_facet_name_value")),
    )
    op.create_table(
        "facet_block",
        sa.Column("facet_id", sa.BigInteger(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("bits", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["facet_id"], ["facet.id"], name=op.f("fk_facet_block_facet_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("facet_id", "block", name=op.f("pk_facet_block")),
    )
    op.create_index(op.f("ix_facet_block_version"), "facet_block", ["version"])
    op.create_table(
        "product_facets",
        sa.Column("product_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("facet_ids", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_product_facets")),
    )
    op.create_table(
        "search_word",
        sa.Column("word", _WORD, nullable=False),
        sa.Column("titles", sa.Integer(), nullable=False),
        sa.Column("products", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_search_word")),
    )
    op.create_table(
        "search_misspelling",
        sa.Column("shortened", _WORD, nullable=False),
        sa.Column("word", _WORD, nullable=False),
        sa.PrimaryKeyConstraint("shortened", "word", name=op.f("pk_search_misspelling")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE search_entry ADD COLUMN search_fts_title tsvector"
            " GENERATED ALWAYS AS (to_tsvector('simple', title)) STORED"
        )
        op.execute("CREATE INDEX search_fts_title_index ON search_entry USING gin (search_fts_title)")


def downgrade() -> None:
    """Take this step back."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX search_fts_title_index")
        op.execute("ALTER TABLE search_entry DROP COLUMN search_fts_title")
    for table in ("search_misspelling", "search_word", "product_facets", "facet_block", "facet"):
        op.drop_table(table)
