"""the owner's own words for mails"""

import sqlalchemy as sa
from alembic import op

revision = "20261120_mail_words"
down_revision = "20261120_takings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "mail_words",
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("broken_reason", sa.Text(), nullable=True),
        sa.Column("broken_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kind", "language", name=op.f("pk_mail_words")),
    )


def downgrade() -> None:
    """Take this step back."""
    op.drop_table("mail_words")
