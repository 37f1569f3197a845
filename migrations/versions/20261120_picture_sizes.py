"""sizes of pictures that a job makes, what pictures show, and samples"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261120_picture_sizes"
down_revision = "20261120_tags"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Apply this step. Pictures that are there get their other sizes later, by the job."""
    for name in ("has_sizes", "has_avif"):
        op.add_column("picture", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("picture", sa.Column("shows", _JSON, nullable=True))
    op.create_index(
        "ix_picture_unfinished",
        "picture",
        ["has_sizes", "id"],
        sqlite_where=sa.text("has_avif = 0"),
        postgresql_where=sa.text("NOT has_avif"),
    )
    op.create_table(
        "sample",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("translations", _JSON, nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_sample_product_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["stored_file.id"], name=op.f("fk_sample_file_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample")),
        sa.UniqueConstraint("public_id", name=op.f("uq_sample_public_id")),
        sa.UniqueConstraint("file_id", name=op.f("uq_sample_file_id")),
    )
    op.create_index("ix_sample_product_id", "sample", ["product_id", "position"], unique=False)


def downgrade() -> None:
    """Take this step back."""
    op.drop_index("ix_sample_product_id", table_name="sample")
    op.drop_table("sample")
    op.drop_index(
        "ix_picture_unfinished",
        table_name="picture",
        sqlite_where=sa.text("has_avif = 0"),
        postgresql_where=sa.text("NOT has_avif"),
    )
    for name in ("shows", "has_avif", "has_sizes"):
        op.drop_column("picture", name)
